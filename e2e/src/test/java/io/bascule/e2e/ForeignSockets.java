package io.bascule.e2e;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Breaks connections between other processes, as `ss -K` does for TCP alone: takes a copy of the
 * descriptor with pidfd_getfd(2) and shuts the socket down. Needs the right to trace the process.
 */
final class ForeignSockets {
  /** The same on every architecture. */
  private static final long PIDFD_OPEN = 434;

  private static final long PIDFD_GETFD = 438;

  private static final int SHUT_RDWR = 2;

  /** In /proc/net/unix. */
  private static final String CONNECTED = "03";

  private static final MethodHandle SYSCALL =
      handle(
          "syscall",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG));

  private static final MethodHandle SHUTDOWN =
      handle(
          "shutdown",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private static final MethodHandle CLOSE =
      handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private ForeignSockets() {}

  private static MethodHandle handle(String name, FunctionDescriptor shape) {
    var linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), shape);
  }

  /**
   * Shuts down the connections that the process has accepted on the Unix socket that was bound to
   * that name.
   *
   * @return how many they were
   */
  static int shutdown(long pid, Path boundTo) throws IOException {
    var accepted = accepted(boundTo);
    int count = 0;
    try (var descriptors = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
      for (Path descriptor : descriptors) {
        if (accepted.contains(target(descriptor))) {
          shutdown(pid, Integer.parseInt(descriptor.getFileName().toString()));
          count++;
        }
      }
    }
    return count;
  }

  /** As links in /proc/PID/fd name them. An accepted socket has the listening one's name. */
  private static Set<String> accepted(Path boundTo) throws IOException {
    var sockets = new HashSet<String>();
    for (String line : Files.readAllLines(Path.of("/proc/net/unix"))) {
      // Num RefCount Protocol Flags Type State Inode Path
      String[] fields = line.strip().split(" +");
      if (fields.length == 8
          && fields[7].equals(boundTo.toString())
          && fields[5].equals(CONNECTED)) {
        sockets.add("socket:[" + fields[6] + "]");
      }
    }
    return sockets;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }

  private static void shutdown(long pid, int descriptor) throws IOException {
    try {
      long process = (long) SYSCALL.invokeExact(PIDFD_OPEN, pid, 0L, 0L);
      if (process < 0) {
        throw new IOException("no process " + pid);
      }
      long copy = (long) SYSCALL.invokeExact(PIDFD_GETFD, process, (long) descriptor, 0L);
      int _ = (int) CLOSE.invokeExact((int) process);
      if (copy < 0) {
        throw new IOException("cannot take descriptor " + descriptor + " of process " + pid);
      }
      int _ = (int) SHUTDOWN.invokeExact((int) copy, SHUT_RDWR);
      int _ = (int) CLOSE.invokeExact((int) copy);
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}

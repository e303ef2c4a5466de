package io.bascule.platform;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * The few calls of the C library that the JDK has no name for. Each answers its result or, when
 * that is negative, {@code -errno}, as the kernel itself does. Constants and layouts hold for Linux
 * on x86_64 and aarch64, which agree in all of them.
 */
final class Libc {
  static final int O_RDWR = 2;
  static final int O_CREAT = 0x40;
  static final int O_CLOEXEC = 0x8_0000;

  static final int F_OFD_SETLK = 37;
  static final short F_WRLCK = 1;

  static final int ESRCH = 3;
  static final int EINTR = 4;
  static final int EAGAIN = 11;
  static final int EACCES = 13;
  static final int ENOSYS = 38;

  /** The same on every architecture: both are newer than the common numbering. */
  private static final long SYS_PIDFD_SEND_SIGNAL = 424;

  private static final long SYS_PIDFD_OPEN = 434;

  /** {@code struct flock} with 64-bit offsets. */
  static final StructLayout FLOCK =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_SHORT.withName("l_type"),
          ValueLayout.JAVA_SHORT.withName("l_whence"),
          MemoryLayout.paddingLayout(4),
          ValueLayout.JAVA_LONG.withName("l_start"),
          ValueLayout.JAVA_LONG.withName("l_len"),
          ValueLayout.JAVA_INT.withName("l_pid"),
          MemoryLayout.paddingLayout(4));

  private static final Linker LINKER = Linker.nativeLinker();
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final StructLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      ERRNO_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle OPEN =
      variadic("open", ValueLayout.JAVA_INT, POINTER, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
  private static final MethodHandle FCNTL =
      variadic("fcntl", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, POINTER);
  private static final MethodHandle CLOSE =
      handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle KILL =
      handle(
          "kill",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle SYSCALL =
      handle(
          "syscall",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG),
          Linker.Option.firstVariadicArg(1));

  private Libc() {}

  /** A descriptor of the file, which is created for the owner alone if it is missing. */
  static int openForLock(Path file) {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(ERRNO_LAYOUT);
      var path = arena.allocateFrom(file.toString());
      int result;
      do {
        result = (int) OPEN.invokeExact(errno, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      } while (result < 0 && errno(errno) == EINTR);
      return result < 0 ? -errno(errno) : result;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** Tries for an exclusive lock of the whole file, owned by the open file description. */
  static int tryWriteLock(int descriptor) {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(ERRNO_LAYOUT);
      // All other fields stay 0: from the start, to the end however far that is, and l_pid
      // must be 0 with locks of this kind.
      var flock = arena.allocate(FLOCK);
      flock.set(ValueLayout.JAVA_SHORT, 0, F_WRLCK);
      int result = (int) FCNTL.invokeExact(errno, descriptor, F_OFD_SETLK, flock);
      return result < 0 ? -errno(errno) : result;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int close(int descriptor) {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(ERRNO_LAYOUT);
      int result = (int) CLOSE.invokeExact(errno, descriptor);
      return result < 0 ? -errno(errno) : result;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int kill(int pid, int signal) {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(ERRNO_LAYOUT);
      int result = (int) KILL.invokeExact(errno, pid, signal);
      return result < 0 ? -errno(errno) : result;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** A descriptor that keeps meaning this process, even when its number is used again. */
  static int pidfdOpen(long pid) {
    return syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0);
  }

  static int pidfdSendSignal(int pidfd, int signal) {
    return syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0);
  }

  /** The error of a negative result, naming what failed. */
  static IOException failure(String what, int result) {
    int errno = -result;
    String meaning =
        switch (errno) {
          case 1 -> "operation not permitted";
          case 2 -> "no such file or directory";
          case EACCES -> "permission denied";
          case 20 -> "not a directory";
          case 23, 24 -> "too many open files";
          case 28 -> "no space left on device";
          case 30 -> "read-only file system";
          case 37 -> "no locks available";
          default -> "error";
        };
    return new IOException(what + ": " + meaning + " (errno " + errno + ")");
  }

  private static int syscall(long number, long a, long b, long c, long d) {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(ERRNO_LAYOUT);
      long result = (long) SYSCALL.invokeExact(errno, number, a, b, c, d);
      return result < 0 ? -errno(errno) : Math.toIntExact(result);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  private static int errno(MemorySegment captured) {
    return (int) ERRNO.get(captured, 0L);
  }

  private static MethodHandle variadic(
      String name,
      MemoryLayout result,
      MemoryLayout first,
      MemoryLayout second,
      MemoryLayout rest) {
    return handle(
        name,
        FunctionDescriptor.of(result, first, second, rest),
        Linker.Option.firstVariadicArg(2));
  }

  private static MethodHandle handle(
      String name, FunctionDescriptor shape, Linker.Option... options) {
    var all = new Linker.Option[options.length + 1];
    System.arraycopy(options, 0, all, 0, options.length);
    all[options.length] = Linker.Option.captureCallState("errno");
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), shape, all);
  }

  private static RuntimeException impossible(Throwable e) {
    return switch (e) {
      case Error error -> throw error;
      case RuntimeException unchecked -> unchecked;
      default -> new IllegalStateException("a downcall threw what it cannot throw", e);
    };
  }
}

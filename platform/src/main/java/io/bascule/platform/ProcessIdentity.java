package io.bascule.platform;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One process, and no other that gets the same number later: a pid together with the time the
 * kernel started it and the boot of the machine that was in. May be written to a file and judged by
 * another process.
 *
 * @param pid its number
 * @param startTicks when it started, in clock ticks since the machine booted
 * @param bootId the kernel's random id of that boot
 */
public record ProcessIdentity(long pid, long startTicks, String bootId) {
  public static final int SIGTERM = 15;
  public static final int SIGKILL = 9;

  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  /** The process with that number, if there is one now; a dead one not yet reaped is none. */
  public static Optional<ProcessIdentity> of(long pid) throws IOException {
    var stat = Stat.read(pid);
    if (stat.isEmpty() || stat.get().dead()) {
      return Optional.empty();
    }
    return Optional.of(new ProcessIdentity(pid, stat.get().startTicks(), currentBootId()));
  }

  /** This process. */
  public static ProcessIdentity current() throws IOException {
    long pid = ProcessHandle.current().pid();
    return of(pid).orElseThrow(() -> new IOException("/proc does not know this process"));
  }

  /** The id of the present boot of this machine. */
  public static String currentBootId() throws IOException {
    return Files.readString(BOOT_ID).strip();
  }

  /**
   * Whether exactly this process still runs. False only when its last thread is gone: until then it
   * may still write.
   *
   * @throws IOException if /proc cannot be read
   */
  public boolean isAlive() throws IOException {
    var stat = Stat.read(pid);
    return stat.isPresent()
        && !stat.get().dead()
        && stat.get().startTicks() == startTicks
        && currentBootId().equals(bootId);
  }

  /**
   * Sends a signal to exactly this process.
   *
   * @return false if it is gone
   * @throws IOException if the kernel refuses
   */
  public boolean signal(int signal) throws IOException {
    int pidfd = Libc.pidfdOpen(pid);
    if (pidfd == -Libc.ESRCH) {
      return false;
    }
    if (pidfd == -Libc.ENOSYS) {
      // A kernel before 5.3: between the check and the signal lies the chance of a pid reuse.
      return isAlive() && sent(Libc.kill(Math.toIntExact(pid), signal), signal);
    }
    if (pidfd < 0) {
      throw Libc.failure("cannot open process " + pid, pidfd);
    }
    try {
      // The descriptor is fixed to one process; it is the right one if it is still this one.
      return isAlive() && sent(Libc.pidfdSendSignal(pidfd, signal), signal);
    } finally {
      Libc.close(pidfd);
    }
  }

  /** {@code SIGKILL}; false if it is gone. */
  public boolean kill() throws IOException {
    return signal(SIGKILL);
  }

  private boolean sent(int result, int signal) throws IOException {
    if (result == -Libc.ESRCH) {
      return false;
    }
    if (result < 0) {
      throw Libc.failure("cannot send signal " + signal + " to process " + pid, result);
    }
    return true;
  }

  /** The three fields of {@code /proc/PID/stat} that matter here. */
  private record Stat(char state, int threads, long startTicks) {
    /** A dead leader may still have running threads for a moment, and they hold the files open. */
    boolean dead() {
      return (state == 'Z' || state == 'X') && threads <= 1;
    }

    static Optional<Stat> read(long pid) throws IOException {
      String line;
      try {
        byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat"));
        line = new String(bytes, StandardCharsets.ISO_8859_1);
      } catch (NoSuchFileException e) {
        return Optional.empty();
      } catch (IOException e) {
        // The process may vanish between open and read: ESRCH, for which the JDK has no type.
        if (!Files.exists(Path.of("/proc", Long.toString(pid)))) {
          return Optional.empty();
        }
        throw e;
      }
      // The second field, the name in parentheses, may hold anything; fields count from its end.
      int nameEnd = line.lastIndexOf(')');
      if (nameEnd < 0) {
        return Optional.empty();
      }
      String[] fields = line.substring(nameEnd + 2).strip().split(" ", -1);
      return Optional.of(
          new Stat(fields[0].charAt(0), Integer.parseInt(fields[17]), Long.parseLong(fields[19])));
    }
  }
}

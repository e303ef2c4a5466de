package io.bascule.platform;

import io.bascule.core.Check;
import java.io.IOException;
import java.nio.file.Path;

/**
 * An exclusive lock on a file, owned by one open file description: it lives exactly as long as this
 * object is open and its process is alive. Unlike {@code FileChannel.lock} it is not lost when some
 * other descriptor of the same file in this process is closed, it excludes a second holder in the
 * same process, and no child inherits it.
 *
 * <p>The file is opened once and the lock tried as often as needed ({@code fcntl} {@code
 * F_OFD_SETLK}, a few microseconds). The file stays empty and must never be replaced or deleted
 * while anybody uses it: the lock belongs to the inode, not to the name.
 *
 * <p>Any thread may call; calls exclude one another. Invariant: {@link #isHeld} implies that no
 * other process holds the lock.
 */
public final class OfdLock implements AutoCloseable {
  private static final int CLOSED = -1;

  private final Path file;
  private int descriptor;
  private boolean held;

  private OfdLock(Path file, int descriptor) {
    this.file = file;
    this.descriptor = descriptor;
  }

  /**
   * Opens the lock file, creating it (mode 0600) if it is missing. Does not lock yet.
   *
   * @throws IOException if it cannot be opened
   */
  public static OfdLock open(Path file) throws IOException {
    int descriptor = Libc.openForLock(file);
    if (descriptor < 0) {
      throw Libc.failure("cannot open the lock file " + file, descriptor);
    }
    return new OfdLock(file, descriptor);
  }

  /**
   * Takes the lock if it is free; never waits.
   *
   * @return whether it is held now, by this object
   * @throws IOException if the file system cannot lock at all
   */
  public synchronized boolean tryLock() throws IOException {
    Check.that(descriptor != CLOSED, "%s is closed", this);
    if (held) {
      return true;
    }
    int result = Libc.tryWriteLock(descriptor);
    if (result == -Libc.EAGAIN || result == -Libc.EACCES) {
      return false;
    }
    if (result < 0) {
      throw Libc.failure("cannot lock " + file, result);
    }
    held = true;
    return true;
  }

  /** Whether this object holds the lock. */
  public synchronized boolean isHeld() {
    return held;
  }

  /** Gives the lock up, if it is held, and closes the file. Closing twice is allowed. */
  @Override
  public synchronized void close() {
    if (descriptor == CLOSED) {
      return;
    }
    int closing = descriptor;
    descriptor = CLOSED;
    held = false;
    // Linux releases the descriptor and the lock even when close() reports an error.
    int result = Libc.close(closing);
    Check.that(result >= 0, "closing %s: errno %d", this, -result);
  }

  @Override
  public String toString() {
    return "lock " + file;
  }
}

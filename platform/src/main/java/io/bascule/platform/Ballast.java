package io.bascule.platform;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * A file that only takes up room: thrown overboard when its file system is full, so that something
 * more important can be written, and taken in again when there is room. It serves against whatever
 * fills the file system from outside, where no floor holds. Safe for many threads.
 */
public final class Ballast {
  private static final int ZEROS_BYTES = 1 << 20;

  private final Path file;
  private final long bytes;
  private boolean held;

  private Ballast(Path file, long bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /** The ballast in that file, of so many bytes; {@link #take} makes sure that it is there. */
  public static Ballast of(Path file, long bytes) {
    return new Ballast(file, bytes);
  }

  /**
   * Takes it in, unless it is in already, or less than {@code leaveBytes} would be free then.
   *
   * @return whether it is in
   * @throws IOException if the file cannot be written for another reason than space
   */
  public synchronized boolean take(long leaveBytes) throws IOException {
    if (held && Files.size(file) >= bytes) {
      return true; // nobody else has needed it
    }
    try (var channel = open()) {
      long usable = Files.getFileStore(file).getUsableSpace();
      if (channel.size() < bytes && usable - bytes < leaveBytes) {
        return false;
      }
      try {
        fill(channel);
        held = true;
      } catch (IOException e) {
        channel.truncate(0);
        if (!LocalDirectory.isNoSpace(e)) {
          throw e;
        }
      }
    }
    return held;
  }

  private FileChannel open() throws IOException {
    return FileChannel.open(
        file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  private void fill(FileChannel channel) throws IOException {
    int descriptor = FileCalls.open(file);
    try {
      long result = FileCalls.allocate(descriptor, bytes);
      if (result >= 0) {
        return;
      }
      int errno = (int) -result;
      if (errno != FileCalls.EOPNOTSUPP && errno != FileCalls.ENOSYS) {
        throw new IOException(file + ": " + FileCalls.errorText(errno));
      }
    } finally {
      FileCalls.close(descriptor);
    }
    var zeros = ByteBuffer.allocate(ZEROS_BYTES);
    for (long at = 0; at < bytes; ) {
      at += channel.write(zeros.clear().limit((int) Math.min(ZEROS_BYTES, bytes - at)), at);
    }
  }

  /**
   * Throws it overboard.
   *
   * @return whether that made room
   * @throws IOException if the file cannot be cut
   */
  public synchronized boolean release() throws IOException {
    held = false;
    try (var channel = open()) {
      boolean any = channel.size() > 0;
      channel.truncate(0);
      return any;
    }
  }
}

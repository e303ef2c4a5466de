package io.bascule.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What of one file was written and is not on the disk yet, as far as {@link Writeback} counts.
 * Writes out through a descriptor of its own, for two reasons: closing the file never waits for
 * that, and an I/O error that the kernel tells here is told once more to the sync of the file's own
 * channel (each open file description hears of it), which the volume must not miss.
 *
 * <p>Safe for many threads. Invariant: the descriptor is closed once, by {@link #close}, or by the
 * writeback's thread if it is busy with it then.
 */
final class WrittenOut implements Writeback.Source {
  private static final System.Logger LOG = System.getLogger(WrittenOut.class.getName());

  /** Units on their way at a time: long enough runs for the disk, and little to wait for. */
  private static final int UNITS_UNDER_WAY = 4;

  private final Path path;
  private final Writeback writeback;
  private final int descriptor;
  private final DirtyUnits units;
  private final AtomicLong written = new AtomicLong();

  /** From true to false at most once: the kernel cannot write out parts. */
  private volatile boolean canWriteParts = true;

  // Under this object's lock.
  private boolean busy;
  private boolean closed;
  private boolean failureTold;

  private WrittenOut(Path path, Writeback writeback, int descriptor) {
    this.path = path;
    this.writeback = writeback;
    this.descriptor = descriptor;
    this.units = new DirtyUnits(writeback.unitBytes());
  }

  static WrittenOut open(Path path, Writeback writeback) throws IOException {
    return new WrittenOut(path, writeback, FileCalls.open(path));
  }

  /** The range is in the kernel; may wait a little. */
  void wrote(long offsetBytes, long lengthBytes) {
    units.add(offsetBytes, lengthBytes);
    boolean first = written.getAndAdd(lengthBytes) == 0;
    writeback.wrote(this, lengthBytes, first);
  }

  @Override
  public long begin() {
    return written.getAndSet(0);
  }

  /** So many of the bytes that {@link #begin} told of are on the disk, or will never be. */
  void done(long bytes) {
    writeback.done(bytes);
  }

  @Override
  public void writeOut(long bytes, Writeback.Progress progress) {
    synchronized (this) {
      if (closed) {
        return;
      }
      busy = true;
    }
    try {
      long result = canWriteParts ? writeParts(bytes, progress) : FileCalls.dataSync(descriptor);
      if (result == -FileCalls.ENOSYS || result == -FileCalls.EOPNOTSUPP) {
        canWriteParts = false;
        result = FileCalls.dataSync(descriptor);
      }
      if (result < 0) {
        failed((int) -result);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "the length of " + path + " is not known", e);
    } finally {
      free();
    }
  }

  /** Piece after piece, a few of them under way at a time. */
  private long writeParts(long bytes, Writeback.Progress progress) throws IOException {
    long[] offsets = units.offsets(units.takeAll(), Files.size(path));
    for (int i = 0; i < offsets.length + UNITS_UNDER_WAY; i++) {
      if (i < offsets.length) {
        long result = FileCalls.startWriting(descriptor, offsets[i], units.unitBytes());
        if (result < 0) {
          return result;
        }
      }
      int oldest = i - UNITS_UNDER_WAY;
      if (oldest >= 0 && oldest < offsets.length) {
        long result = FileCalls.awaitWritten(descriptor, offsets[oldest], units.unitBytes());
        if (result < 0) {
          return result;
        }
        progress.done(bytes / offsets.length);
      }
    }
    return 0;
  }

  /** The next sync of the file says so too, and makes its volume suspect. */
  private synchronized void failed(int errno) {
    if (!failureTold) {
      LOG.log(
          System.Logger.Level.ERROR,
          "writing {0} out failed: {1}",
          path,
          FileCalls.errorText(errno));
    }
    failureTold = true;
  }

  private synchronized void free() {
    busy = false;
    if (closed) {
      FileCalls.close(descriptor);
    }
  }

  /** No more writes come. */
  synchronized void close() {
    closed = true;
    writeback.forget(this);
    done(begin());
    if (!busy) {
      FileCalls.close(descriptor);
    }
  }
}

package io.bascule.store.v1;

import io.bascule.core.Check;
import io.bascule.core.volume.LockedVolume;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A format 1 volume: its blocks are the bytes of one sparse file, at the same offsets. Safe for
 * many threads.
 *
 * <p>Invariants: the file is at least {@code sizeBytes} long, and holds zeros behind it. Once a
 * sync failed nothing is written any more and no flush succeeds, in this process or a later one,
 * until a person accepts the volume: the kernel forgets such a failure after telling it once, so a
 * second sync would lie. So every sync of the file goes through {@link #sync}.
 */
final class VolumeV1 implements Volume {
  /** Holes are made in units of this; what a range has beside is overwritten with zeros. */
  static final int HOLE_BYTES = 4096;

  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(HOLE_BYTES).asReadOnlyBuffer();

  private final UUID uuid;
  private final StoredFile data;
  private final Runnable suspectMarker;
  private final Consumer<VolumeV1> onClose;
  private final RangeLocks locks = new RangeLocks();
  private volatile long sizeBytes;

  /** Held from asking for a sync until its failure is known here. Taken after stripes. */
  private final ReentrantLock syncLock = new ReentrantLock();

  /** The number of the last sync begun, and of the last that succeeded. Written under the lock. */
  private volatile long syncBegun;

  private long syncSucceeded;

  /** Why nothing is written any more. */
  private volatile @Nullable StoreException suspect;

  /**
   * @param suspectMarker makes the volume's being suspect durable
   */
  VolumeV1(HeaderV1 header, StoredFile data, Runnable suspectMarker, Consumer<VolumeV1> onClose) {
    this.uuid = header.uuid();
    this.sizeBytes = header.sizeBytes();
    this.data = data;
    this.suspectMarker = suspectMarker;
    this.onClose = onClose;
    if (header.state() == HeaderV1.State.SUSPECT) {
      var cause = new IllegalStateException("a sync failed before this volume was opened");
      suspect = new StoreException.Io("volume " + uuid + " is suspect", cause);
    }
  }

  @Override
  public UUID uuid() {
    return uuid;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  /** The file's part of growing: its new length is durable. Called by the store, which goes on. */
  void lengthen(long newSizeBytes) {
    data.setLength(newSizeBytes);
    sync();
  }

  /** Called by the store once the file and the header are larger. */
  void grown(long newSizeBytes) {
    Check.that(newSizeBytes >= sizeBytes, "volume %s would shrink to %d", uuid, newSizeBytes);
    sizeBytes = newSizeBytes;
  }

  /**
   * Forgets that a sync failed: a person vouches for the data.
   *
   * @param clearMark makes that durable
   */
  void accept(Runnable clearMark) {
    syncLock.lock(); // a sync that fails now counts anew
    try {
      clearMark.run();
      suspect = null;
    } finally {
      syncLock.unlock();
    }
  }

  boolean isSuspect() {
    return suspect != null;
  }

  @Override
  public void read(long offsetBytes, ByteBuffer destination) {
    checkRange(offsetBytes, destination.remaining());
    data.read(offsetBytes, destination);
  }

  @Override
  public int tryRead(long offsetBytes, ByteBuffer destination) {
    checkRange(offsetBytes, destination.remaining());
    return data.tryRead(offsetBytes, destination);
  }

  @Override
  public void write(long offsetBytes, ByteBuffer source, boolean fua) {
    int length = source.remaining();
    checkRange(offsetBytes, length);
    locks.shared(offsetBytes, length, () -> writeLocked(offsetBytes, source));
    if (fua) {
      flush();
    }
  }

  @Override
  public void trim(long offsetBytes, long lengthBytes) {
    checkRange(offsetBytes, lengthBytes);
    locks.shared(offsetBytes, lengthBytes, () -> trimLocked(offsetBytes, lengthBytes));
  }

  /** Making a hole is the fastest way to zeros, and format 1 is thin in any case. */
  @Override
  public void zero(long offsetBytes, long lengthBytes) {
    trim(offsetBytes, lengthBytes);
  }

  @Override
  public void flush() {
    checkNotSuspect();
    sync();
    // Another thread's sync may have failed and taken the kernel's one report of it.
    checkNotSuspect();
  }

  /** Syncs the file. Whoever waited while another sync began and succeeded shares that one. */
  private void sync() {
    long begunBefore = syncBegun;
    syncLock.lock();
    try {
      if (syncSucceeded > begunBefore) {
        return;
      }
      long number = syncBegun + 1;
      syncBegun = number;
      data.sync();
      syncSucceeded = number;
    } catch (StoreException e) {
      if (!wasNotAsked(e)) {
        markSuspect(e);
      }
      throw e;
    } finally {
      syncLock.unlock();
    }
  }

  @Override
  public <T> T atomically(long offsetBytes, long lengthBytes, AtomicOperation<T> operation) {
    checkRange(offsetBytes, lengthBytes);
    var locked = new Locked(offsetBytes, lengthBytes);
    T result = locks.exclusive(offsetBytes, lengthBytes, () -> operation.run(locked));
    if (locked.flushDue()) {
      flush(); // only now: a slow disk must not keep others off the range
    }
    return result;
  }

  @Override
  public long allocatedBytes() {
    return data.allocatedBytes();
  }

  @Override
  public List<Extent> extents(long offsetBytes, long lengthBytes) {
    checkRange(offsetBytes, lengthBytes);
    return data.extents(offsetBytes, lengthBytes);
  }

  @Override
  public void close() {
    onClose.accept(this);
    data.close();
  }

  private void writeLocked(long offsetBytes, ByteBuffer source) {
    checkNotSuspect();
    data.write(offsetBytes, source);
  }

  private void trimLocked(long offsetBytes, long lengthBytes) {
    checkNotSuspect();
    long end = offsetBytes + lengthBytes;
    long holeStart = roundUp(offsetBytes);
    // The volume's last piece may be shorter than a unit: nothing lies behind it.
    long holeEnd = end == sizeBytes ? end : end / HOLE_BYTES * HOLE_BYTES;
    if (holeStart >= holeEnd) {
      zeroEdge(offsetBytes, Math.min(holeStart, end));
      zeroEdge(Math.min(holeStart, end), end);
      return;
    }
    zeroEdge(offsetBytes, holeStart);
    data.punch(holeStart, holeEnd - holeStart);
    zeroEdge(holeEnd, end);
  }

  /** Less than a unit; nothing to do where no data is. */
  private void zeroEdge(long from, long end) {
    if (from < end && !data.extents(from, end - from).isEmpty()) {
      data.write(from, ZEROS.duplicate().limit((int) (end - from)));
    }
  }

  /**
   * Whether the file was closed before the kernel was asked. The kinds of this exception for a file
   * closed meanwhile may hide what the kernel said, so they count as failures.
   */
  private static boolean wasNotAsked(StoreException failure) {
    var cause = failure.getCause();
    return cause != null && cause.getClass() == ClosedChannelException.class;
  }

  /** The sync lock is held. */
  private void markSuspect(StoreException cause) {
    if (suspect != null) {
      return;
    }
    suspect = cause;
    try {
      suspectMarker.run();
    } catch (StoreException e) {
      cause.addSuppressed(e); // the caller reports both
    }
  }

  private void checkNotSuspect() {
    var cause = suspect;
    if (cause != null) {
      throw new StoreException.Io(
          "volume "
              + uuid
              + " is suspect: a sync failed, so what it acknowledged may not be on the disk",
          cause);
    }
  }

  private static long roundUp(long bytes) {
    return (bytes + HOLE_BYTES - 1) / HOLE_BYTES * HOLE_BYTES;
  }

  /** The volume as an atomic operation sees it: the range is locked already, the rest is out. */
  private final class Locked extends LockedVolume {
    Locked(long offsetBytes, long lengthBytes) {
      super(VolumeV1.this, offsetBytes, lengthBytes);
    }

    @Override
    protected void writeInside(long offsetBytes, ByteBuffer source) {
      writeLocked(offsetBytes, source);
    }

    @Override
    protected void trimInside(long offsetBytes, long lengthBytes) {
      trimLocked(offsetBytes, lengthBytes);
    }
  }
}

package io.bascule.migration;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;

/**
 * Copies the regions of one volume that need it, from format 1 to format 2 and never back (I2). Any
 * thread may take the next ones; a batch is locked while it is copied, and read into memory
 * beforehand, so that hosts wait for no disk of ours.
 */
final class Copier {
  /** The longest batch: short for a host that waits for it, and long enough for a disk. */
  static final int BATCH_REGIONS = 8;

  static final int BATCH_BYTES = BATCH_REGIONS * Regions.BYTES;

  private final MirroredVolume volume;
  private final Mirror mirror;
  private final ModeSwitch modes;
  private long cursor;

  Copier(MirroredVolume volume, Mirror mirror, ModeSwitch modes) {
    this.volume = volume;
    this.mirror = mirror;
    this.modes = modes;
  }

  /**
   * A run of regions that need copying, for one thread; two may get the same, which is harmless.
   */
  record Batch(long first, int count) {}

  /**
   * The next batch; null if there is none now.
   *
   * @param most regions of it, at most {@link #BATCH_REGIONS}
   */
  synchronized @org.jspecify.annotations.Nullable Batch claim(int most) {
    var marks = mirror.marks();
    long first = marks.nextNeedsCopy(cursor);
    if (first == marks.regions() && cursor > 0) {
      first = marks.nextNeedsCopy(0);
    }
    if (first == marks.regions()) {
      cursor = 0;
      return null;
    }
    int count = 1;
    while (count < most
        && first + count < marks.scannedRegions()
        && marks.anyNeedsCopy(first + count, 1)) {
      count++;
    }
    cursor = first + count;
    return new Batch(first, count);
  }

  /**
   * Copies what of the batch still needs it.
   *
   * @param buffer direct, {@link #BATCH_BYTES}
   * @return bytes copied
   * @throws StoreException if format 1 cannot be read
   */
  long copy(Batch batch, ByteBuffer buffer) {
    Mode mode = modes.enterWrite();
    try {
      return mode.service().mirrors() ? copyBatch(batch, buffer) : 0;
    } finally {
      mode.endWrite();
    }
  }

  private long copyBatch(Batch batch, ByteBuffer buffer) {
    long from = batch.first() * Regions.BYTES;
    long end = Regions.end(batch.first() + batch.count() - 1, volume.first().sizeBytes());
    int length = (int) (end - from);
    for (boolean cold = false; ; cold = true) {
      try (var held = volume.locks().exclusive(batch.first(), batch.count())) {
        if (!mirror.marks().allNeedCopy(batch.first(), batch.count())) {
          return copySingly(batch, buffer);
        }
        if (readLocked(from, buffer.clear().limit(length), cold)) {
          return copyLocked(batch.first(), batch.count(), buffer.flip()) ? length : 0;
        }
      }
      // Into memory first, so that a disk is waited for without the lock.
      volume.first().read(from, buffer.clear().limit(length));
    }
  }

  /** Reads format 1; false if that needs a disk, and it was not read just before. */
  private boolean readLocked(long from, ByteBuffer into, boolean again) {
    if (volume.first().tryRead(from, into) != Volume.WOULD_BLOCK) {
      return true;
    }
    if (again) {
      volume.first().read(from, into); // there is hardly any memory, or no telling what is in it
    }
    return again;
  }

  /** Another thread, or a host, was there before: what is left is copied region by region. */
  private long copySingly(Batch batch, ByteBuffer buffer) {
    long copied = 0;
    for (long region = batch.first(); region < batch.first() + batch.count(); region++) {
      if (mirror.marks().anyNeedsCopy(region, 1)) {
        long from = region * Regions.BYTES;
        int length = (int) (Regions.end(region, volume.first().sizeBytes()) - from);
        volume.first().read(from, buffer.clear().limit(length));
        copied += copyLocked(region, 1, buffer.flip()) ? length : 0;
      }
    }
    return copied;
  }

  /** The exclusive lock is held, so nothing changes format 1 there. */
  private boolean copyLocked(long first, int count, ByteBuffer data) {
    return mirror
        .guard()
        .call(
            "copying to format 2",
            () -> {
              put(first * Regions.BYTES, data);
              mirror.marks().copied(first, count);
            });
  }

  /** Regions of zeros are not written: format 2 is thin. */
  private void put(long offsetBytes, ByteBuffer data) {
    Volume second = mirror.second();
    int length = data.remaining();
    for (int at = 0; at < length; ) {
      boolean zeros = isZero(data, at, Math.min(length, at + Regions.BYTES));
      int end = at;
      do {
        end = Math.min(length, end + Regions.BYTES);
      } while (end < length && isZero(data, end, Math.min(length, end + Regions.BYTES)) == zeros);
      if (!zeros) {
        second.write(offsetBytes + at, data.slice(at, end - at), false);
      } else if (!second.extents(offsetBytes + at, end - at).isEmpty()) {
        second.trim(offsetBytes + at, end - at);
      }
      at = end;
    }
  }

  private static boolean isZero(ByteBuffer data, int from, int end) {
    int at = from;
    for (; at + Long.BYTES <= end; at += Long.BYTES) {
      if (data.getLong(at) != 0) {
        return false;
      }
    }
    for (; at < end; at++) {
      if (data.get(at) != 0) {
        return false;
      }
    }
    return true;
  }
}

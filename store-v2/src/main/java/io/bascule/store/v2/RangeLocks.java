package io.bascule.store.v2;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps operations that read before they write, and atomic ones, apart from everything else that
 * changes the same range of a volume. Plain writes share: the log orders those. Ranges map to
 * {@link #STRIPES} locks by their regions, always taken in ascending order, so that two ranges
 * never wait for each other. Not reentrant.
 */
final class RangeLocks {
  private static final int STRIPES = 256;
  private static final int REGION_BYTES = 64 << 10;

  private final AtomicReferenceArray<@Nullable StampedLock> locks =
      new AtomicReferenceArray<>(STRIPES);

  /** The lock of a stripe, made when it is first needed: most volumes use few at a time. */
  private StampedLock stripe(int i) {
    var lock = locks.get(i);
    if (lock != null) {
      return lock;
    }
    var made = new StampedLock();
    var other = locks.compareAndExchange(i, null, made);
    return other == null ? made : other;
  }

  void lock(long offsetBytes, long lengthBytes, boolean exclusive) {
    for (int i = 0; i < STRIPES; i++) {
      if (touches(i, offsetBytes, lengthBytes)) {
        long _ = exclusive ? stripe(i).writeLock() : stripe(i).readLock();
      }
    }
  }

  void unlock(long offsetBytes, long lengthBytes, boolean exclusive) {
    for (int i = 0; i < STRIPES; i++) {
      if (touches(i, offsetBytes, lengthBytes)) {
        boolean _ = exclusive ? stripe(i).tryUnlockWrite() : stripe(i).tryUnlockRead();
      }
    }
  }

  /** Whether a region of the range belongs to the stripe. */
  private static boolean touches(int stripe, long offsetBytes, long lengthBytes) {
    long first = offsetBytes / REGION_BYTES;
    long last = (offsetBytes + Math.max(1, lengthBytes) - 1) / REGION_BYTES;
    long ahead = Math.floorMod(stripe - first, (long) STRIPES);
    return ahead <= last - first;
  }
}

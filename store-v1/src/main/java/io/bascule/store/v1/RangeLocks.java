package io.bascule.store.v1;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Keeps atomic operations on a range apart from everything else that changes it. Plain writes share
 * (the file system orders those), atomic operations exclude. Ranges map to {@link #STRIPES} locks
 * by their {@link #STRIPE_BYTES}-sized regions, taken in ascending order, so that two ranges never
 * wait for each other.
 */
final class RangeLocks {
  private static final int STRIPES = 64;
  private static final int STRIPE_BYTES = 1 << 20;

  private final ReentrantReadWriteLock[] locks = new ReentrantReadWriteLock[STRIPES];

  RangeLocks() {
    for (int i = 0; i < STRIPES; i++) {
      locks[i] = new ReentrantReadWriteLock();
    }
  }

  /** Runs {@code change} while no atomic operation is on the range. */
  void shared(long offsetBytes, long lengthBytes, Runnable change) {
    long stripes = maskOf(offsetBytes, lengthBytes);
    lock(stripes, false);
    try {
      change.run();
    } finally {
      unlock(stripes, false);
    }
  }

  /** Runs {@code operation} while nothing else is on the range. */
  <T> T exclusive(long offsetBytes, long lengthBytes, Supplier<T> operation) {
    long stripes = maskOf(offsetBytes, lengthBytes);
    lock(stripes, true);
    try {
      return operation.get();
    } finally {
      unlock(stripes, true);
    }
  }

  private void lock(long stripes, boolean exclusive) {
    for (long left = stripes; left != 0; left &= left - 1) {
      of(Long.numberOfTrailingZeros(left), exclusive).lock();
    }
  }

  private void unlock(long stripes, boolean exclusive) {
    for (long left = stripes; left != 0; left &= left - 1) {
      of(Long.numberOfTrailingZeros(left), exclusive).unlock();
    }
  }

  private Lock of(int stripe, boolean exclusive) {
    return exclusive ? locks[stripe].writeLock() : locks[stripe].readLock();
  }

  private static long maskOf(long offsetBytes, long lengthBytes) {
    long first = offsetBytes / STRIPE_BYTES;
    long last = (offsetBytes + Math.max(1, lengthBytes) - 1) / STRIPE_BYTES;
    if (last - first >= STRIPES - 1) {
      return -1L;
    }
    long mask = 0;
    for (long region = first; region <= last; region++) {
      mask |= 1L << (region % STRIPES);
    }
    return mask;
  }
}

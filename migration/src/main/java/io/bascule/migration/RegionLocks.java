package io.bascule.migration;

import io.bascule.core.Check;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Shared and exclusive locks on ranges of regions. A region maps to one of {@value #STRIPES} locks,
 * so that memory is bounded; ranges take theirs in ascending order of the locks, so that two ranges
 * never wait for each other. First come, first served, so that copying neither starves nor is
 * starved. Any thread; held by the thread that took it, which may take exclusive ones again.
 */
final class RegionLocks {
  static final int STRIPES = 256;

  private final ReentrantReadWriteLock[] stripes = new ReentrantReadWriteLock[STRIPES];

  RegionLocks() {
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new ReentrantReadWriteLock(true);
    }
  }

  /** A range that is locked until it is closed. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }

  Held shared(long first, long count) {
    return take(first, count, false);
  }

  Held exclusive(long first, long count) {
    return take(first, count, true);
  }

  private Held take(long first, long count, boolean exclusive) {
    var range = new Range(first, count, exclusive);
    for (int i = 0; i < range.stripes; i++) {
      range.lock(i);
    }
    return range;
  }

  /**
   * The range shared if that needs no waiting, else null. Goes ahead of those who wait, which is
   * bounded by its never waiting.
   */
  @org.jspecify.annotations.Nullable
  Held tryShared(long first, long count) {
    return tryTake(first, count, false);
  }

  /** Like {@link #tryShared}, exclusive. */
  @org.jspecify.annotations.Nullable
  Held tryExclusive(long first, long count) {
    return tryTake(first, count, true);
  }

  private @org.jspecify.annotations.Nullable Held tryTake(
      long first, long count, boolean exclusive) {
    var range = new Range(first, count, exclusive);
    for (int i = 0; i < range.stripes; i++) {
      if (!range.tryLock(i)) {
        range.unlock(i);
        return null;
      }
    }
    return range;
  }

  /** Its stripes in ascending order: those behind the wrap-around come first. */
  private final class Range implements Held {
    private final int start;
    private final int stripes;
    private final boolean exclusive;

    Range(long first, long count, boolean exclusive) {
      Check.that(first >= 0 && count >= 0, "no regions: %d from %d", count, first);
      this.start = count >= STRIPES ? 0 : (int) (first % STRIPES);
      this.stripes = (int) Math.min(count, STRIPES);
      this.exclusive = exclusive;
    }

    private ReentrantReadWriteLock at(int i) {
      int behindWrap = Math.max(0, start + stripes - STRIPES);
      int stripe = i < behindWrap ? i : start + i - behindWrap;
      return RegionLocks.this.stripes[stripe];
    }

    void lock(int i) {
      if (exclusive) {
        at(i).writeLock().lock();
      } else {
        at(i).readLock().lock();
      }
    }

    boolean tryLock(int i) {
      return exclusive ? at(i).writeLock().tryLock() : at(i).readLock().tryLock();
    }

    /** Gives back the first {@code taken}. */
    void unlock(int taken) {
      for (int i = taken - 1; i >= 0; i--) {
        if (exclusive) {
          at(i).writeLock().unlock();
        } else {
          at(i).readLock().unlock();
        }
      }
    }

    @Override
    public void close() {
      unlock(stripes);
    }
  }
}

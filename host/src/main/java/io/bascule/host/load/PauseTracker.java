package io.bascule.host.load;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pauses of one session: stretches in which commands were outstanding and none was answered.
 * Owned by the worker; guarded by its statistics' lock.
 */
final class PauseTracker {
  static final long LISTED_NANOS = 100_000_000L;
  private static final int MAX_LISTED = 1000;

  /** A stretch on the nanosecond clock. */
  record Gap(long startNanos, long endNanos) {
    long nanos() {
      return endNanos - startNanos;
    }
  }

  private final List<Gap> listed = new ArrayList<>();
  private @Nullable Gap longest;
  private long listedTotal;
  private long sinceNanos;
  private int outstanding;

  void issued(long nanos) {
    if (outstanding++ == 0) {
      sinceNanos = nanos;
    }
  }

  /** The gap that an answer ends. */
  Gap answered(long nanos) {
    outstanding--;
    // Answers may be noticed after a later issue; then nothing was outstanding in between.
    Gap gap = new Gap(Math.min(sinceNanos, nanos), nanos);
    sinceNanos = Math.max(sinceNanos, nanos);
    keep(gap);
    return gap;
  }

  private void keep(Gap gap) {
    Gap known = longest;
    if (known == null || gap.nanos() > known.nanos()) {
      longest = gap;
    }
    if (gap.nanos() >= LISTED_NANOS) {
      listedTotal++;
      if (listed.size() < MAX_LISTED) {
        listed.add(gap);
      }
    }
  }

  /** The gap that lasts, or null. */
  @Nullable Gap current(long nowNanos) {
    return outstanding == 0 || nowNanos <= sinceNanos ? null : new Gap(sinceNanos, nowNanos);
  }

  @Nullable Gap longest() {
    return longest;
  }

  List<Gap> listed() {
    return listed;
  }

  long listedTotal() {
    return listedTotal;
  }

  /** Wall clock from the nanosecond clock, by one pair of both read together. */
  record Epoch(Instant instant, long nanos) {
    static Epoch now() {
      return new Epoch(Instant.now(), System.nanoTime());
    }

    Instant at(long atNanos) {
      return instant.plusNanos(atNanos - nanos);
    }
  }
}

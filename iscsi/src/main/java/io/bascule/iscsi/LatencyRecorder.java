package io.bascule.iscsi;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Latencies in a histogram whose buckets are 1/16 of a power of two wide (so a percentile is at
 * most 6 % off): one since the start, and one for each of the last seconds. Recording is two atomic
 * increments, from any thread.
 */
final class LatencyRecorder {
  private static final int SUB_BITS = 4;
  private static final int SUB = 1 << SUB_BITS;

  /** Up to 2^42 ns, more than an hour. */
  private static final int BUCKETS = (42 - SUB_BITS + 1) * SUB;

  private static final int RING = 16;

  private final AtomicLongArray all = new AtomicLongArray(BUCKETS);
  private final Second[] ring = new Second[RING];

  private static final class Second {
    final AtomicLong number = new AtomicLong(-1);
    final AtomicIntegerArray counts = new AtomicIntegerArray(BUCKETS);
  }

  LatencyRecorder() {
    for (int i = 0; i < RING; i++) {
      ring[i] = new Second();
    }
  }

  void record(long latencyNanos, long nowNanos) {
    int bucket = bucket(latencyNanos);
    all.getAndIncrement(bucket);
    long number = TimeUnit.NANOSECONDS.toSeconds(nowNanos);
    Second second = ring[(int) (number & (RING - 1))];
    long held = second.number.get();
    // A record or two may be lost where a second begins: it is a statistic.
    if (held != number && second.number.compareAndSet(held, number)) {
      for (int i = 0; i < BUCKETS; i++) {
        second.counts.setPlain(i, 0);
      }
    }
    second.counts.getAndIncrement(bucket);
  }

  static int bucket(long nanos) {
    if (nanos < SUB) {
      return (int) Math.max(nanos, 0);
    }
    int log = 63 - Long.numberOfLeadingZeros(nanos);
    int sub = (int) (nanos >>> (log - SUB_BITS)) & (SUB - 1);
    return Math.min((log - SUB_BITS + 1) * SUB + sub, BUCKETS - 1);
  }

  /** The upper end of a bucket. */
  static long upperNanos(int bucket) {
    if (bucket < SUB) {
      return bucket + 1;
    }
    int log = bucket / SUB + SUB_BITS - 1;
    long sub = bucket % SUB;
    return (SUB + sub + 1) << (log - SUB_BITS);
  }

  /** 99th percentile since the beginning of the last so many seconds, 0 if nothing was recorded. */
  long p99Micros(long nowNanos, int seconds) {
    long now = TimeUnit.NANOSECONDS.toSeconds(nowNanos);
    long[] sum = new long[BUCKETS];
    for (Second second : ring) {
      long age = now - second.number.get();
      if (age >= 0 && age < seconds) {
        for (int i = 0; i < BUCKETS; i++) {
          sum[i] += second.counts.getPlain(i);
        }
      }
    }
    return TimeUnit.NANOSECONDS.toMicros(percentile(sum, 0.99));
  }

  LatencyWindow window() {
    return new Window(snapshot());
  }

  private long[] snapshot() {
    long[] counts = new long[BUCKETS];
    for (int i = 0; i < BUCKETS; i++) {
      counts[i] = all.get(i);
    }
    return counts;
  }

  private static long percentile(long[] counts, double part) {
    long total = 0;
    for (long count : counts) {
      total += count;
    }
    long rest = total - (long) Math.ceil(total * part);
    for (int i = BUCKETS - 1; i >= 0; i--) {
      if (counts[i] > rest) {
        return upperNanos(i);
      }
      rest -= counts[i];
    }
    return 0;
  }

  private final class Window implements LatencyWindow {
    private final long[] before;

    Window(long[] before) {
      this.before = before;
    }

    private long[] since() {
      long[] counts = snapshot();
      for (int i = 0; i < BUCKETS; i++) {
        counts[i] -= before[i];
      }
      return counts;
    }

    @Override
    public long count() {
      long total = 0;
      for (long count : since()) {
        total += count;
      }
      return total;
    }

    @Override
    public long p99Micros() {
      return TimeUnit.NANOSECONDS.toMicros(percentile(since(), 0.99));
    }

    @Override
    public long maxMicros() {
      return TimeUnit.NANOSECONDS.toMicros(percentile(since(), 1.0));
    }
  }
}

package io.bascule.platform;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Which parts of a file were written since they were last written out, coarsely: one bit for each
 * {@link #UNIT_BYTES}, the same bit again every {@link #PERIOD_BYTES} of a larger file. Safe for
 * many threads.
 */
final class DirtyUnits {
  /** What is written out at a time: a process that is killed meanwhile ends after one of them. */
  static final int UNIT_BYTES = 8 << 20;

  private static final int BITS = 1 << 16;

  /** 512 GiB. */
  static final long PERIOD_BYTES = (long) BITS * UNIT_BYTES;

  private final AtomicIntegerArray words = new AtomicIntegerArray(BITS / Integer.SIZE);

  /** A range that was written. */
  void add(long offsetBytes, long lengthBytes) {
    for (long at = offsetBytes / UNIT_BYTES; at * UNIT_BYTES < offsetBytes + lengthBytes; at++) {
      int bit = (int) (at % BITS);
      int mask = 1 << bit % Integer.SIZE;
      if ((words.get(bit / Integer.SIZE) & mask) == 0) {
        words.getAndAccumulate(bit / Integer.SIZE, mask, (a, b) -> a | b);
      }
    }
  }

  /** Takes everything out; told are offsets below the file's length. */
  int[] takeAll() {
    int[] taken = new int[words.length()];
    for (int i = 0; i < taken.length; i++) {
      if (words.get(i) != 0) {
        taken[i] = words.getAndSet(i, 0);
      }
    }
    return taken;
  }

  /** Each unit of the file that may be meant, by its offset, in order. */
  static long[] offsets(int[] taken, long lengthBytes) {
    var offsets = java.util.stream.LongStream.builder();
    for (long period = 0; period < lengthBytes; period += PERIOD_BYTES) {
      for (int bit = 0; bit < BITS; bit++) {
        long at = period + (long) bit * UNIT_BYTES;
        if ((taken[bit / Integer.SIZE] & 1 << bit % Integer.SIZE) != 0 && at < lengthBytes) {
          offsets.add(at);
        }
      }
    }
    return offsets.build().toArray();
  }
}

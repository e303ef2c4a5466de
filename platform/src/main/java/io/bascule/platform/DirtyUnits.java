package io.bascule.platform;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Which parts of a file were written since they were last written out, coarsely: one bit for each
 * unit, the same bit again every 65,536 units of a larger file. Safe for many threads.
 */
final class DirtyUnits {
  private static final int BITS = 1 << 16;

  private final int unitBytes;
  private final AtomicIntegerArray words = new AtomicIntegerArray(BITS / Integer.SIZE);

  DirtyUnits(int unitBytes) {
    this.unitBytes = unitBytes;
  }

  int unitBytes() {
    return unitBytes;
  }

  /** What the same bit means again. */
  long periodBytes() {
    return (long) BITS * unitBytes;
  }

  /** A range that was written. */
  void add(long offsetBytes, long lengthBytes) {
    for (long at = offsetBytes / unitBytes; at * unitBytes < offsetBytes + lengthBytes; at++) {
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
  long[] offsets(int[] taken, long lengthBytes) {
    var offsets = java.util.stream.LongStream.builder();
    for (long period = 0; period < lengthBytes; period += periodBytes()) {
      for (int bit = 0; bit < BITS; bit++) {
        long at = period + (long) bit * unitBytes;
        if ((taken[bit / Integer.SIZE] & 1 << bit % Integer.SIZE) != 0 && at < lengthBytes) {
          offsets.add(at);
        }
      }
    }
    return offsets.build().toArray();
  }
}

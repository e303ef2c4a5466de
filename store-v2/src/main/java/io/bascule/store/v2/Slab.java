package io.bascule.store.v2;

import io.bascule.core.Check;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Native memory in pieces of a few sizes, for the extent index. Allocation is for one thread at a
 * time (locked here); who may use a piece is the caller's affair. Memory goes back with the arena.
 */
final class Slab {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int CHUNK_SHIFT = 20;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final Arena arena;
  private final int[] sizes;
  private final long[] free;
  private volatile MemorySegment[] chunks = new MemorySegment[0];
  private int bump = CHUNK_BYTES;
  private long usedBytes;

  /**
   * @param sizes bytes of each class, multiples of 16, ascending
   */
  Slab(Arena arena, int[] sizes) {
    this.arena = arena;
    this.sizes = sizes.clone();
    this.free = new long[sizes.length];
    Arrays.fill(free, -1);
  }

  /** A piece of the class; its content is undefined. */
  synchronized long allocate(int sizeClass) {
    usedBytes += sizes[sizeClass];
    long address = free[sizeClass];
    if (address >= 0) {
      free[sizeClass] = chunk(address).get(LONG, offset(address));
      return address;
    }
    if (bump + sizes[sizeClass] > CHUNK_BYTES) {
      var grown = Arrays.copyOf(chunks, chunks.length + 1);
      grown[chunks.length] = arena.allocate(CHUNK_BYTES, 64);
      chunks = grown;
      bump = 0;
    }
    address = (long) (chunks.length - 1) << CHUNK_SHIFT | bump;
    bump += sizes[sizeClass];
    return address;
  }

  synchronized void free(long address, int sizeClass) {
    Check.that(address >= 0, "free of %d", address);
    usedBytes -= sizes[sizeClass];
    chunk(address).set(LONG, offset(address), free[sizeClass]);
    free[sizeClass] = address;
  }

  /** Memory where the piece lies, and at which offset of it. */
  MemorySegment chunk(long address) {
    return chunks[(int) (address >>> CHUNK_SHIFT)];
  }

  static long offset(long address) {
    return address & CHUNK_BYTES - 1;
  }

  /** Bytes in pieces that are in use. */
  synchronized long usedBytes() {
    return usedBytes;
  }
}

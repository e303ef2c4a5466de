package io.bascule.store.v2;

/**
 * Where a block lies, in one {@code long}: {@code 0 | slot:24 | offset:23 | index:3 | length:13}.
 * The record begins at {@code offset * 8} of the segment in {@code slot}, has {@code length * 8}
 * bytes, and the block is its {@code index}-th.
 */
final class Pointer {
  /** The block was never written, or trimmed. */
  static final long HOLE = 0;

  static final int GRAIN_BYTES = 8;
  static final int SLOT_BITS = 24;

  /** The largest slot; the one above means that nobody knows where the block lies. */
  static final int SLOT_MAX = (1 << SLOT_BITS) - 2;

  static final int SEGMENT_MAX_BYTES = (1 << 23) * GRAIN_BYTES;

  private static final int INDEX_SHIFT = 13;
  private static final int OFFSET_SHIFT = 16;
  private static final int SLOT_SHIFT = 39;
  private static final int LENGTH_MASK = (1 << 13) - 1;

  /** Metadata of the block is lost: it reads as an error until it is written again. */
  static final long DAMAGED = (long) (SLOT_MAX + 1) << SLOT_SHIFT;

  /** Whole, uncompressed units lie one behind the other at this distance. */
  private static final int FULL_GRAINS =
      LogRecord.bytesOf(UnitCodec.UNIT_BLOCKS, UnitCodec.UNIT_BYTES) / GRAIN_BYTES;

  private Pointer() {}

  static long of(int slot, int offsetBytes, int index, int lengthBytes) {
    return (long) slot << SLOT_SHIFT
        | (long) (offsetBytes / GRAIN_BYTES) << OFFSET_SHIFT
        | (long) index << INDEX_SHIFT
        | lengthBytes / GRAIN_BYTES;
  }

  static int slot(long pointer) {
    return (int) (pointer >>> SLOT_SHIFT);
  }

  static int offsetBytes(long pointer) {
    return (int) (pointer >>> OFFSET_SHIFT & (1 << 23) - 1) * GRAIN_BYTES;
  }

  static int index(long pointer) {
    return (int) (pointer >>> INDEX_SHIFT) & 7;
  }

  static int lengthBytes(long pointer) {
    return ((int) pointer & LENGTH_MASK) * GRAIN_BYTES;
  }

  static boolean isDamaged(long pointer) {
    return slot(pointer) > SLOT_MAX;
  }

  /** Whether both are in the same record. */
  static boolean sameRecord(long a, long b) {
    return a >>> OFFSET_SHIFT == b >>> OFFSET_SHIFT;
  }

  /** The pointer of the block {@code blocks} further on in the same run. */
  static long advance(long pointer, int blocks) {
    if (pointer == HOLE || isDamaged(pointer)) {
      return pointer;
    }
    int index = index(pointer) + blocks;
    long base = pointer & ~(7L << INDEX_SHIFT);
    int units = index / UnitCodec.UNIT_BLOCKS;
    return base + ((long) units * FULL_GRAINS << OFFSET_SHIFT)
        | (long) (index % UnitCodec.UNIT_BLOCKS) << INDEX_SHIFT;
  }

  /** Whether {@code next} is where the run {@code pointer} goes on after {@code blocks} blocks. */
  static boolean continues(long pointer, int blocks, long next) {
    if (isDamaged(pointer)) {
      return isDamaged(next);
    }
    int index = index(pointer) + blocks;
    if (index >= UnitCodec.UNIT_BLOCKS && ((int) pointer & LENGTH_MASK) != FULL_GRAINS) {
      return false;
    }
    return advance(pointer, blocks) == next;
  }

  static String text(long pointer) {
    return "slot %d offset %d index %d length %d"
        .formatted(slot(pointer), offsetBytes(pointer), index(pointer), lengthBytes(pointer));
  }
}

package io.bascule.store.v2;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The checksums of records that were read lately and hold {@link UnitCodec#UNIT_BLOCKS} blocks as
 * they are, so that a read of some of their blocks needs nothing else of the record.
 *
 * <p>A record is known by its segment's serial number and its offset there: both never come again,
 * and what lies there never changes. Each record has one place, which the latest takes. Safe for
 * many threads, which never wait for each other: a thread that meets another one at a place goes
 * without.
 */
final class KnownChecksums {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

  /** A place: the number of its changes, the record's key, then two checksums in each word. */
  private static final int WORDS = 2 + UnitCodec.UNIT_BLOCKS / 2;

  private final int shift;
  private final long[] places;

  /**
   * @param records how many are remembered, a power of two; each takes 48 bytes
   */
  KnownChecksums(int records) {
    shift = Long.SIZE - Integer.numberOfTrailingZeros(records);
    places = new long[records * WORDS];
  }

  private int place(long key) {
    return (int) (key * 0x9E37_79B9_7F4A_7C15L >>> shift) * WORDS;
  }

  /** Serial numbers begin with 1, so that no key is that of an empty place. */
  private static long key(long serial, long pointer) {
    return serial << 23 | Pointer.offsetBytes(pointer) / Pointer.GRAIN_BYTES;
  }

  /**
   * Gets the checksums of all blocks of the record at {@code pointer}, whose segment has this
   * serial number; false if they are not known.
   */
  boolean get(long serial, long pointer, int[] checksums) {
    long key = key(serial, pointer);
    int place = place(key);
    long changes = (long) WORD.getAcquire(places, place);
    if ((long) WORD.getOpaque(places, place + 1) != key) {
      return false;
    }
    for (int i = 0; i < UnitCodec.UNIT_BLOCKS; i += 2) {
      long word = (long) WORD.getOpaque(places, place + 2 + i / 2);
      checksums[i] = (int) (word >>> Integer.SIZE);
      checksums[i + 1] = (int) word;
    }
    VarHandle.acquireFence();
    // An odd number: it is being changed.
    return changes % 2 == 0 && (long) WORD.getOpaque(places, place) == changes;
  }

  /** Remembers them. */
  void put(long serial, long pointer, int[] checksums) {
    long key = key(serial, pointer);
    int place = place(key);
    long changes = (long) WORD.getOpaque(places, place);
    if (changes % 2 != 0 || !WORD.compareAndSet(places, place, changes, changes + 1)) {
      return;
    }
    VarHandle.storeStoreFence();
    WORD.setOpaque(places, place + 1, key);
    for (int i = 0; i < UnitCodec.UNIT_BLOCKS; i += 2) {
      long word = (long) checksums[i] << Integer.SIZE | Integer.toUnsignedLong(checksums[i + 1]);
      WORD.setOpaque(places, place + 2 + i / 2, word);
    }
    WORD.setRelease(places, place, changes + 2);
  }
}

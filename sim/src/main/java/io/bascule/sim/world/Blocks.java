package io.bascule.sim.world;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;

/**
 * What hosts write: every block of every write has a value of its own that tells, down to the last
 * byte, which write it is and where it belongs.
 */
final class Blocks {
  static final int BYTES = Volume.BLOCK_BYTES;

  private static final int WORDS = BYTES / Long.BYTES;

  private Blocks() {}

  /** Fills the buffer with the blocks of a write; {@code first} is the number of the first. */
  static void fill(ByteBuffer into, long write, long first) {
    for (long block = first; into.hasRemaining(); block++) {
      into.putLong(write).putLong(block);
      for (int i = 2; i < WORDS; i++) {
        into.putLong(word(write, block, i));
      }
    }
  }

  /** Every fourth write does not compress. */
  private static long word(long write, long block, int i) {
    long plain = write * 31 + block;
    return write % 4 == 0 ? (plain + i) * 0x9E3779B97F4A7C15L ^ (plain + i) >>> 29 : plain;
  }

  /** The write that this block is of; 0 for zeros; -1 for anything else. */
  static long value(ByteBuffer from, int at, long block) {
    long write = from.getLong(at);
    if (write == 0) {
      for (int i = 1; i < WORDS; i++) {
        if (from.getLong(at + i * Long.BYTES) != 0) {
          return -1;
        }
      }
      return 0;
    }
    if (from.getLong(at + Long.BYTES) != block) {
      return -1;
    }
    for (int i = 2; i < WORDS; i++) {
      if (from.getLong(at + i * Long.BYTES) != word(write, block, i)) {
        return -1;
      }
    }
    return write;
  }
}

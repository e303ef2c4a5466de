package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The beginning of a segment file.
 *
 * @param slot the number that pointers name it by; used again once the file is gone
 * @param serial never used again
 * @param incarnation the opening of the pool that made it
 */
record SegmentHeader(UUID pool, int slot, long serial, long incarnation, boolean cold) {
  static final String MAGIC_TEXT = "BASC2SEG";
  private static final long MAGIC = Preamble.magic(MAGIC_TEXT);
  static final Struct STRUCT = new Struct("Segment header");

  static {
    Preamble.declare(STRUCT, MAGIC_TEXT);
  }

  private static final int POOL = STRUCT.field(16, "UUID of the pool");
  private static final int SERIAL = STRUCT.field(8, "serial of the segment, as in the file's name");
  private static final int INCARNATION = STRUCT.field(8, "incarnation that writes it");
  private static final int SLOT = STRUCT.field(4, "slot, by which pointers name the segment");
  private static final int COLD = STRUCT.field(4, "0 from hosts, 1 from cleaning");
  private static final int ZEROS = STRUCT.field(452, "zeros");
  private static final int CRC = STRUCT.field(4, "CRC-32C of what is before");
  static final int BYTES = STRUCT.end(512);

  ByteBuffer encode() {
    var buffer = ByteBuffer.allocateDirect(BYTES);
    Preamble.put(buffer, MAGIC);
    buffer.putLong(POOL, pool.getMostSignificantBits());
    buffer.putLong(POOL + Long.BYTES, pool.getLeastSignificantBits());
    buffer.putLong(SERIAL, serial).putLong(INCARNATION, incarnation);
    buffer.putInt(SLOT, slot).putInt(COLD, cold ? 1 : 0);
    buffer.putInt(CRC, Checksum.ofHeader(buffer, 0, CRC));
    return buffer;
  }

  static SegmentHeader decode(ByteBuffer buffer, String name) {
    Preamble.check(buffer, MAGIC, CRC, name);
    int slot = buffer.getInt(SLOT);
    if (slot < 0 || slot > Pointer.SLOT_MAX) {
      throw new StoreException.Corrupt(name + " has the impossible slot " + slot);
    }
    return new SegmentHeader(
        new UUID(buffer.getLong(POOL), buffer.getLong(POOL + Long.BYTES)),
        slot,
        buffer.getLong(SERIAL),
        buffer.getLong(INCARNATION),
        buffer.getInt(COLD) != 0);
  }
}

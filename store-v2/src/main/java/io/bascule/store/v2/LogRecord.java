package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * A record of the log: its head, for data the checksum of each block, then the stored bytes, padded
 * to 8. All access is to a buffer at an offset: records are never objects on the way of a write.
 */
final class LogRecord {
  static final Struct HEAD = new Struct("Record");
  static final int OP = HEAD.field(1, "operation, below");
  static final int CODEC = HEAD.field(1, "codec of the stored bytes: 0 raw, 1 LZ4 block, 2 zstd");
  static final int BLOCKS =
      HEAD.field(2, "blocks of 4096 bytes the stored bytes hold, 0 to 8; so many CRCs follow");
  static final int VOLUME = HEAD.field(4, "number of the volume, 0 for MOVE");
  static final int FAMILY = HEAD.field(4, "number of the first volume of its family of clones");
  static final int STORED = HEAD.field(4, "stored bytes that follow the CRCs");
  static final int LBA = HEAD.field(8, "number of the first block in the volume");
  static final int AUX = HEAD.field(8, "depends on the operation");
  static final int HEAD_BYTES = HEAD.end(32);

  static final int CRC_BYTES = 4;

  /** What follows the head of a record about volumes instead of data. */
  static final Struct BODY = new Struct("Body of CREATE and SNAPSHOT");

  static final int BODY_UUID = BODY.field(16, "UUID, most significant byte first");
  static final int BODY_CREATED = BODY.field(8, "time of creation, milliseconds since 1970");
  static final int BODY_BYTES = BODY.end(24);

  /** Blocks get new content. */
  static final byte WRITE = 1;

  /** {@code AUX} blocks are holes afterwards. */
  static final byte TRIM = 2;

  /** Blocks that are still where {@code AUX} points are here afterwards. */
  static final byte MOVE = 3;

  /** A volume of {@code AUX} bytes comes to be. */
  static final byte CREATE = 4;

  /** The volume has {@code AUX} bytes afterwards. */
  static final byte RESIZE = 5;

  /** The volume is no more. */
  static final byte DELETE = 6;

  /** A new volume with the content of volume {@code LBA}; writable if {@code AUX} is 1. */
  static final byte SNAPSHOT = 7;

  /** The volume has the content of volume {@code LBA} afterwards. */
  static final byte ROLLBACK = 8;

  static final byte LAST_OP = ROLLBACK;

  private LogRecord() {}

  /** Bytes of a record in the log. */
  static int bytesOf(int blocks, int stored) {
    return HEAD_BYTES + CRC_BYTES * blocks + stored + 7 & ~7;
  }

  static int bytesAt(ByteBuffer buffer, int at) {
    return bytesOf(buffer.getShort(at + BLOCKS), buffer.getInt(at + STORED));
  }

  static boolean isControl(byte op) {
    return op >= CREATE;
  }

  /** Bytes of the record's entry in a table: its head, for control records also the body. */
  static int entryBytesAt(ByteBuffer buffer, int at) {
    return HEAD_BYTES + (isControl(buffer.get(at + OP)) ? buffer.getInt(at + STORED) : 0);
  }

  static void putHead(
      ByteBuffer buffer,
      int at,
      byte op,
      byte codec,
      int blocks,
      int volume,
      int family,
      int stored,
      long lba,
      long aux) {
    buffer.put(at + OP, op);
    buffer.put(at + CODEC, codec);
    buffer.putShort(at + BLOCKS, (short) blocks);
    buffer.putInt(at + VOLUME, volume);
    buffer.putInt(at + FAMILY, family);
    buffer.putInt(at + STORED, stored);
    buffer.putLong(at + LBA, lba);
    buffer.putLong(at + AUX, aux);
  }

  static void putBody(ByteBuffer buffer, int at, UUID uuid, long createdMillis) {
    buffer.putLong(at + BODY_UUID, uuid.getMostSignificantBits());
    buffer.putLong(at + BODY_UUID + Long.BYTES, uuid.getLeastSignificantBits());
    buffer.putLong(at + BODY_CREATED, createdMillis);
  }

  static UUID bodyUuid(ByteBuffer buffer, int at) {
    return new UUID(buffer.getLong(at + BODY_UUID), buffer.getLong(at + BODY_UUID + Long.BYTES));
  }

  /** Throws unless a head that passed its checksum makes sense and ends before {@code end}. */
  static void checkHead(ByteBuffer buffer, int at, int end, String where) {
    if (at + HEAD_BYTES > end) {
      throw new StoreException.Corrupt(where + ": a record does not fit its batch");
    }
    byte op = buffer.get(at + OP);
    int blocks = buffer.getShort(at + BLOCKS);
    int stored = buffer.getInt(at + STORED);
    boolean sane =
        op >= WRITE
            && op <= LAST_OP
            && blocks >= 0
            && blocks <= UnitCodec.UNIT_BLOCKS
            && stored >= 0
            && stored <= UnitCodec.UNIT_BYTES
            && buffer.getLong(at + LBA) >= 0;
    if (!sane) {
      throw new StoreException.Corrupt(where + ": a record makes no sense");
    }
  }
}

package io.bascule.store.v2;

import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;

/** Reads blocks of a record and verifies them; one per thread. */
final class UnitReader {
  enum Result {
    OK,
    /** What lies there is not what the index says, or does not fit its checksum. */
    MISMATCH,
    /** The data is not in memory. */
    WOULD_BLOCK
  }

  private static final int RECORD_MAX_BYTES =
      LogRecord.bytesOf(UnitCodec.UNIT_BLOCKS, UnitCodec.UNIT_BYTES);
  private static final int FULL_HEAD_BYTES =
      LogRecord.HEAD_BYTES + LogRecord.CRC_BYTES * UnitCodec.UNIT_BLOCKS;

  private final Checksum checksum;
  private final ByteBuffer record = ByteBuffer.allocateDirect(RECORD_MAX_BYTES);
  private final ByteBuffer plain = ByteBuffer.allocateDirect(UnitCodec.UNIT_BYTES);
  private ByteBuffer data = plain;
  private int dataAt;

  UnitReader(Checksum checksum) {
    this.checksum = checksum;
  }

  /** After a read: where the blocks are. */
  ByteBuffer data() {
    return data;
  }

  /** Offset in {@link #data} of the first block asked for. */
  int dataAt() {
    return dataAt;
  }

  /**
   * Reads {@code count} blocks of the record at {@code pointer}, which are blocks {@code lba} and
   * following of a volume of {@code family}.
   */
  Result read(
      StoredFile file, long pointer, int family, long lba, int count, boolean onlyIfInMemory) {
    int length = Pointer.lengthBytes(pointer);
    int index = Pointer.index(pointer);
    if (length > RECORD_MAX_BYTES || length < FULL_HEAD_BYTES / 2) {
      return Result.MISMATCH;
    }
    int from = 0;
    int to = length;
    boolean full = length == RECORD_MAX_BYTES; // not compressed: no need to read all of it
    if (full) {
      from = index == 0 ? 0 : FULL_HEAD_BYTES + index * UnitCodec.BLOCK_BYTES;
      to = FULL_HEAD_BYTES + (index + count) * UnitCodec.BLOCK_BYTES;
    }
    if (!fetch(file, pointer, from, to, onlyIfInMemory)
        || (from > 0 && !fetch(file, pointer, 0, FULL_HEAD_BYTES, onlyIfInMemory))) {
      return Result.WOULD_BLOCK;
    }
    return verify(length, index, family, lba, count) ? Result.OK : Result.MISMATCH;
  }

  private boolean fetch(StoredFile file, long pointer, int from, int to, boolean onlyIfInMemory) {
    record.limit(to).position(from);
    long offset = (long) Pointer.offsetBytes(pointer) + from;
    if (onlyIfInMemory) {
      return file.tryRead(offset, record) != Volume.WOULD_BLOCK;
    }
    file.read(offset, record);
    return true;
  }

  private boolean verify(int length, int index, int family, long lba, int count) {
    record.clear();
    byte op = record.get(LogRecord.OP);
    byte codec = record.get(LogRecord.CODEC);
    int blocks = record.getShort(LogRecord.BLOCKS);
    int stored = record.getInt(LogRecord.STORED);
    boolean fits =
        (op == LogRecord.WRITE || op == LogRecord.MOVE)
            && blocks >= index + count
            && blocks <= UnitCodec.UNIT_BLOCKS
            && stored >= 0
            && stored <= UnitCodec.UNIT_BYTES
            && LogRecord.bytesOf(blocks, stored) == length
            && record.getInt(LogRecord.FAMILY) == family
            && record.getLong(LogRecord.LBA) == lba - index;
    if (!fits) {
      return false;
    }
    int body = LogRecord.HEAD_BYTES + LogRecord.CRC_BYTES * blocks;
    int plainBytes = blocks * UnitCodec.BLOCK_BYTES;
    if (codec == UnitCodec.RAW) {
      if (stored != plainBytes) {
        return false;
      }
      data = record;
      dataAt = body + index * UnitCodec.BLOCK_BYTES;
    } else {
      if (!UnitCodec.unpack(codec, record, body, stored, plain.clear(), plainBytes)) {
        return false;
      }
      data = plain;
      dataAt = index * UnitCodec.BLOCK_BYTES;
    }
    return verifyBlocks(index, family, lba, count);
  }

  private boolean verifyBlocks(int index, int family, long lba, int count) {
    for (int i = 0; i < count; i++) {
      int expected = record.getInt(LogRecord.HEAD_BYTES + LogRecord.CRC_BYTES * (index + i));
      int at = dataAt + i * UnitCodec.BLOCK_BYTES;
      if (checksum.ofBlock(family, lba + i, data, at) != expected) {
        return false;
      }
    }
    return true;
  }
}

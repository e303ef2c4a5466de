package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

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
  private final int[] checksums = new int[UnitCodec.UNIT_BLOCKS];
  private final ByteBuffer plain = ByteBuffer.allocateDirect(UnitCodec.UNIT_BYTES);
  private ByteBuffer data = plain;
  private int dataAt;

  UnitReader(Checksum checksum) {
    this.checksum = checksum;
  }

  /** After {@link #read}: where the blocks are. */
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
    // Not compressed: what lies behind is not needed. What lies before is, and is no second read.
    int to = length == RECORD_MAX_BYTES ? dataAt(index + count) : length;
    if (!fetch(file, Pointer.offsetBytes(pointer), record.limit(to).position(0), onlyIfInMemory)) {
      return Result.WOULD_BLOCK;
    }
    return verify(length, index, family, lba, count) ? Result.OK : Result.MISMATCH;
  }

  /** What is wrong with the blocks on disk, in words that follow theirs; null if nothing is. */
  @Nullable String wrong(StoredFile file, long pointer, int family, long lba, int count) {
    try {
      var result = read(file, pointer, family, lba, count, false);
      return result == Result.OK ? null : "does not fit its checksum";
    } catch (StoreException.Io e) {
      return "cannot be read: " + e.getMessage();
    }
  }

  /**
   * Like {@link #read}, and puts the blocks into {@code destination}, whose position moves if all
   * went well: without a copy in between if the record holds them as they are.
   *
   * @param segment pinned
   * @param known of this segment's pool
   */
  Result readTo(
      ByteBuffer destination,
      Segment segment,
      KnownChecksums known,
      long pointer,
      int family,
      long lba,
      int count,
      boolean onlyIfInMemory) {
    var file = segment.file();
    if (Pointer.lengthBytes(pointer) == RECORD_MAX_BYTES) {
      boolean isKnown = known.get(segment.serial, pointer, checksums);
      if (isKnown || (onlyIfInMemory && learn(file, pointer, family, lba))) {
        var result = readStraight(destination, file, pointer, family, lba, count, onlyIfInMemory);
        if (result == Result.OK && !isKnown) {
          known.put(segment.serial, pointer, checksums);
        }
        if (result != Result.MISMATCH) {
          return result;
        }
      }
    }
    var result = read(file, pointer, family, lba, count, onlyIfInMemory);
    if (result == Result.OK) {
      int length = count * UnitCodec.BLOCK_BYTES;
      destination.put(destination.position(), data, dataAt, length);
      destination.position(destination.position() + length);
    }
    return result;
  }

  /** Reads the checksums of a record that is not compressed; false if something is wrong. */
  private boolean learn(StoredFile file, long pointer, int family, long lba) {
    var head = record.limit(FULL_HEAD_BYTES).position(0);
    if (!fetch(file, Pointer.offsetBytes(pointer), head, true)) {
      return false;
    }
    record.clear();
    if (record.get(LogRecord.CODEC) != UnitCodec.RAW
        || record.getInt(LogRecord.STORED) != UnitCodec.UNIT_BYTES
        || !headFits(RECORD_MAX_BYTES, Pointer.index(pointer), family, lba, 1)) {
      return false;
    }
    takeChecksums(UnitCodec.UNIT_BLOCKS);
    return true;
  }

  private Result readStraight(
      ByteBuffer destination,
      StoredFile file,
      long pointer,
      int family,
      long lba,
      int count,
      boolean onlyIfInMemory) {
    int index = Pointer.index(pointer);
    int limit = destination.limit();
    int at = destination.position();
    int end = at + count * UnitCodec.BLOCK_BYTES;
    long offset = (long) Pointer.offsetBytes(pointer) + dataAt(index);
    boolean there;
    try {
      there = fetch(file, offset, destination.limit(end), onlyIfInMemory);
    } finally {
      destination.limit(limit);
    }
    if (there && verifyBlocks(destination, at, index, family, lba, count)) {
      destination.position(end);
      return Result.OK;
    }
    destination.position(at);
    return there ? Result.MISMATCH : Result.WOULD_BLOCK;
  }

  /** Offset of a block in a record that is not compressed. */
  private static int dataAt(int index) {
    return FULL_HEAD_BYTES + index * UnitCodec.BLOCK_BYTES;
  }

  private static boolean fetch(
      StoredFile file, long offset, ByteBuffer into, boolean onlyIfInMemory) {
    if (onlyIfInMemory) {
      return file.tryRead(offset, into) != Volume.WOULD_BLOCK;
    }
    file.read(offset, into);
    return true;
  }

  private boolean headFits(int length, int index, int family, long lba, int count) {
    byte op = record.get(LogRecord.OP);
    int blocks = record.getShort(LogRecord.BLOCKS);
    int stored = record.getInt(LogRecord.STORED);
    return (op == LogRecord.WRITE || op == LogRecord.MOVE)
        && blocks >= index + count
        && blocks <= UnitCodec.UNIT_BLOCKS
        && stored >= 0
        && stored <= UnitCodec.UNIT_BYTES
        && LogRecord.bytesOf(blocks, stored) == length
        && record.getInt(LogRecord.FAMILY) == family
        && record.getLong(LogRecord.LBA) == lba - index;
  }

  private boolean verify(int length, int index, int family, long lba, int count) {
    record.clear();
    if (!headFits(length, index, family, lba, count)) {
      return false;
    }
    byte codec = record.get(LogRecord.CODEC);
    int blocks = record.getShort(LogRecord.BLOCKS);
    int stored = record.getInt(LogRecord.STORED);
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
    takeChecksums(blocks);
    return verifyBlocks(data, dataAt, index, family, lba, count);
  }

  private void takeChecksums(int blocks) {
    for (int i = 0; i < blocks; i++) {
      checksums[i] = record.getInt(LogRecord.HEAD_BYTES + LogRecord.CRC_BYTES * i);
    }
  }

  private boolean verifyBlocks(
      ByteBuffer in, int from, int index, int family, long lba, int count) {
    for (int i = 0; i < count; i++) {
      int at = from + i * UnitCodec.BLOCK_BYTES;
      if (checksum.ofBlock(family, lba + i, in, at) != checksums[index + i]) {
        return false;
      }
    }
    return true;
  }
}

package io.bascule.store.v2;

import java.nio.ByteBuffer;

/**
 * Makes records of data: cuts blocks into units, checksums and compresses them. One per thread,
 * used again and again: encode, then copy into a batch.
 */
final class UnitEncoder implements LogWriter.Filler {
  /** The most that is encoded at once. */
  static final int CHUNK_BLOCKS = 32;

  static final int CHUNK_BYTES = CHUNK_BLOCKS * UnitCodec.BLOCK_BYTES;
  private static final int UNITS_MAX = CHUNK_BLOCKS / UnitCodec.UNIT_BLOCKS + 1;

  /** After units that did not compress, so many are not tried, at most. */
  private static final int SKIP_MAX = 15;

  private final Checksum checksum;
  private final ByteBuffer packed =
      ByteBuffer.allocateDirect(UNITS_MAX * UnitCodec.PACKED_MAX_BYTES);
  private final long[] lbas = new long[UNITS_MAX];
  private final int[] blocks = new int[UNITS_MAX];
  private final int[] stored = new int[UNITS_MAX];
  private final byte[] codecs = new byte[UNITS_MAX];
  private final int[] crcs = new int[CHUNK_BLOCKS];
  private int units;
  private int bytes;
  private int volume;
  private int family;
  private byte op;
  private long aux;
  private ByteBuffer plain;
  private int plainAt;
  private int misses;
  private int skip;

  UnitEncoder(Checksum checksum) {
    this.checksum = checksum;
    this.plain = packed;
  }

  /** Encodes up to {@link #CHUNK_BLOCKS} blocks at {@code at} of {@code from} as WRITE records. */
  void encode(Entry entry, long lba, int count, ByteBuffer from, int at, boolean compress) {
    begin(LogRecord.WRITE, entry.number, entry.family, 0, from, at);
    int done = 0;
    while (done < count) {
      int room = UnitCodec.UNIT_BLOCKS - (int) ((lba + done) % UnitCodec.UNIT_BLOCKS);
      int unit = Math.min(room, count - done);
      add(lba + done, unit, done, compress && isWorthTrying(), false);
      done += unit;
    }
  }

  /**
   * Encodes blocks of one record, that were at {@code moved}, as a MOVE record: what is moved has
   * not changed for a while, and is worth the slower codec.
   */
  void encodeMove(
      int moveFamily, long lba, int count, long moved, ByteBuffer from, int at, boolean compress) {
    begin(LogRecord.MOVE, 0, moveFamily, moved, from, at);
    add(lba, count, 0, compress, true);
  }

  private void begin(
      byte newOp, int newVolume, int newFamily, long newAux, ByteBuffer from, int at) {
    op = newOp;
    volume = newVolume;
    family = newFamily;
    aux = newAux;
    plain = from;
    plainAt = at;
    units = 0;
    bytes = 0;
  }

  private void add(long lba, int count, int firstBlock, boolean compress, boolean zstd) {
    int from = plainAt + firstBlock * UnitCodec.BLOCK_BYTES;
    for (int i = 0; i < count; i++) {
      crcs[firstBlock + i] =
          checksum.ofBlock(family, lba + i, plain, from + i * UnitCodec.BLOCK_BYTES);
    }
    int length = count * UnitCodec.BLOCK_BYTES;
    int to = units * UnitCodec.PACKED_MAX_BYTES;
    int size = length;
    if (compress) {
      size =
          zstd
              ? UnitCodec.packZstd(plain, from, length, packed, to)
              : UnitCodec.packLz4(plain, from, length, packed, to);
      learn(size < length);
    }
    lbas[units] = lba;
    blocks[units] = count;
    stored[units] = size;
    codecs[units] = size == length ? UnitCodec.RAW : zstd ? UnitCodec.ZSTD : UnitCodec.LZ4;
    bytes += LogRecord.bytesOf(count, size);
    units++;
  }

  private boolean isWorthTrying() {
    if (skip > 0) {
      skip--;
      return false;
    }
    return true;
  }

  private void learn(boolean compressed) {
    misses = compressed ? 0 : Math.min(misses + 1, SKIP_MAX);
    skip = misses;
  }

  int bytes() {
    return bytes;
  }

  int records() {
    return units;
  }

  @Override
  public void fill(ByteBuffer batch, int at) {
    int to = at;
    int crc = 0;
    int from = plainAt;
    for (int i = 0; i < units; i++) {
      LogRecord.putHead(
          batch, to, op, codecs[i], blocks[i], volume, family, stored[i], lbas[i], aux);
      int body = to + LogRecord.HEAD_BYTES;
      for (int b = 0; b < blocks[i]; b++, body += LogRecord.CRC_BYTES) {
        batch.putInt(body, crcs[crc++]);
      }
      if (codecs[i] == UnitCodec.RAW) {
        batch.put(body, plain, from, stored[i]);
      } else {
        batch.put(body, packed, i * UnitCodec.PACKED_MAX_BYTES, stored[i]);
      }
      int next = to + LogRecord.bytesOf(blocks[i], stored[i]);
      for (int pad = body + stored[i]; pad < next; pad++) {
        batch.put(pad, (byte) 0);
      }
      to = next;
      from += blocks[i] * UnitCodec.BLOCK_BYTES;
    }
  }
}

package io.bascule.store.v2;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C; one per thread. Blocks are seeded with where they belong, to catch misdirected ones. */
final class Checksum {
  private final CRC32C crc = new CRC32C();
  private final byte[] seed = new byte[12];

  /** Of {@code length} bytes from {@code at}; the buffer's position stays. */
  int of(ByteBuffer buffer, int at, int length) {
    crc.reset();
    update(buffer, at, length);
    return (int) crc.getValue();
  }

  /** Of a block of plaintext that is block {@code lba} of a volume of {@code family}. */
  int ofBlock(int family, long lba, ByteBuffer buffer, int at) {
    for (int i = 0; i < 4; i++) {
      seed[i] = (byte) (family >>> 24 - 8 * i);
    }
    for (int i = 0; i < 8; i++) {
      seed[4 + i] = (byte) (lba >>> 56 - 8 * i);
    }
    crc.reset();
    crc.update(seed, 0, seed.length);
    update(buffer, at, UnitCodec.BLOCK_BYTES);
    return (int) crc.getValue();
  }

  /** Of a structure whose checksum is its last field. */
  static int ofHeader(ByteBuffer buffer, int at, int length) {
    return new Checksum().of(buffer, at, length);
  }

  private void update(ByteBuffer buffer, int at, int length) {
    int position = buffer.position();
    int limit = buffer.limit();
    crc.update(buffer.limit(at + length).position(at));
    buffer.limit(limit).position(position);
  }
}

package io.bascule.store.v2;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * Sizes of the format, and the codecs of units: up to {@value #UNIT_BLOCKS} blocks in one record.
 */
final class UnitCodec {
  static final int BLOCK_BYTES = 4096;
  static final int UNIT_BLOCKS = 8;
  static final int UNIT_BYTES = BLOCK_BYTES * UNIT_BLOCKS;

  static final byte RAW = 0;
  static final byte LZ4 = 1;
  static final byte ZSTD = 2;

  private static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
  private static final LZ4SafeDecompressor DECOMPRESSOR =
      LZ4Factory.fastestInstance().safeDecompressor();

  /** Room a compressor may need for a unit that does not compress. */
  static final int PACKED_MAX_BYTES =
      Math.max(COMPRESSOR.maxCompressedLength(UNIT_BYTES), (int) Zstd.compressBound(UNIT_BYTES));

  private static final int ZSTD_LEVEL = 3;

  private UnitCodec() {}

  /**
   * Compresses {@code length} bytes to {@code to} with LZ4.
   *
   * @return the stored bytes, or {@code length} if raw is better: less than an eighth is saved
   */
  static int packLz4(ByteBuffer from, int at, int length, ByteBuffer to, int toAt) {
    int packed = COMPRESSOR.compress(from, at, length, to, toAt, PACKED_MAX_BYTES);
    return packed <= length - length / 8 ? packed : length;
  }

  /** The same with zstd, for data that is read rarely. Both buffers are direct. */
  static int packZstd(ByteBuffer from, int at, int length, ByteBuffer to, int toAt) {
    long packed =
        Zstd.compressDirectByteBuffer(to, toAt, PACKED_MAX_BYTES, from, at, length, ZSTD_LEVEL);
    return !Zstd.isError(packed) && packed <= length - length / 8 ? (int) packed : length;
  }

  /** Whether {@code stored} bytes gave exactly {@code length} bytes at the start of {@code to}. */
  static boolean unpack(
      byte codec, ByteBuffer from, int at, int stored, ByteBuffer to, int length) {
    try {
      return switch (codec) {
        case LZ4 -> DECOMPRESSOR.decompress(from, at, stored, to, 0, length) == length;
        case ZSTD -> Zstd.decompressDirectByteBuffer(to, 0, length, from, at, stored) == length;
        default -> false;
      };
    } catch (LZ4Exception | ZstdException e) {
      return false; // what is stored is not what was stored; the caller says where
    }
  }
}

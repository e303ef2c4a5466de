package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The bytes of a mark file, big-endian; {@code docs/formats/marks.md} has them in words.
 *
 * <pre>
 *  header, at 0, {@value #HEADER_BYTES} bytes
 *  offset  bytes  field
 *       0      8  magic "BASCMARK"
 *       8      4  format, 1
 *      12      4  bytes of a region, 65536
 *      16     16  uuid of the volume
 *      32      8  size of the volume in bytes
 *      40     16  id of the kernel's boot in which the marks were kept
 *      56      4  flags: 1 complete (every line counts), 2 verified
 *      60      4  CRC-32C of bytes 0 to 59
 *
 *  line n, at {@value #LINES_OFFSET} + 64 n
 *       0     56  {@value #LINE_REGIONS} bits, most significant first: region 448 n + i is marked
 *      56      4  n, modulo 2^32
 *      60      4  CRC-32C of bytes 0 to 59
 * </pre>
 *
 * A line that was never written is 64 zeros, and marks nothing.
 */
final class MarkFile {
  static final int FORMAT = 1;
  static final int HEADER_BYTES = 64;
  static final int LINES_OFFSET = 4096;
  static final int LINE_BYTES = 64;
  static final int LINE_LONGS = 7;
  static final int LINE_REGIONS = LINE_LONGS * Long.SIZE;

  private static final byte[] MAGIC = "BASCMARK".getBytes(StandardCharsets.US_ASCII);
  private static final String SUFFIX = ".marks";
  private static final int CRC_OFFSET = 60;
  private static final int NUMBER_OFFSET = 56;
  private static final int COMPLETE = 1;
  private static final int VERIFIED = 2;

  private MarkFile() {}

  static String name(UUID volume) {
    return volume + SUFFIX;
  }

  static boolean isName(String name) {
    return name.endsWith(SUFFIX);
  }

  static long lineOffset(long line) {
    return LINES_OFFSET + line * LINE_BYTES;
  }

  /**
   * What the header says.
   *
   * @param complete the lines say of every region whether it is marked; else all of them are
   * @param verified both formats were once compared as a whole, since all was last marked
   */
  record Header(UUID volume, long sizeBytes, UUID bootId, boolean complete, boolean verified) {
    ByteBuffer encode() {
      var bytes = ByteBuffer.allocate(HEADER_BYTES);
      bytes.put(MAGIC).putInt(FORMAT).putInt(Regions.BYTES);
      put(bytes, volume).putLong(sizeBytes);
      put(bytes, bootId).putInt((complete ? COMPLETE : 0) | (verified ? VERIFIED : 0));
      bytes.putInt(crc(bytes.array()));
      return bytes.flip();
    }

    /** Empty if it does not fit its checksum: then it says nothing. */
    static Optional<Header> decode(byte[] content, String name) {
      Check.that(content.length == HEADER_BYTES, "a header of %d bytes", content.length);
      var bytes = ByteBuffer.wrap(content);
      if (bytes.getInt(CRC_OFFSET) != crc(content)) {
        return Optional.empty();
      }
      byte[] magic = new byte[MAGIC.length];
      bytes.get(magic);
      if (!java.util.Arrays.equals(magic, MAGIC)) {
        throw new StoreException.Corrupt(name + " is no mark file");
      }
      int format = bytes.getInt();
      if (format > FORMAT) {
        throw new StoreException.TooNew(name + " has format " + format + ", of a newer release");
      }
      if (format < FORMAT) {
        throw new StoreException.TooOld(name + " has format " + format);
      }
      int regionBytes = bytes.getInt();
      if (regionBytes != Regions.BYTES) {
        throw new StoreException.Corrupt(name + " has regions of " + regionBytes + " bytes");
      }
      var volume = uuid(bytes);
      long sizeBytes = bytes.getLong();
      var bootId = uuid(bytes);
      int flags = bytes.getInt();
      return Optional.of(
          new Header(volume, sizeBytes, bootId, (flags & COMPLETE) != 0, (flags & VERIFIED) != 0));
    }
  }

  static ByteBuffer encodeLine(long number, long[] marked) {
    var bytes = ByteBuffer.allocate(LINE_BYTES);
    for (long bits : marked) {
      bytes.putLong(bits);
    }
    bytes.putInt((int) number);
    bytes.putInt(crc(bytes.array()));
    return bytes.flip();
  }

  /** The marks of a line; every one if the line is damaged, for then nothing is known. */
  static long[] decodeLine(long number, byte[] content) {
    long[] marked = new long[LINE_LONGS];
    if (allZero(content)) {
      return marked;
    }
    var bytes = ByteBuffer.wrap(content);
    boolean sound =
        bytes.getInt(CRC_OFFSET) == crc(content) && bytes.getInt(NUMBER_OFFSET) == (int) number;
    for (int i = 0; i < LINE_LONGS; i++) {
      marked[i] = sound ? bytes.getLong() : -1L;
    }
    return marked;
  }

  private static boolean allZero(byte[] content) {
    for (byte b : content) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  private static ByteBuffer put(ByteBuffer bytes, UUID uuid) {
    return bytes.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
  }

  private static UUID uuid(ByteBuffer bytes) {
    long high = bytes.getLong();
    return new UUID(high, bytes.getLong());
  }

  private static int crc(byte[] content) {
    var crc = new CRC32C();
    crc.update(content, 0, CRC_OFFSET);
    return (int) crc.getValue();
  }
}

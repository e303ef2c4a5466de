package io.bascule.store.v1;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The header file of a volume, {@value #BYTES} bytes, big-endian. A volume exists exactly while it
 * has one.
 *
 * <pre>
 *  offset  bytes  field
 *       0      8  magic "BASCULE1"
 *       8      4  format, 1
 *      12      4  version of the header, 1
 *      16     16  uuid, most significant byte first
 *      32      8  size of the volume in bytes, a multiple of 512, more than 0
 *      40      4  state: 0 live, 1 deleted, 2 suspect
 *      44     16  zeros
 *      60      4  CRC-32C of bytes 0 to 59
 * </pre>
 */
record HeaderV1(UUID uuid, long sizeBytes, State state) {
  static final int BYTES = 64;
  static final int FORMAT = 1;
  static final int VERSION = 1;

  static final int MAGIC_OFFSET = 0;
  static final int FORMAT_OFFSET = 8;
  static final int VERSION_OFFSET = 12;
  static final int UUID_OFFSET = 16;
  static final int SIZE_OFFSET = 32;
  static final int STATE_OFFSET = 40;
  static final int ZEROS_OFFSET = 44;
  static final int CRC_OFFSET = 60;

  private static final byte[] MAGIC = "BASCULE1".getBytes(StandardCharsets.US_ASCII);

  /** The largest volume, 1 PiB: far above what a file system takes, far below overflow. */
  static final long SIZE_MAX_BYTES = 1L << 50;

  /** What may be done with the volume. */
  enum State {
    LIVE(0),
    /** Its data may be gone in part; to be deleted to the end. */
    DELETED(1),
    /** A sync failed: nobody knows what is on stable storage. */
    SUSPECT(2);

    private final int code;

    State(int code) {
      this.code = code;
    }

    static State of(int code, String name) {
      for (State state : values()) {
        if (state.code == code) {
          return state;
        }
      }
      throw new StoreException.Corrupt(name + " has the unknown state " + code);
    }
  }

  HeaderV1 with(State newState) {
    return new HeaderV1(uuid, sizeBytes, newState);
  }

  HeaderV1 withSize(long newSizeBytes) {
    return new HeaderV1(uuid, newSizeBytes, state);
  }

  static boolean isSize(long sizeBytes) {
    return sizeBytes > 0 && sizeBytes <= SIZE_MAX_BYTES && sizeBytes % Volume.BLOCK_BYTES == 0;
  }

  byte[] encode() {
    var bytes = ByteBuffer.allocate(BYTES);
    bytes.put(MAGIC_OFFSET, MAGIC);
    bytes.putInt(FORMAT_OFFSET, FORMAT);
    bytes.putInt(VERSION_OFFSET, VERSION);
    bytes.putLong(UUID_OFFSET, uuid.getMostSignificantBits());
    bytes.putLong(UUID_OFFSET + Long.BYTES, uuid.getLeastSignificantBits());
    bytes.putLong(SIZE_OFFSET, sizeBytes);
    bytes.putInt(STATE_OFFSET, state.code);
    bytes.putInt(CRC_OFFSET, crc(bytes.array()));
    return bytes.array();
  }

  /**
   * Reads a header file.
   *
   * @param expected the uuid its name carries
   */
  static HeaderV1 decode(byte[] content, UUID expected, String name) {
    if (content.length < VERSION_OFFSET + Integer.BYTES
        || !Arrays.equals(content, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new StoreException.Corrupt(name + " is no volume header");
    }
    // The version before the checksum: another version may put its checksum elsewhere.
    var bytes = ByteBuffer.wrap(content);
    int format = bytes.getInt(FORMAT_OFFSET);
    int version = bytes.getInt(VERSION_OFFSET);
    if (format > FORMAT || (format == FORMAT && version > VERSION)) {
      throw new StoreException.TooNew(name + written(format, version) + "a newer release");
    }
    if (format < FORMAT || version < VERSION) {
      throw new StoreException.TooOld(name + written(format, version) + "a release before 1.2.1");
    }
    if (content.length != BYTES || bytes.getInt(CRC_OFFSET) != crc(content)) {
      throw new StoreException.Corrupt(name + " does not fit its checksum");
    }
    var uuid = new UUID(bytes.getLong(UUID_OFFSET), bytes.getLong(UUID_OFFSET + Long.BYTES));
    if (!uuid.equals(expected)) {
      throw new StoreException.Corrupt(name + " is the header of volume " + uuid);
    }
    long sizeBytes = bytes.getLong(SIZE_OFFSET);
    if (!isSize(sizeBytes)) {
      throw new StoreException.Corrupt(name + " has the impossible size " + sizeBytes);
    }
    return new HeaderV1(uuid, sizeBytes, State.of(bytes.getInt(STATE_OFFSET), name));
  }

  private static String written(int format, int version) {
    return " has format " + format + " version " + version + ", written by ";
  }

  private static int crc(byte[] content) {
    var crc = new CRC32C();
    crc.update(content, 0, CRC_OFFSET);
    return (int) crc.getValue();
  }
}

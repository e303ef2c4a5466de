package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** How every file of the format begins: magic, format, version. */
final class Preamble {
  static final int FORMAT = 2;
  static final int VERSION = 1;

  private Preamble() {}

  static long magic(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)).getLong();
  }

  /** Declares the three fields at the beginning of a structure. */
  static void declare(Struct struct, String magic) {
    struct.field(8, "magic `" + magic + "`");
    struct.field(4, "format: " + FORMAT);
    struct.field(4, "version: " + VERSION);
  }

  static void put(ByteBuffer buffer, long magic) {
    buffer.putLong(0, magic).putInt(8, FORMAT).putInt(12, VERSION);
  }

  /**
   * Judges the beginning of a file. Every later version keeps these fields and the place of the
   * checksum, so that a flipped bit never passes for another release.
   *
   * @param crcAt where the checksum of everything before it is
   */
  static void check(ByteBuffer buffer, long magic, int crcAt, String name) {
    if (buffer.getLong(0) != magic) {
      throw new StoreException.Corrupt(name + " does not begin as its kind of file does");
    }
    if (Checksum.ofHeader(buffer, 0, crcAt) != buffer.getInt(crcAt)) {
      throw new StoreException.Corrupt(name + " does not fit its checksum");
    }
    int format = buffer.getInt(8);
    int version = buffer.getInt(12);
    String written = name + " has format " + format + " version " + version + ", written by ";
    if (format > FORMAT || (format == FORMAT && version > VERSION)) {
      throw new StoreException.TooNew(written + "a newer release");
    }
    if (format < FORMAT || version < VERSION) {
      throw new StoreException.TooOld(written + "a release before 2.0.1");
    }
  }
}

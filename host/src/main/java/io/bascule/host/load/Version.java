package io.bascule.host.load;

import io.bascule.core.Check;

/**
 * One write or TRIM, in 64 bits: bit 63 a TRIM, bits 62..48 the writer (1 and up), bits 47..0 its
 * sequence (1 and up). 0: never written.
 */
final class Version {
  static final long NONE = 0;
  static final int MAX_WRITERS = 1 << 15;
  private static final long TRIM = 1L << 63;
  private static final long SEQUENCE = (1L << 48) - 1;

  private Version() {}

  static long write(int writer, long sequence) {
    Check.that(writer > 0 && writer < MAX_WRITERS, "writer %d", writer);
    Check.that(sequence > 0 && sequence <= SEQUENCE, "sequence %d", sequence);
    return (long) writer << 48 | sequence;
  }

  static long trim(int writer, long sequence) {
    return write(writer, sequence) | TRIM;
  }

  static boolean isTrim(long version) {
    return (version & TRIM) != 0;
  }

  static int writer(long version) {
    return (int) (version >>> 48) & (MAX_WRITERS - 1);
  }

  static long sequence(long version) {
    return version & SEQUENCE;
  }

  static String text(long version) {
    return version == NONE
        ? "nothing"
        : (isTrim(version) ? "TRIM " : "write ") + writer(version) + "." + sequence(version);
  }
}

package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A mode page (SPC-4, 7.5): its code, its values, and which of their bits a host may change. The
 * arrays hold what follows the two bytes of header.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record ModePage(int code, byte[] values, byte[] changeable) {
  static final int ALL = 0x3F;

  /** The table of pages, in the order of their codes. */
  static final List<ModePage> PAGES =
      List.of(
          // Caching (SBC-3, 6.5.5): WCE.
          fixed(0x08, 18, "04"),
          // Control (SPC-4, 7.5.8): unrestricted reordering.
          fixed(0x0A, 10, "00 10"),
          // Informational exceptions control (SPC-4, 7.5.11): DEXCPT, nothing is reported.
          fixed(0x1C, 10, "08"));

  /** A page of which nothing can be changed: these bytes, then zeros. */
  private static ModePage fixed(int code, int bytes, String start) {
    byte[] values = Arrays.copyOf(HexFormat.ofDelimiter(" ").parseHex(start), bytes);
    return new ModePage(code, values, new byte[bytes]);
  }

  boolean isAskedFor(int wanted) {
    return wanted == ALL || wanted == code;
  }

  /** Lays out the whole page, with its values or with the mask of what can be changed. */
  void put(boolean mask, ByteBuffer out) {
    out.put((byte) code).put((byte) values.length).put(mask ? changeable : values);
  }
}

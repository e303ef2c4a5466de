package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A mode page (SPC-4, 7.5): its code, its default values, and which of their bits a host may
 * change. The arrays hold what follows the two bytes of header.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record ModePage(int code, byte[] values, byte[] changeable) {
  static final int ALL = 0x3F;

  static final int CONTROL = 0x0A;

  // In the first and the third byte of the control page.
  private static final int D_SENSE = 0x04;
  private static final int SWP = 0x08;

  /** The table of pages, in the order of their codes. */
  static final List<ModePage> PAGES =
      List.of(
          // Caching (SBC-3, 6.5.5): WCE.
          fixed(0x08, 18, "04"),
          // Control (SPC-4, 7.5.8): unrestricted reordering. D_SENSE and SWP can be changed.
          new ModePage(CONTROL, bytes(10, "00 10"), bytes(10, "04 00 08")),
          // Informational exceptions control (SPC-4, 7.5.11): DEXCPT, nothing is reported.
          fixed(0x1C, 10, "08"));

  static final int CONTROL_INDEX = PAGES.indexOf(find(CONTROL));

  /** New values of one page. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  record Change(ModePage page, byte[] values) {}

  /** A page of which nothing can be changed. */
  private static ModePage fixed(int code, int bytes, String start) {
    return new ModePage(code, bytes(bytes, start), new byte[bytes]);
  }

  /** These bytes, then zeros. */
  private static byte[] bytes(int bytes, String start) {
    return Arrays.copyOf(HexFormat.ofDelimiter(" ").parseHex(start), bytes);
  }

  static @Nullable ModePage find(int code) {
    for (ModePage page : PAGES) {
      if (page.code == code) {
        return page;
      }
    }
    return null;
  }

  /** Where values differ from those of the page in a bit that can't be changed; -1 if nowhere. */
  int unchangeable(byte[] wanted) {
    for (int i = 0; i < values.length; i++) {
      if (((wanted[i] ^ values[i]) & ~changeable[i]) != 0) {
        return i;
      }
    }
    return -1;
  }

  static boolean descriptorSense(byte[] control) {
    return (control[0] & D_SENSE) != 0;
  }

  static boolean writeProtected(byte[] control) {
    return (control[2] & SWP) != 0;
  }

  boolean isAskedFor(int wanted) {
    return wanted == ALL || wanted == code;
  }

  /** Lays out the whole page with that content: values, or the mask of what can be changed. */
  void put(byte[] content, ByteBuffer out) {
    out.put((byte) code).put((byte) content.length).put(content);
  }
}

package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A page of vital product data (SPC-4, 7.8): its number and what follows the four bytes of header.
 */
record VitalPage(int number, Content content) {
  /** Lays a page's bytes behind its header. */
  interface Content {
    void put(Nexus nexus, LogicalUnit unit, ByteBuffer out);
  }

  /** A page that is the same for every unit: these bytes, then zeros. */
  static VitalPage fixed(int number, int bytes, String start) {
    byte[] content = java.util.Arrays.copyOf(HexFormat.ofDelimiter(" ").parseHex(start), bytes);
    return new VitalPage(number, (nexus, unit, out) -> out.put(content));
  }

  /** Lays out the whole page. */
  void put(Nexus nexus, LogicalUnit unit, ByteBuffer out) {
    int start = out.position();
    out.put((byte) 0).put((byte) number).putShort((short) 0);
    content.put(nexus, unit, out);
    out.putShort(start + 2, (short) (out.position() - start - 4));
  }

  static @Nullable VitalPage find(Iterable<VitalPage> pages, int number) {
    for (VitalPage page : pages) {
      if (page.number == number) {
        return page;
      }
    }
    return null;
  }
}

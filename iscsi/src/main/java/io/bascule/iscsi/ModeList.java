package io.bascule.iscsi;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The parameter list of MODE SELECT (SPC-4, 7.5.4): header, block descriptor, pages. */
final class ModeList {
  private static final int SHORT_BLOCK_BYTES = 8;
  private static final int LONG_BLOCK_BYTES = 16;
  private static final int SUBPAGE = 0x40;
  private static final int CODE = 0x3F;

  private ModeList() {}

  /**
   * What the list wants to change. It is all or nothing: one value that can't be so refuses the
   * list.
   *
   * @param ten whether the header is that of MODE SELECT (10)
   * @param blocks how many logical blocks the unit has
   */
  static List<ModePage.Change> parse(ByteBuffer list, boolean ten, long blocks)
      throws RefusedListException {
    int header = ten ? 8 : 4;
    need(list, header);
    int medium = ten ? 2 : 1;
    if (list.get(medium) != 0) {
      throw RefusedListException.field(medium);
    }
    boolean wide = ten && (list.get(4) & 1) != 0; // LONGLBA
    int length = ten ? list.getShort(6) & 0xFFFF : list.get(3) & 0xFF;
    list.position(header);
    if (length != 0) {
      if (length != (wide ? LONG_BLOCK_BYTES : SHORT_BLOCK_BYTES)) {
        throw RefusedListException.field(ten ? 6 : 3);
      }
      need(list, length);
      checkBlock(list, wide, blocks);
      list.position(header + length);
    }
    List<ModePage.Change> changes = new ArrayList<>();
    while (list.hasRemaining()) {
      changes.add(page(list));
    }
    return changes;
  }

  private static void need(ByteBuffer list, int bytes) throws RefusedListException {
    if (list.remaining() < bytes) {
      throw RefusedListException.cut();
    }
  }

  /** Neither the number of blocks nor their length can be changed; zero blocks mean as it is. */
  private static void checkBlock(ByteBuffer list, boolean wide, long blocks)
      throws RefusedListException {
    int at = list.position();
    long all = wide ? -1 : 0xFFFFFFFFL;
    long wanted = wide ? list.getLong(at) : Integer.toUnsignedLong(list.getInt(at));
    boolean same = wide ? wanted == blocks : wanted == Math.min(blocks, all);
    if (wanted != 0 && wanted != all && !same) {
      throw RefusedListException.field(at);
    }
    int lengthAt = at + (wide ? 12 : 4);
    int blockBytes = wide ? list.getInt(lengthAt) : list.getInt(lengthAt) & 0xFFFFFF;
    if (blockBytes != Volume.BLOCK_BYTES) {
      throw RefusedListException.field(lengthAt);
    }
  }

  private static ModePage.Change page(ByteBuffer list) throws RefusedListException {
    int at = list.position();
    need(list, 2);
    int first = list.get(at); // its highest bit, PS, is reserved here
    ModePage page = ModePage.find(first & CODE);
    if ((first & SUBPAGE) != 0 || page == null) {
      throw RefusedListException.field(at);
    }
    int length = page.values().length;
    if ((list.get(at + 1) & 0xFF) != length) {
      throw RefusedListException.field(at + 1);
    }
    list.position(at + 2);
    need(list, length);
    byte[] values = new byte[length];
    list.get(values);
    int wrong = page.unchangeable(values);
    if (wrong >= 0) {
      throw RefusedListException.field(at + 2 + wrong);
    }
    return new ModePage.Change(page, values);
  }
}

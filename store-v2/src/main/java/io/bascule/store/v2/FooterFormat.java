package io.bascule.store.v2;

import java.nio.ByteBuffer;

/**
 * The end of a sealed segment: the tables of all its batches, each behind a small head, then one
 * fixed structure as the last bytes of the file. Written after every batch of the segment was on
 * stable storage, so a segment that has one has no torn tail.
 */
final class FooterFormat {
  static final Struct GROUP = new Struct("Footer group");
  static final int GROUP_SEQ = GROUP.field(8, "number of the batch");
  static final int GROUP_OFFSET = GROUP.field(4, "offset of the batch in the segment");
  static final int GROUP_TABLE = GROUP.field(4, "bytes of the batch's table, which follows");
  static final int GROUP_BYTES = GROUP.end(16);

  static final String MAGIC_TEXT = "BASC2FTR";
  static final long MAGIC = Preamble.magic(MAGIC_TEXT);
  static final Struct END = new Struct("Footer end");
  static final int MAGIC_AT = END.field(8, "magic `" + MAGIC_TEXT + "`");
  static final int SERIAL = END.field(8, "serial of the segment");
  static final int INCARNATION = END.field(8, "incarnation");
  static final int FIRST_SEQ = END.field(8, "number of the first batch");
  static final int LAST_SEQ = END.field(8, "number of the last batch");
  static final int DURABLE =
      END.field(8, "every batch up to this number was on stable storage by then");
  static final int GROUPS_BYTES = END.field(4, "bytes of the groups before this");
  static final int DATA_END = END.field(4, "offset where the groups begin");
  static final int BLOCKS = END.field(4, "blocks in all records");
  static final int CRC = END.field(4, "CRC-32C of the groups and of what is before");
  static final int END_BYTES = END.end(64);

  private FooterFormat() {}

  /** Whether {@code footer}, the last bytes of a segment, is whole; it is exactly the footer. */
  static boolean isWhole(ByteBuffer footer, long serial, Checksum checksum) {
    int end = footer.limit() - END_BYTES;
    return end >= 0
        && isEnd(footer, end, serial)
        && footer.getInt(end + GROUPS_BYTES) == end
        && checksum.of(footer, 0, end + CRC) == footer.getInt(end + CRC);
  }

  /** Whether a footer's end seems to be there; its checksum is not judged. */
  static boolean isEnd(ByteBuffer buffer, int at, long serial) {
    return buffer.getLong(at) == MAGIC && buffer.getLong(at + SERIAL) == serial;
  }
}

package io.bascule.store.v2;

import java.nio.ByteBuffer;

/** A page of a checkpoint file: a small head, then a list whose shape depends on the kind. */
final class Page {
  static final String MAGIC_TEXT = "BASC2CKP";
  static final long MAGIC = Preamble.magic(MAGIC_TEXT);
  static final Struct FILE = new Struct("Checkpoint file header");

  static {
    Preamble.declare(FILE, MAGIC_TEXT);
  }

  static final int FILE_POOL = FILE.field(16, "UUID of the pool");
  static final int FILE_NUMBER = FILE.field(4, "number of the file, as in its name");
  static final int FILE_STRIPE =
      FILE.field(4, "bytes of a stripe of the parity: 262144, or 0 if there is none");
  static final int FILE_ZEROS = FILE.field(20, "zeros");
  static final int FILE_CRC = FILE.field(4, "CRC-32C of what is before");
  static final int FILE_BYTES = FILE.end(64);

  static final Struct HEAD = new Struct("Page");
  static final int CRC = HEAD.field(4, "CRC-32C of the rest of the page");
  static final int KIND = HEAD.field(4, "1 leaf, 2 node, 3 places of leaves, 4 meta");
  static final int ID = HEAD.field(4, "number of the leaf, node, or group of 512 leaves");
  static final int FILE_OF = HEAD.field(4, "number of the checkpoint file");
  static final int BODY = HEAD.field(4, "bytes that follow");
  static final int HEAD_BYTES = HEAD.end(20);

  static final Struct RUN = new Struct("Run, in a leaf");
  static final int RUN_START = RUN.field(2, "first block, 0 to 511");
  static final int RUN_BLOCKS = RUN.field(2, "blocks, 1 to 512");
  static final int RUN_POINTER = RUN.field(8, "pointer to the first block");
  static final int RUN_BYTES = RUN.end(12);

  static final Struct CHILD = new Struct("Child, in a node");
  static final int CHILD_INDEX = CHILD.field(4, "place in the node, 0 to 511");
  static final int CHILD_LEAF = CHILD.field(4, "number of the leaf");
  static final int CHILD_BYTES = CHILD.end(8);

  static final Struct PLACE = new Struct("Place of a page");
  static final int PLACE_ID = PLACE.field(4, "number of the leaf, node, or group of leaves");
  static final int PLACE_FILE = PLACE.field(4, "number of the checkpoint file");
  static final int PLACE_OFFSET = PLACE.field(8, "offset of the page in it");
  static final int PLACE_LENGTH = PLACE.field(4, "bytes of the page with its head");
  static final int PLACE_BYTES = PLACE.end(20);

  static final int LEAF = 1;
  static final int NODE = 2;
  static final int PLACES = 3;
  static final int META = 4;

  /** Leaves whose places are in one page. */
  static final int GROUP_LEAVES = 512;

  /** The largest page but for meta. */
  static final int MAX_BYTES = HEAD_BYTES + GROUP_LEAVES * PLACE_BYTES;

  private Page() {}

  /** Completes the page that lies at {@code at} with {@code body} bytes behind its head. */
  static void finish(
      ByteBuffer buffer, int at, int kind, int id, int file, int body, Checksum checksum) {
    buffer.putInt(at + KIND, kind).putInt(at + ID, id);
    buffer.putInt(at + FILE_OF, file).putInt(at + BODY, body);
    buffer.putInt(at + CRC, checksum.of(buffer, at + KIND, HEAD_BYTES - KIND + body));
  }

  /** Whether {@code buffer} is exactly this page. */
  static boolean isWhole(ByteBuffer buffer, int kind, int id, int file) {
    int body = buffer.limit() - HEAD_BYTES;
    return body >= 0
        && buffer.getInt(BODY) == body
        && buffer.getInt(KIND) == kind
        && buffer.getInt(ID) == id
        && buffer.getInt(FILE_OF) == file
        && Checksum.ofHeader(buffer, KIND, HEAD_BYTES - KIND + body) == buffer.getInt(CRC);
  }

  /** Where a page lies; file 0 is nowhere. */
  record At(int file, long offset, int bytes) {
    static final At NOWHERE = new At(0, 0, 0);
  }
}

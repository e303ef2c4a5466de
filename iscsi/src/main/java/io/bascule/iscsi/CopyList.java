package io.bascule.iscsi;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The parameter list of EXTENDED COPY (LID1): between which units, and what (SPC-4, 6.4). Targets
 * are named by identification descriptors, segments go from block device to block device; other
 * descriptors are refused by their own sense codes.
 *
 * @param id the list identifier, or {@link #NO_ID}
 */
record CopyList(int id, List<Target> targets, List<Segment> segments) {
  static final int NO_ID = -1;
  static final CopyList NOTHING = new CopyList(NO_ID, List.of(), List.of());

  /** Most identifiers that a nexus may use: they have one byte. */
  static final int IDS = 256;

  static final int MAX_TARGETS = 8;
  static final int MAX_SEGMENTS = 64;

  static final int IDENTIFICATION = 0xE4;
  static final int BLOCK_TO_BLOCK = 0x02;

  /** A segment has 16 bits for its number of blocks. */
  static final int MAX_SEGMENT_BYTES = 0xFFFF * Volume.BLOCK_BYTES;

  private static final int HEADER_BYTES = 16;
  private static final int TARGET_BYTES = 32;
  private static final int SEGMENT_BYTES = 28;

  /** All descriptors together. */
  static final int MAX_DESCRIPTOR_BYTES = MAX_TARGETS * TARGET_BYTES + MAX_SEGMENTS * SEGMENT_BYTES;

  static final int MAX_BYTES = HEADER_BYTES + MAX_DESCRIPTOR_BYTES;

  /** What follows the four bytes of a segment's header. */
  private static final int SEGMENT_REST_BYTES = SEGMENT_BYTES - 4;

  // LIST ID USAGE.
  private static final int RESERVED = 1;
  private static final int WITHOUT_ID = 3;

  // In byte 1 of a target.
  private static final int NUL = 0x20;

  // Of a target's designator.
  private static final int BINARY = 1;
  private static final int NAA = 3;

  /**
   * A unit by its name.
   *
   * @param isNull no device: nothing can be copied from or to it
   * @param deviceType peripheral device type; 0 is a disk
   * @param naa its NAA designator, or 0 if it is named by another one: none of ours is 0
   */
  record Target(boolean isNull, int deviceType, long naa) {}

  /** {@code from} and {@code to} are indexes into the targets, wrong ones maybe. */
  record Segment(int from, int to, int blocks, long fromLba, long toLba) {}

  static CopyList parse(ByteBuffer list) throws RefusedListException {
    if (list.remaining() < HEADER_BYTES) {
      throw RefusedListException.cut();
    }
    int usage = list.get(1) >> 3 & 3;
    int id = list.get(0) & 0xFF;
    if (usage == RESERVED) {
      throw RefusedListException.field(1);
    }
    if (usage == WITHOUT_ID && id != 0) {
      throw RefusedListException.field(0);
    }
    int targetBytes = list.getShort(2) & 0xFFFF;
    long segmentBytes = Integer.toUnsignedLong(list.getInt(8));
    if (list.getInt(12) != 0) {
      throw new RefusedListException(Sense.INLINE_DATA_LENGTH_EXCEEDED, 12);
    }
    if (targetBytes % TARGET_BYTES != 0) {
      throw RefusedListException.field(2);
    }
    if (targetBytes + segmentBytes > MAX_DESCRIPTOR_BYTES
        || targetBytes + segmentBytes > list.remaining() - HEADER_BYTES) {
      throw RefusedListException.cut();
    }
    int segmentsAt = HEADER_BYTES + targetBytes;
    return new CopyList(
        usage == WITHOUT_ID ? NO_ID : id,
        targets(list, segmentsAt),
        segments(list, segmentsAt, segmentsAt + (int) segmentBytes));
  }

  private static List<Target> targets(ByteBuffer list, int end) throws RefusedListException {
    List<Target> targets = new ArrayList<>();
    for (int at = HEADER_BYTES; at < end; at += TARGET_BYTES) {
      if ((list.get(at) & 0xFF) != IDENTIFICATION) {
        throw new RefusedListException(Sense.UNSUPPORTED_COPY_TARGET, at);
      }
      if (targets.size() == MAX_TARGETS) {
        throw new RefusedListException(Sense.TOO_MANY_COPY_TARGETS, 2);
      }
      int deviceType = list.get(at + 1) & 0x1F;
      if (deviceType == 0 && (list.getInt(at + 28) & 0xFFFFFF) != Volume.BLOCK_BYTES) {
        throw RefusedListException.field(at + 29);
      }
      boolean isNull = (list.get(at + 1) & NUL) != 0;
      targets.add(new Target(isNull, deviceType, isNull ? 0 : naa(list, at)));
    }
    return targets;
  }

  /** What the designator of a unit says, if it is of the kind that page 83 shows. */
  private static long naa(ByteBuffer list, int at) {
    boolean named =
        (list.get(at + 4) & 0x0F) == BINARY
            && (list.get(at + 5) & 0x3F) == NAA // with the association 0: of the unit
            && list.get(at + 7) == Long.BYTES;
    return named ? list.getLong(at + 8) : 0;
  }

  private static List<Segment> segments(ByteBuffer list, int start, int end)
      throws RefusedListException {
    List<Segment> segments = new ArrayList<>();
    for (int at = start; at < end; at += SEGMENT_BYTES) {
      if ((list.get(at) & 0xFF) != BLOCK_TO_BLOCK) {
        throw new RefusedListException(Sense.UNSUPPORTED_COPY_SEGMENT, at);
      }
      if (segments.size() == MAX_SEGMENTS) {
        throw new RefusedListException(Sense.TOO_MANY_COPY_SEGMENTS, 8);
      }
      if (end - at < SEGMENT_BYTES) {
        throw RefusedListException.cut();
      }
      if (list.getShort(at + 2) != SEGMENT_REST_BYTES) {
        throw RefusedListException.field(at + 2);
      }
      segments.add(
          new Segment(
              list.getShort(at + 4) & 0xFFFF,
              list.getShort(at + 6) & 0xFFFF,
              list.getShort(at + 10) & 0xFFFF,
              list.getLong(at + 12),
              list.getLong(at + 20)));
    }
    return segments;
  }
}

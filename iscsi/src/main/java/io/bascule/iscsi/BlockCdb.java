package io.bascule.iscsi;

import io.bascule.core.volume.Volume;

/**
 * The fields that block commands share (SBC-3, 5): where they lie follows from the CDB's length,
 * which follows from the opcode (SPC-4, 4.2.5.1).
 */
final class BlockCdb {
  private static final int FUA = 0x08;
  private static final int PROTECT = 0xE0;

  private BlockCdb() {}

  /** LOGICAL BLOCK ADDRESS; beyond 2^63 it comes out negative. */
  static long lba(Task task) {
    return switch (group(task)) {
      case 0 -> (task.cdb8(1) & 0x1F) << 16 | task.cdb16(2);
      case 4 -> task.cdb64(2);
      default -> task.cdbUnsigned32(2);
    };
  }

  /** TRANSFER LENGTH, or whatever the command calls its number of blocks. */
  static long blocks(Task task) {
    return switch (group(task)) {
      case 0 -> task.cdb8(4) == 0 ? 256 : task.cdb8(4);
      case 4 -> task.cdbUnsigned32(10);
      case 5 -> task.cdbUnsigned32(6);
      default -> task.cdb16(7);
    };
  }

  /** Byte 1, where protection, DPO, FUA and BYTCHK are; a CDB of 6 bytes has none of them. */
  static int flags(Task task) {
    return group(task) == 0 ? 0 : task.cdb8(1);
  }

  private static int group(Task task) {
    return task.cdb8(0) >> 5;
  }

  /** Whether the range is on the unit. */
  static boolean within(LogicalUnit unit, long lba, long blocks) {
    return lba >= 0 && lba <= unit.blocks && blocks <= unit.blocks - lba;
  }

  /** As {@link #within} of the command's own range. */
  static boolean within(Task task) {
    return within(task.unit(), lba(task), blocks(task));
  }

  /**
   * Checks the range of a command that has protection bits, and sets it in the task, with FUA.
   *
   * @return false if the command was answered: the range was refused
   */
  static boolean locate(Nexus nexus, Task task, long blocks, int maxBlocks) {
    int flags = flags(task);
    long lba = lba(task);
    if ((flags & PROTECT) != 0) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB); // there is no protection information
      return false;
    }
    if (!within(task.unit(), lba, blocks)) {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
      return false;
    }
    if (blocks > maxBlocks) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return false;
    }
    setRange(task, lba, blocks);
    task.fua = (flags & FUA) != 0;
    return true;
  }

  /** The range, in bytes, of a command whose blocks are checked. */
  static void setRange(Task task, long lba, long blocks) {
    task.offsetBytes = lba * Volume.BLOCK_BYTES;
    task.lengthBytes = (int) blocks * Volume.BLOCK_BYTES;
  }
}

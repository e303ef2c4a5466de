package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;
import static io.bascule.iscsi.Command.Needs.WRITABLE;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** UNMAP, WRITE SAME, GET LBA STATUS (SBC-3, 4.7 and 5). */
final class Provisioning {
  static final List<Command> COMMANDS =
      List.of(
          Command.of("UNMAP", "42 00 00 00 00 00 00 FF FF 00", WRITABLE, Provisioning::unmap),
          Command.of(
              "WRITE SAME (10)",
              "41 08 FF FF FF FF 00 FF FF 00",
              WRITABLE,
              Provisioning::writeSame10),
          Command.of(
              "WRITE SAME (16)",
              "93 09 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              WRITABLE,
              Provisioning::writeSame16),
          Command.ofAction(
              "GET LBA STATUS",
              "9E 12 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              Provisioning::getLbaStatus));

  static final int MAX_UNMAP_DESCRIPTORS = 256;

  /** 512 MiB in one command. */
  static final int MAX_UNMAP_BLOCKS = 1 << 20;

  /** 16 MiB: the pattern is written out, so this bounds how long one command takes. */
  static final int MAX_WRITE_SAME_BLOCKS = 1 << 15;

  /** Trimming goes by physical blocks. */
  static final int UNMAP_GRANULARITY_BLOCKS = 8;

  // In byte 1 of WRITE SAME.
  private static final int UNMAP = 0x08;
  private static final int NDOB = 0x01;
  private static final int WRITE_SAME_10_FLAGS = UNMAP;

  private static final int UNMAP_HEADER_BYTES = 8;
  private static final int UNMAP_DESCRIPTOR_BYTES = 16;
  private static final int PATTERN_BYTES = 262_144;

  /** GET LBA STATUS looks no further than this from its start. */
  private static final long STATUS_BYTES = 1L << 32;

  private static final int MAX_STATUS_DESCRIPTORS = 128;

  private Provisioning() {}

  // ---- UNMAP ----------------------------------------------------------------------------------

  private static void unmap(Nexus nexus, Task task) {
    int length = task.cdb16(7);
    if ((task.cdb8(1) & 1) != 0) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB); // ANCHOR: there is no anchored state
    } else if (length == 0) {
      nexus.good(task);
    } else if (length < UNMAP_HEADER_BYTES) {
      nexus.fail(task, Sense.PARAMETER_LIST_LENGTH);
    } else {
      nexus.stage(task, length, Provisioning::unmapList);
    }
  }

  private static void unmapList(Nexus nexus, Task task) {
    if (task.stagedBytes < UNMAP_HEADER_BYTES) {
      nexus.fail(task, Sense.PARAMETER_LIST_LENGTH);
      return;
    }
    ByteBuffer list = ByteBuffer.wrap(task.staged(), 0, task.stagedBytes);
    int bytes = Math.min(list.getShort(2) & 0xFFFF, task.stagedBytes - UNMAP_HEADER_BYTES);
    int count = bytes / UNMAP_DESCRIPTOR_BYTES;
    long total = 0;
    for (int i = 0; i < count; i++) {
      int at = UNMAP_HEADER_BYTES + i * UNMAP_DESCRIPTOR_BYTES;
      long blocks = Integer.toUnsignedLong(list.getInt(at + 8));
      if (!BlockCdb.within(task.unit(), list.getLong(at), blocks)) {
        nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
        return;
      }
      total += blocks;
    }
    if (count > MAX_UNMAP_DESCRIPTORS || total > MAX_UNMAP_BLOCKS) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_PARAMETER_LIST);
    } else {
      nexus.slow(task, own -> trimAll(own, list, count), Nexus::good);
    }
  }

  private static @Nullable Sense trimAll(Task task, ByteBuffer list, int count) {
    for (int i = 0; i < count && !task.aborted; i++) {
      int at = UNMAP_HEADER_BYTES + i * UNMAP_DESCRIPTOR_BYTES;
      long blocks = Integer.toUnsignedLong(list.getInt(at + 8));
      if (blocks > 0) {
        task.volume().trim(list.getLong(at) * Volume.BLOCK_BYTES, blocks * Volume.BLOCK_BYTES);
      }
    }
    return null;
  }

  // ---- WRITE SAME -----------------------------------------------------------------------------

  private static void writeSame10(Nexus nexus, Task task) {
    writeSame(nexus, task, false, WRITE_SAME_10_FLAGS);
  }

  private static void writeSame16(Nexus nexus, Task task) {
    writeSame(nexus, task, (task.cdb8(1) & NDOB) != 0, WRITE_SAME_10_FLAGS | NDOB);
  }

  private static void writeSame(Nexus nexus, Task task, boolean noData, int allowed) {
    long lba = BlockCdb.lba(task);
    long blocks = BlockCdb.blocks(task);
    if ((task.cdb8(1) & ~allowed) != 0) {
      // Protection, ANCHOR, or the addresses that earlier standards had put into the blocks.
      nexus.failField(task, 1);
      return;
    }
    if (blocks == 0 || blocks > MAX_WRITE_SAME_BLOCKS) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB); // "to the end" (WSNZ is set), or too long
      return;
    }
    if (!BlockCdb.within(task.unit(), lba, blocks)) {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
      return;
    }
    BlockCdb.setRange(task, lba, blocks);
    if (noData) {
      fill(nexus, task, null);
    } else if (task.edtl != Volume.BLOCK_BYTES) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB); // it must be exactly one block
    } else {
      nexus.stage(task, Volume.BLOCK_BYTES, Provisioning::writeSameData);
    }
  }

  private static void writeSameData(Nexus nexus, Task task) {
    byte[] pattern = task.staged();
    if (task.stagedBytes < Volume.BLOCK_BYTES) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB); // not sent as data to the target
      return;
    }
    boolean zeros = Arrays.mismatch(pattern, new byte[Volume.BLOCK_BYTES]) < 0;
    fill(nexus, task, zeros ? null : pattern);
  }

  /** Without a pattern the range becomes zeros; UNMAP decides how. */
  private static void fill(Nexus nexus, Task task, byte @Nullable [] pattern) {
    boolean unmap = (task.cdb8(1) & UNMAP) != 0;
    nexus.slow(
        task,
        own -> {
          Volume volume = own.volume();
          if (pattern != null) {
            repeat(own, volume, pattern);
          } else if (unmap) {
            volume.trim(own.offsetBytes, own.lengthBytes);
          } else {
            volume.zero(own.offsetBytes, own.lengthBytes);
          }
          return null;
        },
        Nexus::good);
  }

  private static void repeat(Task task, Volume volume, byte[] pattern) {
    int size = Math.min(task.lengthBytes, PATTERN_BYTES);
    ByteBuffer blocks = ByteBuffer.allocateDirect(size);
    while (blocks.hasRemaining()) {
      blocks.put(pattern);
    }
    for (int at = 0; at < task.lengthBytes && !task.aborted; at += size) {
      blocks.clear().limit(Math.min(size, task.lengthBytes - at));
      volume.write(task.offsetBytes + at, blocks, false);
    }
  }

  // ---- GET LBA STATUS -------------------------------------------------------------------------

  private static void getLbaStatus(Nexus nexus, Task task) {
    long lba = task.cdb64(2);
    LogicalUnit unit = task.unit();
    if (lba < 0 || lba >= unit.blocks) {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
      return;
    }
    long offset = lba * Volume.BLOCK_BYTES;
    long length = Math.min(unit.sizeBytes - offset, STATUS_BYTES);
    ByteBuffer answer = ByteBuffer.allocate(8 + MAX_STATUS_DESCRIPTORS * 16);
    nexus.slow(
        task,
        own -> {
          describe(answer, offset, length, own.volume().extents(offset, length));
          return null;
        },
        (own, done) -> own.reply(done, answer, done.cdbUnsigned32(10)));
  }

  /** Mapped and deallocated ranges in turn, from {@code offset} on without a gap. */
  private static void describe(
      ByteBuffer answer, long offset, long length, List<Volume.Extent> extents) {
    answer.position(8);
    long at = offset;
    for (Volume.Extent extent : extents) {
      if (extent.offsetBytes() > at) {
        describe(answer, at, extent.offsetBytes(), 1);
      }
      at = extent.offsetBytes() + extent.lengthBytes();
      describe(answer, extent.offsetBytes(), at, 0);
      if (answer.remaining() < 32) {
        break;
      }
    }
    if (at < offset + length && answer.remaining() >= 16) {
      describe(answer, at, offset + length, 1);
    }
    answer.putInt(0, answer.position() - 4);
  }

  private static void describe(ByteBuffer answer, long from, long to, int status) {
    if (answer.remaining() >= 16) {
      answer.putLong(from / Volume.BLOCK_BYTES);
      answer.putInt((int) ((to - from) / Volume.BLOCK_BYTES)).putInt(status << 24);
    }
  }
}

package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * EXTENDED COPY (LID1) and what tells of it (SPC-4, 6.4 and 6.19 to 6.23), between units that this
 * host sees; see {@link CopyList} for what it may ask and {@link Copy} for how it goes.
 */
final class ExtendedCopy {
  static final List<Command> COMMANDS =
      List.of(
          Command.ofAction(
              "EXTENDED COPY (LID1)",
              "83 00 00 00 00 00 00 00 00 00 FF FF FF FF 00 00",
              MEDIUM,
              ExtendedCopy::copy),
          Command.ofAction(
              "RECEIVE COPY STATUS (LID1)",
              "84 00 FF 00 00 00 00 00 00 00 FF FF FF FF 00 00",
              MEDIUM,
              ExtendedCopy::status),
          Command.ofAction(
              "RECEIVE COPY OPERATING PARAMETERS",
              "84 03 00 00 00 00 00 00 00 00 FF FF FF FF 00 00",
              MEDIUM,
              ExtendedCopy::operatingParameters),
          Command.ofAction(
              "RECEIVE COPY FAILURE DETAILS (LID1)",
              "84 04 FF 00 00 00 00 00 00 00 FF FF FF FF 00 00",
              MEDIUM,
              ExtendedCopy::failureDetails));

  /** A nexus may have as many copies under way as commands: they take turns. */
  static final int MAX_CONCURRENT = CommandWindow.SIZE;

  /** Log 2 of a logical block. */
  static final int GRANULARITY = 9;

  private ExtendedCopy() {}

  // ---- EXTENDED COPY --------------------------------------------------------------------------

  private static void copy(Nexus nexus, Task task) {
    long bytes = task.cdbUnsigned32(10);
    if (bytes == 0) {
      nexus.good(task);
    } else if (bytes > CopyList.MAX_BYTES) {
      nexus.fail(task, Sense.PARAMETER_LIST_LENGTH);
    } else {
      nexus.stage(task, (int) bytes, ExtendedCopy::begin);
    }
  }

  private static void begin(Nexus nexus, Task task) {
    Copy copy;
    try {
      copy = new Copy(CopyList.parse(ByteBuffer.wrap(task.staged(), 0, task.stagedBytes)));
    } catch (RefusedListException e) {
      nexus.fail(task, e);
      return;
    }
    task.copy = copy;
    if (nexus.copies.enter(copy, task)) {
      next(nexus, task, copy);
    } else {
      nexus.fail(task, Sense.OPERATION_IN_PROGRESS);
    }
  }

  /** The next turn, or the end. */
  private static void next(Nexus nexus, Task task, Copy copy) {
    CopyList.Segment segment = copy.segment();
    if (segment == null) {
      copy.end(null);
      nexus.good(task);
      return;
    }
    Sense failure = locate(nexus, copy, segment);
    if (failure != null) {
      end(nexus, task, copy, failure);
    } else {
      turn(nexus, task, copy);
    }
  }

  private static void end(Nexus nexus, Task task, Copy copy, Sense failure) {
    copy.end(failure);
    task.senseDetail = copy.detail();
    nexus.fail(task, failure);
  }

  /** Looks the segment's units up as the host sees them now; how it failed, or null. */
  private static @Nullable Sense locate(Nexus nexus, Copy copy, CopyList.Segment segment) {
    List<CopyList.Target> targets = copy.targets();
    if (segment.from() >= targets.size() || segment.to() >= targets.size()) {
      return Sense.UNREACHABLE_COPY_TARGET;
    }
    CopyList.Target source = targets.get(segment.from());
    CopyList.Target destination = targets.get(segment.to());
    if (source.isNull() || destination.isNull()) {
      return Sense.UNREACHABLE_COPY_TARGET;
    }
    if (source.deviceType() != 0 || destination.deviceType() != 0) {
      return Sense.WRONG_COPY_TARGET_TYPE;
    }
    LogicalUnit from = nexus.view.unit(source.naa());
    LogicalUnit to = nexus.view.unit(destination.naa());
    if (from == null || to == null || from.volume == null || to.volume == null) {
      return Sense.COPY_TARGET_NOT_REACHABLE;
    }
    if (!BlockCdb.within(from, segment.fromLba(), segment.blocks())
        || !BlockCdb.within(to, segment.toLba(), segment.blocks())) {
      return Sense.COPY_ABORTED;
    }
    if (to.modes.writeProtected()
        || from.guard.conflicts(CommandAccess.READ, nexus.name)
        || to.guard.conflicts(CommandAccess.WRITE, nexus.name)) {
      return Sense.COPY_TARGET_FAILURE;
    }
    copy.locate(from.volume, to.volume, segment);
    return null;
  }

  private static void turn(Nexus nexus, Task task, Copy copy) {
    TargetCore core = nexus.core;
    Sense[] failed = new Sense[1];
    nexus.slowTurn(
        task,
        own -> {
          failed[0] = copy.turn(core.coldBuffers, () -> own.aborted || core.draining);
          return null;
        },
        (back, own) -> {
          if (failed[0] != null) {
            end(back, own, copy, failed[0]);
            return;
          }
          copy.turnEnded();
          if (copy.preempted()) {
            end(back, own, copy, Sense.COPY_TARGET_FAILURE);
            return;
          }
          if (core.draining && copy.segment() != null) {
            back.hold(own);
          } else {
            next(back, own, copy);
          }
        },
        (back, own) -> {
          if (copy.begun()) {
            end(back, own, copy, Sense.COPY_ABORTED);
          } else {
            back.full(own);
          }
        });
  }

  // ---- RECEIVE COPY RESULTS -------------------------------------------------------------------

  private static void status(Nexus nexus, Task task) {
    Copy copy = nexus.copies.find(task.cdb8(2));
    if (copy == null) {
      nexus.failField(task, 2);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    copy.status(out);
    nexus.reply(task, out, task.cdbUnsigned32(10));
  }

  /** What was the last to go wrong in a copy; nothing if it went well. */
  private static void failureDetails(Nexus nexus, Task task) {
    Copy copy = nexus.copies.find(task.cdb8(2));
    if (copy == null) {
      nexus.failField(task, 2);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.putInt(0);
    Sense failure = copy.failure();
    if (failure != null) {
      while (out.position() < 56) {
        out.putInt(0);
      }
      out.put((byte) Answers.CHECK_CONDITION).put((byte) 0).putShort((short) 0);
      int length = failure.encode(out, 60, task.unit().modes.descriptorSense(), copy.detail());
      out.putShort(58, (short) length).position(60 + length);
      out.putInt(0, out.position() - 4);
    }
    nexus.reply(task, out, task.cdbUnsigned32(10));
  }

  private static void operatingParameters(Nexus nexus, Task task) {
    ByteBuffer out = nexus.scratch.clear();
    out.putInt(0);
    out.putInt(0x01000000); // SNLID: a list needs no identifier
    out.putShort((short) CopyList.MAX_TARGETS).putShort((short) CopyList.MAX_SEGMENTS);
    out.putInt(CopyList.MAX_DESCRIPTOR_BYTES).putInt(CopyList.MAX_SEGMENT_BYTES);
    out.putInt(0).putInt(0).putInt(0); // inline data, held data, streams
    out.putShort((short) 0);
    out.putShort((short) Math.min(totalConcurrent(nexus), 0xFFFF)).put((byte) MAX_CONCURRENT);
    out.put((byte) GRANULARITY).putInt(0).put((byte) 0);
    out.put((byte) 2).put((byte) CopyList.BLOCK_TO_BLOCK).put((byte) CopyList.IDENTIFICATION);
    out.putInt(0, out.position() - 4);
    nexus.reply(task, out, task.cdbUnsigned32(10));
  }

  // ---- The third-party copy page ----------------------------------------------------------------

  /** VPD page 8F (SPC-4, 7.8.17): one descriptor for each kind of thing that is supported. */
  static void vitalPage(Nexus nexus, LogicalUnit unit, ByteBuffer out) {
    descriptor(
        0x0001, // supported commands: their opcodes, each with its service actions
        out,
        () -> {
          out.put((byte) 8);
          out.put((byte) 0x83).put((byte) 1).put((byte) 0x00);
          out.put((byte) 0x84).put((byte) 3).put((byte) 0x00).put((byte) 0x03).put((byte) 0x04);
        });
    descriptor(
        0x0004, // parameter data
        out,
        () -> {
          out.putInt(0);
          out.putShort((short) CopyList.MAX_TARGETS).putShort((short) CopyList.MAX_SEGMENTS);
          out.putInt(CopyList.MAX_DESCRIPTOR_BYTES);
          out.putInt(0).putInt(0).putInt(0).putInt(0); // no inline data
        });
    descriptor(
        0x0008, // supported descriptors
        out,
        () -> {
          out.put((byte) 2).put((byte) CopyList.BLOCK_TO_BLOCK);
          out.put((byte) CopyList.IDENTIFICATION);
        });
    descriptor(0x000C, out, () -> out.putShort((short) 0)); // targets without a descriptor: none
    descriptor(
        0x8001, // general copy operations
        out,
        () -> {
          out.putInt(totalConcurrent(nexus)).putInt(MAX_CONCURRENT);
          out.putInt(CopyList.MAX_SEGMENT_BYTES).put((byte) GRANULARITY).put((byte) 0);
          out.putShort((short) 0).putLong(0).putLong(0);
        });
  }

  private interface Content {
    void put();
  }

  /** A descriptor's length is a multiple of four. */
  private static void descriptor(int type, ByteBuffer out, Content content) {
    int start = out.position();
    out.putShort((short) type).putShort((short) 0);
    content.put();
    while ((out.position() - start) % 4 != 0) {
      out.put((byte) 0);
    }
    out.putShort(start + 2, (short) (out.position() - start - 4));
  }

  private static int totalConcurrent(Nexus nexus) {
    return MAX_CONCURRENT * nexus.core.settings.maxConnections();
  }
}

package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;
import static io.bascule.iscsi.Command.Needs.WRITABLE;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Commands that look at what is on the medium: COMPARE AND WRITE, ORWRITE, VERIFY, WRITE AND VERIFY
 * (SBC-3, 5). All their data is kept until it is complete; the pool does the rest.
 */
final class Compare {
  static final List<Command> COMMANDS =
      List.of(
          Command.of(
              "COMPARE AND WRITE",
              "89 18 FF FF FF FF FF FF FF FF 00 00 00 FF 00 00",
              WRITABLE,
              Compare::compareAndWrite),
          Command.of(
              "ORWRITE (16)",
              "8B 18 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              WRITABLE,
              Compare::orWrite),
          Command.of("VERIFY (10)", "2F 16 FF FF FF FF 00 FF FF 00", MEDIUM, Compare::verify),
          Command.of("VERIFY (12)", "AF 16 FF FF FF FF FF FF FF FF 00 00", MEDIUM, Compare::verify),
          Command.of(
              "VERIFY (16)",
              "8F 16 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              Compare::verify),
          Command.of(
              "WRITE AND VERIFY (10)",
              "2E 12 FF FF FF FF 00 FF FF 00",
              WRITABLE,
              Compare::writeAndVerify),
          Command.of(
              "WRITE AND VERIFY (12)",
              "AE 12 FF FF FF FF FF FF FF FF 00 00",
              WRITABLE,
              Compare::writeAndVerify),
          Command.of(
              "WRITE AND VERIFY (16)",
              "8E 12 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              WRITABLE,
              Compare::writeAndVerify));

  /** MAXIMUM COMPARE AND WRITE LENGTH of the block limits page: 64 KiB. */
  static final int MAX_COMPARE_BLOCKS = 128;

  /** What is read at a time to be compared. */
  private static final int PIECE_BYTES = 262_144;

  private Compare() {}

  /** Sets the range of a command of at most so many blocks; {@code false} if it was refused. */
  private static boolean locate(Nexus nexus, Task task) {
    return BlockCdb.locate(nexus, task, BlockCdb.blocks(task), ReadWrite.MAX_TRANSFER_BLOCKS);
  }

  /** Keeps the data, if the host sends just as much as the command needs. */
  private static void stage(Nexus nexus, Task task, int bytes, Task.Work work) {
    if (task.edtl != bytes || bytes > 0 && !task.writeFlag) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
    } else if (bytes == 0) {
      nexus.good(task);
    } else {
      nexus.stage(task, bytes, (own, done) -> own.slow(done, work, Nexus::good));
    }
  }

  private static byte[] read(Volume volume, long offsetBytes, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    volume.read(offsetBytes, buffer);
    return buffer.array();
  }

  // ---- COMPARE AND WRITE, ORWRITE -------------------------------------------------------------

  private static void compareAndWrite(Nexus nexus, Task task) {
    if (BlockCdb.locate(nexus, task, task.cdb8(13), MAX_COMPARE_BLOCKS)) {
      stage(nexus, task, 2 * task.lengthBytes, Compare::swap);
    }
  }

  private static @Nullable Sense swap(Task task) {
    int length = task.lengthBytes;
    boolean fua = task.fua;
    int differs =
        task.volume()
            .atomically(
                task.offsetBytes,
                length,
                volume -> {
                  byte[] now = read(volume, task.offsetBytes, length);
                  int at = Arrays.mismatch(now, 0, length, task.staged(), 0, length);
                  if (at < 0) {
                    ByteBuffer next = ByteBuffer.wrap(task.staged(), length, length);
                    volume.write(task.offsetBytes, next, fua);
                  }
                  return at;
                });
    if (differs < 0) {
      return null;
    }
    task.senseDetail = SenseDetail.information(differs); // SBC-3, 5.2
    return Sense.MISCOMPARE;
  }

  private static void orWrite(Nexus nexus, Task task) {
    if (locate(nexus, task)) {
      stage(nexus, task, task.lengthBytes, Compare::or);
    }
  }

  private static @Nullable Sense or(Task task) {
    int length = task.lengthBytes;
    boolean fua = task.fua;
    boolean unused =
        task.volume()
            .atomically(
                task.offsetBytes,
                length,
                volume -> {
                  byte[] bits = read(volume, task.offsetBytes, length);
                  for (int i = 0; i < length; i++) {
                    bits[i] |= task.staged()[i];
                  }
                  volume.write(task.offsetBytes, ByteBuffer.wrap(bits), fua);
                  return true;
                });
    return null;
  }

  // ---- VERIFY ---------------------------------------------------------------------------------

  private static int byteCheck(Task task) {
    return task.cdb8(1) >> 1 & 3;
  }

  private static void verify(Nexus nexus, Task task) {
    if (!locate(nexus, task)) {
      return;
    }
    switch (byteCheck(task)) {
      case 0 -> nexus.slow(task, Compare::readAll, Nexus::good);
      case 1 -> stage(nexus, task, task.lengthBytes, Compare::compareAll);
      case 3 ->
          stage(nexus, task, task.lengthBytes == 0 ? 0 : Volume.BLOCK_BYTES, Compare::compareAll);
      default -> nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
    }
  }

  /** Verifies that the medium can be read, no more. */
  private static @Nullable Sense readAll(Task task) {
    for (int at = 0; at < task.lengthBytes && !task.aborted; at += PIECE_BYTES) {
      byte[] unused =
          read(task.volume(), task.offsetBytes + at, Math.min(PIECE_BYTES, task.lengthBytes - at));
    }
    return null;
  }

  /** Compares with the data, or with one block of it again and again. */
  private static @Nullable Sense compareAll(Task task) {
    byte[] wanted = task.staged();
    boolean again = wanted.length < task.lengthBytes;
    int step = again ? wanted.length : PIECE_BYTES;
    for (int at = 0; at < task.lengthBytes && !task.aborted; at += step) {
      int bytes = Math.min(step, task.lengthBytes - at);
      int from = again ? 0 : at;
      byte[] now = read(task.volume(), task.offsetBytes + at, bytes);
      if (Arrays.mismatch(now, 0, bytes, wanted, from, from + bytes) >= 0) {
        return Sense.MISCOMPARE;
      }
    }
    return null;
  }

  // ---- WRITE AND VERIFY -----------------------------------------------------------------------

  private static void writeAndVerify(Nexus nexus, Task task) {
    if (byteCheck(task) > 1) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
    } else if (locate(nexus, task)) {
      nexus.stage(task, task.lengthBytes, Compare::writeWhatCame);
    }
  }

  /** As many whole blocks as the initiator announced; the residual tells of the rest. */
  private static void writeWhatCame(Nexus nexus, Task task) {
    task.lengthBytes = task.stagedBytes & -Volume.BLOCK_BYTES;
    if (task.lengthBytes == 0) {
      nexus.good(task);
    } else {
      nexus.slow(task, Compare::writeThenVerify, Nexus::good);
    }
  }

  /** Durable first: verifying means the medium (SBC-3, 5.46). */
  private static @Nullable Sense writeThenVerify(Task task) {
    ByteBuffer data = ByteBuffer.wrap(task.staged(), 0, task.lengthBytes);
    task.volume().write(task.offsetBytes, data, true);
    return byteCheck(task) == 0 ? readAll(task) : compareAll(task);
  }
}

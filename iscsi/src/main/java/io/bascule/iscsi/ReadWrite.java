package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;
import static io.bascule.iscsi.Command.Needs.WRITABLE;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** READ, WRITE, SYNCHRONIZE CACHE, PRE-FETCH (SBC-3, 5). */
final class ReadWrite {
  static final List<Command> COMMANDS =
      List.of(
          Command.of("READ (6)", "08 1F FF FF FF 00", MEDIUM, ReadWrite::read),
          Command.of("READ (10)", "28 18 FF FF FF FF 00 FF FF 00", MEDIUM, ReadWrite::read),
          Command.of("READ (12)", "A8 18 FF FF FF FF FF FF FF FF 00 00", MEDIUM, ReadWrite::read),
          Command.of(
              "READ (16)",
              "88 18 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              ReadWrite::read),
          Command.of("WRITE (6)", "0A 1F FF FF FF 00", WRITABLE, ReadWrite::write),
          Command.of("WRITE (10)", "2A 18 FF FF FF FF 00 FF FF 00", WRITABLE, ReadWrite::write),
          Command.of(
              "WRITE (12)", "AA 18 FF FF FF FF FF FF FF FF 00 00", WRITABLE, ReadWrite::write),
          Command.of(
              "WRITE (16)",
              "8A 18 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              WRITABLE,
              ReadWrite::write),
          Command.of(
              "SYNCHRONIZE CACHE (10)",
              "35 02 FF FF FF FF 00 FF FF 00",
              MEDIUM,
              ReadWrite::synchronizeCache),
          Command.of(
              "SYNCHRONIZE CACHE (16)",
              "91 02 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              ReadWrite::synchronizeCache),
          Command.of(
              "PRE-FETCH (10)", "34 02 FF FF FF FF 00 FF FF 00", MEDIUM, ReadWrite::preFetch),
          Command.of(
              "PRE-FETCH (16)",
              "90 02 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              ReadWrite::preFetch));

  /** MAXIMUM TRANSFER LENGTH of the block limits page: 8 MiB. */
  static final int MAX_TRANSFER_BLOCKS = 16_384;

  private ReadWrite() {}

  /** Sets the range of a command that moves data; {@code false} if it was refused. */
  private static boolean locate(Nexus nexus, Task task) {
    if (!BlockCdb.locate(nexus, task, BlockCdb.blocks(task), MAX_TRANSFER_BLOCKS)) {
      return false;
    }
    task.transferBytes = task.lengthBytes;
    return true;
  }

  // ---- READ -----------------------------------------------------------------------------------

  private static void read(Nexus nexus, Task task) {
    if (!locate(nexus, task)) {
      return;
    }
    task.isRead = true;
    if (task.fua && task.lengthBytes > 0) {
      // What it reads must be on stable storage (SBC-3, 5.11).
      nexus.slow(task, ReadWrite::flushWork, ReadWrite::sendRead);
    } else {
      sendRead(nexus, task);
    }
  }

  /** Sends what is in memory; at the first block that is not, the pool takes over. */
  private static void sendRead(Nexus nexus, Task task) {
    int total = task.readFlag ? Math.min(task.lengthBytes, task.edtl) : 0;
    if (total == 0) {
      nexus.good(task);
      return;
    }
    while (true) {
      int bytes = nexus.dataIn.nextBytes(task, total);
      int whole = wholeBlocks(bytes);
      ByteBuffer out = nexus.dataIn.begin(whole);
      int from = nexus.dataIn.dataStart();
      int limit = out.limit();
      int position = out.position();
      int got;
      try {
        out.limit(from + whole).position(from);
        got = nexus.tryRead(task.volume(), task.offsetBytes + task.sentBytes, out);
      } catch (StoreException e) {
        out.limit(limit).position(position);
        nexus.fail(task, Nexus.storeFailure(e, false));
        return;
      }
      out.limit(limit).position(position);
      if (got == Volume.WOULD_BLOCK) {
        nexus.slowRead(task, ReadWrite::coldWork, ReadWrite::sendCold);
        return;
      }
      boolean last = task.sentBytes + bytes == total;
      nexus.dataIn.end(task, out, bytes, total);
      if (last) {
        return; // the task is free already
      }
    }
  }

  private static int wholeBlocks(int bytes) {
    return bytes + Volume.BLOCK_BYTES - 1 & -Volume.BLOCK_BYTES;
  }

  private static @Nullable Sense coldWork(Task task) {
    int rest = wholeBlocks(Math.min(task.lengthBytes, task.edtl)) - task.sentBytes;
    ByteBuffer buffer = Objects.requireNonNull(task.slowBuffer);
    buffer.clear().limit(Math.min(rest, buffer.capacity()));
    task.volume().read(task.offsetBytes + task.sentBytes, buffer);
    buffer.flip();
    return null;
  }

  private static void sendCold(Nexus nexus, Task task) {
    int total = Math.min(task.lengthBytes, task.edtl);
    ByteBuffer buffer = Objects.requireNonNull(task.slowBuffer);
    task.slowBuffer = null;
    boolean last = false;
    while (buffer.hasRemaining() && !last) {
      int bytes = Math.min(nexus.dataIn.nextBytes(task, total), buffer.remaining());
      ByteBuffer out = nexus.dataIn.begin(bytes);
      out.put(nexus.dataIn.dataStart(), buffer, buffer.position(), bytes);
      buffer.position(buffer.position() + bytes);
      last = task.sentBytes + bytes == total;
      nexus.dataIn.end(task, out, bytes, total);
    }
    nexus.slowWork.coldDone(buffer);
    if (!last) {
      sendRead(nexus, task);
    }
  }

  // ---- WRITE ----------------------------------------------------------------------------------

  private static void write(Nexus nexus, Task task) {
    if (!locate(nexus, task)) {
      return;
    }
    task.isWrite = true;
    nexus.expect(task, task.lengthBytes, ReadWrite::writeSegment, ReadWrite::writeDone);
  }

  /**
   * Goes to the volume as it arrives; only a block cut in two by a PDU's end waits for its rest.
   */
  private static void writeSegment(Nexus nexus, Task task, ByteBuffer segment) {
    if (task.fua
        && segment.remaining() == task.lengthBytes
        && nexus.reserveMemory(task, task.lengthBytes)) {
      // All of it at once: the volume can make it durable alone, without flushing everything.
      task.wholeWrite = ByteBuffer.allocate(task.lengthBytes).put(segment).flip();
      return;
    }
    if (task.partialBytes > 0 && !fillPartial(nexus, task, segment)) {
      return;
    }
    int whole = segment.remaining() & -Volume.BLOCK_BYTES;
    if (whole > 0) {
      int limit = segment.limit();
      int end = segment.position() + whole;
      segment.limit(end);
      nexus.write(task.volume(), task.offsetBytes + task.writtenBytes, segment);
      task.writtenBytes += whole;
      segment.limit(limit).position(end);
    }
    if (segment.hasRemaining()) {
      byte[] partial = task.partialBlock;
      if (partial == null) {
        partial = new byte[Volume.BLOCK_BYTES];
        task.partialBlock = partial;
      }
      task.partialBytes = segment.remaining();
      segment.get(partial, 0, task.partialBytes);
    }
  }

  private static boolean fillPartial(Nexus nexus, Task task, ByteBuffer segment) {
    byte[] partial = Objects.requireNonNull(task.partialBlock);
    int more = Math.min(Volume.BLOCK_BYTES - task.partialBytes, segment.remaining());
    segment.get(partial, task.partialBytes, more);
    task.partialBytes += more;
    if (task.partialBytes < Volume.BLOCK_BYTES) {
      return false;
    }
    nexus.write(task.volume(), task.offsetBytes + task.writtenBytes, ByteBuffer.wrap(partial));
    task.writtenBytes += Volume.BLOCK_BYTES;
    task.partialBytes = 0;
    return true;
  }

  private static void writeDone(Nexus nexus, Task task) {
    if (task.wholeWrite != null) {
      nexus.slow(task, ReadWrite::durableWrite, Nexus::good);
    } else if (task.fua && task.writtenBytes > 0) {
      nexus.slow(task, ReadWrite::flushWork, Nexus::good);
    } else {
      nexus.good(task);
    }
  }

  private static @Nullable Sense durableWrite(Task task) {
    task.volume().write(task.offsetBytes, Objects.requireNonNull(task.wholeWrite), true);
    task.writtenBytes = task.lengthBytes;
    return null;
  }

  private static @Nullable Sense flushWork(Task task) {
    task.volume().flush();
    return null;
  }

  // ---- Without data ---------------------------------------------------------------------------

  /** IMMED would let us answer early; a host that asks for durability gets it. */
  private static void synchronizeCache(Nexus nexus, Task task) {
    if (BlockCdb.within(task)) {
      nexus.slow(task, ReadWrite::flushWork, Nexus::good);
    } else {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
    }
  }

  /** GOOD: "was not all brought into the cache", which is always allowed (SBC-3, 5.8). */
  private static void preFetch(Nexus nexus, Task task) {
    if (BlockCdb.within(task)) {
      nexus.good(task);
    } else {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
    }
  }
}

package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** READ, WRITE, SYNCHRONIZE CACHE, PRE-FETCH (SBC-3, 5). */
final class ReadWrite {
  /** MAXIMUM TRANSFER LENGTH of the block limits page: 8 MiB. */
  static final int MAX_TRANSFER_BLOCKS = 16_384;

  private static final int FUA = 0x08;
  private static final int PROTECT = 0xE0;

  private ReadWrite() {}

  // ---- CDBs -----------------------------------------------------------------------------------

  static void read6(Nexus nexus, Task task) {
    read(nexus, task, lba6(task), blocks6(task), 0);
  }

  static void read10(Nexus nexus, Task task) {
    read(nexus, task, lba32(task), task.cdb16(7), task.cdb8(1));
  }

  static void read12(Nexus nexus, Task task) {
    read(nexus, task, lba32(task), unsigned(task.cdb32(6)), task.cdb8(1));
  }

  static void read16(Nexus nexus, Task task) {
    read(nexus, task, task.cdb64(2), unsigned(task.cdb32(10)), task.cdb8(1));
  }

  static void write6(Nexus nexus, Task task) {
    write(nexus, task, lba6(task), blocks6(task), 0);
  }

  static void write10(Nexus nexus, Task task) {
    write(nexus, task, lba32(task), task.cdb16(7), task.cdb8(1));
  }

  static void write12(Nexus nexus, Task task) {
    write(nexus, task, lba32(task), unsigned(task.cdb32(6)), task.cdb8(1));
  }

  static void write16(Nexus nexus, Task task) {
    write(nexus, task, task.cdb64(2), unsigned(task.cdb32(10)), task.cdb8(1));
  }

  private static long lba6(Task task) {
    return (task.cdb8(1) & 0x1F) << 16 | task.cdb16(2);
  }

  private static int blocks6(Task task) {
    return task.cdb8(4) == 0 ? 256 : task.cdb8(4);
  }

  static long lba32(Task task) {
    return unsigned(task.cdb32(2));
  }

  static long unsigned(int value) {
    return Integer.toUnsignedLong(value);
  }

  /** Whether the range is on the unit; a 64-bit LBA may come out negative. */
  static boolean within(LogicalUnit unit, long lba, long blocks) {
    return lba >= 0 && lba <= unit.blocks && blocks <= unit.blocks - lba;
  }

  static LogicalUnit unit(Task task) {
    return Objects.requireNonNull(task.unit);
  }

  static Volume volume(Task task) {
    return Objects.requireNonNull(task.volume);
  }

  /** Checks and sets the range of a command that moves data. */
  private static boolean locate(Nexus nexus, Task task, long lba, long blocks, int flags) {
    if ((flags & PROTECT) != 0) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB); // there is no protection information
      return false;
    }
    if (!within(unit(task), lba, blocks)) {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
      return false;
    }
    if (blocks > MAX_TRANSFER_BLOCKS) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return false;
    }
    task.offsetBytes = lba * Volume.BLOCK_BYTES;
    task.lengthBytes = (int) blocks * Volume.BLOCK_BYTES;
    task.transferBytes = task.lengthBytes;
    task.fua = (flags & FUA) != 0;
    return true;
  }

  // ---- READ -----------------------------------------------------------------------------------

  private static void read(Nexus nexus, Task task, long lba, long blocks, int flags) {
    if (!locate(nexus, task, lba, blocks, flags)) {
      return;
    }
    task.isRead = true;
    if (task.fua && blocks > 0) {
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
        got = nexus.tryRead(volume(task), task.offsetBytes + task.sentBytes, out);
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
    volume(task).read(task.offsetBytes + task.sentBytes, buffer);
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

  private static void write(Nexus nexus, Task task, long lba, long blocks, int flags) {
    if (!locate(nexus, task, lba, blocks, flags)) {
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
      nexus.write(volume(task), task.offsetBytes + task.writtenBytes, segment);
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
    nexus.write(volume(task), task.offsetBytes + task.writtenBytes, ByteBuffer.wrap(partial));
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
    volume(task).write(task.offsetBytes, Objects.requireNonNull(task.wholeWrite), true);
    task.writtenBytes = task.lengthBytes;
    return null;
  }

  private static @Nullable Sense flushWork(Task task) {
    volume(task).flush();
    return null;
  }

  // ---- Without data ---------------------------------------------------------------------------

  static void synchronizeCache10(Nexus nexus, Task task) {
    synchronizeCache(nexus, task, lba32(task), task.cdb16(7));
  }

  static void synchronizeCache16(Nexus nexus, Task task) {
    synchronizeCache(nexus, task, task.cdb64(2), unsigned(task.cdb32(10)));
  }

  /** IMMED would let us answer early; a host that asks for durability gets it. */
  private static void synchronizeCache(Nexus nexus, Task task, long lba, long blocks) {
    if (!within(unit(task), lba, blocks)) {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
    } else {
      nexus.slow(task, ReadWrite::flushWork, Nexus::good);
    }
  }

  static void preFetch10(Nexus nexus, Task task) {
    preFetch(nexus, task, lba32(task), task.cdb16(7));
  }

  static void preFetch16(Nexus nexus, Task task) {
    preFetch(nexus, task, task.cdb64(2), unsigned(task.cdb32(10)));
  }

  /** GOOD: "was not all brought into the cache", which is always allowed (SBC-3, 5.8). */
  private static void preFetch(Nexus nexus, Task task, long lba, long blocks) {
    if (within(unit(task), lba, blocks)) {
      nexus.good(task);
    } else {
      nexus.fail(task, Sense.LBA_OUT_OF_RANGE);
    }
  }
}

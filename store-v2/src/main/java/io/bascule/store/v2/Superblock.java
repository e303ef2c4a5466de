package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Where a pool begins: which checkpoint is the newest. It is written to two files, one after the
 * other, each as a whole; the higher generation of those that are whole counts.
 *
 * @param epoch the lease holder's epoch when the pool was opened last
 * @param incarnation counts openings of the pool
 * @param suspect a sync failed: what was acknowledged may not be on the disk
 * @param checkpoint number of the checkpoint file
 * @param seq number of the last batch that the checkpoint holds
 * @param kernelBoot of the machine's run in which the pool was opened last
 * @param ends how far the batches of earlier incarnations count, beyond the checkpoint
 */
record Superblock(
    UUID pool,
    long generation,
    long epoch,
    long incarnation,
    boolean suspect,
    int segmentBytes,
    int checkpoint,
    long metaOffset,
    long copyOffset,
    int metaBytes,
    long seq,
    UUID kernelBoot,
    List<End> ends) {

  Superblock marked(long newGeneration, boolean newSuspect) {
    return new Superblock(
        pool,
        newGeneration,
        epoch,
        incarnation,
        newSuspect,
        segmentBytes,
        checkpoint,
        metaOffset,
        copyOffset,
        metaBytes,
        seq,
        kernelBoot,
        ends);
  }

  /** The pool is opened: the batches of the last incarnation count up to {@code lastSeq}. */
  Superblock opened(long newEpoch, UUID newKernelBoot, long lastSeq) {
    var newEnds = new ArrayList<End>();
    var allEnds = new ArrayList<>(ends);
    allEnds.add(new End(incarnation, lastSeq));
    long before = seq;
    for (var end : allEnds) {
      // What the last opening found there and did not sync may be gone since, and what followed.
      long last = Math.min(end.lastSeq, lastSeq);
      if (last > before) { // else no batch of it counts, and that is so without an end, too
        newEnds.add(new End(end.incarnation, last));
        before = last;
      }
    }
    return new Superblock(
        pool,
        generation + 1,
        newEpoch,
        incarnation + 1,
        suspect,
        segmentBytes,
        checkpoint,
        metaOffset,
        copyOffset,
        metaBytes,
        seq,
        newKernelBoot,
        List.copyOf(newEnds));
  }

  /** Whether a batch counts, as far as its incarnation says. */
  boolean counts(long batchIncarnation, long batchSeq) {
    if (batchIncarnation == incarnation) {
      return true;
    }
    for (var end : ends) {
      if (end.incarnation == batchIncarnation) {
        return batchSeq <= end.lastSeq;
      }
    }
    return false;
  }

  /** Batches of {@code incarnation} behind {@code lastSeq} were never acknowledged as durable. */
  record End(long incarnation, long lastSeq) {}

  static final List<String> NAMES = List.of("superblock-a", "superblock-b");
  static final String MAGIC_TEXT = "BASC2SUP";
  private static final long MAGIC = Preamble.magic(MAGIC_TEXT);
  static final Struct STRUCT = new Struct("Superblock");

  static {
    Preamble.declare(STRUCT, MAGIC_TEXT);
  }

  static final int ENDS_MAX = 16;
  private static final int END_BYTES = 16;

  private static final int POOL = STRUCT.field(16, "UUID of the pool");
  private static final int GENERATION = STRUCT.field(8, "generation: the higher one counts");
  private static final int EPOCH = STRUCT.field(8, "epoch of the lease holder");
  private static final int INCARNATION = STRUCT.field(8, "incarnation: openings of the pool");
  private static final int SEQ = STRUCT.field(8, "number of the last batch in the checkpoint");
  private static final int META = STRUCT.field(8, "offset of the meta page in the checkpoint file");
  private static final int COPY = STRUCT.field(8, "offset of its copy");
  private static final int META_BYTES = STRUCT.field(4, "bytes of the meta page");
  private static final int CHECKPOINT = STRUCT.field(4, "number of the checkpoint file");
  private static final int SEGMENT_BYTES = STRUCT.field(4, "size of segments");
  private static final int STATE = STRUCT.field(4, "0 live, 1 suspect");
  private static final int ENDS = STRUCT.field(4, "number of ends, 0 to " + ENDS_MAX);
  private static final int ZEROS = STRUCT.field(4, "zeros");
  private static final int END_LIST =
      STRUCT.field(
          ENDS_MAX * END_BYTES,
          "ends: 8 bytes incarnation, 8 bytes number of the last batch of it that counts");
  private static final int KERNEL_BOOT =
      STRUCT.field(16, "boot id of the kernel under which it was opened last; zeros if not known");
  private static final int MORE_ZEROS = STRUCT.field(132, "zeros");
  private static final int CRC = STRUCT.field(4, "CRC-32C of what is before");
  static final int BYTES = STRUCT.end(512);

  byte[] encode() {
    Check.that(ends.size() <= ENDS_MAX, "%d ends", ends.size());
    var buffer = ByteBuffer.allocate(BYTES);
    Preamble.put(buffer, MAGIC);
    buffer.putLong(POOL, pool.getMostSignificantBits());
    buffer.putLong(POOL + Long.BYTES, pool.getLeastSignificantBits());
    buffer.putLong(GENERATION, generation).putLong(EPOCH, epoch);
    buffer.putLong(INCARNATION, incarnation).putLong(SEQ, seq);
    buffer.putLong(META, metaOffset).putLong(COPY, copyOffset).putInt(META_BYTES, metaBytes);
    buffer.putInt(CHECKPOINT, checkpoint).putInt(SEGMENT_BYTES, segmentBytes);
    buffer.putInt(STATE, suspect ? 1 : 0).putInt(ENDS, ends.size());
    int at = END_LIST;
    for (var end : ends) {
      buffer.putLong(at, end.incarnation).putLong(at + Long.BYTES, end.lastSeq);
      at += END_BYTES;
    }
    buffer.putLong(KERNEL_BOOT, kernelBoot.getMostSignificantBits());
    buffer.putLong(KERNEL_BOOT + Long.BYTES, kernelBoot.getLeastSignificantBits());
    buffer.putInt(CRC, Checksum.ofHeader(buffer, 0, CRC));
    return buffer.array();
  }

  static Superblock decode(ByteBuffer buffer, String name) {
    if (buffer.limit() < BYTES) {
      throw new StoreException.Corrupt(name + " is too short");
    }
    Preamble.check(buffer, MAGIC, CRC, name);
    int count = buffer.getInt(ENDS);
    if (count < 0 || count > ENDS_MAX || buffer.limit() != BYTES) {
      throw new StoreException.Corrupt(name + " makes no sense");
    }
    var ends = new ArrayList<End>();
    for (int i = 0; i < count; i++) {
      int at = END_LIST + i * END_BYTES;
      ends.add(new End(buffer.getLong(at), buffer.getLong(at + Long.BYTES)));
    }
    return new Superblock(
        new UUID(buffer.getLong(POOL), buffer.getLong(POOL + Long.BYTES)),
        buffer.getLong(GENERATION),
        buffer.getLong(EPOCH),
        buffer.getLong(INCARNATION),
        buffer.getInt(STATE) != 0,
        buffer.getInt(SEGMENT_BYTES),
        buffer.getInt(CHECKPOINT),
        buffer.getLong(META),
        buffer.getLong(COPY),
        buffer.getInt(META_BYTES),
        buffer.getLong(SEQ),
        new UUID(buffer.getLong(KERNEL_BOOT), buffer.getLong(KERNEL_BOOT + Long.BYTES)),
        List.copyOf(ends));
  }

  /** Makes this the superblock of the pool: durable in both files when it returns. */
  void write(Directory directory) {
    for (String name : NAMES) {
      directory.replace(name, encode());
    }
  }

  /** Reads one of the two files. */
  static Superblock read(Directory directory, String name) {
    try (var file = directory.open(name)) {
      // One byte more than there should be, to see that there is none.
      var buffer = ByteBuffer.allocate((int) Math.min(file.lengthBytes(), BYTES + 1L));
      file.read(0, buffer);
      return decode(buffer.flip(), name);
    }
  }

  static boolean anyIn(Directory directory) {
    return NAMES.stream().anyMatch(directory::exists);
  }

  /** The one that counts. Throws what is wrong with the files if neither is whole. */
  static Superblock newest(Directory directory) {
    Superblock best = null;
    StoreException wrong = null;
    for (String name : NAMES) {
      if (!directory.exists(name)) {
        continue;
      }
      try {
        var read = read(directory, name);
        if (best == null || read.generation > best.generation) {
          best = read;
        }
      } catch (StoreException.TooNew | StoreException.TooOld e) {
        throw e;
      } catch (StoreException.Corrupt | StoreException.Io e) {
        wrong = e;
      }
    }
    if (best != null) {
      return best;
    }
    throw wrong != null ? wrong : new StoreException.Corrupt("there is no pool: no superblock");
  }
}

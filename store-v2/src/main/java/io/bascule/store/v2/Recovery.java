package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Brings the batches behind the last checkpoint into the index.
 *
 * <p>Batches count in the order of their numbers, up to the first that is missing or damaged. That
 * one is a torn tail, never acknowledged as durable, if no whole batch says that it was on stable
 * storage; it and what follows is dropped. Where the machine has not stopped since it was written
 * only the very last batch can be torn, for each is in the kernel before the next begins. Otherwise
 * acknowledged data is damaged: if it is known what the batch changed, that is applied and reading
 * it says what is wrong; if not, the pool cannot be opened, because any block might be an old one.
 */
final class Recovery {
  private record Item(
      LogScanner.Batch state,
      long incarnation,
      long seq,
      long durable,
      Segment segment,
      int offset,
      int bytes,
      ByteBuffer table) {}

  private static final System.Logger LOG = System.getLogger(Recovery.class.getName());
  private static final ByteBuffer ZEROS = ByteBuffer.allocate(BatchFormat.ALIGN_BYTES);

  private final Directory directory;
  private final boolean sameRun;
  private final Superblock superblock;
  private final Index index;
  private final Segments segments;
  private final List<String> findings = new ArrayList<>();
  private final List<Item> items = new ArrayList<>();
  private final Map<Long, Segment> known = new HashMap<>();
  private final LogScanner scanner = new LogScanner();
  private final List<String> leftovers = new ArrayList<>();
  private long lastSeq;
  private long durableSeq;
  private long replayedBytes;
  private long replayedRecords;

  /**
   * @param kernelBoot of the machine's present run
   */
  Recovery(
      Directory directory, Superblock superblock, UUID kernelBoot, Index index, Segments segments) {
    this.directory = directory;
    this.superblock = superblock;
    this.index = index;
    this.segments = segments;
    this.lastSeq = superblock.seq();
    this.sameRun =
        !kernelBoot.equals(PoolSettings.NO_BOOT) && kernelBoot.equals(superblock.kernelBoot());
  }

  /** What was found wrong, each with file and offset. */
  List<String> findings() {
    return findings;
  }

  /** Number of the last batch that counts. */
  long lastSeq() {
    return lastSeq;
  }

  /** Bytes of the batches behind the checkpoint. */
  long replayedBytes() {
    return replayedBytes;
  }

  /** Records in them. */
  long replayedRecords() {
    return replayedRecords;
  }

  /** Segment files that belong to nothing. */
  List<String> leftovers() {
    return leftovers;
  }

  /** Reads the log and applies it. Changes no file. */
  void replay(Meta meta) {
    for (var extent : meta.segments()) {
      adopt(extent);
    }
    segments.restore(meta.nextSerial());
    for (String name : directory.list()) {
      Names.segmentSerial(name).ifPresent(serial -> collect(name, serial, meta.nextSerial()));
    }
    items.removeIf(item -> !superblock.counts(item.incarnation, item.seq));
    items.sort(Comparator.comparingLong(Item::seq));
    applyAll();
  }

  private void adopt(Meta.Extent extent) {
    var segment = new Segment(extent.slot(), extent.serial(), extent.cold(), extent.state());
    segment.dataEnd = extent.dataEnd();
    segment.fileBytes = extent.fileBytes();
    segment.totalBlocks = extent.totalBlocks();
    segment.firstSeq = extent.firstSeq();
    segment.lastSeq = extent.lastSeq();
    known.put(segment.serial, segment);
    if (segment.firstSeq != 0) {
      segments.adopt(segment);
      segments.setLive(segment.slot, extent.liveBlocks());
    }
  }

  private void collect(String name, long serial, long nextSerial) {
    var segment = known.get(serial);
    if (segment == null && serial < nextSerial) {
      leftovers.add(name);
      return;
    }
    if (segment != null && segment.state == Segment.State.SEALED) {
      return; // all of it is in the checkpoint
    }
    try (var file = directory.open(name)) {
      if (segment == null) {
        segment = fresh(file, name, serial);
        if (segment == null) {
          leftovers.add(name);
          return;
        }
        known.put(serial, segment);
      }
      segments.found(segment, (int) file.lengthBytes());
      int from = Math.max(SegmentHeader.BYTES, segment.dataEnd);
      segment.dataEnd = from;
      var footer = LogScanner.footer(file, serial);
      if (footer != null) {
        takeFooter(segment, footer, from);
      } else {
        scanner.scan(file, serial, from, segment.fileBytes, new Collector(segment));
      }
    }
  }

  /** A segment made after the checkpoint; null if there never was a batch in it. */
  private @Nullable Segment fresh(StoredFile file, String name, long serial) {
    try {
      var header = LogScanner.header(file, name);
      return new Segment(header.slot(), serial, header.cold(), Segment.State.OPEN);
    } catch (StoreException.Corrupt e) {
      int slot = LogScanner.slotOf(file, serial);
      if (slot < 0) {
        return null; // the machine stopped while it was made
      }
      findings.add(e.getMessage() + "; its batches say what it is");
      return new Segment(slot, serial, false, Segment.State.OPEN);
    }
  }

  private void takeFooter(Segment segment, ByteBuffer footer, int from) {
    int end = footer.limit() - FooterFormat.END_BYTES;
    long durable = footer.getLong(end + FooterFormat.DURABLE);
    long incarnation = footer.getLong(end + FooterFormat.INCARNATION);
    int at = 0;
    while (at < end) {
      int tableBytes = footer.getInt(at + FooterFormat.GROUP_TABLE);
      int offset = footer.getInt(at + FooterFormat.GROUP_OFFSET);
      long seq = footer.getLong(at + FooterFormat.GROUP_SEQ);
      int table = at + FooterFormat.GROUP_BYTES;
      int next = table + tableBytes;
      int batchEnd =
          next < end
              ? footer.getInt(next + FooterFormat.GROUP_OFFSET)
              : footer.getInt(end + FooterFormat.DATA_END);
      if (offset >= from) {
        items.add(
            new Item(
                LogScanner.Batch.WHOLE,
                incarnation,
                seq,
                durable,
                segment,
                offset,
                batchEnd - offset,
                footer.slice(table, tableBytes)));
      }
      at = next;
    }
    segment.state = Segment.State.SEALED;
  }

  private final class Collector implements LogScanner.Sink {
    private final Segment segment;

    Collector(Segment segment) {
      this.segment = segment;
    }

    @Override
    public void batch(
        LogScanner.Batch state,
        long incarnation,
        long seq,
        long durable,
        int offset,
        int bytes,
        ByteBuffer table) {
      items.add(new Item(state, incarnation, seq, durable, segment, offset, bytes, table));
    }

    @Override
    public void gap(int offset, int bytes) {
      // Batches that are missing here are missed by their numbers.
    }
  }

  private void applyAll() {
    long durable = 0;
    for (var item : items) {
      durable = Math.max(durable, item.durable);
    }
    durableSeq = durable;
    long intact = durable;
    if (sameRun) {
      for (var item : items) {
        intact = Math.max(intact, item.seq - 1);
      }
    }
    for (var item : items) {
      if (item.seq <= lastSeq) {
        continue;
      }
      if (item.seq != lastSeq + 1 || !judge(item, intact)) {
        break;
      }
      apply(item);
      lastSeq = item.seq;
    }
    if (lastSeq < intact) {
      throw new StoreException.Corrupt(
          "batch %d was acknowledged and is gone: nobody knows what it changed"
              .formatted(lastSeq + 1));
    }
  }

  /** Whether the batch counts. */
  private boolean judge(Item item, long intact) {
    return switch (item.state) {
      case WHOLE -> true;
      case TABLELESS, HEADERLESS, DATA_DAMAGED -> {
        boolean counts = item.seq <= intact || !isTorn(item);
        if (counts) {
          report(item);
        }
        yield counts;
      }
      case LOST -> false;
    };
  }

  private void report(Item item) {
    String what =
        switch (item.state) {
          case TABLELESS -> "its table is damaged";
          case HEADERLESS -> "no header";
          default -> "data damaged";
        };
    String finding =
        "%s at %d: batch %d: %s".formatted(item.segment.name, item.offset, item.seq, what);
    findings.add(finding);
  }

  /**
   * Whether the batch may never have reached the disk as a whole: a sector of it is as it was
   * before, zeros. Header and table have no such sector when they are whole; data may, so it is
   * looked at only if it cannot be read.
   */
  private boolean isTorn(Item item) {
    int tableAt = item.bytes - BatchFormat.END_SIZE - item.table.limit();
    boolean readable = isReadable(item);
    var sector = ByteBuffer.allocate(BatchFormat.ALIGN_BYTES);
    try (var file = directory.open(item.segment.name)) {
      for (int at = 0; at < item.bytes; at += BatchFormat.ALIGN_BYTES) {
        boolean data = at > 0 && at + BatchFormat.ALIGN_BYTES <= tableAt;
        if (!(data && readable)) {
          file.read(item.offset + at, sector.clear());
          if (sector.flip().equals(ZEROS)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** Whether every block of a batch that is not whole can be read. */
  private boolean isReadable(Item item) {
    var reader = Scratch.ofThread().reader;
    try (var file = directory.open(item.segment.name)) {
      boolean[] bad = new boolean[1];
      BatchFormat.walk(
          item.table,
          0,
          item.table.limit(),
          item.offset + BatchFormat.HEADER_BYTES,
          item.segment.name,
          (table, at, offset) -> {
            int blocks = table.getShort(at + LogRecord.BLOCKS);
            if (blocks > 0) {
              long pointer = Pointer.of(0, offset, 0, LogRecord.bytesAt(table, at));
              int family = table.getInt(at + LogRecord.FAMILY);
              long lba = table.getLong(at + LogRecord.LBA);
              var result = reader.read(file, pointer, family, lba, blocks, false);
              bad[0] |= result != UnitReader.Result.OK;
            }
          });
      return !bad[0];
    }
  }

  private void apply(Item item) {
    var segment = item.segment;
    if (segments.get(segment.slot) != segment) {
      segments.adopt(segment);
    }
    int[] blocks = new int[1];
    BatchFormat.walk(
        item.table,
        0,
        item.table.limit(),
        0,
        segment.name,
        (table, at, _) -> {
          blocks[0] += table.getShort(at + LogRecord.BLOCKS);
          replayedRecords++;
        });
    replayedBytes += item.bytes;
    segment.totalBlocks += blocks[0];
    segment.dataEnd = item.offset + item.bytes;
    segment.lastSeq = item.seq;
    if (segment.firstSeq == 0) {
      segment.firstSeq = item.seq;
    }
    index.apply(
        item.table,
        0,
        item.table.limit(),
        segment.slot,
        item.offset + BatchFormat.HEADER_BYTES,
        segment.name);
  }

  /** The highest batch that is known to be on stable storage. */
  long durableSeq() {
    return Math.clamp(durableSeq, superblock.seq(), lastSeq);
  }

  /** Zeros, and a batch that does not count. A disk that only lets itself be read may keep them. */
  private void forgetTail(Segment segment) {
    if (segment.fileBytes > segment.dataEnd) {
      try (var file = directory.open(segment.name)) {
        file.setLength(segment.dataEnd);
      } catch (StoreException e) {
        LOG.log(System.Logger.Level.WARNING, "the end of " + segment.name + " stays", e);
      }
    }
    segments.forgetTail(segment);
  }

  /**
   * Clears away what holds nothing.
   *
   * @return segments whose batches may not be on stable storage yet: the next sync includes them
   */
  List<Segment> settle() {
    var unsynced = new ArrayList<Segment>();
    for (var segment : known.values()) {
      boolean used = segments.get(segment.slot) == segment;
      if (!used) {
        directory.delete(segment.name);
        continue;
      }
      if (segment.state != Segment.State.SEALED) {
        unsynced.add(segment);
        segment.state = Segment.State.SEALED;
        forgetTail(segment);
      }
    }
    leftovers.forEach(directory::delete);
    return unsynced;
  }
}

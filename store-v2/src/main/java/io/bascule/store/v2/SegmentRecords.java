package io.bascule.store.v2;

import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The records of data in a sealed segment: from its footer, or else from its batches. */
final class SegmentRecords {
  /** One record of data. */
  interface Visitor {
    /**
     * @param pointer to its first block
     * @return whether to go on
     */
    boolean record(int family, long lba, int blocks, byte codec, long pointer);
  }

  /** A table of a batch, and where the batch's first record is. */
  private record Table(ByteBuffer entries, int firstRecord) {}

  private final Segment segment;
  private final List<Table> tables = new ArrayList<>();
  private boolean complete = true;

  private SegmentRecords(Segment segment) {
    this.segment = segment;
  }

  static SegmentRecords of(Segment segment, StoredFile file) {
    var records = new SegmentRecords(segment);
    var footer = LogScanner.footer(file, segment.serial);
    if (footer != null) {
      records.takeFooter(footer);
    } else {
      records.scan(file);
    }
    return records;
  }

  /** Whether all batches were found; if not, a part of the segment cannot be read. */
  boolean isComplete() {
    return complete;
  }

  private void takeFooter(ByteBuffer footer) {
    int end = footer.limit() - FooterFormat.END_BYTES;
    int at = 0;
    while (at < end) {
      int bytes = footer.getInt(at + FooterFormat.GROUP_TABLE);
      int offset = footer.getInt(at + FooterFormat.GROUP_OFFSET);
      int table = at + FooterFormat.GROUP_BYTES;
      tables.add(new Table(footer.slice(table, bytes), offset + BatchFormat.HEADER_BYTES));
      at = table + bytes;
    }
  }

  private void scan(StoredFile file) {
    new LogScanner()
        .scan(
            file,
            segment.serial,
            SegmentHeader.BYTES,
            segment.dataEnd,
            new LogScanner.Sink() {
              @Override
              public void batch(
                  LogScanner.Batch state,
                  long incarnation,
                  long seq,
                  long durable,
                  int offset,
                  int bytes,
                  ByteBuffer table) {
                complete &= state != LogScanner.Batch.LOST;
                tables.add(new Table(table, offset + BatchFormat.HEADER_BYTES));
              }

              @Override
              public void gap(int offset, int bytes) {
                complete = false;
              }
            });
  }

  /** Number of tables, to visit in pieces. */
  int tables() {
    return tables.size();
  }

  void forEach(Visitor visitor) {
    for (int i = 0; i < tables.size(); i++) {
      if (!visit(i, visitor)) {
        return;
      }
    }
  }

  /** Visits the records of one batch; false if the visitor wants no more. */
  boolean visit(int table, Visitor visitor) {
    var it = tables.get(table);
    boolean[] stopped = new boolean[1];
    BatchFormat.walk(
        it.entries,
        0,
        it.entries.limit(),
        it.firstRecord,
        segment.name,
        (entries, at, offset) -> {
          int blocks = entries.getShort(at + LogRecord.BLOCKS);
          if (blocks > 0 && !stopped[0]) {
            stopped[0] =
                !visitor.record(
                    entries.getInt(at + LogRecord.FAMILY),
                    entries.getLong(at + LogRecord.LBA),
                    blocks,
                    entries.get(at + LogRecord.CODEC),
                    Pointer.of(segment.slot, offset, 0, LogRecord.bytesAt(entries, at)));
          }
        });
    return !stopped[0];
  }

  /** Which blocks of a record are in use by any volume or snapshot, as bits. */
  static int liveBlocks(
      Index index, Index.Mapping mapping, int family, long lba, int blocks, long pointer) {
    int live = 0;
    for (var entry : index.family(family)) {
      boolean _ = index.lookup(entry, lba, blocks, true, mapping);
      int at = 0;
      for (int i = 0; i < mapping.pieces; i++) {
        long found = mapping.pointers[i];
        if (found != Pointer.HOLE
            && Pointer.sameRecord(found, pointer)
            && Pointer.index(found) == at) {
          live |= (1 << mapping.blocks[i]) - 1 << at;
        }
        at += mapping.blocks[i];
      }
    }
    return live;
  }

  static @Nullable Segment pinned(Segments segments, Segment segment) {
    var pinned = segments.pin(segment.slot);
    if (pinned != null && pinned != segment) {
      pinned.unpin();
      return null;
    }
    return pinned;
  }
}

package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Reads what is in use, the files of checkpoints, then segment by segment, at last what the index
 * says of every volume, round and round, and verifies it, so that damage is found while there is
 * something to write it anew from. One thread at a time.
 */
final class Scrubber {

  /** What it costs to look up the blocks of a leaf. */
  private static final int LEAF_BYTES = 4096;

  private final VolumePool pool;
  private final Index.Mapping mapping = new Index.Mapping();
  private @Nullable Segment segment;
  private @Nullable SegmentRecords records;
  private int table;

  private Stage stage = Stage.CHECKPOINTS;
  private long cursor;

  /** The volumes whose index is still to be read in this pass, and the block of the first. */
  private final ArrayDeque<Entry> volumes = new ArrayDeque<>();

  private long block;
  private long passes;
  private long verified;
  private long readBytes;

  /** What a pass reads, in this order. */
  private enum Stage {
    CHECKPOINTS,
    SEGMENTS,
    INDEX
  }

  Scrubber(VolumePool pool) {
    this.pool = pool;
  }

  synchronized ScrubReport report() {
    int left = (int) pool.segments().list().stream().filter(s -> s.serial > cursor).count();
    return new ScrubReport(passes, left, verified, pool.knownDamage().findings());
  }

  /** Goes on for about so many bytes; returns false at the end of a pass. */
  synchronized boolean step(long budgetBytes) {
    long until = readBytes + budgetBytes;
    switch (stage) {
      case CHECKPOINTS -> {
        if (!pool.checkpointer().scrub(budgetBytes)) {
          stage = Stage.SEGMENTS;
        }
        return true;
      }
      case SEGMENTS -> {
        while (readBytes < until) {
          if (segment == null && !next()) {
            cursor = 0;
            volumes.addAll(pool.index().volumes());
            block = 0;
            stage = Stage.INDEX;
            return true;
          }
          scrubTable();
        }
        return true;
      }
      case INDEX -> {
        while (readBytes < until) {
          if (!scrubLeaf()) {
            stage = Stage.CHECKPOINTS;
            passes++;
            pool.knownDamage().passed();
            return false;
          }
        }
        return true;
      }
    }
    throw new AssertionError(stage);
  }

  /** Blocks of which nobody knows any more where they lie; false if there is no volume left. */
  private boolean scrubLeaf() {
    var entry = volumes.peek();
    if (entry == null) {
      return false;
    }
    long blocks = (entry.sizeBytes + UnitCodec.BLOCK_BYTES - 1) / UnitCodec.BLOCK_BYTES;
    if (entry.kind == Entry.Kind.DELETED || block >= blocks) {
      volumes.remove();
      block = 0;
      return true;
    }
    boolean _ = pool.index().lookup(entry, block, Leaves.BLOCKS, true, mapping);
    long at = block;
    for (int piece = 0; piece < mapping.pieces; piece++) {
      if (Pointer.isDamaged(mapping.pointers[piece])) {
        pool.metByScrubbing(entry, at, mapping.pointers[piece], lost(mapping.blocks[piece]));
      }
      at += mapping.blocks[piece];
    }
    block += Leaves.BLOCKS;
    readBytes += LEAF_BYTES;
    return true;
  }

  /** What is wrong with so many blocks of which the index tells nothing. */
  static String lost(int blocks) {
    return blocks == 1
        ? "is lost: nobody knows any more where it lies"
        : "and the " + (blocks - 1) + " behind it are lost: nobody knows any more where they lie";
  }

  /** The next segment of the pass, if there is one. */
  private boolean next() {
    Segment found = null;
    for (var candidate : pool.segments().list()) {
      if (candidate.serial > cursor
          && candidate.state == Segment.State.SEALED
          && (found == null || candidate.serial < found.serial)) {
        found = candidate;
      }
    }
    if (found == null) {
      return false;
    }
    cursor = found.serial;
    segment = found;
    records = null;
    table = 0;
    return true;
  }

  private void scrubTable() {
    var current = Check.found(segment, "segment to scrub");
    Segment pinned = null;
    try {
      pinned = SegmentRecords.pinned(pool.segments(), current);
      if (pinned == null) {
        segment = null; // it was cleaned away
        return;
      }
      var file = pinned.file();
      var all = records;
      if (all == null) {
        all = SegmentRecords.of(pinned, file);
        records = all;
        if (!all.isComplete()) {
          pool.knownDamage()
              .met(Finding.shared(pinned.name, -1, "a part of the segment cannot be read"));
        }
      }
      if (table < all.tables()) {
        boolean _ =
            all.visit(
                table++,
                (family, lba, blocks, _, pointer) -> {
                  verify(file, family, lba, blocks, pointer);
                  return true;
                });
      }
      if (table >= all.tables()) {
        segment = null;
      }
    } catch (StoreException.Corrupt | StoreException.Io e) {
      pool.knownDamage().met(Finding.shared(current.name, -1, String.valueOf(e.getMessage())));
      segment = null;
    } finally {
      if (pinned != null) {
        pinned.unpin();
      }
    }
  }

  private void verify(StoredFile file, int family, long lba, int blocks, long pointer) {
    int live = SegmentRecords.liveBlocks(pool.index(), mapping, family, lba, blocks, pointer);
    readBytes += LogRecord.HEAD_BYTES;
    var reader = Scratch.ofThread().reader;
    while (live != 0) {
      int i = Integer.numberOfTrailingZeros(live);
      int count = Integer.numberOfTrailingZeros(~(live >>> i));
      live &= ~((1 << count) - 1 << i);
      boolean sound =
          reader.wrong(file, Pointer.advance(pointer, i), family, lba + i, count) == null;
      readBytes += (long) count * UnitCodec.BLOCK_BYTES;
      verified += count;
      for (int b = i; !sound && b < i + count; b++) {
        long at = Pointer.advance(pointer, b);
        String wrong = reader.wrong(file, at, family, lba + b, 1);
        if (wrong != null) {
          tell(family, lba + b, at, wrong);
        }
      }
    }
  }

  /** A damaged block, of every volume that has it there. */
  private void tell(int family, long block, long pointer, String wrong) {
    for (var entry : pool.index().family(family)) {
      if (entry.kind == Entry.Kind.DELETED) {
        continue;
      }
      boolean _ = pool.index().lookup(entry, block, 1, true, mapping);
      if (mapping.pointers[0] == pointer) {
        pool.metByScrubbing(entry, block, pointer, wrong);
      }
    }
  }
}

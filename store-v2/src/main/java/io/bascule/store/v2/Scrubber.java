package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads what is in use, the files of checkpoints and then segment by segment, round and round, and
 * verifies it, so that damage is found while there is something to write it anew from: the pool's
 * {@link DamageListener} is asked. What it has not, and what only a snapshot holds, is reported.
 * One thread at a time.
 */
final class Scrubber {
  private static final System.Logger LOG = System.getLogger(Scrubber.class.getName());
  private static final int FINDINGS_MAX = 100;

  private final VolumePool pool;
  private final Index.Mapping mapping = new Index.Mapping();
  private final ArrayDeque<Finding> findings = new ArrayDeque<>();
  private @Nullable Segment segment;
  private @Nullable SegmentRecords records;
  private int table;

  /** The files of checkpoints are done in this pass. */
  private boolean checkpointed;

  private long cursor;
  private long passes;
  private long verified;
  private long readBytes;

  Scrubber(VolumePool pool) {
    this.pool = pool;
  }

  synchronized ScrubReport report() {
    int left = (int) pool.segments().list().stream().filter(s -> s.serial > cursor).count();
    return new ScrubReport(passes, left, verified, List.copyOf(findings));
  }

  /** Goes on for about so many bytes; returns false at the end of a pass. */
  synchronized boolean step(long budgetBytes) {
    if (!checkpointed) {
      // First, for reading segments loads leaves, and then nobody sees any more which were lost.
      checkpointed = !pool.checkpointer().scrub(budgetBytes, this::report);
      return true;
    }
    long until = readBytes + budgetBytes;
    while (readBytes < until) {
      if (segment == null && !next()) {
        cursor = 0;
        passes++;
        checkpointed = false;
        return false;
      }
      scrubTable();
    }
    return true;
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
          report(new Finding(pinned.name, -1, "a part of the segment cannot be read"));
        }
      }
      if (table < all.tables()) {
        boolean _ =
            all.visit(
                table++,
                (family, lba, blocks, _, pointer) -> {
                  verify(current, file, family, lba, blocks, pointer);
                  return true;
                });
      }
      if (table >= all.tables()) {
        segment = null;
      }
    } catch (StoreException.Corrupt | StoreException.Io e) {
      report(new Finding(current.name, -1, String.valueOf(e.getMessage())));
      segment = null;
    } finally {
      if (pinned != null) {
        pinned.unpin();
      }
    }
  }

  private void verify(Segment in, StoredFile file, int family, long lba, int blocks, long pointer) {
    int live = SegmentRecords.liveBlocks(pool.index(), mapping, family, lba, blocks, pointer);
    readBytes += LogRecord.HEAD_BYTES;
    var reader = Scratch.ofThread().reader;
    while (live != 0) {
      int i = Integer.numberOfTrailingZeros(live);
      int count = Integer.numberOfTrailingZeros(~(live >>> i));
      live &= ~((1 << count) - 1 << i);
      boolean sound =
          wrong(reader, file, Pointer.advance(pointer, i), family, lba + i, count) == null;
      readBytes += (long) count * UnitCodec.BLOCK_BYTES;
      verified += count;
      for (int b = i; !sound && b < i + count; b++) {
        long at = Pointer.advance(pointer, b);
        String wrong = wrong(reader, file, at, family, lba + b, 1);
        if (wrong != null) {
          tell(in, family, lba + b, at, wrong);
        }
      }
    }
  }

  private static @Nullable String wrong(
      UnitReader reader, StoredFile file, long pointer, int family, long lba, int count) {
    try {
      var result = reader.read(file, pointer, family, lba, count, false);
      return result == UnitReader.Result.OK ? null : "does not fit its checksum";
    } catch (StoreException.Io e) {
      return "cannot be read: " + e.getMessage();
    }
  }

  /** A damaged block: every volume that has it there has it written anew, or it is reported. */
  private void tell(Segment in, int family, long block, long pointer, String wrong) {
    for (var entry : pool.index().family(family)) {
      if (entry.kind == Entry.Kind.DELETED) {
        continue;
      }
      boolean _ = pool.index().lookup(entry, block, 1, true, mapping);
      if (mapping.pointers[0] != pointer) {
        continue;
      }
      var finding =
          new Finding(
              in.name,
              Pointer.offsetBytes(pointer),
              "volume %s block %d %s".formatted(entry.uuid, block, wrong));
      if (entry.kind == Entry.Kind.VOLUME
          && pool.damageListener().damaged(entry.uuid, block * UnitCodec.BLOCK_BYTES)) {
        LOG.log(System.Logger.Level.WARNING, "damaged, and written anew: " + finding);
      } else {
        report(finding);
      }
    }
  }

  private void report(Finding finding) {
    if (findings.contains(finding)) {
      return;
    }
    LOG.log(System.Logger.Level.ERROR, "damaged: " + finding);
    if (findings.size() == FINDINGS_MAX) {
      findings.removeFirst();
    }
    findings.addLast(finding);
  }
}

package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes room: moves what is still in use out of segments that hold little of it, into the cold
 * segment. The next checkpoint removes segments that nothing refers to. One thread at a time.
 *
 * <p>A block is moved by a record that says from where: if a host has written it meanwhile, the
 * move changes nothing. What cannot be read is never moved, and its segment stays.
 */
final class Cleaner {
  private static final System.Logger LOG = System.getLogger(Cleaner.class.getName());

  /** Segments fuller than this are not worth reading. */
  private static final double LIVE_MAX = 0.95;

  /** Cleaning begins when so much of the used space is garbage. */
  private static final int GARBAGE_PERCENT = 25;

  private final VolumePool pool;
  private final Index.Mapping mapping = new Index.Mapping();
  private final UnitEncoder encoder = new UnitEncoder(new Checksum());
  private LogWriter.@Nullable Batch batch;
  private long movedBytes;

  Cleaner(VolumePool pool) {
    this.pool = pool;
  }

  /** Bytes moved so far. */
  long movedBytes() {
    return movedBytes;
  }

  /** Whether there is enough garbage, or so little room, that cleaning is due. */
  boolean isDue() {
    var space = pool.space();
    return pool.spaceLeft().isLow()
        || space.garbageBytes() * 100 > space.usedBytes() * GARBAGE_PERCENT
            && space.garbageBytes() > 4L * pool.segments().segmentBytes();
  }

  /**
   * Cleans segments until {@code budgetBytes} were moved, or none is worth it.
   *
   * @return how many segments hold nothing any more
   */
  int clean(long budgetBytes) {
    long until = movedBytes + budgetBytes;
    int emptied = 0;
    while (movedBytes < until && !pool.isSuspect()) {
      var victim = victim();
      if (victim == null) {
        break;
      }
      if (empty(victim)) {
        emptied++;
      }
    }
    return emptied;
  }

  /** The segment with the best benefit for its cost: free space gained, weighed with its age. */
  private @Nullable Segment victim() {
    long now = pool.log().committedSeq();
    List<Segment> sealed =
        pool.segments().list().stream()
            .filter(s -> s.state == Segment.State.SEALED && !s.quarantined)
            .filter(s -> pool.segments().liveBlocks(s.slot) > 0)
            .filter(s -> liveShare(s) < LIVE_MAX)
            .toList();
    return sealed.stream().max(Comparator.comparingDouble(s -> score(s, now))).orElse(null);
  }

  private double liveShare(Segment segment) {
    return segment.totalBlocks == 0
        ? 0
        : (double) pool.segments().liveBlocks(segment.slot) / segment.totalBlocks;
  }

  private double score(Segment segment, long now) {
    double live = liveShare(segment);
    return (1 - live) * (1 + now - segment.lastSeq) / (1 + live);
  }

  /** Moves what is in use out of the segment; false if something is left there. */
  private boolean empty(Segment victim) {
    Segment pinned = null;
    try {
      pinned = SegmentRecords.pinned(pool.segments(), victim);
      if (pinned == null) {
        return false;
      }
      var file = pinned.file();
      recordsOf(victim, file)
          .forEach((family, lba, blocks, codec, pointer) -> {
            move(file, family, lba, blocks, pointer);
            return pool.segments().liveBlocks(victim.slot) > 0;
          });
      flushBatch();
    } catch (StoreException.Corrupt e) {
      LOG.log(System.Logger.Level.WARNING, "segment " + victim.name + " stays", e);
    } finally {
      batch = null;
      if (pinned != null) {
        pinned.unpin();
      }
    }
    boolean empty = pool.segments().liveBlocks(victim.slot) == 0;
    victim.quarantined = !empty;
    return empty;
  }

  /** What the disk does not give is damaged, as far as cleaning goes. */
  private static SegmentRecords recordsOf(Segment segment, StoredFile file) {
    try {
      return SegmentRecords.of(segment, file);
    } catch (StoreException.Io e) {
      throw new StoreException.Corrupt(segment.name + " cannot be read: " + e.getMessage());
    }
  }

  private void move(StoredFile file, int family, long lba, int blocks, long pointer) {
    int live = SegmentRecords.liveBlocks(pool.index(), mapping, family, lba, blocks, pointer);
    var reader = Scratch.ofThread().reader;
    while (live != 0) {
      int first = Integer.numberOfTrailingZeros(live);
      int count = Integer.numberOfTrailingZeros(~(live >>> first));
      long from = Pointer.advance(pointer, first);
      if (isRead(reader, file, from, family, lba + first, count)) {
        encoder.encodeMove(
            family,
            lba + first,
            count,
            from,
            reader.data(),
            reader.dataAt(),
            pool.settings().compress());
        append();
      } // else it stays where it is, for reads to report and repair to mend
      live &= ~((1 << count) - 1 << first);
    }
  }

  private static boolean isRead(
      UnitReader reader, StoredFile file, long pointer, int family, long lba, int count) {
    try {
      return reader.read(file, pointer, family, lba, count, false) == UnitReader.Result.OK;
    } catch (StoreException.Io e) {
      LOG.log(System.Logger.Level.WARNING, "cannot be read, and so not moved", e);
      return false;
    }
  }

  private void append() {
    var current = batch;
    if (current == null) {
      current = pool.log().coldBatch();
    }
    if (!current.fits(encoder.bytes(), 1, LogRecord.HEAD_BYTES)) {
      batch = current;
      flushBatch();
      current = pool.log().coldBatch();
    }
    current.add(encoder.bytes(), 1, encoder);
    movedBytes += encoder.bytes();
    batch = current;
  }

  private void flushBatch() {
    var full = batch;
    batch = null;
    if (full != null) {
      pool.log().writeCold(full);
    }
  }
}

package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The segments of a pool, by slot, and how many blocks of each are in use. Safe for many threads; a
 * segment is added and removed under this object's lock, readers see a snapshot.
 */
final class Segments implements Leaves.Usage {
  /** Files kept open at once; enough that a busy pool seldom opens one. */
  private static final int OPEN_FILES_MAX = 512;

  private static final int LIVE_PIECE = 4096;

  private final Directory directory;
  private final UUID pool;
  private final int segmentBytes;
  private volatile @Nullable Segment[] bySlot = new @Nullable Segment[64];

  /**
   * Blocks that leaves refer to, by slot, in pieces that never move. Changed by the index alone.
   */
  private final AtomicReferenceArray<@Nullable AtomicLongArray> live =
      new AtomicReferenceArray<>((Pointer.SLOT_MAX + 1) / LIVE_PIECE + 1);

  private long nextSerial = 1;
  private long usedBytes;
  private int openFiles;
  private int hand;

  Segments(Directory directory, UUID pool, int segmentBytes) {
    this.directory = directory;
    this.pool = pool;
    this.segmentBytes = segmentBytes;
  }

  int segmentBytes() {
    return segmentBytes;
  }

  @Override
  public void add(int slot, int blocks) {
    long _ = piece(slot).addAndGet(slot % LIVE_PIECE, blocks);
  }

  long liveBlocks(int slot) {
    return piece(slot).get(slot % LIVE_PIECE);
  }

  void setLive(int slot, long blocks) {
    piece(slot).set(slot % LIVE_PIECE, blocks);
  }

  private AtomicLongArray piece(int slot) {
    var piece = live.get(slot / LIVE_PIECE);
    if (piece != null) {
      return piece;
    }
    var fresh = new AtomicLongArray(LIVE_PIECE);
    var other = live.compareAndExchange(slot / LIVE_PIECE, null, fresh);
    return other == null ? fresh : other;
  }

  @Nullable Segment get(int slot) {
    var all = bySlot;
    return slot < all.length ? all[slot] : null;
  }

  List<Segment> list() {
    var list = new ArrayList<Segment>();
    for (var segment : bySlot) {
      if (segment != null) {
        list.add(segment);
      }
    }
    return list;
  }

  /** {@link StoreException.Corrupt} if the file of a segment has no name any more. */
  void checkFiles() {
    for (var segment : list()) {
      // One that is just being made has no data yet, and one that is removed needs no file.
      if (segment.dataEnd > 0 && !directory.exists(segment.name) && !segment.isRetired()) {
        throw missing(segment);
      }
    }
  }

  private static StoreException.Corrupt missing(Segment segment) {
    return new StoreException.Corrupt("segment " + segment.name + " is missing");
  }

  synchronized long nextSerial() {
    return nextSerial;
  }

  synchronized void restore(long serial) {
    nextSerial = Math.max(nextSerial, serial);
  }

  /** Bytes of all segment files. */
  synchronized long usedBytes() {
    return usedBytes;
  }

  /** Counts what was appended. */
  synchronized void grew(Segment segment, int bytes) {
    segment.fileBytes += bytes;
    usedBytes += bytes;
  }

  /** The segment's file is as long as that. */
  synchronized void found(Segment segment, int bytes) {
    if (get(segment.slot) == segment) {
      usedBytes += bytes - segment.fileBytes;
    }
    segment.fileBytes = bytes;
  }

  /** What lies behind the last batch that counts is nothing. */
  synchronized void forgetTail(Segment segment) {
    usedBytes -= segment.fileBytes - segment.dataEnd;
    segment.fileBytes = segment.dataEnd;
  }

  /** Takes in a segment found by recovery. */
  synchronized void adopt(Segment segment) {
    growTo(segment.slot);
    bySlot[segment.slot] = segment;
    nextSerial = Math.max(nextSerial, segment.serial + 1);
    usedBytes += segment.fileBytes;
  }

  /** Makes an empty segment, durably. */
  Segment create(long incarnation, boolean cold) {
    Segment segment;
    synchronized (this) {
      int slot = freeSlot();
      growTo(slot);
      segment = new Segment(slot, nextSerial++, cold, Segment.State.OPEN);
      bySlot[slot] = segment; // nobody else takes the slot
    }
    StoredFile file = null;
    try {
      file = directory.create(segment.name);
      file.write(
          0, new SegmentHeader(pool, segment.slot, segment.serial, incarnation, cold).encode());
      file.sync();
      directory.sync();
    } catch (StoreException e) {
      discard(segment, file);
      throw e;
    }
    synchronized (this) {
      segment.setFile(file);
      openFiles++;
    }
    segment.dataEnd = SegmentHeader.BYTES;
    grew(segment, SegmentHeader.BYTES);
    return segment;
  }

  private void discard(Segment segment, @Nullable StoredFile file) {
    if (file != null) {
      file.close();
    }
    try {
      directory.delete(segment.name);
    } catch (StoreException e) {
      // What lies there is a segment without batches: opening the pool clears it away.
      System.getLogger(Segments.class.getName())
          .log(System.Logger.Level.WARNING, "cannot delete " + segment.name, e);
    }
    synchronized (this) {
      bySlot[segment.slot] = null;
    }
  }

  /**
   * The segment's file, pinned; the caller unpins it.
   *
   * @return null if no such segment is there any more
   */
  @Nullable Segment pin(int slot) {
    var segment = get(slot);
    if (segment == null || !segment.pin()) {
      return null;
    }
    boolean there = false;
    try {
      there = segment.fileIfOpen() != null || open(segment);
    } finally {
      if (!there) {
        segment.unpin();
      }
    }
    return there ? segment : null;
  }

  /** False if the segment was removed after it was pinned: its file may be deleted already. */
  private synchronized boolean open(Segment segment) {
    if (segment.fileIfOpen() != null) {
      return true;
    }
    if (segment.isRetired()) {
      return false;
    }
    if (!directory.exists(segment.name)) {
      throw missing(segment);
    }
    segment.setFile(directory.open(segment.name));
    if (++openFiles > OPEN_FILES_MAX) {
      closeOne();
    }
    return true;
  }

  /** Closes a file that nobody uses, the next one round. */
  private void closeOne() {
    var all = bySlot;
    for (int tries = 0; tries < all.length; tries++) {
      hand = (hand + 1) % all.length;
      var segment = all[hand];
      if (segment != null
          && segment.state == Segment.State.SEALED
          && segment.fileIfOpen() != null
          && segment.closeIfUnused()) {
        openFiles--;
        return;
      }
    }
  }

  /** Removes the segments, which nothing durable needs any more, and their files. */
  void remove(List<Segment> gone) {
    for (var segment : gone) {
      retire(segment);
      directory.delete(segment.name);
    }
    directory.sync(); // before the slots are used again
    synchronized (this) {
      for (var segment : gone) {
        bySlot[segment.slot] = null;
        usedBytes -= segment.fileBytes;
      }
    }
  }

  /** From here on its file is not opened again, and so not counted. */
  private synchronized void retire(Segment segment) {
    if (segment.isRetired()) {
      return; // its file could not be deleted then
    }
    if (segment.fileIfOpen() != null) {
      openFiles--;
    }
    segment.retire();
  }

  synchronized void close() {
    for (var segment : list()) {
      segment.closeFile();
    }
  }

  private int freeSlot() {
    for (int slot = 0; slot < bySlot.length; slot++) {
      if (bySlot[slot] == null) {
        return slot;
      }
    }
    if (bySlot.length > Pointer.SLOT_MAX) {
      throw new StoreException.Full(
          "the pool has all the segments it can have", new IllegalStateException("no slot"));
    }
    return bySlot.length;
  }

  private synchronized void growTo(int slot) {
    int length = bySlot.length;
    while (length <= slot) {
      length *= 2;
    }
    if (length > bySlot.length) {
      bySlot = Arrays.copyOf(bySlot, length);
    }
  }
}

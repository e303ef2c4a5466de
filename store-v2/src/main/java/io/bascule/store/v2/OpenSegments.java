package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The segments that are being written, one from hosts and one from cleaning; their way to stable
 * storage; and the thread that seals those that are full and makes the next one ready.
 *
 * <p>Invariants: one sync pass at a time; {@code durableSeq} says only what a successful sync
 * proved; after a failed sync none is tried again.
 */
final class OpenSegments implements LogWriter.Output {
  /** Full segments that wait for the disk; more make writers wait, which bounds dirty memory. */
  private static final int UNSEALED_MAX = 4;

  private final Segments segments;
  private final Health health;
  private final long incarnation;
  private final Space space;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition sealed = lock.newCondition();
  private final Condition work = lock.newCondition();
  private final ArrayDeque<Segment> full = new ArrayDeque<>();
  private volatile @Nullable Segment hot;
  private volatile @Nullable Segment cold;
  private @Nullable Segment ready;

  /** There is no next segment, and no room for one. */
  private volatile boolean readyFailed;

  /** Others took the space that the open segment counted on: its last write found no room. */
  private volatile boolean refused;

  private boolean tryReady;
  private boolean stopping;
  private @Nullable Thread sealer;

  private final ReentrantLock syncLock = new ReentrantLock();
  private volatile long syncsBegun;
  private long syncsDone;
  private volatile long durableSeq;
  private final Checksum checksum = new Checksum();

  /** Still to be synced. Guarded by the sync lock. */
  private List<Segment> recovered;

  /**
   * @param durableSeq the last batch known to be on stable storage
   * @param recovered segments of earlier incarnations that are still to be synced
   */
  OpenSegments(
      Segments segments,
      Health health,
      Space space,
      long incarnation,
      long durableSeq,
      List<Segment> recovered) {
    this.segments = segments;
    this.health = health;
    this.space = space;
    this.incarnation = incarnation;
    this.durableSeq = durableSeq;
    this.recovered = List.copyOf(recovered);
  }

  @Override
  public long durableSeq() {
    return durableSeq;
  }

  void start() {
    sealer = Thread.ofPlatform().name("bascule-v2-seal").daemon().start(this::sealLoop);
  }

  /**
   * Stops the thread. The open segments stay without a footer.
   *
   * @param sealRest whether what is full gets its footer before
   */
  void stop(boolean sealRest) {
    lock.lock();
    try {
      stopping = true;
      if (!sealRest) {
        full.clear();
      }
      work.signalAll();
      sealed.signalAll();
    } finally {
      lock.unlock();
    }
    var thread = sealer;
    if (thread != null) {
      Threads.join(thread);
    }
  }

  /** Whether the open segment is the last one for which there is room. */
  boolean isOut() {
    return readyFailed || refused;
  }

  @Override
  public void wrote(boolean room) {
    if (refused == room) {
      refused = !room;
    }
  }

  /** There may be room again. */
  void retry() {
    lock.lock();
    try {
      tryReady = true;
      work.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // The leader's side.

  @Override
  public Segment segmentFor(boolean isCold, boolean urgent, int bytes, int tableBytes) {
    var open = isCold ? cold : hot;
    if (open != null && fits(open, bytes, tableBytes)) {
      return open;
    }
    if (open != null) {
      retire(open);
      // Nothing may be appended to it from here on, even if there is no room for another. Not
      // earlier: a sync must see it in one place or the other.
      setOpen(isCold, null);
    }
    var next = isCold ? create(true, true) : takeReady(urgent);
    setOpen(isCold, next);
    return next;
  }

  private void setOpen(boolean isCold, @Nullable Segment segment) {
    if (isCold) {
      cold = segment;
    } else {
      hot = segment;
    }
  }

  private boolean fits(Segment segment, int bytes, int tableBytes) {
    long footer = (long) segment.groups.position() + tableBytes + FooterFormat.END_BYTES;
    return segment.dataEnd + (long) bytes + footer <= segments.segmentBytes();
  }

  private void retire(Segment segment) {
    if (sealer == null) { // nobody else does it
      segment.state = Segment.State.FULL;
      boolean _ = seal(segment);
      return;
    }
    lock.lock();
    try {
      segment.state = Segment.State.FULL;
      full.add(segment);
      work.signalAll();
      while (full.size() > UNSEALED_MAX && !health.isOver()) {
        sealed.awaitUninterruptibly(); // as long as the disk takes for a segment
      }
    } finally {
      lock.unlock();
    }
  }

  private Segment takeReady(boolean urgent) {
    lock.lock();
    try {
      var taken = ready;
      ready = null;
      tryReady = true;
      work.signalAll();
      if (taken != null) {
        return taken;
      }
    } finally {
      lock.unlock();
    }
    try {
      return create(false, urgent);
    } catch (StoreException.Full e) {
      readyFailed = true; // writers wait for cleaning, and try again
      throw e;
    }
  }

  private Segment create(boolean isCold, boolean fromReserve) {
    space.check(fromReserve);
    try {
      return segments.create(incarnation, isCold);
    } finally {
      space.update();
    }
  }

  /** Segments that may hold batches not yet on stable storage. Any thread. */
  private List<Segment> unsealed() {
    lock.lock();
    try {
      var list = new ArrayList<>(full);
      var hotNow = hot;
      var coldNow = cold;
      if (hotNow != null) {
        list.add(hotNow);
      }
      if (coldNow != null) {
        list.add(coldNow);
      }
      return list;
    } finally {
      lock.unlock();
    }
  }

  // Syncing.

  /**
   * Puts every batch up to the log's {@code committed} on stable storage. Whoever waited while
   * another sync began and succeeded shares that one.
   */
  void sync(LogWriter log) {
    health.check();
    long begunBefore = syncsBegun;
    syncLock.lock();
    try {
      if (syncsDone > begunBefore) {
        return;
      }
      health.check();
      long number = syncsBegun + 1;
      syncsBegun = number;
      long target = log.committedSeq();
      syncRecovered();
      for (var segment : unsealed()) {
        if (segment.lastSeq > durableSeq) {
          syncFile(segment);
        }
      }
      health.check(); // a segment that could not be sealed is in no list any more
      durableSeq = Math.max(durableSeq, target);
      syncsDone = number;
    } finally {
      syncLock.unlock();
    }
  }

  /** What an earlier process wrote is this one's to sync. */
  private void syncRecovered() {
    for (var segment : recovered) {
      var pinned = SegmentRecords.pinned(segments, segment);
      if (pinned == null) {
        continue; // a checkpoint removed it: nothing in it counts any more
      }
      try {
        pinned.file().sync();
      } catch (StoreException e) {
        health.markSuspect(e);
        throw e;
      } finally {
        pinned.unpin();
      }
    }
    recovered = List.of();
  }

  private void syncFile(Segment segment) {
    if (!segment.pin()) {
      return;
    }
    try {
      // One at a time: the kernel tells of a failure once, and whoever was told says so before
      // another takes the next answer for a success.
      synchronized (segment.syncing) {
        health.check();
        syncOpen(segment);
      }
    } finally {
      segment.unpin();
    }
  }

  private void syncOpen(Segment segment) {
    try {
      var file = segment.fileIfOpen();
      if (file != null) { // else it was sealed, and so synced, and closed meanwhile
        file.sync();
      }
    } catch (StoreException e) {
      health.markSuspect(e);
      throw e;
    }
  }

  // The sealer's thread.

  private void sealLoop() {
    while (true) {
      Segment next;
      boolean needReady;
      lock.lock();
      try {
        while (full.isEmpty() && !isReadyDue() && !stopping) {
          work.awaitUninterruptibly();
        }
        next = full.peek();
        needReady = isReadyDue() && !stopping;
        if (stopping && next == null) {
          return;
        }
      } finally {
        lock.unlock();
      }
      if (needReady) {
        makeReady();
      }
      if (next != null && !seal(next)) {
        return;
      }
    }
  }

  private boolean isReadyDue() {
    return ready == null && (!readyFailed || tryReady);
  }

  private void makeReady() {
    Segment made = null;
    try {
      made = create(false, false);
    } catch (StoreException _) {
      // The leader meets the same and tells the writers.
    }
    lock.lock();
    try {
      ready = made;
      readyFailed = made == null;
      tryReady = false;
      sealed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private boolean seal(Segment segment) {
    boolean done = false;
    try {
      syncFile(segment); // the footer says that all batches are on stable storage
      writeFooter(segment);
      // A checkpoint that says it is sealed vouches for the footer, after a loss of power as well.
      syncFile(segment);
      segment.state = Segment.State.SEALED;
      done = true;
    } catch (StoreException e) {
      health.markSuspect(e);
    } catch (RuntimeException e) {
      health.markSuspect(new StoreException.Io("cannot seal " + segment.name, e));
    }
    lock.lock();
    try {
      full.remove(segment);
      sealed.signalAll();
    } finally {
      lock.unlock();
    }
    return done;
  }

  private void writeFooter(Segment segment) {
    int groupBytes = segment.groups.position();
    var footer = ByteBuffer.allocateDirect(groupBytes + FooterFormat.END_BYTES);
    footer.put(0, segment.groups, 0, groupBytes);
    int end = groupBytes;
    footer.putLong(end + FooterFormat.MAGIC_AT, FooterFormat.MAGIC);
    footer.putLong(end + FooterFormat.SERIAL, segment.serial);
    footer.putLong(end + FooterFormat.INCARNATION, incarnation);
    footer.putLong(end + FooterFormat.FIRST_SEQ, segment.firstSeq);
    footer.putLong(end + FooterFormat.LAST_SEQ, segment.lastSeq);
    footer.putLong(end + FooterFormat.DURABLE, durableSeq);
    footer.putInt(end + FooterFormat.GROUPS_BYTES, groupBytes);
    footer.putInt(end + FooterFormat.DATA_END, segment.dataEnd);
    footer.putInt(end + FooterFormat.BLOCKS, segment.totalBlocks);
    footer.putInt(end + FooterFormat.CRC, checksum.of(footer, 0, end + FooterFormat.CRC));
    int bytes = footer.limit();
    try {
      segment.write(segment.dataEnd, footer);
      segments.grew(segment, bytes);
    } catch (StoreException.Full _) {
      // A segment does without a footer.
    }
    segment.cut(segment.fileBytes); // a footer is what a file ends with
    segment.groups = ByteBuffer.allocate(0);
  }
}

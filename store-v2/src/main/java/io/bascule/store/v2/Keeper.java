package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The thread that does what a pool needs now and then: giving space back, cleaning, checkpoints.
 *
 * <p>Cleaning is paced: it moves no more than hosts write, and a little when they write nothing,
 * unless room runs out; then writers wait for it.
 */
final class Keeper {
  private static final System.Logger LOG = System.getLogger(Keeper.class.getName());

  /** How often it looks; short enough to keep the log within its bound. */
  private static final long TURN_MILLIS = 100;

  /** What cleaning may move in a turn without host writes. */
  private static final long IDLE_MOVE_BYTES = 2 << 20;

  /** What it moves at once when room runs out, before it looks again. */
  private static final long LOW_MOVE_BYTES = 64 << 20;

  /** Segments that hold nothing and wait for a checkpoint to remove them. */
  private static final int EMPTIED_MAX = 8;

  /** How long a writer waits for room: less than hosts wait for a write. */
  private static final long ROOM_WAIT_MILLIS = 5_000;

  private final VolumePool pool;
  private final Cleaner cleaner;
  private final Scrubber scrubber;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Condition turned = lock.newCondition();
  private long turns;

  /** After this batch a writer found it hopeless; until another, nobody waits for that again. */
  private long givenUpSeq = -1;

  private volatile boolean stopping;
  private boolean woken;
  private @Nullable Thread thread;
  private long lastCheckpointNanos = System.nanoTime();
  private boolean failed;
  private long lastWritten;
  private int emptied;
  private long moved;

  /** The last turn made no room. */
  private volatile boolean hopeless;

  Keeper(VolumePool pool) {
    this.pool = pool;
    this.cleaner = new Cleaner(pool);
    this.scrubber = new Scrubber(pool);
  }

  void start() {
    thread = Thread.ofPlatform().name("bascule-v2-keep").daemon().start(this::loop);
  }

  void wake() {
    lock.lock();
    try {
      woken = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void stop() {
    lock.lock();
    try {
      stopping = true;
      changed.signalAll();
      turned.signalAll();
    } finally {
      lock.unlock();
    }
    var running = thread;
    if (running != null) {
      Threads.join(running);
    }
  }

  private void loop() {
    while (awaitTurn()) {
      try {
        turn();
      } catch (StoreException e) {
        tell(e);
        hopeless = true;
      } catch (RuntimeException e) {
        pool.broken(e);
        return;
      } finally {
        signalTurn();
      }
    }
  }

  private void tell(StoreException what) {
    if (!failed) { // the same cause comes every turn
      LOG.log(System.Logger.Level.ERROR, "the pool is not kept in order", what);
    }
    failed = true;
  }

  private boolean awaitTurn() {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(TURN_MILLIS);
      while (!stopping && !woken && left > 0) {
        left = awaitNanos(changed, left);
      }
      woken = false;
      return !stopping;
    } finally {
      lock.unlock();
    }
  }

  private static long awaitNanos(Condition condition, long nanos) {
    try {
      return condition.awaitNanos(nanos);
    } catch (InterruptedException e) {
      return 0; // nobody has reason to; the interrupt is dropped for the sake of the files
    }
  }

  /** One look at what is to be done. */
  void turn() {
    if (pool.isSuspect()) {
      return;
    }
    long movedBefore = cleaner.movedBytes();
    boolean tidied = tidy();
    int removed = 0;
    if (isCheckpointDue()) {
      removed = pool.checkpointer().run();
      lastCheckpointNanos = System.nanoTime();
      emptied = 0;
      moved = 0;
    }
    pool.spaceLeft().update();
    pool.retryRoom();
    hopeless = removed == 0 && cleaner.movedBytes() == movedBefore;
    failed = !tidied;
  }

  /**
   * Gives space back, cleans and scrubs. What is wrong there keeps no checkpoint from being made:
   * that bounds the log, and is what gives back the room of empty segments.
   */
  private boolean tidy() {
    try {
      while (!stopping && pool.reap()) {
        // bit by bit, so that writers come between
      }
      cleanSome();
      var settings = pool.settings();
      if (settings.scrubBytesPerSecond() > 0) {
        boolean _ = scrubber.step(settings.scrubBytesPerSecond() * TURN_MILLIS / 1000);
      }
      return true;
    } catch (StoreException e) {
      tell(e);
      return false;
    }
  }

  Scrubber scrubber() {
    return scrubber;
  }

  private void cleanSome() {
    var space = pool.spaceLeft();
    long written = pool.log().committedBytes();
    if (cleaner.isDue()) {
      // What is moved takes room until a checkpoint removes where it was.
      long most = Math.max(pool.segments().segmentBytes(), space.freeBytes() / 4);
      long budget = space.isLow() ? LOW_MOVE_BYTES : written - lastWritten + IDLE_MOVE_BYTES;
      long movedBefore = cleaner.movedBytes();
      emptied += cleaner.clean(Math.min(budget, most));
      moved += cleaner.movedBytes() - movedBefore;
    }
    lastWritten = pool.log().committedBytes();
  }

  private boolean isCheckpointDue() {
    var settings = pool.settings();
    long ageMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastCheckpointNanos);
    long logBytes = pool.checkpointer().logBytes();
    return logBytes >= settings.checkpointBytes()
        || pool.checkpointer().logRecords() >= settings.checkpointRecords()
        || ((logBytes > 0 || pool.checkpointer().isMendingDue())
            && ageMillis >= settings.checkpointMillis())
        || emptied >= EMPTIED_MAX
        || moved > pool.spaceLeft().freeBytes() / 4
        || (logBytes > 0 && pool.spaceLeft().isLow());
  }

  /** Cleans by hand. */
  synchronized int clean(long budgetBytes) {
    return cleaner.clean(budgetBytes);
  }

  boolean isHopeless() {
    return hopeless;
  }

  /** Waits until there is room again, or two turns one after the other made none, or for long. */
  void awaitRoom() {
    long left = TimeUnit.MILLISECONDS.toNanos(ROOM_WAIT_MILLIS);
    lock.lock();
    try {
      long from = turns;
      while (pool.isOut()
          && !stopping
          && left > 0
          && !(hopeless && turns > from + 1)
          && !(hopeless && givenUpSeq == pool.log().committedSeq())) {
        woken = true;
        changed.signalAll();
        left = awaitNanos(turned, left);
      }
      givenUpSeq = hopeless && pool.isOut() ? pool.log().committedSeq() : -1;
    } finally {
      lock.unlock();
    }
  }

  private void signalTurn() {
    lock.lock();
    try {
      turns++;
      turned.signalAll();
    } finally {
      lock.unlock();
    }
  }
}

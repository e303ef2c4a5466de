package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The thread that does what a pool needs now and then: checkpoints, giving space back. */
final class Keeper {
  private static final System.Logger LOG = System.getLogger(Keeper.class.getName());

  /** How often it looks; short enough to keep the log within its bound. */
  private static final long TURN_MILLIS = 100;

  private final VolumePool pool;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean stopping;
  private boolean woken;
  private @Nullable Thread thread;
  private long lastCheckpointNanos = System.nanoTime();
  private boolean failed;

  Keeper(VolumePool pool) {
    this.pool = pool;
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
        failed = false;
      } catch (StoreException e) {
        if (!failed) { // the same cause comes every turn
          LOG.log(System.Logger.Level.ERROR, "no checkpoint", e);
        }
        failed = true;
      }
    }
  }

  private boolean awaitTurn() {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(TURN_MILLIS);
      while (!stopping && !woken && left > 0) {
        left = awaitNanos(left);
      }
      woken = false;
      return !stopping;
    } finally {
      lock.unlock();
    }
  }

  private long awaitNanos(long nanos) {
    try {
      return changed.awaitNanos(nanos);
    } catch (InterruptedException e) {
      return 0; // nobody has reason to; the interrupt is dropped for the sake of the files
    }
  }

  /** One look at what is to be done. */
  void turn() {
    if (pool.isSuspect()) {
      return;
    }
    while (pool.reap()) {
      // bit by bit, so that writers come between
    }
    var settings = pool.settings();
    var checkpointer = pool.checkpointer();
    long ageMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastCheckpointNanos);
    long logBytes = checkpointer.logBytes();
    if (logBytes >= settings.checkpointBytes()
        || (logBytes > 0 && ageMillis >= settings.checkpointMillis())) {
      checkpointer.run();
      lastCheckpointNanos = System.nanoTime();
    }
  }
}

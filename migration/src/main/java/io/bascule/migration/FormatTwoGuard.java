package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Loss;
import io.bascule.core.volume.StoreException;
import java.lang.System.Logger.Level;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The wall between hosts and format 2 (I6): everything that format 2 or its marks do for a host's
 * operation is done by a thread of this guard, and waited for at most {@link #STALL_MILLIS}. The
 * first failure, of whatever kind, loses format 2: mirroring stops at once, and from then on every
 * call answers at once that it is lost.
 *
 * <p>One guard per pool: a new pool gets a new one. Any thread.
 */
final class FormatTwoGuard implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(FormatTwoGuard.class.getName());

  /** A host must not wait longer than this because of format 2. */
  static final long STALL_MILLIS = 1_000;

  /** Beyond this a disk is not slow but stuck. */
  private static final long LONG_MILLIS = 120_000;

  /**
   * Each thread that serves hosts or copies has one call here at a time, and waits for it; there
   * are some hundred such threads at most.
   */
  private static final int QUEUE = 1024;

  /** As many calls as may usefully be in the kernel at once for one pool of files. */
  private static final int THREADS = 16;

  private static final int MARKERS = 2;

  /** Waiting is counted in looks of this length. */
  private static final long LOOK_MILLIS = 50;

  private static final long IDLE_SECONDS = 10;

  /**
   * How long a write waits for the loss to be recorded where it could not leave a mark. Recording
   * is one transaction of the state store, without which this controller stops itself.
   */
  private static final long RECORD_SECONDS = 30;

  private final ModeSwitch modes;
  private final Consumer<Loss> onLoss;
  private final long stallMillis;
  private final ThreadPoolExecutor threads;

  /** Marks have threads of their own: calls that are stuck in format 2 must not keep them. */
  private final ThreadPoolExecutor markers;

  private final AtomicReference<@Nullable Loss> loss = new AtomicReference<>();
  private volatile boolean recorded;

  private final AtomicLong endedCalls = new AtomicLong();

  /** Opened when the loss is on record, or never will be in this process. */
  private final CountDownLatch settled = new CountDownLatch(1);

  /**
   * @param onLoss told once, by the thread that met the failure; must not wait
   */
  FormatTwoGuard(ModeSwitch modes, Consumer<Loss> onLoss, long stallMillis) {
    this.modes = modes;
    this.onLoss = onLoss;
    this.stallMillis = stallMillis;
    this.threads = pool("format-2-", THREADS);
    this.markers = pool("marks-", MARKERS);
  }

  private static ThreadPoolExecutor pool(String name, int size) {
    var number = new AtomicInteger();
    var pool =
        new ThreadPoolExecutor(
            size,
            size,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUE),
            task ->
                Thread.ofPlatform().name(name + number.incrementAndGet()).daemon().unstarted(task));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  boolean isLost() {
    return loss.get() != null;
  }

  @Nullable Loss loss() {
    return loss.get();
  }

  /** Gives format 2 up because {@code doing} failed; only the first cause counts. */
  void lose(String doing, Throwable cause) {
    if (lose(Losses.of(doing, cause))) {
      LOG.log(Level.ERROR, "format 2 is given up: " + doing + " failed", cause);
    }
  }

  private void stalled(String doing) {
    var stall = Losses.stalled(doing, stallMillis);
    if (lose(stall)) {
      LOG.log(Level.ERROR, "format 2 is given up: {0}", stall.detail());
    }
  }

  /** Gives format 2 up; whether this is the first cause, which alone counts. */
  boolean lose(Loss cause) {
    if (!loss.compareAndSet(null, cause)) {
      return false;
    }
    modes.lost();
    onLoss.accept(cause);
    return true;
  }

  /** A call that may still be under way. */
  final class Pending {
    private final String doing;
    private final @Nullable Call task;
    private final long boundMillis;

    private Pending(String doing, @Nullable Call task, long boundMillis) {
      this.doing = doing;
      this.task = task;
      this.boundMillis = boundMillis;
    }

    /** Whether it was done, and well; if not, format 2 is lost. */
    boolean done() {
      return task != null && finished(task, doing, boundMillis);
    }

    /** Whether it was done well by then. If it only takes longer, nothing is lost. */
    boolean doneBy(long nanoTime) {
      if (task == null) {
        return false;
      }
      try {
        task.await(nanoTime);
        return !isLost();
      } catch (TimeoutException e) {
        return false;
      } catch (ExecutionException e) {
        lose(doing, Check.found(e.getCause(), "cause"));
        return false;
      }
    }
  }

  /**
   * Begins {@code work} beside the caller, who asks for its end before anything is acknowledged.
   */
  Pending begin(String doing, Runnable work) {
    return begin(doing, work, stallMillis);
  }

  private Pending begin(String doing, Runnable work, long boundMillis) {
    if (isLost()) {
      return new Pending(doing, null, 0);
    }
    var task = new Call(work);
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      lose(doing, e);
      return new Pending(doing, null, 0);
    }
    return new Pending(doing, task, boundMillis);
  }

  /** Does {@code work}; whether it was done, and well, in time. */
  boolean call(String doing, Runnable work) {
    return begin(doing, work).done();
  }

  /**
   * Like {@link #call}, for work that no host waits for and that may take long: making, opening,
   * syncing.
   */
  boolean callLong(String doing, Runnable work) {
    return begin(doing, work, LONG_MILLIS).done();
  }

  /** What {@code work} gives, null if format 2 is lost. Not for work that may give null itself. */
  <T> @Nullable T ask(String doing, Callable<T> work) {
    var answer = new AtomicReference<@Nullable T>();
    boolean done =
        call(
            doing,
            () -> {
              try {
                answer.set(work.call());
              } catch (RuntimeException e) {
                throw e;
              } catch (Exception e) {
                throw new IllegalStateException(doing, e);
              }
            });
    return done ? answer.get() : null;
  }

  /**
   * Does {@code work} on the marks, also when format 2 is lost: until that is on record, a later
   * process sees nothing but the marks.
   *
   * @return false if there is no mark, and none is needed, because the loss or a cancel is on
   *     record
   * @throws StoreException.Io if neither comes to pass
   */
  boolean mark(String doing, Runnable work) {
    if (recorded) {
      return false;
    }
    var task = new Call(work);
    try {
      markers.execute(task);
      awaitEnd(task, stallMillis);
      return true;
    } catch (RejectedExecutionException e) {
      lose(doing, e);
    } catch (TimeoutException e) {
      stalled(doing);
    } catch (ExecutionException e) {
      lose(doing, Check.found(e.getCause(), "cause"));
    }
    awaitLossRecorded();
    return false;
  }

  private boolean finished(Call task, String doing, long boundMillis) {
    try {
      awaitEnd(task, boundMillis);
      return !isLost();
    } catch (TimeoutException e) {
      stalled(doing);
    } catch (ExecutionException e) {
      lose(doing, Check.found(e.getCause(), "cause"));
    }
    return false;
  }

  /**
   * Waits for the end of a call. Too long is: so long since it began; or, while it waits for a
   * thread, so long since any call ended, for many calls at once are no stall. Counted in looks of
   * this thread: time in which this process did not run is nobody's stall.
   */
  private void awaitEnd(Call task, long boundMillis) throws TimeoutException, ExecutionException {
    long looksMax = Math.max(1, boundMillis / LOOK_MILLIS);
    long looks = 0;
    boolean begun = false;
    long ended = endedCalls.get();
    while (true) {
      try {
        task.await(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
        return;
      } catch (TimeoutException e) {
        looks++;
        if (!begun && (task.begun || endedCalls.get() != ended)) {
          begun = task.begun;
          ended = endedCalls.get();
          looks = 0;
        }
        if (looks >= looksMax) {
          throw e;
        }
      }
    }
  }

  /** A piece of work that knows when it began. */
  private final class Call extends FutureTask<Boolean> {
    private volatile boolean begun;

    Call(Runnable work) {
      super(work, true);
    }

    @Override
    public void run() {
      begun = true;
      super.run();
      endedCalls.incrementAndGet();
    }

    /** Not to be interrupted: the wait is bounded, and how the work ended has to be known. */
    void await(long deadlineNanos) throws TimeoutException, ExecutionException {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            Boolean _ = get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
            return;
          } catch (InterruptedException e) {
            interrupted = true;
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /**
   * The loss, or a cancel, is on record: no later process uses format 2, so nobody needs marks any
   * more. A write that waits for one goes on without.
   */
  void needNoMarks() {
    recorded = true;
    settled.countDown();
  }

  private void awaitLossRecorded() {
    boolean interrupted = false;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(RECORD_SECONDS);
    try {
      while (true) {
        try {
          boolean over = settled.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
          if (over && recorded) {
            return;
          }
          throw new StoreException.Io(
              "neither a mark nor the loss of format 2 could be recorded",
              new TimeoutException(RECORD_SECONDS + " s"));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** This process ends: writes that wait for the loss to be recorded fail. */
  void abandon() {
    settled.countDown();
  }

  /** Lets threads end that are not stuck; those that are, are daemons and end with the process. */
  @Override
  public void close() {
    threads.shutdown();
    markers.shutdown();
  }
}

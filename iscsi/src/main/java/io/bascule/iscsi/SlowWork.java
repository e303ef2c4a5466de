package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A session's work that waits for a disk: flushes, cold reads and the like go to the pool, and what
 * follows comes back through {@link Wire#post}.
 *
 * <p>Owned by whoever holds the connection's lock, but for {@link #run}, which is in the pool, and
 * {@link #awaitEnd}.
 *
 * <p>Invariants: while the pool has a task nobody else changes it but for {@code aborted}; a cold
 * read has a buffer exactly while it counts in {@code coldInFlight}; an aborted task is never
 * answered.
 */
final class SlowWork {
  /** Cold reads of one session in the pool at a time; each holds a buffer. */
  private static final int COLD_LIMIT = 8;

  static final int COLD_BYTES = 262_144;

  private static final System.Logger LOG = System.getLogger(SlowWork.class.getName());

  private final TargetCore core;
  private final Wire wire;
  private final Nexus nexus;
  private final TaskSet tasks;
  private final Answers answers;

  private final ArrayDeque<Task> waitingCold = new ArrayDeque<>();
  private int coldInFlight;
  private boolean disposed;

  /** Tasks of this session in the pool; whoever reinstates it waits until there are none. */
  private final AtomicInteger inPool = new AtomicInteger();

  SlowWork(TargetCore core, Wire wire, Nexus nexus, TaskSet tasks, Answers answers) {
    this.core = core;
    this.wire = wire;
    this.nexus = nexus;
    this.tasks = tasks;
    this.answers = answers;
  }

  /** See {@link Nexus#slow}. */
  void start(Task task, Task.Work work, Task.Step afterwards) {
    enter(task, work, afterwards);
    var unused = submit(task);
  }

  /** See {@link Nexus#slowBeside}. */
  void startBeside(Task task, Task.Work work, Task.Step afterwards) {
    enter(task, work, afterwards);
    inPool.getAndIncrement();
    Thread.ofVirtual().name("iscsi-beside").start(() -> run(task));
  }

  /** See {@link Nexus#slowTurn}. */
  void startTurn(Task task, Task.Work work, Task.Step afterwards, Task.Step full) {
    enter(task, work, afterwards);
    inPool.getAndIncrement();
    try {
      core.copyTurns.execute(task, () -> run(task));
    } catch (RejectedExecutionException e) {
      inPool.getAndDecrement();
      LOG.log(System.Logger.Level.DEBUG, "too much waits for disks", e);
      full.run(nexus, task);
    }
  }

  /** See {@link Nexus#slowRead}. */
  void startCold(Task task, Task.Work work, Task.Step afterwards) {
    enter(task, work, afterwards);
    waitingCold.addLast(task);
    startWaiting();
  }

  private void enter(Task task, Task.Work work, Task.Step afterwards) {
    tasks.await(task, Task.State.SLOW);
    task.work = work;
    task.afterwards = afterwards;
  }

  /** Whether the task waited for a place in the pool; it waits no more. */
  boolean withdraw(Task task) {
    return waitingCold.remove(task) || withdrawTurn(task);
  }

  private boolean withdrawTurn(Task task) {
    boolean waited = task.copy != null && core.copyTurns.withdraw(task);
    if (waited) {
      inPool.getAndDecrement();
    }
    return waited;
  }

  /**
   * Ends a copy of which another unit's task set has the command: that one is answered, after its
   * turn if it has one.
   *
   * @return whether it has one, and tells {@link Task#management} when it is over
   */
  boolean preempt(Task task, Copy copy) {
    copy.preempt();
    if (!withdrawTurn(task)) {
      return true;
    }
    Objects.requireNonNull(task.afterwards).run(nexus, task);
    return false;
  }

  /** False: the pool takes no more, and the host was told so; the task is free again. */
  private boolean submit(Task task) {
    inPool.getAndIncrement();
    try {
      core.slow.execute(() -> run(task));
      return true;
    } catch (RejectedExecutionException e) {
      inPool.getAndDecrement();
      LOG.log(System.Logger.Level.DEBUG, "too much waits for disks", e);
      answers.respond(task, Answers.TASK_SET_FULL, null);
      return false;
    }
  }

  /** In the pool. */
  private void run(Task task) {
    Sense failure = Sense.INTERNAL_FAILURE;
    try {
      failure = task.aborted ? null : Objects.requireNonNull(task.work).run(task);
    } catch (StoreException e) {
      failure = Nexus.storeFailure(e, !task.isRead);
    } finally {
      // Also when something unexpected goes up to the thread's handler: the host gets an answer.
      Sense outcome = failure;
      inPool.getAndDecrement();
      wire.post(() -> done(task, outcome));
    }
  }

  private void done(Task task, @Nullable Sense failure) {
    if (disposed) {
      return;
    }
    ByteBuffer buffer = task.slowBuffer;
    if (buffer != null && (task.aborted || failure != null)) {
      task.slowBuffer = null;
      coldDone(buffer);
    }
    TaskManagement.Pending management = task.management;
    task.management = null;
    if (task.aborted) {
      tasks.drop(task);
    } else if (failure != null) {
      answers.respond(task, Answers.CHECK_CONDITION, failure);
    } else {
      Objects.requireNonNull(task.afterwards).run(nexus, task);
    }
    if (management != null) {
      management.taskEnded();
    }
    answers.publishCounts();
  }

  /**
   * Starts what waits and finds a place and a buffer. What finds no buffer waits for one of this
   * session's own, or is told to come again if there is none.
   */
  private void startWaiting() {
    while (coldInFlight < COLD_LIMIT && !waitingCold.isEmpty()) {
      ByteBuffer buffer = core.coldBuffers.take();
      if (buffer == null && coldInFlight > 0) {
        return;
      }
      Task task = waitingCold.removeFirst();
      if (buffer == null) {
        answers.respond(task, Answers.TASK_SET_FULL, null);
        continue;
      }
      task.slowBuffer = buffer;
      coldInFlight++;
      if (!submit(task)) {
        coldInFlight--;
        core.coldBuffers.give(buffer);
      }
    }
  }

  /** A cold read's buffer is free again: the next waiting read may have it. */
  void coldDone(ByteBuffer buffer) {
    core.coldBuffers.give(buffer);
    coldInFlight--;
    startWaiting();
  }

  /**
   * The connection is gone: what comes back from the pool is not looked at any more, and what waits
   * for a turn there waits no more.
   */
  void dispose() {
    disposed = true;
    for (int i = 0; i < tasks.size(); i++) {
      boolean unused = withdrawTurn(tasks.get(i));
    }
  }

  /** Whether the pool has something of this session. From any thread. */
  boolean isBusy() {
    return inPool.get() > 0;
  }

  /** Waits until the pool has nothing of this session, at most until then. From any thread. */
  boolean awaitEnd(long deadlineNanos) throws InterruptedException {
    while (inPool.get() > 0) {
      if (System.nanoTime() - deadlineNanos > 0) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
    return true;
  }
}

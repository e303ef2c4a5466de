package io.bascule.iscsi;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Gives the copies of all sessions their turns in the pool: a few at a time, each in a lane of its
 * own; the others wait here, and who came first is first. So however many copies there are, the
 * pool has threads and places for what waits for disks otherwise. Safe for use by many threads.
 *
 * <p>Invariant: while something waits, a lane is in the pool, which takes it.
 */
final class CopyTurns {
  private record Turn(Task task, Runnable run) {}

  private final Executor pool;
  private final int mostLanes;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Turn> waiting = new ArrayDeque<>();
  private int lanes;

  CopyTurns(Executor pool, int mostLanes) {
    this.pool = pool;
    this.mostLanes = mostLanes;
  }

  /**
   * The task's next turn.
   *
   * @throws RejectedExecutionException if the pool takes no more, and has no lane for it either
   */
  void execute(Task task, Runnable run) {
    lock.lock();
    try {
      waiting.addLast(new Turn(task, run));
      if (lanes < mostLanes) {
        openLane();
      }
    } finally {
      lock.unlock();
    }
  }

  private void openLane() {
    try {
      pool.execute(this::lane);
      lanes++;
    } catch (RejectedExecutionException e) {
      if (lanes == 0) {
        waiting.removeLast();
        throw e;
      }
    }
  }

  /** Whether the task waited for its turn; it waits no more. */
  boolean withdraw(Task task) {
    lock.lock();
    try {
      return waiting.removeIf(turn -> turn.task == task);
    } finally {
      lock.unlock();
    }
  }

  /** In the pool. */
  private void lane() {
    boolean left = false;
    while (!left) {
      Turn turn = next();
      if (turn == null) {
        return;
      }
      try {
        turn.run.run();
      } finally {
        left = stepBack();
      }
    }
  }

  /** Null if nothing waits; then the lane is closed. */
  private @Nullable Turn next() {
    lock.lock();
    try {
      Turn turn = waiting.pollFirst();
      if (turn == null) {
        lanes--;
      }
      return turn;
    } finally {
      lock.unlock();
    }
  }

  /**
   * After each turn the lane goes behind what others have put into the pool meanwhile, or is closed
   * if nothing waits. False: the pool takes no more, so it goes on where it is.
   */
  private boolean stepBack() {
    lock.lock();
    try {
      if (waiting.isEmpty()) {
        lanes--;
      } else {
        pool.execute(this::lane);
      }
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }
}

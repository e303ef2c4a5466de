package io.bascule.iscsi;

import io.bascule.core.Check;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a session that are not answered yet, and used {@link Task}s for the next ones.
 *
 * <p>Owned by whoever holds the connection's lock.
 *
 * <p>Invariants: a task is active exactly while it waits for data or for the pool; from {@link
 * #begin} to {@link #finish} it has a place in the command window; after {@link #release} it has no
 * memory of the target's.
 */
final class TaskSet {
  private final CommandWindow window;

  /** What commands of all sessions may keep of their data. */
  private final Semaphore memory;

  private final Task[] active = new Task[CommandWindow.SIZE + CommandWindow.IMMEDIATE_LIMIT];
  private int activeCount;
  private final ArrayDeque<Task> free = new ArrayDeque<>();

  TaskSet(CommandWindow window, Semaphore memory) {
    this.window = window;
    this.memory = memory;
  }

  /** A task for the SCSI command at {@code base}. */
  Task begin(ByteBuffer in, int base, long nowNanos) {
    Task task = free.pollFirst();
    if (task == null) {
      task = new Task();
    }
    task.begin(in, base, nowNanos);
    window.take(task.immediate);
    return task;
  }

  /** The task waits from now on. */
  void await(Task task, Task.State state) {
    if (task.state == Task.State.STARTING) {
      active[activeCount++] = task;
    }
    task.state = state;
  }

  /** Takes the task out of the books, before its answer tells the new window. */
  void finish(Task task) {
    if (task.state != Task.State.STARTING) {
      remove(task);
    }
    window.giveBack(task.immediate);
  }

  private void remove(Task task) {
    for (int i = 0; i < activeCount; i++) {
      if (active[i] == task) {
        active[i] = active[--activeCount];
        return;
      }
    }
    Check.that(false, "a task that waits is not in the list");
  }

  /** Nobody holds the finished task any more: another command may have it. */
  void release(Task task) {
    freeMemory(task);
    task.clear();
    free.addFirst(task);
  }

  /** Drops a task that is never to be answered. */
  void drop(Task task) {
    remove(task);
    window.giveBack(task.immediate);
    release(task);
  }

  /** The connection is gone: what is in the pool ends there, and nothing is answered. */
  void abandon() {
    for (int i = 0; i < activeCount; i++) {
      active[i].aborted = true;
      freeMemory(active[i]);
    }
  }

  /** Takes part of the memory that all sessions share, until the task ends. */
  boolean reserveMemory(Task task, int bytes) {
    if (!memory.tryAcquire(bytes)) {
      return false;
    }
    task.reservedBytes += bytes;
    return true;
  }

  private void freeMemory(Task task) {
    memory.release(task.reservedBytes);
    task.reservedBytes = 0;
  }

  @Nullable Task find(int itt) {
    for (int i = 0; i < activeCount; i++) {
      if (active[i].itt == itt) {
        return active[i];
      }
    }
    return null;
  }

  int size() {
    return activeCount;
  }

  /** One of {@link #size}. Dropping it moves none that has a smaller index. */
  Task get(int index) {
    return active[index];
  }

  boolean hasSlowWork() {
    for (int i = 0; i < activeCount; i++) {
      if (active[i].state == Task.State.SLOW) {
        return true;
      }
    }
    return false;
  }
}

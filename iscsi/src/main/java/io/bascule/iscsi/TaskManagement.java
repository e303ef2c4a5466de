package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Task management functions (RFC 7143, 11.5; SAM-5, 7): what a host aborts of its own, and what
 * that does to others.
 *
 * <p>Owned by whoever holds the connection's lock, but for {@link #byAnother}, which other sessions
 * call.
 *
 * <p>Invariants: a function is answered when every task it aborted has left the pool; no task is
 * aborted for what was done to another unit than its own; a unit attention is raised on a nexus
 * before its tasks go.
 */
final class TaskManagement {
  private static final int ABORT_TASK = 1;
  private static final int ABORT_TASK_SET = 2;
  private static final int CLEAR_TASK_SET = 4;
  private static final int LOGICAL_UNIT_RESET = 5;
  private static final int TARGET_WARM_RESET = 6;

  private static final int COMPLETE = 0;
  private static final int NO_SUCH_TASK = 1;
  private static final int NO_SUCH_LUN = 2;
  private static final int NOT_SUPPORTED = 5;

  /** Something that waits for aborted tasks to leave the pool. */
  static final class Pending {
    private final Runnable whenDone;
    private int waitingFor;

    private Pending(Runnable whenDone) {
      this.whenDone = whenDone;
    }

    /** One of its tasks has left the pool. */
    void taskEnded() {
      waitingFor--;
      goOnIfDone();
    }

    private void goOnIfDone() {
      if (waitingFor == 0) {
        whenDone.run();
      }
    }
  }

  private final TargetCore core;
  private final Wire wire;
  private final HostView view;
  private final PduWriter writer;
  private final CommandWindow window;
  private final TaskSet tasks;
  private final SlowWork slow;

  TaskManagement(
      TargetCore core,
      Wire wire,
      HostView view,
      PduWriter writer,
      CommandWindow window,
      TaskSet tasks,
      SlowWork slow) {
    this.core = core;
    this.wire = wire;
    this.view = view;
    this.writer = writer;
    this.window = window;
    this.tasks = tasks;
    this.slow = slow;
  }

  /** A Task Management Function Request. */
  void request(ByteBuffer in, int base) {
    int itt = in.getInt(base + Pdu.ITT);
    int lun = Pdu.lun(in, base);
    int function = Pdu.flags(in, base) & 0x7F;
    Pending pending = new Pending(() -> respond(itt, COMPLETE));
    switch (function) {
      case ABORT_TASK -> {
        Task task = tasks.find(in.getInt(base + 20));
        if (task == null || task.lun != lun) {
          respond(itt, view.sees(lun) ? NO_SUCH_TASK : NO_SUCH_LUN);
          return;
        }
        abort(task, pending);
      }
      case ABORT_TASK_SET, CLEAR_TASK_SET, LOGICAL_UNIT_RESET -> {
        if (!view.sees(lun)) {
          respond(itt, NO_SUCH_LUN);
          return;
        }
        IntPredicate unit = each -> each == lun;
        abortAll(unit, pending);
        if (function == CLEAR_TASK_SET) {
          tellOthers(unit, UnitAttentions.Kind.COMMANDS_CLEARED);
        } else if (function == LOGICAL_UNIT_RESET) {
          view.resetModes(unit);
          releaseUnits(unit);
          tellOthers(unit, UnitAttentions.Kind.DEVICE_RESET);
        }
      }
      case TARGET_WARM_RESET -> { // of what this host may see, and no more
        IntPredicate units = view.units();
        abortAll(each -> true, pending);
        view.resetModes(units);
        releaseUnits(units);
        tellOthers(units, UnitAttentions.Kind.DEVICE_RESET);
      }
      default -> { // also a cold reset, which would end the sessions of others
        respond(itt, NOT_SUPPORTED);
        return;
      }
    }
    pending.goOnIfDone();
  }

  private void abortAll(IntPredicate luns, @Nullable Pending pending) {
    abortIf(task -> luns.test(task.lun), pending);
  }

  private void abortIf(Predicate<Task> condition, @Nullable Pending pending) {
    for (int i = tasks.size() - 1; i >= 0; i--) {
      Task task = tasks.get(i);
      if (condition.test(task)) {
        abort(task, pending);
      }
    }
  }

  private void abort(Task task, @Nullable Pending pending) {
    if (task.aborted) {
      return;
    }
    if (task.state == Task.State.SLOW && !slow.withdraw(task)) {
      task.aborted = true;
      if (pending != null) {
        await(task, pending);
      }
    } else {
      tasks.drop(task);
    }
  }

  /** A reset ends what RESERVE (6) holds; persistent reservations stay. */
  private void releaseUnits(IntPredicate luns) {
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      LogicalUnit unit = view.unit(lun);
      if (unit != null && luns.test(lun)) {
        unit.guard.reset();
      }
    }
  }

  /** Aborts what other nexuses have at these units and lets them know why. */
  private void tellOthers(IntPredicate luns, UnitAttentions.Kind kind) {
    for (Session other : core.sessions()) {
      if (other.taskManagement() != this) {
        other.taskManagement().byAnother(luns, kind);
      }
    }
    if (kind == UnitAttentions.Kind.DEVICE_RESET) {
      view.raise(luns, kind); // of a reset every nexus learns, also the one that asked for it
    }
  }

  /** Another nexus did something to these units. From any thread. */
  private void byAnother(IntPredicate luns, UnitAttentions.Kind kind) {
    view.raise(luns, kind);
    wire.post(() -> abortAll(lun -> lun >= 0 && lun <= Lun.MAX && luns.test(lun), null));
  }

  /**
   * Aborts what this nexus has begun at that volume, unless it is {@code own}, and calls {@code
   * ended} when the pool has nothing more of that. From any thread. If the session ends first
   * nothing is called: see {@link Session#isOver}.
   */
  void abort(UUID volume, Task own, Runnable ended) {
    wire.post(() -> {
      Pending pending = new Pending(ended);
      abortIf(task -> task != own && task.isFor(volume), pending);
      preemptCopies(volume, pending);
      pending.goOnIfDone();
    });
  }

  /** Of copies that are for other units, and from or to this one at the moment. */
  private void preemptCopies(UUID volume, Pending pending) {
    for (int i = tasks.size() - 1; i >= 0; i--) {
      Task task = tasks.get(i);
      Copy copy = task.copy;
      if (copy != null
          && !task.aborted
          && task.state == Task.State.SLOW
          && copy.isAt(volume)
          && slow.preempt(task, copy)) {
        await(task, pending);
      }
    }
  }

  /** A copy may be preempted and aborted at once; who did it waits, each of them. */
  private static void await(Task task, Pending pending) {
    pending.waitingFor++;
    Pending before = task.management;
    if (before == null) {
      task.management = pending;
      return;
    }
    task.management =
        new Pending(() -> {
          before.taskEnded();
          pending.taskEnded();
        });
    task.management.waitingFor = 1;
  }

  private void respond(int itt, int response) {
    ByteBuffer out = writer.begin(Pdu.TASK_MANAGEMENT_RESPONSE, Pdu.FINAL, 0);
    int at = writer.start();
    out.put(at + 2, (byte) response);
    out.putInt(at + Pdu.ITT, itt);
    window.putStatus(out, at);
    writer.end(0);
  }
}

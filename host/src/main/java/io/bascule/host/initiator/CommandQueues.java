package io.bascule.host.initiator;

import io.bascule.core.Check;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a session that are not answered yet.
 *
 * <p>Guarded by the session's lock; never calls a completion.
 *
 * <p>Invariants: a command is in exactly one of {@code waiting}, {@code delayed}, {@code
 * outstanding}; {@code outstanding} are those issued on the connection there is; {@link
 * #issueAgain} puts them in the order in which they were submitted.
 */
final class CommandQueues {
  /** Far above any depth a caller uses; more is a caller that doesn't wait for answers. */
  private static final int MAX_COMMANDS = 4096;

  private final ArrayDeque<Task> waiting = new ArrayDeque<>();
  private final List<Task> delayed = new ArrayList<>();
  private final Map<Integer, Task> outstanding = new HashMap<>();
  private long nextOrder;
  private int nextTag;

  void add(ScsiCommand command, Completion completion, long deadlineNanos) {
    int commands = waiting.size() + delayed.size() + outstanding.size();
    Check.that(commands < MAX_COMMANDS, "%d commands unanswered", commands);
    waiting.add(new Task(command, completion, nextOrder++, deadlineNanos));
  }

  /** Initiator task tags, also of PDUs that are no command. */
  int newTag() {
    int tag = nextTag++;
    if (tag == Pdu.NO_TAG) {
      tag = nextTag++;
    }
    return tag;
  }

  /** The next command to be issued, if there is one: {@link #issued} must follow. */
  @Nullable Task nextWaiting() {
    return waiting.pollFirst();
  }

  void issued(Task task) {
    outstanding.put(task.tag, task);
  }

  /** The command that a PDU of the target is about. */
  Task of(Pdu pdu) throws ProtocolException {
    Task task = outstanding.get(pdu.initiatorTag());
    if (task == null) {
      throw new ProtocolException(
          String.format("opcode %02x for unknown task %d", pdu.opcode(), pdu.initiatorTag()));
    }
    return task;
  }

  void answered(Task task) {
    outstanding.remove(task.tag);
  }

  int outstandingCount() {
    return outstanding.size();
  }

  /** The answered command is issued once more, not before that time. */
  void delay(Task task, long notBeforeNanos) {
    task.notBeforeNanos = notBeforeNanos;
    delayed.add(task);
  }

  boolean hasDelayed() {
    return !delayed.isEmpty();
  }

  /** Delayed commands whose time has come go back to the queue's head. */
  void wake(long now) {
    for (Iterator<Task> tasks = delayed.iterator(); tasks.hasNext(); ) {
      Task task = tasks.next();
      if (task.notBeforeNanos - now <= 0) {
        tasks.remove();
        waiting.addFirst(task);
      }
    }
  }

  /** The connection is lost: every unanswered command goes back to the queue, in its order. */
  void issueAgain() {
    List<Task> again = removeAll();
    again.sort(Comparator.comparingLong(task -> task.order));
    waiting.addAll(again);
  }

  List<Task> removeAll() {
    List<Task> all = new ArrayList<>(outstanding.values());
    all.addAll(delayed);
    all.addAll(waiting);
    outstanding.clear();
    delayed.clear();
    waiting.clear();
    return all;
  }

  /**
   * Takes out the commands whose deadline has passed.
   *
   * @return whether an outstanding one is among them, or was issued more than {@code answerNanos}
   *     ago: its connection must not carry an answer, or take its data, any more
   */
  boolean expire(long now, long answerNanos, List<Task> expired) {
    boolean stuck = expire(outstanding.values().iterator(), now, expired);
    for (Task task : outstanding.values()) {
      stuck |= now - task.sentNanos > answerNanos;
    }
    expire(waiting.iterator(), now, expired);
    expire(delayed.iterator(), now, expired);
    return stuck;
  }

  private static boolean expire(Iterator<Task> tasks, long now, List<Task> expired) {
    boolean any = false;
    while (tasks.hasNext()) {
      Task task = tasks.next();
      if (task.deadlineNanos - now <= 0) {
        tasks.remove();
        expired.add(task);
        any = true;
      }
    }
    return any;
  }
}

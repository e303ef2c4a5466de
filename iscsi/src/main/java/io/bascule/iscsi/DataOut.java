package io.bascule.iscsi;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Data from the host (RFC 7143, 4.2.5): immediate and unsolicited data, then what R2Ts ask for,
 * handed to the command as it arrives.
 *
 * <p>Owned by whoever holds the connection's lock.
 *
 * <p>Invariants: a command gets its data in order and never beyond what it wants; a task with a
 * {@code failure} gets none any more, and fails when its sequence is complete; of a task one R2T is
 * outstanding at a time.
 */
final class DataOut {
  private static final int DESIRED_LENGTH = 44;

  private final Nexus nexus;
  private final PduWriter writer;
  private final CommandWindow window;
  private final TaskSet tasks;
  private final SessionParameters parameters;

  DataOut(
      Nexus nexus,
      PduWriter writer,
      CommandWindow window,
      TaskSet tasks,
      SessionParameters parameters) {
    this.nexus = nexus;
    this.writer = writer;
    this.window = window;
    this.tasks = tasks;
    this.parameters = parameters;
  }

  /** See {@link Nexus#expect}. */
  void expect(Task task, int bytes, Task.Sink sink, Task.Step finish) {
    task.transferBytes = bytes;
    task.limitBytes = task.writeFlag ? Math.min(bytes, task.edtl) : 0;
    task.sink = sink;
    task.finish = finish;
  }

  /** The command PDU is in {@code in}: takes immediate data, awaits or asks for the rest. */
  void begin(Task task, ByteBuffer in) {
    if (task.sink == null) {
      Check.that(false, "a command was neither answered nor does it wait: %s", task.cdb[0]);
    }
    int immediateBytes = in.remaining();
    int unsolicited = unsolicitedBytes(task);
    if (immediateBytes > 0 && (!parameters.immediateData || immediateBytes > unsolicited)
        || task.dataPending && parameters.initialR2T) {
      nexus.fail(task, Sense.UNEXPECTED_UNSOLICITED_DATA);
      return;
    }
    take(task, in);
    if (task.dataPending) {
      task.burstEnd = unsolicited;
      tasks.await(task, Task.State.RECEIVING);
    } else {
      burstDone(task);
    }
  }

  /** The task has failed, but the host still sends: the answer waits until it is through. */
  void drain(Task task, Sense failure) {
    task.failure = failure;
    task.limitBytes = 0;
    task.burstEnd = unsolicitedBytes(task);
    tasks.await(task, Task.State.RECEIVING);
  }

  private int unsolicitedBytes(Task task) {
    return Math.min(parameters.firstBurstBytes, task.edtl);
  }

  /** A Data-Out PDU. False: nobody asked for it, which is a protocol error. */
  boolean segment(ByteBuffer in, int base) {
    Task task = tasks.find(in.getInt(base + Pdu.ITT));
    if (task == null) {
      return true; // of a task that was answered or aborted before its data had all come
    }
    if (task.state != Task.State.RECEIVING || in.getInt(base + Pdu.TTT) != task.ttt) {
      return false;
    }
    if (task.failure == null) {
      if (in.getInt(base + Pdu.DATA_SN) != task.nextDataSn++
          || in.getInt(base + Pdu.BUFFER_OFFSET) != task.receivedBytes
          || in.remaining() > task.burstEnd - task.receivedBytes) {
        task.failure = Sense.DATA_PHASE_ERROR;
      } else {
        take(task, in);
      }
    }
    if ((Pdu.flags(in, base) & Pdu.FINAL) != 0) {
      if (task.failure == null && task.ttt != Pdu.NO_TAG && task.receivedBytes < task.burstEnd) {
        task.failure = Sense.NOT_ENOUGH_UNSOLICITED_DATA;
      }
      burstDone(task);
    }
    return true;
  }

  /** Hands a segment to the command; what goes beyond its length is dropped. */
  private void take(Task task, ByteBuffer in) {
    int bytes = in.remaining();
    int wanted = Math.min(bytes, Math.max(task.limitBytes - task.receivedBytes, 0));
    task.receivedBytes += bytes;
    if (wanted == 0 || task.failure != null) {
      return;
    }
    in.limit(in.position() + wanted);
    try {
      Objects.requireNonNull(task.sink).accept(nexus, task, in);
    } catch (StoreException e) {
      task.failure = Nexus.storeFailure(e, true);
    }
  }

  /** A sequence from the host is complete. */
  private void burstDone(Task task) {
    task.dataPending = false;
    if (task.failure != null) {
      nexus.fail(task, task.failure);
    } else if (task.receivedBytes >= task.limitBytes) {
      Objects.requireNonNull(task.finish).run(nexus, task);
    } else {
      requestData(task);
    }
  }

  private void requestData(Task task) {
    int wanted = Math.min(parameters.maxBurstBytes, task.limitBytes - task.receivedBytes);
    task.burstEnd = task.receivedBytes + wanted;
    task.nextDataSn = 0;
    task.ttt = window.newTtt();
    tasks.await(task, Task.State.RECEIVING);
    ByteBuffer out = writer.begin(Pdu.R2T, Pdu.FINAL, 0);
    int at = writer.start();
    out.putLong(at + Pdu.LUN, task.lunField);
    out.putInt(at + Pdu.ITT, task.itt);
    out.putInt(at + Pdu.TTT, task.ttt);
    window.put(out, at);
    out.putInt(at + Pdu.DATA_SN, task.r2tSn++);
    out.putInt(at + Pdu.BUFFER_OFFSET, task.receivedBytes);
    out.putInt(at + DESIRED_LENGTH, wanted);
    writer.end(0);
  }
}

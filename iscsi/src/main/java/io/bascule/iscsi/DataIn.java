package io.bascule.iscsi;

import java.nio.ByteBuffer;

/**
 * Data to the host (RFC 7143, 11.7): Data-In PDUs within the host's segment length and the burst,
 * the last of them with the status.
 *
 * <p>Owned by whoever holds the connection's lock.
 *
 * <p>Invariants: the data of a task goes out in order; a burst ends with the F bit; after the last
 * PDU the task is free.
 */
final class DataIn {
  /** No read PDU is longer, whatever the initiator would take: two fit into an output buffer. */
  private static final int MAX_SEND_BYTES = 262_144;

  private static final int STATUS = 0x01;

  private final PduWriter writer;
  private final CommandWindow window;
  private final TaskSet tasks;
  private final Answers answers;
  private final int sendBytes;
  private final int burstBytes;

  DataIn(
      PduWriter writer,
      CommandWindow window,
      TaskSet tasks,
      Answers answers,
      SessionParameters parameters) {
    this.writer = writer;
    this.window = window;
    this.tasks = tasks;
    this.answers = answers;
    // Whole blocks, so that every read PDU but the last ends at one.
    sendBytes = Math.min(parameters.initiatorReceiveBytes, MAX_SEND_BYTES) & ~511;
    burstBytes = parameters.maxBurstBytes & ~511;
  }

  /** Sends what {@code data} has up to its position, cut to the CDB's allocation length. */
  void reply(Task task, ByteBuffer data, long allocationBytes) {
    int length = (int) Math.min(data.position(), allocationBytes);
    task.transferBytes = length;
    int total = task.readFlag ? Math.min(length, task.edtl) : 0;
    if (total == 0) {
      answers.respond(task, Answers.GOOD, null);
      return;
    }
    int sent = 0; // the task is free again after its last PDU
    while (sent < total) {
      int bytes = nextBytes(task, total);
      ByteBuffer out = begin(bytes);
      out.put(dataStart(), data.array(), sent, bytes);
      sent += bytes;
      end(task, out, bytes, total);
    }
  }

  /** How much the next PDU of a transfer of {@code total} bytes carries. */
  int nextBytes(Task task, int total) {
    int burstLeft = burstBytes - task.sentBytes % burstBytes;
    return Math.min(Math.min(sendBytes, burstLeft), total - task.sentBytes);
  }

  /** Starts a PDU with room for {@code bytes} at {@link #dataStart}. */
  ByteBuffer begin(int bytes) {
    return writer.begin(Pdu.DATA_IN, 0, bytes);
  }

  int dataStart() {
    return writer.dataStart();
  }

  /** Finishes a PDU whose data is in place; the last one carries the status GOOD. */
  void end(Task task, ByteBuffer out, int bytes, int total) {
    int at = writer.start();
    int offset = task.sentBytes;
    task.sentBytes += bytes;
    boolean last = task.sentBytes == total;
    boolean burstEnds = last || task.sentBytes % burstBytes == 0;
    out.putInt(at + Pdu.ITT, task.itt);
    out.putInt(at + Pdu.TTT, Pdu.NO_TAG);
    int flags = burstEnds ? Pdu.FINAL : 0;
    if (last) {
      answers.finished(task, true);
      window.putStatus(out, at);
      flags |= STATUS | Answers.putResidual(task, out, at, task.transferBytes);
    } else {
      window.putWithoutStatus(out, at);
    }
    out.putInt(at + Pdu.DATA_SN, task.dataInSn++);
    out.putInt(at + Pdu.BUFFER_OFFSET, offset);
    out.put(at + Pdu.FLAGS, (byte) flags);
    writer.end(bytes);
    if (last) {
      tasks.release(task);
    }
  }
}

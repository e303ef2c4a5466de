package io.bascule.iscsi;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Ends tasks: SCSI Responses (RFC 7143, 11.4), residuals, and what is counted of a command.
 *
 * <p>Owned by whoever holds the connection's lock.
 *
 * <p>Invariant: a task is answered once, by {@link #respond} or by the last Data-In; after that it
 * may be another command's.
 */
final class Answers {
  static final int GOOD = 0x00;
  static final int CHECK_CONDITION = 0x02;
  static final int BUSY = 0x08;
  static final int RESERVATION_CONFLICT = 0x18;
  static final int TASK_SET_FULL = 0x28;

  private static final int OVERFLOW = 0x04;
  private static final int UNDERFLOW = 0x02;
  private static final int RESIDUAL_COUNT = 44;

  private final PduWriter writer;
  private final CommandWindow window;
  private final TaskSet tasks;
  private final Counters counters;
  private final Counters.Batch counts = new Counters.Batch();

  Answers(PduWriter writer, CommandWindow window, TaskSet tasks, Counters counters) {
    this.writer = writer;
    this.window = window;
    this.tasks = tasks;
    this.counters = counters;
  }

  /** Answers with a SCSI Response; the task is free afterwards. */
  void respond(Task task, int status, @Nullable Sense sense) {
    finished(task, status == GOOD);
    ByteBuffer out = writer.begin(Pdu.SCSI_RESPONSE, 0, sense == null ? 0 : 2 + Sense.MAX_BYTES);
    int at = writer.start();
    long transferred = status == GOOD ? task.transferBytes : task.sentBytes + task.writtenBytes;
    int residual = putResidual(task, out, at, transferred);
    out.put(at + Pdu.FLAGS, (byte) (Pdu.FINAL | residual));
    out.put(at + 3, (byte) status);
    out.putInt(at + Pdu.ITT, task.itt);
    window.putStatus(out, at);
    out.putInt(at + 36, task.dataInSn + task.r2tSn);
    int data = 0;
    if (sense != null) {
      boolean descriptor = task.unit != null && task.unit.modes.descriptorSense();
      int length = sense.encode(out, writer.dataStart() + 2, descriptor, task.senseDetail);
      out.putShort(writer.dataStart(), (short) length);
      data = 2 + length;
    }
    writer.end(data);
    tasks.release(task);
  }

  /** Takes the task out of the books and counts it. */
  void finished(Task task, boolean good) {
    tasks.finish(task);
    counts.commands++;
    if (task.isRead && good) {
      counts.reads++;
      counts.readBytes += task.sentBytes;
    } else if (task.isWrite) {
      counts.writes++;
      counts.writtenBytes += task.writtenBytes;
      counts.writesAcknowledged += good ? 1 : 0;
    }
    if (good && (task.isRead || task.isWrite)) {
      long now = System.nanoTime();
      counters.latency.record(now - task.arrivedNanos, now);
    }
  }

  /** Tells how far the transfer was from what the host expected; the flags that say so. */
  static int putResidual(Task task, ByteBuffer out, int at, long transferred) {
    long over = transferred - task.edtl;
    out.putInt(at + RESIDUAL_COUNT, (int) Math.abs(over));
    return over > 0 ? OVERFLOW : over < 0 ? UNDERFLOW : 0;
  }

  /** Hands what was counted to the target. */
  void publishCounts() {
    counters.add(counts);
  }
}

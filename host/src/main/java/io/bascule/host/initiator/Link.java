package io.bascule.host.initiator;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.Condition;

/**
 * What a session has of one connection and loses with it: the numbers (RFC 7143, 4.2.2), what was
 * negotiated, PDUs that go before commands, signs of life, the logout.
 *
 * <p>Guarded by the session's lock; does no I/O. {@code work} wakes the sender.
 *
 * <p>Invariants: CmdSN stays within the target's window; after {@link #logOut} no command is issued
 * any more; at most one ping is unanswered.
 */
final class Link {
  private static final int MAX_BATCH = 64;

  /** A silent target is asked for a sign of life after 1 s, and given up 5 s later: */
  private static final long PING_AFTER_NANOS = 1_000_000_000L;

  /** longer than the 3 s after which a hung controller is replaced, shorter than any deadline. */
  private static final long PING_ANSWER_NANOS = 5_000_000_000L;

  final Connection connection;
  private final Negotiated negotiated;
  private final CommandQueues queues;
  private final long lun;
  private final Condition work;

  private final ArrayDeque<OutPdu> urgent = new ArrayDeque<>();
  private int cmdSn;
  private int expStatSn;
  private int maxCmdSn;
  private long heardNanos;
  private long pingedNanos;
  private int pingTag = Pdu.NO_TAG;
  private boolean loggingOut;

  Link(Connection.LoggedIn login, CommandQueues queues, long lun, Condition work, long now) {
    this.connection = login.connection();
    this.negotiated = login.state().negotiated();
    this.queues = queues;
    this.lun = lun;
    this.work = work;
    cmdSn = login.state().cmdSn();
    expStatSn = login.state().expStatSn();
    maxCmdSn = login.state().maxCmdSn();
    heardNanos = now;
  }

  // ---- From the target ----

  /** A PDU came: the target lives, and may have opened its window. */
  void heard(Pdu pdu, long now) {
    heardNanos = now;
    if (pdu.maxCmdSn() - maxCmdSn > 0) {
      maxCmdSn = pdu.maxCmdSn();
      work.signal();
    }
  }

  /** At error recovery level 0 a hole in StatSN cannot be mended: the connection goes. */
  void countStatus(Pdu pdu) throws ProtocolException {
    if (pdu.statSn() != expStatSn) {
      throw new ProtocolException("StatSN " + pdu.statSn() + " where " + expStatSn + " was due");
    }
    expStatSn++;
  }

  /** The target asks for data of a task. */
  void readyToTransfer(Task task, Pdu r2t) throws ProtocolException {
    sendFirst(task.dataFor(r2t, lun, negotiated));
  }

  /** The answer to our ping, or the target's own. */
  void nopIn(Pdu pdu) throws ProtocolException {
    if (pdu.initiatorTag() != Pdu.NO_TAG) {
      countStatus(pdu);
      if (pdu.initiatorTag() == pingTag) {
        pingTag = Pdu.NO_TAG;
      }
    }
    if (pdu.targetTag() != Pdu.NO_TAG) {
      ByteBuffer header = OutPdu.header(Opcode.NOP_OUT | Opcode.IMMEDIATE, 0x80);
      header.putLong(8, pdu.header().getLong(8)).putInt(16, Pdu.NO_TAG);
      header.putInt(20, pdu.targetTag()).putInt(24, cmdSn);
      sendFirst(List.of(OutPdu.of(header, pdu.dataBytes())));
    }
  }

  // ---- To the target ----

  private void sendFirst(Collection<OutPdu> pdus) {
    urgent.addAll(pdus);
    work.signal();
  }

  void logOut() {
    if (loggingOut) {
      return;
    }
    loggingOut = true;
    ByteBuffer header = OutPdu.header(Opcode.LOGOUT | Opcode.IMMEDIATE, 0x80); // close the session
    header.putInt(16, queues.newTag()).putInt(24, cmdSn);
    sendFirst(List.of(OutPdu.of(header)));
  }

  /** Asks a silent target for a sign of life. False: it was asked, and gives none. */
  boolean watch(long now) {
    if (loggingOut) {
      return true;
    }
    if (pingTag != Pdu.NO_TAG) {
      return now - pingedNanos <= PING_ANSWER_NANOS;
    }
    if (now - heardNanos > PING_AFTER_NANOS) {
      pingTag = queues.newTag();
      pingedNanos = now;
      ByteBuffer header = OutPdu.header(Opcode.NOP_OUT | Opcode.IMMEDIATE, 0x80);
      header.putLong(8, lun).putInt(16, pingTag).putInt(20, Pdu.NO_TAG).putInt(24, cmdSn);
      sendFirst(List.of(OutPdu.of(header)));
    }
    return true;
  }

  /** What is to be sent now: what is urgent, then commands as far as the window goes. */
  void collect(List<OutPdu> batch, long now) {
    while (!urgent.isEmpty() && batch.size() < MAX_BATCH) {
      batch.add(urgent.removeFirst());
    }
    while (!loggingOut && batch.size() < MAX_BATCH && maxCmdSn - cmdSn >= 0) {
      Task task = queues.nextWaiting();
      if (task == null) {
        break;
      }
      batch.addAll(task.begin(queues.newTag(), cmdSn++, lun, negotiated, now));
      queues.issued(task);
    }
    for (OutPdu pdu : batch) {
      pdu.header().putInt(28, expStatSn);
    }
  }
}

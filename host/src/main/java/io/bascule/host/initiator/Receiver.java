package io.bascule.host.initiator;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * What the PDUs of a target mean for a session: which command has ended, which will be issued once
 * more, when to log out.
 *
 * <p>Guarded by the session's lock; does no I/O and never calls a completion. An exception costs
 * the connection.
 */
final class Receiver {
  /** Before a command answered BUSY is issued again. */
  private static final long RETRY_MILLIS = 10;

  private static final int STATUS = 0x01;

  private static final System.Logger LOG = System.getLogger(Receiver.class.getName());

  private final TargetUrl url;
  private final CommandQueues queues;
  private final Tally tally;
  private final Condition work;

  Receiver(TargetUrl url, CommandQueues queues, Tally tally, Condition work) {
    this.url = url;
    this.queues = queues;
    this.tally = tally;
    this.work = work;
  }

  /** The command that this PDU ends, with its {@link Task#result}; null if it ends none. */
  @Nullable Task receive(Link link, Pdu pdu, long now) throws IOException {
    link.heard(pdu, now);
    return switch (pdu.opcode()) {
      case Opcode.DATA_IN -> dataIn(link, pdu, now);
      case Opcode.SCSI_RESPONSE -> response(link, pdu, now);
      case Opcode.R2T -> {
        link.readyToTransfer(queues.of(pdu), pdu);
        yield null;
      }
      case Opcode.NOP_IN -> {
        link.nopIn(pdu);
        yield null;
      }
      case Opcode.ASYNC_MESSAGE -> {
        async(link, pdu);
        yield null;
      }
      case Opcode.LOGOUT_RESPONSE -> throw new IOException("logged out");
      case Opcode.REJECT ->
          throw new ProtocolException(
              String.format("the target rejected a PDU, reason %02x", pdu.byteAt(2)));
      default -> throw new ProtocolException(String.format("unexpected opcode %02x", pdu.opcode()));
    };
  }

  private @Nullable Task dataIn(Link link, Pdu pdu, long now) throws ProtocolException {
    Task task = queues.of(pdu);
    task.take(pdu);
    if ((pdu.flags() & STATUS) == 0) {
      return null;
    }
    link.countStatus(pdu);
    return endOrRetry(task, new ScsiResult(pdu.byteAt(3), new byte[0], task.received()), now);
  }

  private @Nullable Task response(Link link, Pdu pdu, long now) throws ProtocolException {
    link.countStatus(pdu);
    Task task = queues.of(pdu);
    if (pdu.byteAt(2) != 0) {
      throw new ProtocolException("target failure " + pdu.byteAt(2) + " on " + task.command.name());
    }
    return endOrRetry(task, new ScsiResult(pdu.byteAt(3), Task.senseOf(pdu), task.received()), now);
  }

  /** The task if it has ended, null if it will be issued again. */
  private @Nullable Task endOrRetry(Task task, ScsiResult result, long now) {
    queues.answered(task);
    task.result = result;
    if (result.good()) {
      return task;
    }
    Sense sense = result.sense();
    boolean attention = sense != null && sense.key() == Sense.UNIT_ATTENTION;
    boolean aborted =
        result.status() == ScsiResult.TASK_ABORTED
            || (sense != null && sense.key() == Sense.ABORTED_COMMAND);
    boolean busy =
        result.status() == ScsiResult.BUSY
            || result.status() == ScsiResult.TASK_SET_FULL
            || (sense != null && sense.passesByItself());
    if (!attention && !aborted && !busy) {
      return task;
    }
    // The deadline bounds the retries: each costs at least a round trip.
    tally.retried(attention);
    queues.delay(task, attention ? now : now + RETRY_MILLIS * 1_000_000L);
    work.signal();
    return null;
  }

  /** RFC 7143, 11.9.1. */
  private void async(Link link, Pdu pdu) throws IOException {
    link.countStatus(pdu);
    int event = pdu.byteAt(36);
    switch (event) {
      case 1, 4 -> {
        // Asked to log out, or to negotiate anew, which for us is the same: nothing new is issued
        // here; what is unanswered when the connection ends is issued on the next one.
        LOG.log(Level.DEBUG, () -> url + ": the target asks us to log out");
        tally.askedToLogOut();
        link.logOut();
      }
      case 2, 3 -> throw new IOException("the target announced that it drops the connection");
      default -> LOG.log(Level.DEBUG, () -> url + ": asynchronous event " + event);
    }
  }
}

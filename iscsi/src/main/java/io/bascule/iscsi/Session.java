package io.bascule.iscsi;

import io.bascule.core.Check;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The full feature phase of a session with its one connection (RFC 7143, 4 and 11): what each PDU
 * of the host leads to, and the session's life. Its parts: {@link CommandWindow} numbers, {@link
 * TaskSet} tasks, {@link DataOut} and {@link DataIn} data, {@link SlowWork} the pool, {@link
 * TaskManagement} aborts, {@link HostView} units and unit attentions. SCSI begins at {@link
 * TaskRouter}; what commands have of all this is the {@link Nexus}.
 *
 * <p>Owned by whoever holds the connection's lock, but for {@link #reinstated}, what {@link
 * TaskManagement} and {@link HostView} say of themselves, and the getters of final fields.
 *
 * <p>Invariants: nothing of a closing session starts; a disposed one has left the target, and
 * answers nothing.
 */
final class Session {
  private static final System.Logger LOG = System.getLogger(Session.class.getName());

  private static final int TARGET_REQUESTS_LOGOUT = 1;

  private final TargetCore core;
  private final PortalSpec portal;
  private final Wire wire;
  private final PduWriter writer;
  private final SessionParameters parameters;
  private final TargetCore.NexusName nexusName;
  private final int tsih;
  private final int cid;
  private final boolean discovery;
  private final Instant since = Instant.now();

  private final CommandWindow window;
  private final TaskSet tasks;
  private final HostView view;
  private final Nexus nexus;
  private final TaskManagement management;

  private boolean closing;
  private boolean disposed;
  private boolean pinging;
  private long arrivedNanos;

  private final CountDownLatch gone = new CountDownLatch(1);

  Session(
      TargetCore core,
      PortalSpec portal,
      Wire wire,
      PduWriter writer,
      SessionParameters parameters,
      TargetCore.NexusName nexusName,
      int tsih,
      int cid,
      boolean discovery,
      int expCmdSn,
      Model model,
      Host host) {
    this.core = core;
    this.portal = portal;
    this.wire = wire;
    this.writer = writer;
    this.parameters = parameters;
    this.nexusName = nexusName;
    this.tsih = tsih;
    this.cid = cid;
    this.discovery = discovery;
    window = new CommandWindow(nexusName.initiatorName(), expCmdSn);
    tasks = new TaskSet(window, core.memory);
    view = new HostView(nexusName.initiatorName(), model, host);
    nexus = new Nexus(this, portal, view, wire, writer, parameters, window, tasks);
    management = new TaskManagement(core, wire, view, writer, window, tasks, nexus.slowWork);
  }

  /** The login's last answer is written; {@code statSn} goes on from there. */
  void start(int nextStatSn) {
    window.start(nextStatSn);
  }

  TargetCore.NexusName nexusName() {
    return nexusName;
  }

  int tsih() {
    return tsih;
  }

  SessionParameters parameters() {
    return parameters;
  }

  PortalSpec portal() {
    return portal;
  }

  boolean discovery() {
    return discovery;
  }

  boolean closing() {
    return closing;
  }

  TargetCore core() {
    return core;
  }

  HostView view() {
    return view;
  }

  TaskManagement taskManagement() {
    return management;
  }

  Stats.SessionStats stats() {
    return new Stats.SessionStats(
        nexusName.initiatorName(), wire.remoteAddress(), portal.groupTag(), since);
  }

  /** Tasks that are not answered yet. */
  int inFlight() {
    return tasks.size();
  }

  /** Whether the pool has something of it. From any thread. */
  boolean inPool() {
    return nexus.slowWork.isBusy();
  }

  /** Whether it is gone, and the pool has nothing more of it. From any thread. */
  boolean isOver() {
    return gone.getCount() == 0 && !inPool();
  }

  /** Closes its connection. From any thread. */
  void shut(String why) {
    wire.shut(why);
  }

  /** Raises a unit attention of that volume. From any thread. */
  void raise(UUID volume, UnitAttentions.Kind kind) {
    view.raise(view.numbersOf(volume), kind);
  }

  /** Whether tasks are in the pool or wait for a place there. */
  boolean hasSlowWork() {
    return tasks.hasSlowWork();
  }

  void beginBatch(long nanos) {
    arrivedNanos = nanos;
    pinging = false;
  }

  void endBatch() {
    nexus.answers.publishCounts();
  }

  // ---- Life and death -------------------------------------------------------------------------

  /** Ends this session for one that takes its place. True once nothing of it can touch a volume. */
  boolean reinstated(long boundMillis) {
    wire.shut("the host logged in anew");
    try {
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(boundMillis);
      return gone.await(boundMillis, TimeUnit.MILLISECONDS) && nexus.slowWork.awaitEnd(deadline);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** The connection is gone. */
  void dispose() {
    if (disposed) {
      return;
    }
    disposed = true;
    closing = true;
    tasks.abandon();
    nexus.slowWork.dispose();
    core.leave(this);
    if (!discovery) {
      core.guards.nexusLost(nexusName);
    }
    gone.countDown();
  }

  /** Closes the session if the model would not let its host in as it let it in before. */
  void refreshModel() {
    Model now = core.model;
    if (view.model() != now) {
      String why = view.adopt(now);
      if (why != null) {
        closing = true;
        wire.shut(why);
      }
    }
  }

  private void protocolError(ByteBuffer in, int base, String what) {
    LOG.log(
        System.Logger.Level.WARNING,
        "closing the session of {0}: {1}",
        nexusName.initiatorName(),
        what);
    reject(Pdu.REJECT_PROTOCOL, in, base);
    closing = true;
  }

  // ---- SCSI -----------------------------------------------------------------------------------

  void scsiCommand(ByteBuffer in, int base) {
    if (discovery) {
      protocolError(in, base, "a SCSI command in a discovery session");
      return;
    }
    if (!window.inOrder(in, base) || core.draining) {
      return; // while draining: held unanswered, the connection is about to close
    }
    refreshModel();
    int itt = in.getInt(base + Pdu.ITT);
    if (closing) {
      return;
    }
    if (tasks.find(itt) != null || itt == Pdu.NO_TAG) {
      protocolError(in, base, "a task tag in use");
      return;
    }
    if (Pdu.immediate(in, base) && window.immediateFull()) {
      reject(Pdu.REJECT_TOO_MANY_IMMEDIATE, in, base);
      return;
    }
    Task task = tasks.begin(in, base, arrivedNanos);
    TaskRouter.route(nexus, task);
    if (task.state == Task.State.STARTING) {
      nexus.dataOut.begin(task, in);
    } else if (task.state == Task.State.RECEIVING && !task.dataPending) {
      Check.that(false, "a task waits for data that will not come");
    }
  }

  void dataOut(ByteBuffer in, int base) {
    if (core.draining) {
      return; // its command stays unanswered: the host repeats it elsewhere
    }
    if (!nexus.dataOut.segment(in, base)) {
      protocolError(in, base, "data nobody asked for");
    }
  }

  void taskManagement(ByteBuffer in, int base) {
    if (discovery) {
      protocolError(in, base, "task management in a discovery session");
      return;
    }
    if (!window.inOrder(in, base)) {
      return;
    }
    refreshModel();
    if (!closing) {
      management.request(in, base);
    }
  }

  // ---- The rest of what the host may send -----------------------------------------------------

  void nopOut(ByteBuffer in, int base) {
    if (!window.inOrder(in, base) || in.getInt(base + Pdu.ITT) == Pdu.NO_TAG) {
      return; // without a tag it wants no answer: it is one
    }
    int bytes = Math.min(in.remaining(), parameters.initiatorReceiveBytes);
    ByteBuffer out = writer.begin(Pdu.NOP_IN, Pdu.FINAL, bytes);
    int at = writer.start();
    out.putLong(at + Pdu.LUN, in.getLong(base + Pdu.LUN));
    out.putInt(at + Pdu.ITT, in.getInt(base + Pdu.ITT));
    out.putInt(at + Pdu.TTT, Pdu.NO_TAG);
    window.putStatus(out, at);
    out.put(writer.dataStart(), in, in.position(), bytes);
    writer.end(bytes);
  }

  void text(ByteBuffer in, int base) {
    if (!window.inOrder(in, base)) {
      return;
    }
    refreshModel();
    if (closing) {
      return;
    }
    if ((Pdu.flags(in, base) & 0xC0) != Pdu.FINAL) {
      protocolError(in, base, "a text request in pieces");
      return;
    }
    byte[] request = new byte[in.remaining()];
    in.get(request);
    byte[] answer;
    try {
      answer = Discovery.answer(this, Keys.parse(request, request.length), wire.localHost());
    } catch (Keys.MalformedException e) {
      protocolError(in, base, String.valueOf(e.getMessage()));
      return;
    }
    if (answer.length > parameters.initiatorReceiveBytes) {
      protocolError(in, base, "an answer longer than the host takes");
      return;
    }
    ByteBuffer out = writer.begin(Pdu.TEXT_RESPONSE, Pdu.FINAL, answer.length);
    int at = writer.start();
    out.putLong(at + Pdu.LUN, in.getLong(base + Pdu.LUN));
    out.putInt(at + Pdu.ITT, in.getInt(base + Pdu.ITT));
    out.putInt(at + Pdu.TTT, Pdu.NO_TAG);
    window.putStatus(out, at);
    out.put(writer.dataStart(), answer);
    writer.end(answer.length);
  }

  void logout(ByteBuffer in, int base) {
    if (!window.inOrder(in, base)) {
      return;
    }
    int reason = Pdu.flags(in, base) & 0x7F;
    int response = 0;
    if (reason == 1 && (in.getShort(base + 20) & 0xFFFF) != cid) {
      response = 1; // CID not found
    } else if (reason > 1) {
      response = 2; // no connection recovery
    }
    ByteBuffer out = writer.begin(Pdu.LOGOUT_RESPONSE, Pdu.FINAL, 0);
    int at = writer.start();
    out.put(at + 2, (byte) response);
    out.putInt(at + Pdu.ITT, in.getInt(base + Pdu.ITT));
    window.putStatus(out, at);
    writer.end(0);
    closing = response == 0;
  }

  // ---- What the target sends by itself --------------------------------------------------------

  void reject(int reason, ByteBuffer in, int base) {
    ByteBuffer out = writer.begin(Pdu.REJECT, Pdu.FINAL, Pdu.BHS_BYTES);
    int at = writer.start();
    out.put(at + 2, (byte) reason);
    out.putInt(at + Pdu.ITT, Pdu.NO_TAG);
    window.putStatus(out, at);
    out.put(writer.dataStart(), in, base, Pdu.BHS_BYTES);
    writer.end(Pdu.BHS_BYTES);
  }

  /** Asks the host whether it is still there. */
  void ping() {
    if (closing || pinging) {
      return;
    }
    pinging = true;
    ByteBuffer out = writer.begin(Pdu.NOP_IN, Pdu.FINAL, 0);
    int at = writer.start();
    out.putInt(at + Pdu.ITT, Pdu.NO_TAG);
    out.putInt(at + Pdu.TTT, window.newTtt());
    window.put(out, at);
    writer.end(0);
  }

  /** Tells the host to log out, since the portal goes away (RFC 7143, 11.9). */
  void asyncLogout() {
    if (closing) {
      return;
    }
    ByteBuffer out = writer.begin(Pdu.ASYNC_MESSAGE, Pdu.FINAL, 0);
    int at = writer.start();
    out.putInt(at + Pdu.ITT, Pdu.NO_TAG);
    window.putStatus(out, at);
    out.put(at + 36, (byte) TARGET_REQUESTS_LOGOUT);
    writer.end(0);
  }
}

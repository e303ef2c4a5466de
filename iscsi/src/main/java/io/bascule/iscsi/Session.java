package io.bascule.iscsi;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The full feature phase of a session with its one connection (RFC 7143, 4 and 11): command order,
 * data transfer, task management. SCSI itself is in {@link Commands} and what it names.
 *
 * <p>Owned by whoever holds the connection's lock, but for {@link #reinstated}, {@link
 * #unitAttentions} and the getters of final fields. Work in the pool comes back through {@link
 * Wire#post}.
 *
 * <p>Invariants: MaxCmdSN never goes back; a task is in {@code active} exactly while it waits for
 * data or for the pool; an aborted task is never answered.
 */
final class Session {
  /** Commands a host may have outstanding (MaxCmdSN - ExpCmdSN + 1). */
  static final int WINDOW = 128;

  /** Immediate commands outstanding beyond the window. */
  private static final int IMMEDIATE_LIMIT = 16;

  /** Cold reads of one session in the pool at a time; each holds a buffer. */
  private static final int COLD_LIMIT = 8;

  static final int COLD_BYTES = 262_144;

  /** No read PDU is longer, whatever the initiator would take: two fit into an output buffer. */
  private static final int MAX_SEND_BYTES = 262_144;

  private static final int STATUS_GOOD = 0x00;
  private static final int STATUS_CHECK_CONDITION = 0x02;
  private static final int STATUS_BUSY = 0x08;
  private static final int STATUS_TASK_SET_FULL = 0x28;

  private static final int OVERFLOW = 0x04;
  private static final int UNDERFLOW = 0x02;

  private static final System.Logger LOG = System.getLogger(Session.class.getName());

  /** A task management function whose answer waits for tasks in the pool. */
  static final class PendingManagement {
    final int itt;
    int waitingFor;

    PendingManagement(int itt) {
      this.itt = itt;
    }
  }

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
  private final int sendBytes;
  private final int burstBytes;
  final UnitAttentions unitAttentions = new UnitAttentions();

  private int statSn;
  private int expCmdSn;
  private int windowUsed;
  private int immediateUsed;
  private int nextTtt = 1;
  private boolean closing;
  private boolean disposed;
  private boolean pinging;
  private long nowNanos;

  private Model model;

  /** The entry that the host logged in by. */
  private final Host admitted;

  private volatile @Nullable LogicalUnit[] visible;

  private final Task[] active = new Task[WINDOW + IMMEDIATE_LIMIT];
  private int activeCount;
  private final ArrayDeque<Task> free = new ArrayDeque<>();
  private final ArrayDeque<Task> waitingCold = new ArrayDeque<>();
  private int coldInFlight;
  private final Counters.Batch counts = new Counters.Batch();

  /** Work of this session in the pool; whoever reinstates it waits until it is none. */
  private final AtomicInteger inPool = new AtomicInteger();

  private final CountDownLatch gone = new CountDownLatch(1);

  /** For commands to lay their answers in. */
  final ByteBuffer scratch = ByteBuffer.allocate(8192);

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
    this.expCmdSn = expCmdSn;
    // Whole blocks, so that every read PDU but the last ends at one.
    sendBytes = Math.min(parameters.initiatorReceiveBytes, MAX_SEND_BYTES) & ~511;
    burstBytes = parameters.maxBurstBytes & ~511;
    this.model = model;
    this.admitted = host;
    visible = model.visibleTo(host);
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      if (visible[lun] != null) {
        unitAttentions.raise(lun, UnitAttentions.Kind.POWER_ON);
      }
    }
  }

  /** The login's last answer is written; {@code statSn} goes on from there. */
  void start(int nextStatSn) {
    statSn = nextStatSn;
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

  boolean sees(int lun) {
    return visible[lun] != null;
  }

  boolean discovery() {
    return discovery;
  }

  boolean closing() {
    return closing;
  }

  Model model() {
    return model;
  }

  TargetCore core() {
    return core;
  }

  Stats.SessionStats stats() {
    return new Stats.SessionStats(
        nexusName.initiatorName(), wire.remoteAddress(), portal.groupTag(), since);
  }

  /** Tasks that are not answered yet. */
  int inFlight() {
    return activeCount;
  }

  /** Whether tasks are in the pool or wait for a place there. */
  boolean hasSlowWork() {
    for (int i = 0; i < activeCount; i++) {
      if (active[i].state == Task.State.SLOW) {
        return true;
      }
    }
    return false;
  }

  void beginBatch(long now) {
    nowNanos = now;
    pinging = false;
  }

  void endBatch() {
    core.counters.add(counts);
  }

  // ---- Life and death -------------------------------------------------------------------------

  /** Ends this session for one that takes its place. True once nothing of it can touch a volume. */
  boolean reinstated(long boundMillis) {
    wire.shut("the host logged in anew");
    try {
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(boundMillis);
      if (!gone.await(boundMillis, TimeUnit.MILLISECONDS)) {
        return false;
      }
      while (inPool.get() > 0) {
        if (System.nanoTime() - deadline > 0) {
          return false;
        }
        TimeUnit.MILLISECONDS.sleep(1);
      }
      return true;
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
    for (int i = 0; i < activeCount; i++) {
      active[i].aborted = true;
      freeMemory(active[i]);
    }
    core.leave(this);
    gone.countDown();
  }

  /** Closes the session if the model would not let its host in as it let it in before. */
  void refreshModel() {
    Model now = core.model;
    if (model != now) {
      adopt(now);
    }
  }

  private void adopt(Model now) {
    Model before = model;
    @Nullable LogicalUnit[] old = visible;
    model = now;
    Host host = now.host(nexusName.initiatorName());
    if (host == null || !host.sameIdentity(admitted)) {
      visible = new @Nullable LogicalUnit[Lun.MAX + 1];
      closing = true;
      wire.shut(host == null ? "its host is no longer known" : "its host must log in anew");
      return;
    }
    visible = now.visibleTo(host);
    boolean inventory = false;
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      inventory |= !sameUnit(old[lun], visible[lun]);
    }
    boolean states = !before.access.equals(now.access);
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      LogicalUnit unit = visible[lun];
      LogicalUnit was = old[lun];
      if (unit == null) {
        unitAttentions.drop(lun);
        continue;
      }
      if (inventory) {
        unitAttentions.raise(lun, UnitAttentions.Kind.LUNS_CHANGED);
      }
      if (states) {
        unitAttentions.raise(lun, UnitAttentions.Kind.ACCESS_STATE_CHANGED);
      }
      if (was != null && sameUnit(was, unit) && was.blocks != unit.blocks) {
        unitAttentions.raise(lun, UnitAttentions.Kind.CAPACITY_CHANGED);
      }
    }
  }

  private static boolean sameUnit(@Nullable LogicalUnit a, @Nullable LogicalUnit b) {
    return a == null ? b == null : b != null && a.uuid.equals(b.uuid);
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
    out.putInt(at + Pdu.TTT, newTtt());
    putSequence(out, at, statSn); // not a status: StatSN does not move on
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
    putSequence(out, at, statSn++);
    out.put(at + 36, (byte) 1); // target requests logout
    writer.end(0);
  }

  // ---- Command order --------------------------------------------------------------------------

  /**
   * Takes a command's place in the order. False: it is outside the window and to be ignored (RFC
   * 7143, 4.2.2.1). A hole within the window is skipped: on the one connection of a session
   * commands come in order, so nothing can fill it later.
   */
  private boolean inOrder(ByteBuffer in, int base) {
    if (Pdu.immediate(in, base)) {
      return true;
    }
    int cmdSn = in.getInt(base + Pdu.CMD_SN);
    int ahead = cmdSn - expCmdSn;
    if (ahead < 0 || ahead >= WINDOW - windowUsed) {
      LOG.log(
          System.Logger.Level.DEBUG,
          "ignoring a command of {0}: CmdSN {1}, expected {2}, {3} used",
          nexusName.initiatorName(),
          cmdSn,
          expCmdSn,
          windowUsed);
      return false;
    }
    expCmdSn = cmdSn + 1;
    return true;
  }

  private void putSequence(ByteBuffer out, int at, int stat) {
    out.putInt(at + Pdu.STAT_SN, stat);
    out.putInt(at + Pdu.EXP_CMD_SN, expCmdSn);
    out.putInt(at + Pdu.MAX_CMD_SN, expCmdSn + WINDOW - 1 - windowUsed);
  }

  private int newTtt() {
    int ttt = nextTtt++;
    if (nextTtt == Pdu.NO_TAG) {
      nextTtt = 1;
    }
    return ttt;
  }

  // ---- SCSI commands --------------------------------------------------------------------------

  void scsiCommand(ByteBuffer in, int base) {
    if (discovery) {
      protocolError(in, base, "a SCSI command in a discovery session");
      return;
    }
    if (!inOrder(in, base) || core.draining) {
      return; // while draining: held unanswered, the connection is about to close
    }
    refreshModel();
    int itt = in.getInt(base + Pdu.ITT);
    if (closing) {
      return;
    }
    if (find(itt) != null || itt == Pdu.NO_TAG) {
      protocolError(in, base, "a task tag in use");
      return;
    }
    boolean immediate = Pdu.immediate(in, base);
    if (immediate && immediateUsed == IMMEDIATE_LIMIT) {
      reject(Pdu.REJECT_TOO_MANY_IMMEDIATE, in, base);
      return;
    }
    Task task = newTask(in, base, immediate);
    execute(task);
    if (task.state == Task.State.STARTING) {
      receive(task, in, (Pdu.flags(in, base) & Pdu.FINAL) == 0);
    } else if (task.state == Task.State.RECEIVING && !task.dataPending) {
      Check.that(false, "a task waits for data that will not come");
    }
  }

  private Task newTask(ByteBuffer in, int base, boolean immediate) {
    Task task = free.pollFirst();
    if (task == null) {
      task = new Task();
    }
    task.clear();
    int flags = Pdu.flags(in, base);
    task.state = Task.State.STARTING;
    task.itt = in.getInt(base + Pdu.ITT);
    task.lunField = in.getLong(base + Pdu.LUN);
    task.lun = Pdu.lun(in, base);
    task.immediate = immediate;
    task.readFlag = (flags & 0x40) != 0;
    task.writeFlag = (flags & 0x20) != 0;
    int edtl = in.getInt(base + 20);
    task.edtl = edtl < 0 ? Integer.MAX_VALUE : edtl;
    for (int i = 0; i < 16; i++) {
      task.cdb[i] = in.get(base + 32 + i);
    }
    task.arrivedNanos = nowNanos;
    task.dataPending = task.writeFlag && (flags & Pdu.FINAL) == 0;
    if (immediate) {
      immediateUsed++;
    } else {
      windowUsed++;
    }
    return task;
  }

  /** Everything between the PDU and the command itself. */
  private void execute(Task task) {
    Command command = Commands.find(task.cdb);
    LogicalUnit unit = task.lun >= 0 && task.lun <= Lun.MAX ? visible[task.lun] : null;
    task.unit = unit;
    if (unit == null && (command == null || !command.withoutUnit())) {
      fail(task, Sense.LUN_NOT_SUPPORTED);
      return;
    }
    if (command == null) {
      fail(
          task,
          Commands.knowsOpcode(task.cdb[0]) ? Sense.INVALID_FIELD_IN_CDB : Sense.INVALID_OPCODE);
      return;
    }
    if (unit != null) {
      Sense attention = command.withoutUnit() ? null : unitAttentions.take(task.lun);
      if (attention != null) {
        fail(task, attention);
        return;
      }
      if (!command.inStandby() && !reachable(task, unit)) {
        return;
      }
      task.volume = unit.volume;
    }
    command.start().run(this, task);
  }

  /** Refuses the command unless this way to the unit is active. */
  private boolean reachable(Task task, LogicalUnit unit) {
    AccessState state = model.access(portal.groupTag());
    if (state == AccessState.ACTIVE_OPTIMIZED && unit.volume != null) {
      return true;
    }
    if (portal.floating()) {
      // Never "not ready" here: QEMU would make an I/O error of it. BUSY is tried again.
      respond(task, STATUS_BUSY, null);
    } else {
      fail(
          task,
          switch (state) {
            case STANDBY -> Sense.ALUA_STANDBY;
            case TRANSITIONING -> Sense.ALUA_TRANSITION;
            case ACTIVE_OPTIMIZED -> Sense.BECOMING_READY;
          });
    }
    return false;
  }

  // ---- Data from the host ---------------------------------------------------------------------

  /**
   * What a command with data from the host calls: it wants {@code bytes}, each piece goes to {@code
   * sink}, then comes {@code finish}.
   */
  void expect(Task task, int bytes, Task.Sink sink, Task.Step finish) {
    task.transferBytes = bytes;
    task.limitBytes = task.writeFlag ? Math.min(bytes, task.edtl) : 0;
    task.sink = sink;
    task.finish = finish;
  }

  /** Like {@link #expect}, with the data kept in {@link Task#staged}. */
  void stage(Task task, int bytes, Task.Step finish) {
    if (!reserveMemory(task, bytes)) {
      respond(task, STATUS_TASK_SET_FULL, null);
      return;
    }
    expect(task, bytes, Session::stageSegment, finish);
    task.staged = new byte[task.limitBytes];
  }

  /** Takes part of the memory that all sessions share, until the task ends. */
  boolean reserveMemory(Task task, int bytes) {
    if (!core.memory.tryAcquire(bytes)) {
      return false;
    }
    task.reservedBytes += bytes;
    return true;
  }

  private void freeMemory(Task task) {
    core.memory.release(task.reservedBytes);
    task.reservedBytes = 0;
  }

  // ---- The volume, on the connection's own thread ----------------------------------------------

  /** {@link Volume#tryRead}, watched with a volume's patience. */
  int tryRead(Volume volume, long offsetBytes, ByteBuffer destination) {
    wire.volumeBegins();
    try {
      return volume.tryRead(offsetBytes, destination);
    } finally {
      wire.volumeEnds();
    }
  }

  /** {@link Volume#write} into the kernel, watched with a volume's patience. */
  void write(Volume volume, long offsetBytes, ByteBuffer source) {
    wire.volumeBegins();
    try {
      volume.write(offsetBytes, source, false);
    } finally {
      wire.volumeEnds();
    }
  }

  private static void stageSegment(Session session, Task task, ByteBuffer segment) {
    int length = segment.remaining();
    segment.get(Objects.requireNonNull(task.staged), task.stagedBytes, length);
    task.stagedBytes += length;
  }

  /** The command PDU is in {@code in}: takes immediate data, awaits or asks for the rest. */
  private void receive(Task task, ByteBuffer in, boolean more) {
    if (task.sink == null) {
      Check.that(false, "a command was neither answered nor does it wait: %s", task.cdb[0]);
    }
    int immediateBytes = in.remaining();
    int unsolicited = Math.min(parameters.firstBurstBytes, task.edtl);
    if (immediateBytes > 0 && (!parameters.immediateData || immediateBytes > unsolicited)
        || task.dataPending && parameters.initialR2T) {
      fail(task, Sense.UNEXPECTED_UNSOLICITED_DATA);
      return;
    }
    take(task, in);
    if (task.dataPending) {
      task.burstEnd = unsolicited;
      await(task);
    } else {
      burstDone(task);
    }
  }

  private void await(Task task) {
    if (task.state == Task.State.STARTING) {
      active[activeCount++] = task;
    }
    task.state = Task.State.RECEIVING;
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
      Objects.requireNonNull(task.sink).accept(this, task, in);
    } catch (StoreException e) {
      task.failure = storeFailure(e, true);
    }
  }

  /** A sequence from the host is complete. */
  private void burstDone(Task task) {
    task.dataPending = false;
    if (task.failure != null) {
      fail(task, task.failure);
    } else if (task.receivedBytes >= task.limitBytes) {
      Objects.requireNonNull(task.finish).run(this, task);
    } else {
      requestData(task);
    }
  }

  private void requestData(Task task) {
    int wanted = Math.min(parameters.maxBurstBytes, task.limitBytes - task.receivedBytes);
    task.burstEnd = task.receivedBytes + wanted;
    task.nextDataSn = 0;
    task.ttt = newTtt();
    await(task);
    ByteBuffer out = writer.begin(Pdu.R2T, Pdu.FINAL, 0);
    int at = writer.start();
    out.putLong(at + Pdu.LUN, task.lunField);
    out.putInt(at + Pdu.ITT, task.itt);
    out.putInt(at + Pdu.TTT, task.ttt);
    putSequence(out, at, statSn);
    out.putInt(at + Pdu.DATA_SN, task.r2tSn++);
    out.putInt(at + Pdu.BUFFER_OFFSET, task.receivedBytes);
    out.putInt(at + 44, wanted);
    writer.end(0);
  }

  void dataOut(ByteBuffer in, int base) {
    if (core.draining) {
      return; // its command stays unanswered: the host repeats it elsewhere
    }
    Task task = find(in.getInt(base + Pdu.ITT));
    if (task == null) {
      return; // of a task that was answered or aborted before its data had all come
    }
    if (task.state != Task.State.RECEIVING || in.getInt(base + Pdu.TTT) != task.ttt) {
      protocolError(in, base, "data nobody asked for");
      return;
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
  }

  // ---- Answers --------------------------------------------------------------------------------

  void good(Task task) {
    respond(task, STATUS_GOOD, null);
  }

  void fail(Task task, Sense sense) {
    if (task.dataPending) {
      // The host still sends data that nobody asked for: the answer waits until it is through.
      task.failure = sense;
      task.limitBytes = 0;
      task.burstEnd = Math.min(parameters.firstBurstBytes, task.edtl);
      await(task);
      return;
    }
    respond(task, STATUS_CHECK_CONDITION, sense);
  }

  Sense storeFailure(StoreException e, boolean writing) {
    // A full enclosure is told once, by an alert; each of a thousand refused writes is no news.
    boolean full = e instanceof StoreException.Full;
    LOG.log(full ? System.Logger.Level.DEBUG : System.Logger.Level.ERROR, "a volume failed", e);
    return Sense.of(e, writing);
  }

  /** Sends what {@code data} has up to its position, cut to the CDB's allocation length. */
  void reply(Task task, ByteBuffer data, long allocationBytes) {
    int length = (int) Math.min(data.position(), allocationBytes);
    task.transferBytes = length;
    int total = task.readFlag ? Math.min(length, task.edtl) : 0;
    if (total == 0) {
      good(task);
      return;
    }
    int sent = 0; // the task is free again after its last PDU
    while (sent < total) {
      int bytes = dataInBytes(task, total);
      ByteBuffer out = writer.begin(Pdu.DATA_IN, 0, bytes);
      out.put(writer.dataStart(), data.array(), sent, bytes);
      sent += bytes;
      endDataIn(task, out, bytes, total);
    }
  }

  /** How much the next Data-In of a transfer of {@code total} bytes carries. */
  int dataInBytes(Task task, int total) {
    int burstLeft = burstBytes - task.sentBytes % burstBytes;
    return Math.min(Math.min(sendBytes, burstLeft), total - task.sentBytes);
  }

  PduWriter writer() {
    return writer;
  }

  /** Finishes a Data-In whose data is in place; the last one carries the status GOOD. */
  void endDataIn(Task task, ByteBuffer out, int bytes, int total) {
    int at = writer.start();
    int offset = task.sentBytes;
    task.sentBytes += bytes;
    boolean last = task.sentBytes == total;
    boolean burstEnds = last || task.sentBytes % burstBytes == 0;
    if (last) {
      finished(task, true);
    }
    out.putInt(at + Pdu.ITT, task.itt);
    out.putInt(at + Pdu.TTT, Pdu.NO_TAG);
    putSequence(out, at, last ? statSn++ : 0);
    out.putInt(at + Pdu.DATA_SN, task.dataInSn++);
    out.putInt(at + Pdu.BUFFER_OFFSET, offset);
    int flags = burstEnds ? Pdu.FINAL : 0;
    if (last) {
      flags |= 0x01 | putResidual(task, out, at, task.transferBytes);
    }
    out.put(at + Pdu.FLAGS, (byte) flags);
    writer.end(bytes);
    if (last) {
      release(task);
    }
  }

  private static int putResidual(Task task, ByteBuffer out, int at, long transferred) {
    long over = transferred - task.edtl;
    out.putInt(at + 44, (int) Math.abs(over));
    return over > 0 ? OVERFLOW : over < 0 ? UNDERFLOW : 0;
  }

  private void respond(Task task, int status, @Nullable Sense sense) {
    finished(task, status == STATUS_GOOD);
    ByteBuffer out = writer.begin(Pdu.SCSI_RESPONSE, 0, sense == null ? 0 : 2 + Sense.FIXED_BYTES);
    int at = writer.start();
    long transferred =
        status == STATUS_GOOD ? task.transferBytes : task.sentBytes + task.writtenBytes;
    int residual = putResidual(task, out, at, transferred);
    out.put(at + Pdu.FLAGS, (byte) (Pdu.FINAL | residual));
    out.put(at + 3, (byte) status);
    out.putInt(at + Pdu.ITT, task.itt);
    putSequence(out, at, statSn++);
    out.putInt(at + 36, task.dataInSn + task.r2tSn);
    int data = 0;
    if (sense != null) {
      int length = sense.encode(out, writer.dataStart() + 2, false);
      out.putShort(writer.dataStart(), (short) length);
      data = 2 + length;
    }
    writer.end(data);
    release(task);
  }

  /** Takes the task out of the books, before its answer tells the new window. */
  private void finished(Task task, boolean good) {
    if (task.state != Task.State.STARTING) {
      remove(task);
    }
    if (task.immediate) {
      immediateUsed--;
    } else {
      windowUsed--;
    }
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
      core.counters.latency.record(now - task.arrivedNanos, now);
    }
  }

  private void release(Task task) {
    freeMemory(task);
    task.clear();
    free.addFirst(task);
  }

  private @Nullable Task find(int itt) {
    for (int i = 0; i < activeCount; i++) {
      if (active[i].itt == itt) {
        return active[i];
      }
    }
    return null;
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

  // ---- Slow work ------------------------------------------------------------------------------

  /** Runs {@code work} in the pool, then {@code afterwards} here unless it failed. */
  void slow(Task task, Task.Work work, Task.Step afterwards) {
    if (task.state == Task.State.STARTING) {
      active[activeCount++] = task;
    }
    task.state = Task.State.SLOW;
    task.work = work;
    task.afterwards = afterwards;
    var unused = submit(task);
  }

  /** False: the pool takes no more, and the host was told so; the task is free again. */
  private boolean submit(Task task) {
    inPool.getAndIncrement();
    try {
      core.slow.execute(() -> runSlow(task));
      return true;
    } catch (RejectedExecutionException e) {
      inPool.getAndDecrement();
      LOG.log(System.Logger.Level.DEBUG, "too much waits for disks", e);
      respond(task, STATUS_TASK_SET_FULL, null);
      return false;
    }
  }

  /** In the pool. */
  private void runSlow(Task task) {
    Sense failure = Sense.INTERNAL_FAILURE;
    try {
      failure = task.aborted ? null : Objects.requireNonNull(task.work).run(task);
    } catch (StoreException e) {
      failure = storeFailure(e, !task.isRead);
    } finally {
      // Also when something unexpected goes up to the thread's handler: the host gets an answer.
      Sense outcome = failure;
      inPool.getAndDecrement();
      wire.post(() -> slowDone(task, outcome));
    }
  }

  private void slowDone(Task task, @Nullable Sense failure) {
    if (disposed) {
      return;
    }
    ByteBuffer buffer = task.slowBuffer;
    if (buffer != null && (task.aborted || failure != null)) {
      task.slowBuffer = null;
      coldDone(buffer);
    }
    if (task.aborted) {
      PendingManagement management = task.management;
      dropAborted(task);
      if (management != null && --management.waitingFor == 0) {
        managementResponse(management.itt, 0);
      }
    } else if (failure != null) {
      respond(task, STATUS_CHECK_CONDITION, failure);
    } else {
      Objects.requireNonNull(task.afterwards).run(this, task);
    }
    core.counters.add(counts);
  }

  /**
   * Like {@link #slow}, with a buffer of {@link #COLD_BYTES} in {@link Task#slowBuffer}; {@code
   * afterwards} must take it from there and give it to {@link #coldDone}.
   */
  void slowRead(Task task, Task.Work work, Task.Step afterwards) {
    if (task.state == Task.State.STARTING) {
      active[activeCount++] = task;
    }
    task.state = Task.State.SLOW;
    task.work = work;
    task.afterwards = afterwards;
    waitingCold.addLast(task);
    startCold();
  }

  /**
   * Starts what waits and finds a place and a buffer. What finds no buffer waits for one of this
   * session's own, or is told to come again if there is none.
   */
  private void startCold() {
    while (coldInFlight < COLD_LIMIT && !waitingCold.isEmpty()) {
      ByteBuffer buffer = core.coldBuffers.take();
      if (buffer == null && coldInFlight > 0) {
        return;
      }
      Task task = waitingCold.removeFirst();
      if (buffer == null) {
        respond(task, STATUS_TASK_SET_FULL, null);
        continue;
      }
      task.slowBuffer = buffer;
      coldInFlight++;
      if (!submit(task)) {
        coldInFlight--;
        core.coldBuffers.give(buffer);
      }
    }
  }

  /** A cold read's buffer is free again: the next waiting read may have it. */
  void coldDone(ByteBuffer buffer) {
    core.coldBuffers.give(buffer);
    coldInFlight--;
    startCold();
  }

  // ---- Task management ------------------------------------------------------------------------

  void taskManagement(ByteBuffer in, int base) {
    if (discovery) {
      protocolError(in, base, "task management in a discovery session");
      return;
    }
    if (!inOrder(in, base)) {
      return;
    }
    refreshModel();
    if (closing) {
      return;
    }
    int itt = in.getInt(base + Pdu.ITT);
    int lun = Pdu.lun(in, base);
    int function = Pdu.flags(in, base) & 0x7F;
    boolean exists = lun >= 0 && lun <= Lun.MAX && visible[lun] != null;
    PendingManagement pending = new PendingManagement(itt);
    switch (function) {
      case 1 -> { // ABORT TASK
        Task task = find(in.getInt(base + 20));
        if (task == null || task.lun != lun) {
          managementResponse(itt, exists ? 1 : 2);
          return;
        }
        abort(task, pending);
      }
      case 2, 4, 5 -> { // ABORT TASK SET, CLEAR TASK SET, LOGICAL UNIT RESET
        if (!exists) {
          managementResponse(itt, 2);
          return;
        }
        abortAll(lun, pending);
        if (function == 4) {
          tellOthers(each -> each == lun, UnitAttentions.Kind.COMMANDS_CLEARED);
        } else if (function == 5) {
          tellOthers(each -> each == lun, UnitAttentions.Kind.DEVICE_RESET);
        }
      }
      case 6 -> { // TARGET WARM RESET: of what this host may see, and no more
        @Nullable LogicalUnit[] mine = visible;
        abortAll(-1, pending);
        tellOthers(each -> mine[each] != null, UnitAttentions.Kind.DEVICE_RESET);
      }
      default -> { // also a cold reset, which would end the sessions of others
        managementResponse(itt, 5);
        return;
      }
    }
    if (pending.waitingFor == 0) {
      managementResponse(itt, 0);
    }
  }

  private void abortAll(int lun, PendingManagement pending) {
    for (int i = activeCount - 1; i >= 0; i--) {
      if (lun < 0 || active[i].lun == lun) {
        abort(active[i], pending);
      }
    }
  }

  private void abort(Task task, @Nullable PendingManagement pending) {
    if (task.aborted) {
      return;
    }
    if (task.state == Task.State.SLOW && !waitingCold.remove(task)) {
      task.aborted = true;
      if (pending != null) {
        task.management = pending;
        pending.waitingFor++;
      }
    } else {
      dropAborted(task);
    }
  }

  private void dropAborted(Task task) {
    remove(task);
    if (task.immediate) {
      immediateUsed--;
    } else {
      windowUsed--;
    }
    release(task);
  }

  /** Aborts what other nexuses have at these units and lets them know why. */
  private void tellOthers(IntPredicate luns, UnitAttentions.Kind kind) {
    for (Session other : core.sessions()) {
      if (other != this) {
        other.raiseOn(luns, kind);
        other.wire.post(() -> other.abortAllFor(luns));
      }
    }
    if (kind == UnitAttentions.Kind.DEVICE_RESET) {
      raiseOn(luns, kind); // of a reset every nexus learns, also the one that asked for it
    }
  }

  private void abortAllFor(IntPredicate luns) {
    for (int i = activeCount - 1; i >= 0; i--) {
      int lun = active[i].lun;
      if (lun >= 0 && lun <= Lun.MAX && luns.test(lun)) {
        abort(active[i], null);
      }
    }
  }

  private void raiseOn(IntPredicate luns, UnitAttentions.Kind kind) {
    for (int each = 0; each <= Lun.MAX; each++) {
      if (visible[each] != null && luns.test(each)) {
        unitAttentions.raise(each, kind);
      }
    }
  }

  private void managementResponse(int itt, int response) {
    ByteBuffer out = writer.begin(Pdu.TASK_MANAGEMENT_RESPONSE, Pdu.FINAL, 0);
    int at = writer.start();
    out.put(at + 2, (byte) response);
    out.putInt(at + Pdu.ITT, itt);
    putSequence(out, at, statSn++);
    writer.end(0);
  }

  // ---- The rest -------------------------------------------------------------------------------

  void nopOut(ByteBuffer in, int base) {
    if (!inOrder(in, base) || in.getInt(base + Pdu.ITT) == Pdu.NO_TAG) {
      return; // without a tag it wants no answer: it is one
    }
    int bytes = Math.min(in.remaining(), parameters.initiatorReceiveBytes);
    ByteBuffer out = writer.begin(Pdu.NOP_IN, Pdu.FINAL, bytes);
    int at = writer.start();
    out.putLong(at + Pdu.LUN, in.getLong(base + Pdu.LUN));
    out.putInt(at + Pdu.ITT, in.getInt(base + Pdu.ITT));
    out.putInt(at + Pdu.TTT, Pdu.NO_TAG);
    putSequence(out, at, statSn++);
    out.put(writer.dataStart(), in, in.position(), bytes);
    writer.end(bytes);
  }

  void text(ByteBuffer in, int base) {
    if (!inOrder(in, base)) {
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
    putSequence(out, at, statSn++);
    out.put(writer.dataStart(), answer);
    writer.end(answer.length);
  }

  void logout(ByteBuffer in, int base) {
    if (!inOrder(in, base)) {
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
    putSequence(out, at, statSn++);
    writer.end(0);
    closing = response == 0;
  }

  void reject(int reason, ByteBuffer in, int base) {
    ByteBuffer out = writer.begin(Pdu.REJECT, Pdu.FINAL, Pdu.BHS_BYTES);
    int at = writer.start();
    out.put(at + 2, (byte) reason);
    out.putInt(at + Pdu.ITT, Pdu.NO_TAG);
    putSequence(out, at, statSn++);
    out.put(writer.dataStart(), in, base, Pdu.BHS_BYTES);
    writer.end(Pdu.BHS_BYTES);
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
}

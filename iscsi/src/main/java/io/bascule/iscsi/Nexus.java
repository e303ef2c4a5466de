package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The I_T nexus as SCSI commands know it: the way in, what its host sees, and how to move data,
 * wait for a disk, and answer. A command that was started does exactly one of: {@link #good},
 * {@link #fail}, {@link #reply}, {@link #expect} or {@link #stage}, {@link #slow} or {@link
 * #slowRead}; in what it asked to be called with then, again.
 *
 * <p>Owned by whoever holds the connection's lock, with all it is made of.
 *
 * <p>Invariant: {@link #scratch} is nobody's between two commands.
 */
final class Nexus {
  private static final System.Logger LOG = System.getLogger(Nexus.class.getName());

  final Session session;
  final TargetCore core;
  final PortalSpec portal;
  final TargetCore.NexusName name;
  final HostView view;
  final String targetName;

  /** For commands to lay their answers in. */
  final ByteBuffer scratch = ByteBuffer.allocate(8192);

  /** What EXTENDED COPY did, for who asks. */
  final Copies copies;

  final DataIn dataIn;
  final DataOut dataOut;
  final SlowWork slowWork;
  final Answers answers;
  private final Wire wire;
  private final TaskSet tasks;

  Nexus(
      Session session,
      PortalSpec portal,
      HostView view,
      Wire wire,
      PduWriter writer,
      SessionParameters parameters,
      CommandWindow window,
      TaskSet tasks) {
    this.session = session;
    this.core = session.core();
    this.portal = portal;
    this.name = session.nexusName();
    this.view = view;
    this.targetName = core.settings.iqn();
    this.wire = wire;
    this.tasks = tasks;
    copies = new Copies();
    answers = new Answers(writer, window, tasks, core.counters);
    dataIn = new DataIn(writer, window, tasks, answers, parameters);
    dataOut = new DataOut(this, writer, window, tasks, parameters);
    slowWork = new SlowWork(core, wire, this, tasks, answers);
  }

  // ---- Answers --------------------------------------------------------------------------------

  void good(Task task) {
    answers.respond(task, Answers.GOOD, null);
  }

  void fail(Task task, Sense sense) {
    if (task.dataPending) {
      dataOut.drain(task, sense);
    } else {
      answers.respond(task, Answers.CHECK_CONDITION, sense);
    }
  }

  /** A field of the CDB, at that byte, has a value that is not supported. */
  void failField(Task task, int at) {
    task.senseDetail = SenseDetail.cdbField(at);
    fail(task, Sense.INVALID_FIELD_IN_CDB);
  }

  /** A parameter list was refused. */
  void fail(Task task, RefusedListException refusal) {
    task.senseDetail = refusal.at < 0 ? SenseDetail.NONE : SenseDetail.listField(refusal.at);
    fail(task, refusal.sense);
  }

  /** The host is to try again. */
  void busy(Task task) {
    answers.respond(task, Answers.BUSY, null);
  }

  /**
   * Nothing was done, for lack of room; the host is to try again when some of its commands ended.
   */
  void full(Task task) {
    answers.respond(task, Answers.TASK_SET_FULL, null);
  }

  /** A reservation of others keeps the command out. */
  void conflict(Task task) {
    answers.respond(task, Answers.RESERVATION_CONFLICT, null);
  }

  /** Sends what {@code data} has up to its position, cut to the CDB's allocation length. */
  void reply(Task task, ByteBuffer data, long allocationBytes) {
    dataIn.reply(task, data, allocationBytes);
  }

  /** What a host is told of a failed volume; the log is told everything. */
  static Sense storeFailure(StoreException e, boolean writing) {
    // A full enclosure is told once, by an alert; each of a thousand refused writes is no news.
    boolean full = e instanceof StoreException.Full;
    LOG.log(full ? System.Logger.Level.DEBUG : System.Logger.Level.ERROR, "a volume failed", e);
    return Sense.of(e, writing);
  }

  /** The target is being drained: the host repeats the command elsewhere. */
  void hold(Task task) {
    tasks.await(task, Task.State.HELD);
  }

  /** Lets the other nexuses that see the unit know what has happened to it. */
  void tellOthers(LogicalUnit unit, UnitAttentions.Kind kind) {
    for (Session other : core.sessions()) {
      if (other.view() != view) {
        other.view().raise(unit.uuid, kind);
      }
    }
  }

  // ---- Data from the host ---------------------------------------------------------------------

  /**
   * What a command with data from the host calls: it wants {@code bytes}, each piece goes to {@code
   * sink}, then comes {@code finish}.
   */
  void expect(Task task, int bytes, Task.Sink sink, Task.Step finish) {
    dataOut.expect(task, bytes, sink, finish);
  }

  /** Like {@link #expect}, with the data kept in {@link Task#staged}. */
  void stage(Task task, int bytes, Task.Step finish) {
    if (!reserveMemory(task, bytes)) {
      full(task);
      return;
    }
    dataOut.expect(task, bytes, Nexus::stageSegment, finish);
    task.staged = new byte[task.limitBytes];
  }

  private static void stageSegment(Nexus nexus, Task task, ByteBuffer segment) {
    int length = segment.remaining();
    segment.get(Objects.requireNonNull(task.staged), task.stagedBytes, length);
    task.stagedBytes += length;
  }

  /** Takes part of the memory that all sessions share, until the task ends. */
  boolean reserveMemory(Task task, int bytes) {
    return tasks.reserveMemory(task, bytes);
  }

  // ---- The volume, on the connection's own thread ---------------------------------------------

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

  // ---- Slow work ------------------------------------------------------------------------------

  /** Runs {@code work} in the pool, then {@code afterwards} here unless it failed. */
  void slow(Task task, Task.Work work, Task.Step afterwards) {
    slowWork.start(task, work, afterwards);
  }

  /**
   * Like {@link #slow}, on a thread of its own: for work that waits for the pool, whose threads may
   * not wait for one another.
   */
  void slowBeside(Task task, Task.Work work, Task.Step afterwards) {
    slowWork.startBeside(task, work, afterwards);
  }

  /** Like {@link #slow}, as a turn of a copy; {@code full} comes if the pool takes no more. */
  void slowTurn(Task task, Task.Work work, Task.Step afterwards, Task.Step full) {
    slowWork.startTurn(task, work, afterwards, full);
  }

  /**
   * Like {@link #slow}, with a buffer of {@link SlowWork#COLD_BYTES} in {@link Task#slowBuffer};
   * {@code afterwards} must take it from there and give it to {@link SlowWork#coldDone}.
   */
  void slowRead(Task task, Task.Work work, Task.Step afterwards) {
    slowWork.startCold(task, work, afterwards);
  }
}

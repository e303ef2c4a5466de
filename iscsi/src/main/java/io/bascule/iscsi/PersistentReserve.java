package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;

import io.bascule.core.volume.StoreException;
import io.bascule.iscsi.Reservations.Outcome;
import io.bascule.iscsi.TargetCore.NexusName;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * PERSISTENT RESERVE IN and OUT (SPC-4, 6.15 and 6.16). What follows from a request is {@link
 * Reservations}; the parameter list of OUT is {@link ReserveOutList}.
 */
final class PersistentReserve {
  static final List<Command> COMMANDS =
      List.of(
          in("READ KEYS", 0, PersistentReserve::readKeys),
          in("READ RESERVATION", 1, PersistentReserve::readReservation),
          in("REPORT CAPABILITIES", 2, PersistentReserve::reportCapabilities),
          in("READ FULL STATUS", 3, PersistentReserve::readFullStatus),
          out("REGISTER", ReserveOutList.REGISTER, "00"),
          out("RESERVE", ReserveOutList.RESERVE, "FF"),
          out("RELEASE", ReserveOutList.RELEASE, "FF"),
          out("CLEAR", ReserveOutList.CLEAR, "00"),
          out("PREEMPT", ReserveOutList.PREEMPT, "FF"),
          out("PREEMPT AND ABORT", ReserveOutList.PREEMPT_AND_ABORT, "FF"),
          out("REGISTER AND IGNORE EXISTING KEY", ReserveOutList.REGISTER_AND_IGNORE, "00"),
          out("REGISTER AND MOVE", ReserveOutList.REGISTER_AND_MOVE, "00"));

  /**
   * How long PREEMPT AND ABORT waits for what it aborts to leave the pool: as long as a volume may
   * wait for its disk. Beyond that it says that it failed, since the host must not go on.
   */
  private static final long ABORT_NANOS = TimeUnit.SECONDS.toNanos(30);

  /**
   * A host that has not taken its answers for so long may have stopped, as one that is fenced often
   * has. What it has begun is aborted only behind those answers, so its connection is closed.
   */
  private static final long SHUT_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long ABORT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final int HEADER_BYTES = 8;
  private static final int STATUS_BYTES = 24;

  private PersistentReserve() {}

  private static Command in(String action, int code, Task.Step start) {
    return Command.ofAction(
        "PERSISTENT RESERVE IN, " + action,
        "5E %02X 00 00 00 00 00 FF FF 00".formatted(code),
        MEDIUM,
        start);
  }

  private static Command out(String action, int code, String scopeAndType) {
    return Command.ofAction(
        "PERSISTENT RESERVE OUT, " + action,
        "5F %02X %s 00 00 FF FF FF FF 00".formatted(code, scopeAndType),
        MEDIUM,
        PersistentReserve::out);
  }

  // ---- IN -------------------------------------------------------------------------------------

  private static void readKeys(Nexus nexus, Task task) {
    Reservations now = task.unit().guard.now();
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + now.keys.size() * Long.BYTES);
    out.putInt(now.generation).putInt(now.keys.size() * Long.BYTES);
    now.keys.values().forEach(out::putLong);
    nexus.reply(task, out, task.cdb16(7));
  }

  private static void readReservation(Nexus nexus, Task task) {
    Reservations now = task.unit().guard.now();
    ByteBuffer out = nexus.scratch.clear();
    out.putInt(now.generation);
    if (now.type == null) {
      out.putInt(0);
    } else {
      out.putInt(16).putLong(now.holder == null ? 0 : now.keys.getOrDefault(now.holder, 0L));
      out.putInt(0).put((byte) 0).put((byte) now.type.code).putShort((short) 0);
    }
    nexus.reply(task, out, task.cdb16(7));
  }

  private static void reportCapabilities(Nexus nexus, Task task) {
    boolean persists = task.unit().guard.now().aptpl;
    ByteBuffer out = nexus.scratch.clear();
    out.putShort((short) 8);
    out.put((byte) 0x1D); // CRH, SIP_C, ATP_C, PTPL_C
    out.put((byte) (0x80 | (persists ? 1 : 0))); // TMV, PTPL_A
    out.putShort(ReservationType.MASK).putShort((short) 0);
    nexus.reply(task, out, task.cdb16(7));
  }

  private static void readFullStatus(Nexus nexus, Task task) {
    Reservations now = task.unit().guard.now();
    int bytes =
        now.keys.keySet().stream().mapToInt(each -> STATUS_BYTES + TransportId.bytes(each)).sum();
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + bytes);
    out.putInt(now.generation).putInt(bytes);
    for (Map.Entry<NexusName, Long> each : now.keys.entrySet()) {
      NexusName registered = each.getKey();
      boolean holds = now.isHeldBy(registered);
      out.putLong(each.getValue()).putInt(0);
      out.put((byte) (holds ? 1 : 0));
      out.put((byte) (holds && now.type != null ? now.type.code : 0)).putInt(0);
      out.putShort((short) registered.groupTag()).putInt(TransportId.bytes(registered));
      TransportId.put(out, registered);
    }
    nexus.reply(task, out, task.cdb16(7));
  }

  // ---- OUT ------------------------------------------------------------------------------------

  private static void out(Nexus nexus, Task task) {
    long bytes = task.cdbUnsigned32(5);
    if (bytes < ReserveOutList.BYTES || bytes > ReserveOutList.MAX_BYTES) {
      nexus.fail(task, Sense.PARAMETER_LIST_LENGTH);
    } else {
      nexus.stage(task, (int) bytes, PersistentReserve::listArrived);
    }
  }

  private static void listArrived(Nexus nexus, Task task) {
    ByteBuffer list = ByteBuffer.wrap(task.staged(), 0, task.stagedBytes);
    ReserveOut request;
    try {
      if (task.stagedBytes < task.cdbUnsigned32(5)) {
        throw RefusedListException.cut();
      }
      request = ReserveOutList.parse(nexus, task.cdb, list);
    } catch (RefusedListException e) {
      nexus.fail(task, e);
      return;
    }
    UUID volume = task.unit().uuid;
    UnitGuard guard = task.unit().guard;
    Outcome[] outcome = new Outcome[1];
    nexus.slow(
        task,
        own -> {
          outcome[0] = change(nexus, volume, guard, request);
          return null;
        },
        (own, done) -> {
          if (outcome[0] instanceof Outcome.Done whole && !whole.aborted().isEmpty()) {
            abort(own, done, volume, whole);
          } else {
            answer(own, done, outcome[0]);
          }
        });
  }

  /** In the pool: durable before anybody is told of it. */
  private static Outcome change(Nexus nexus, UUID volume, UnitGuard guard, ReserveOut request) {
    TargetCore core = nexus.core;
    try {
      return guard.change(
          core.guards.store(),
          nexus.name,
          request,
          done ->
              done.told()
                  .forEach((other, kind) ->
                      core.allOf(other).forEach(session -> session.raise(volume, kind))));
    } catch (StoreException.Full e) {
      return new Outcome.Refused(Sense.INSUFFICIENT_REGISTRATION_RESOURCES);
    } catch (StoreException e) {
      var unused = Nexus.storeFailure(e, true);
      return new Outcome.Refused(Sense.INTERNAL_FAILURE);
    }
  }

  /** One of them that has not ended keeps the answer waiting. */
  private record Aborted(Session session, AtomicBoolean ended) {
    boolean isOver() {
      return ended.get() || session.isOver();
    }
  }

  /** PREEMPT AND ABORT is good once nothing of those it preempted can reach the volume. */
  private static void abort(Nexus nexus, Task task, UUID volume, Outcome.Done outcome) {
    List<Aborted> all = new ArrayList<>();
    for (NexusName victim : outcome.aborted()) {
      for (Session session : nexus.core.allOf(victim)) {
        var each = new Aborted(session, new AtomicBoolean());
        session.taskManagement().abort(volume, task, () -> each.ended().set(true));
        all.add(each);
      }
    }
    if (all.isEmpty()) {
      answer(nexus, task, outcome);
    } else {
      nexus.slowBeside(task, own -> awaitAll(own, all), Nexus::good);
    }
  }

  private static @Nullable Sense awaitAll(Task own, List<Aborted> all) {
    long begun = System.nanoTime();
    boolean shut = false;
    while (!own.aborted && !all.stream().allMatch(Aborted::isOver)) {
      long waited = System.nanoTime() - begun;
      if (waited > ABORT_NANOS) {
        return Sense.INTERNAL_FAILURE;
      }
      if (waited > SHUT_NANOS && !shut) {
        shut = true;
        all.stream()
            .filter(each -> !each.isOver())
            .forEach(each -> each.session().shut("its commands were preempted and do not end"));
      }
      LockSupport.parkNanos(ABORT_PAUSE_NANOS);
    }
    return null;
  }

  static void answer(Nexus nexus, Task task, Outcome outcome) {
    switch (outcome) {
      case Outcome.Done _ -> nexus.good(task);
      case Outcome.Conflict _ -> nexus.conflict(task);
      case Outcome.Refused(Sense sense) -> nexus.fail(task, sense);
    }
  }
}

package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;

import io.bascule.iscsi.Reservations.Outcome;
import java.util.List;

/** RESERVE (6) and RELEASE (6) of whole units (SPC-2, 7.16 and 7.21); they end with the nexus. */
final class ReserveUnit {
  static final List<Command> COMMANDS =
      List.of(
          Command.of("RESERVE (6)", "16 00 00 00 00 00", MEDIUM, ReserveUnit::reserve),
          Command.of("RELEASE (6)", "17 00 00 00 00 00", MEDIUM, ReserveUnit::release));

  /** 3RDPTY and EXTENT, both obsolete. */
  private static final int OBSOLETE = 0x11;

  private ReserveUnit() {}

  /** In the pool: a PERSISTENT RESERVE OUT for the unit may be waiting for a disk. */
  private static void reserve(Nexus nexus, Task task) {
    if ((task.cdb8(1) & OBSOLETE) != 0) {
      nexus.failField(task, 1);
      return;
    }
    UnitGuard guard = task.unit().guard;
    Outcome[] outcome = new Outcome[1];
    nexus.slow(
        task,
        own -> {
          outcome[0] = guard.reserve(nexus.name);
          if (!nexus.core.isPresent(nexus.session)) {
            guard.nexusLost(nexus.name); // its end did not find this yet
          }
          return null;
        },
        (own, done) -> PersistentReserve.answer(own, done, outcome[0]));
  }

  private static void release(Nexus nexus, Task task) {
    if ((task.cdb8(1) & OBSOLETE) != 0) {
      nexus.failField(task, 1);
    } else {
      PersistentReserve.answer(nexus, task, task.unit().guard.release(nexus.name));
    }
  }
}

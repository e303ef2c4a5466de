package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;
import static io.bascule.iscsi.Command.Needs.NOTHING;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Commands about whether a unit is ready, and about a medium that cannot be stopped or taken out:
 * reaching the unit is nearly all there is to them (SPC-4, 6; SBC-3, 5).
 */
final class UnitState {
  static final List<Command> COMMANDS =
      List.of(
          Command.of("TEST UNIT READY", "00 00 00 00 00 00", MEDIUM, Nexus::good),
          Command.of("REQUEST SENSE", "03 01 00 00 FF 00", NOTHING, UnitState::requestSense),
          Command.of("START STOP UNIT", "1B 01 00 00 05 00", MEDIUM, UnitState::startStop),
          Command.of("PREVENT ALLOW MEDIUM REMOVAL", "1E 00 00 00 03 00", MEDIUM, Nexus::good));

  // In byte 4 of START STOP UNIT.
  private static final int POWER_CONDITION = 0xF0;
  private static final int NO_FLUSH = 0x04;
  private static final int LOAD_EJECT = 0x02;
  private static final int START = 0x01;

  private UnitState() {}

  /**
   * One host does not stop what others use: a stop only puts on stable storage what was written.
   * IMMED would let us answer before.
   */
  private static void startStop(Nexus nexus, Task task) {
    int what = task.cdb8(4);
    if ((what & (POWER_CONDITION | LOAD_EJECT)) != 0) {
      nexus.failField(task, 4);
    } else if ((what & (START | NO_FLUSH)) == 0) {
      nexus.slow(task, UnitState::flush, Nexus::good);
    } else {
      nexus.good(task);
    }
  }

  private static @Nullable Sense flush(Task task) {
    task.volume().flush();
    return null;
  }

  private static void requestSense(Nexus nexus, Task task) {
    boolean descriptor = (task.cdb8(1) & 1) != 0;
    Sense sense = Sense.LUN_NOT_SUPPORTED;
    if (task.unit != null) {
      Sense attention = nexus.view.unitAttentions.take(task.lun);
      sense = attention == null ? Sense.NONE : attention;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.position(sense.encode(out, 0, descriptor, SenseDetail.NONE));
    nexus.reply(task, out, task.cdb8(4));
  }
}

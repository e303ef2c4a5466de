package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;
import static io.bascule.iscsi.Command.Needs.NOTHING;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Commands about whether a unit is ready, and about a medium that cannot be stopped or taken out:
 * reaching the unit is all there is to them (SPC-4, 6; SBC-3, 5).
 */
final class UnitState {
  static final List<Command> COMMANDS =
      List.of(
          Command.of("TEST UNIT READY", "00 00 00 00 00 00", MEDIUM, Nexus::good),
          Command.of("REQUEST SENSE", "03 01 00 00 FF 00", NOTHING, UnitState::requestSense),
          Command.of("START STOP UNIT", "1B 01 00 00 01 00", MEDIUM, Nexus::good),
          Command.of("PREVENT ALLOW MEDIUM REMOVAL", "1E 00 00 00 03 00", MEDIUM, Nexus::good));

  private UnitState() {}

  private static void requestSense(Nexus nexus, Task task) {
    boolean descriptor = (task.cdb8(1) & 1) != 0;
    Sense sense = Sense.LUN_NOT_SUPPORTED;
    if (task.unit != null) {
      Sense attention = nexus.view.unitAttentions.take(task.lun);
      sense = attention == null ? Sense.NONE : attention;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.position(sense.encode(out, 0, descriptor));
    nexus.reply(task, out, task.cdb8(4));
  }
}

package io.bascule.sim.world;

import io.bascule.core.Status;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeState;
import io.bascule.core.upgrade.World;

/**
 * The cancel contract's table once more, written from the contract and not from the code: what the
 * button must say.
 */
final class CancelTable {
  private CancelTable() {}

  /** AVAILABLE, NO_EFFECT, BLOCKED, UNAVAILABLE, or MAYBE where the table leaves it to a guard. */
  static String expected(Upgrade upgrade, World world) {
    boolean underWay =
        upgrade.state() == UpgradeState.RUNNING || upgrade.state() == UpgradeState.PAUSED;
    // A takeover may have canceled it, or the commit be on record, before the state says so.
    if (!underWay || upgrade.row().canceled() || upgrade.row().committed()) {
      return "UNAVAILABLE";
    }
    StepName step = upgrade.step().orElseThrow();
    return switch (step) {
      case PRECHECK, STAGE_STANDBY, ACTIVATE_STANDBY, HANDOVER, FINALIZE -> "UNAVAILABLE";
      case PHASE_1 -> "NO_EFFECT";
      case STAGE_ONCE_ACTIVE, ACTIVATE_ONCE_ACTIVE, PHASE_2, PHASE_3, PHASE_4, COMMIT ->
          guarded(upgrade, world, step);
    };
  }

  private static String guarded(Upgrade upgrade, World world, StepName step) {
    var boot = world.boot(world.standby());
    if (boot.isEmpty()) {
      return world.peerReady() ? "AVAILABLE" : "BLOCKED";
    }
    Status status = boot.get().status();
    return switch (status) {
      case ONLINE -> world.peerReady() ? "AVAILABLE" : "BLOCKED";
      case OFF, FAILED -> "BLOCKED";
      // Accepted if it is the upgrade's own reboot, which the table cannot see.
      case RECOVERING -> step == StepName.ACTIVATE_ONCE_ACTIVE ? "MAYBE" : "BLOCKED";
    };
  }
}

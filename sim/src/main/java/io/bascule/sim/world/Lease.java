package io.bascule.sim.world;

import io.bascule.sim.rt.SimProcess;
import org.jspecify.annotations.Nullable;

/** The lock on the lease: one process has it, until it gives it up or dies. */
final class Lease {
  private @Nullable SimProcess holder;

  boolean take(SimProcess by) {
    var now = holder;
    if (now != null && now.isAlive() && now != by) {
      return false;
    }
    holder = by;
    return true;
  }

  void giveUp(SimProcess by) {
    if (holder == by) {
      holder = null;
    }
  }

  boolean isHeldBy(SimProcess process) {
    return holder == process && process.isAlive();
  }
}

package io.bascule.sim.world;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.sim.rt.Dice;
import io.bascule.sim.rt.Sim;
import java.util.concurrent.locks.LockSupport;

/**
 * What befalls the appliance: processes killed, power lost, the chassis or the peer link gone for a
 * while, a controller switched off. Some fall at a time, some at a change of the disk or a COMMIT
 * of state.db that is so many away: in the middle of what was just going on.
 */
final class Blows {
  private final Appliance appliance;
  private final Dice dice;
  private final Knobs knobs;
  private volatile boolean stopping;
  private int countdown;
  private long struck;

  Blows(Appliance appliance, Dice dice, Knobs knobs) {
    this.appliance = appliance;
    this.dice = dice;
    this.knobs = knobs;
  }

  long struck() {
    return struck;
  }

  void stop() {
    stopping = true;
    countdown = 0;
  }

  void run() {
    for (int i = 0; i < knobs.blows() && !stopping; i++) {
      LockSupport.parkNanos(dice.below(dice.oneIn(2) ? 500_000_000L : 6_000_000_000L));
      if (stopping) {
        return;
      }
      if (knobs.deepBlows()) {
        countdown = 1 + dice.below(dice.oneIn(2) ? 20 : 400);
      } else {
        strike();
      }
    }
  }

  /** Something durable is about to change, or has just changed. */
  void step() {
    if (countdown > 0 && --countdown == 0) {
      strike();
      if (!Sim.current().process().isAlive()) {
        Sim.current().freeze();
      }
    }
  }

  private void strike() {
    struck++;
    int kind = dice.below(13);
    switch (kind) {
      case 0, 1, 2, 3 -> appliance.active().ifPresent(one -> die(one.id()));
      case 4 -> appliance.active().ifPresent(one -> die(one.id().other()));
      case 5 -> {
        die(ControllerId.CONTROLLER_0);
        die(ControllerId.CONTROLLER_1);
      }
      case 6, 7 -> {
        if (knobs.powerLoss()) {
          appliance.losePower();
        } else {
          appliance.active().ifPresent(one -> die(one.id()));
        }
      }
      case 8 -> forAWhile("chassis", up -> appliance.chassis(up));
      case 9 -> forAWhile("link", up -> appliance.link(up));
      case 10 ->
          forAWhile(
              "standby's power",
              on -> {
                var standby =
                    appliance
                        .active()
                        .map(one -> one.id().other())
                        .orElse(ControllerId.CONTROLLER_0);
                if (on) {
                  for (var id : ControllerId.values()) {
                    if (!appliance.box(id).isPowered()) {
                      appliance.box(id).boot(BootCause.POWER_ON);
                    }
                  }
                } else {
                  appliance.judgeBeforeDeath();
                  appliance.box(standby).powerOff();
                }
              });
      case 11 -> oldReleaseTakesOver();
      default -> appliance.active().ifPresent(one -> die(one.id()));
    }
  }

  /** An administrator boots the standby from its other slot, and then the active dies. */
  private void oldReleaseTakesOver() {
    var active = appliance.active();
    if (knobs.path() == Knobs.Path.ROLLING || active.isEmpty()) {
      return;
    }
    var standby = appliance.box(active.get().id().other());
    for (var slot : Slot.values()) {
      if (Releases.V122.equals(standby.slots().get(slot)) && standby.bootSlot() != slot) {
        appliance.judgeBeforeDeath();
        standby.bootsAgainstThePlan(slot);
        long after = dice.between(0, 2_000_000_000L);
        Sim.current()
            .start(
                appliance.process(),
                "blow",
                () -> {
                  LockSupport.parkNanos(after);
                  appliance.active().ifPresent(one -> die(one.id()));
                });
      }
    }
  }

  private void die(ControllerId id) {
    appliance.judgeBeforeDeath();
    appliance.box(id).kill("blow");
  }

  private interface Change {
    void to(boolean good);
  }

  private void forAWhile(String what, Change change) {
    Sim.current().note(what + " fails", 0);
    change.to(false);
    Sim.current()
        .at(
            appliance.process(),
            Sim.current().nowNanos() + dice.between(100_000_000L, 5_000_000_000L),
            () -> {
              Sim.current().note(what + " is back", 0);
              change.to(true);
            });
  }
}

package io.bascule.sim.world;

import io.bascule.controller.upgrade.Upgrades;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.upgrade.Plan;
import io.bascule.core.upgrade.Planner;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeEvent;
import io.bascule.core.upgrade.UpgradeMachine;
import io.bascule.core.upgrade.World;
import io.bascule.sim.rt.Rt;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Begins an upgrade as {@code Upgrades.start} does, without its prechecks, which want signed
 * packages on a real disk; and looks at what only the upgrade's own room can see.
 */
final class Starter {
  private final Object owner;
  private final Object store;

  Starter(Upgrades upgrades) {
    this.owner = Inside.field(upgrades, "owner");
    this.store = Inside.field(upgrades, "store");
  }

  /** Lets the upgrade's thread do {@code work} between two actions. */
  @SuppressWarnings("unchecked")
  <T> T ask(Function<World, T> work) {
    return (T) Inside.call(owner, "ask", work);
  }

  /** The record as the upgrade's thread believes it to be; only within {@link #ask}. */
  @SuppressWarnings("unchecked")
  Optional<Upgrade> upgrade() {
    return (Optional<Upgrade>) Inside.call(Inside.call(owner, "snapshot"), "upgrade");
  }

  /**
   * Begins.
   *
   * @param from the step to begin with: everything before it counts as done
   */
  void begin(
      String id,
      Version old,
      Version fresh,
      StepName from,
      Map<ControllerId, Slot> oldSlots,
      Upgrade.Tuning tuning) {
    boolean _ =
        this.<Boolean>ask(world -> {
          Object row = Inside.call(store, "row");
          long revision = (Long) Inside.call(row, "revision");
          var upgrade =
              UpgradeMachine.begin(
                  plan(id, old, fresh, from, oldSlots, world.self(), tuning),
                  revision,
                  (Upgrade.Row) Inside.call(row, "row"),
                  Set.of(),
                  tuning,
                  "operator",
                  Rt.instant());
          while (!upgrade.step().equals(Optional.of(from))) {
            var done = new UpgradeEvent.GoalsReached(world.self(), Rt.instant());
            upgrade = ((UpgradeMachine.Result.Changed) UpgradeMachine.step(upgrade, done)).next();
          }
          Inside.call(owner, "begin", upgrade, revision);
          return true;
        });
  }

  private static Plan plan(
      String id,
      Version old,
      Version fresh,
      StepName from,
      Map<ControllerId, Slot> oldSlots,
      ControllerId active,
      Upgrade.Tuning tuning) {
    if (!fresh.equals(Releases.V201)) {
      return Planner.rolling(id, old, fresh, active, oldSlots, 1);
    }
    // Whoever is active in the phases is not the one that was when it began.
    var onceActive = from == StepName.PRECHECK ? active : active.other();
    return Planner.migrating(
        id,
        old,
        fresh,
        onceActive,
        oldSlots,
        1,
        Planner.Migration.of(1 << 20, tuning.confirmSeconds()));
  }
}

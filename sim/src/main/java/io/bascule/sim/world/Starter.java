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
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
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
    this.owner = field(upgrades, "owner");
    this.store = field(upgrades, "store");
  }

  private static Object field(Object of, String name) {
    try {
      Field field = of.getClass().getDeclaredField(name);
      field.setAccessible(true);
      return field.get(of);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object call(Object of, String name, Object... arguments) {
    try {
      Method method =
          Arrays.stream(of.getClass().getDeclaredMethods())
              .filter(m -> m.getName().equals(name) && m.getParameterCount() == arguments.length)
              .findFirst()
              .orElseThrow();
      method.setAccessible(true);
      return method.invoke(of, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Lets the upgrade's thread do {@code work} between two actions. */
  @SuppressWarnings("unchecked")
  <T> T ask(Function<World, T> work) {
    return (T) call(owner, "ask", work);
  }

  /** The record as the upgrade's thread believes it to be; only within {@link #ask}. */
  @SuppressWarnings("unchecked")
  Optional<Upgrade> upgrade() {
    return (Optional<Upgrade>) call(call(owner, "snapshot"), "upgrade");
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
          Object row = call(store, "row");
          long revision = (Long) call(row, "revision");
          var upgrade =
              UpgradeMachine.begin(
                  plan(id, old, fresh, from, oldSlots, world.self(), tuning),
                  revision,
                  (Upgrade.Row) call(row, "row"),
                  Set.of(),
                  tuning,
                  "operator",
                  Rt.instant());
          while (!upgrade.step().equals(Optional.of(from))) {
            var done = new UpgradeEvent.GoalsReached(world.self(), Rt.instant());
            upgrade = ((UpgradeMachine.Result.Changed) UpgradeMachine.step(upgrade, done)).next();
          }
          call(owner, "begin", upgrade, revision);
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

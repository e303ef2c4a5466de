package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.upgrade.Primitive.Boot;
import io.bascule.core.upgrade.Primitive.Commit;
import io.bascule.core.upgrade.Primitive.DropSlot;
import io.bascule.core.upgrade.Primitive.HandOver;
import io.bascule.core.upgrade.Primitive.Phase;
import io.bascule.core.upgrade.Primitive.PlanSlot;
import io.bascule.core.upgrade.Primitive.SetSlot;
import io.bascule.core.upgrade.Primitive.Settle;
import io.bascule.core.upgrade.Primitive.Stage;
import io.bascule.core.upgrade.Primitive.WaitOnline;
import io.bascule.core.upgrade.Primitive.WaitStable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the plan of an upgrade. Pure.
 *
 * <p>Each step repeats the goals of those before it that a crash can undo: if the upgraded active
 * dies and the old release takes over, the step in progress first makes the upgraded controller
 * active again.
 */
public final class Planner {
  private Planner() {}

  /**
   * How long a migration may take, for percent and ETA.
   *
   * @param confirmSeconds how long format 2 is read from before the commit
   */
  public record Migration(int copySeconds, int verifySeconds, int confirmSeconds) {
    /** Of so many allocated bytes, at a rate that disks of today reach beside their hosts. */
    public static Migration of(long allocatedBytes, int confirmSeconds) {
      long copyBytesPerSecond = 150L << 20;
      int seconds = (int) Math.min(30L * 24 * 3600, 1 + allocatedBytes / copyBytesPerSecond);
      return new Migration(seconds, 1 + seconds / 2, confirmSeconds);
    }
  }

  /** The plan of the rolling installation of {@code to} over {@code from}. */
  public static Plan rolling(
      String id,
      Version from,
      Version to,
      ControllerId active,
      Map<ControllerId, Slot> runningSlots,
      long rollbackCounter) {
    return plan(id, from, to, active, runningSlots, rollbackCounter, Optional.empty());
  }

  /** The same, followed by the migration of every volume. */
  public static Plan migrating(
      String id,
      Version from,
      Version to,
      ControllerId active,
      Map<ControllerId, Slot> runningSlots,
      long rollbackCounter,
      Migration migration) {
    return plan(id, from, to, active, runningSlots, rollbackCounter, Optional.of(migration));
  }

  private static Plan plan(
      String id,
      Version from,
      Version to,
      ControllerId active,
      Map<ControllerId, Slot> runningSlots,
      long rollbackCounter,
      Optional<Migration> migration) {
    ControllerId standby = active.other();
    List<Plan.Planned> steps = new ArrayList<>();
    List<Primitive> dropped = migration.isPresent() ? List.of(new Phase(Phase.DROPPED)) : List.of();
    steps.add(
        step(
            StepName.PRECHECK,
            null,
            1,
            List.of(online(active, from), online(standby, from)),
            List.of()));
    steps.add(
        step(
            StepName.STAGE_STANDBY,
            standby,
            6,
            List.of(new Stage(Who.the(standby), to)),
            // The last of a return: it ends only when the appliance is whole again.
            join(
                join(List.of(new DropSlot(Who.the(standby))), dropped),
                List.of(online(standby, from), online(active, from)))));
    List<Primitive> standbyUp =
        List.of(
            new SetSlot(Who.the(standby), PlanSlot.NEW, true),
            new Boot(Who.the(standby), PlanSlot.NEW),
            online(standby, to));
    List<Primitive> whicheverIsStandbyBack =
        List.of(
            new SetSlot(Who.STANDBY, PlanSlot.OLD, false),
            new Boot(Who.STANDBY, PlanSlot.OLD),
            new WaitOnline(Who.STANDBY, from));
    steps.add(step(StepName.ACTIVATE_STANDBY, standby, 4, standbyUp, whicheverIsStandbyBack));
    List<Primitive> handedOver = join(standbyUp, List.of(new HandOver(to)));
    steps.add(
        step(
            StepName.HANDOVER,
            active,
            4,
            join(handedOver, List.of(online(active, from))),
            List.of(new SetSlot(Who.ACTIVE, PlanSlot.OLD, false), new HandOver(from))));
    steps.add(
        step(
            StepName.STAGE_ONCE_ACTIVE,
            active,
            6,
            join(handedOver, List.of(new Stage(Who.the(active), to))),
            List.of(new DropSlot(Who.the(active)))));
    steps.add(
        step(
            StepName.ACTIVATE_ONCE_ACTIVE,
            active,
            14,
            join(
                handedOver,
                List.of(
                    new SetSlot(Who.the(active), PlanSlot.NEW, true),
                    new Boot(Who.the(active), PlanSlot.NEW),
                    online(active, to),
                    new WaitStable(Who.the(standby)),
                    new WaitStable(Who.the(active)))),
            whicheverIsStandbyBack));
    List<Primitive> settled = List.of(new Settle(Who.the(standby)), new Settle(Who.the(active)));
    List<StepName> undoOrder = new ArrayList<>();
    if (migration.isPresent()) {
      var bothUp = List.<Primitive>of(online(standby, to), online(active, to));
      steps.addAll(phases(migration.get(), bothUp, settled, dropped));
      // The volumes are on format 1 alone again before any controller leaves the new release.
      undoOrder.addAll(
          List.of(
              StepName.COMMIT,
              StepName.PHASE_4,
              StepName.PHASE_3,
              StepName.PHASE_2,
              StepName.PHASE_1));
    }
    undoOrder.addAll(
        List.of(
            StepName.ACTIVATE_ONCE_ACTIVE,
            StepName.HANDOVER,
            StepName.ACTIVATE_STANDBY,
            StepName.STAGE_ONCE_ACTIVE,
            StepName.STAGE_STANDBY));
    steps.add(step(StepName.FINALIZE, null, 1, settled, List.of()));
    return new Plan(
        id, from, to, active, Map.copyOf(runningSlots), steps, undoOrder, rollbackCounter);
  }

  /**
   * The four phases and the commit. The first three go on without the standby; the last step does
   * not begin to count before both controllers run the release for good.
   */
  private static List<Plan.Planned> phases(
      Migration migration,
      List<Primitive> bothUp,
      List<Primitive> settled,
      List<Primitive> dropped) {
    return List.of(
        step(StepName.PHASE_1, null, 1, List.of(new Phase(1)), dropped),
        step(StepName.PHASE_2, null, migration.copySeconds(), List.of(new Phase(2)), dropped),
        step(StepName.PHASE_3, null, migration.verifySeconds(), List.of(new Phase(3)), dropped),
        step(
            StepName.PHASE_4,
            null,
            migration.confirmSeconds(),
            join(List.of(new Phase(4)), bothUp),
            dropped),
        step(
            StepName.COMMIT,
            null,
            2,
            join(join(List.of(new Phase(4)), join(bothUp, settled)), List.of(new Commit())),
            dropped));
  }

  private static WaitOnline online(ControllerId id, Version release) {
    return new WaitOnline(Who.the(id), release);
  }

  private static Plan.Planned step(
      StepName name,
      @org.jspecify.annotations.Nullable ControllerId controller,
      int expectedSeconds,
      List<Primitive> goals,
      List<Primitive> inverse) {
    return new Plan.Planned(name, Optional.ofNullable(controller), goals, inverse, expectedSeconds);
  }

  private static List<Primitive> join(
      List<? extends Primitive> first, List<? extends Primitive> then) {
    List<Primitive> all = new ArrayList<>(first);
    all.addAll(then);
    return List.copyOf(all);
  }
}

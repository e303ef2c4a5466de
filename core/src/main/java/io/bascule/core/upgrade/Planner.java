package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.upgrade.Primitive.Boot;
import io.bascule.core.upgrade.Primitive.DropSlot;
import io.bascule.core.upgrade.Primitive.HandOver;
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

  /** The plan of the rolling installation of {@code to} over {@code from}. */
  public static Plan rolling(
      String id,
      Version from,
      Version to,
      ControllerId active,
      Map<ControllerId, Slot> runningSlots,
      long rollbackCounter) {
    ControllerId standby = active.other();
    List<Plan.Planned> steps = new ArrayList<>();
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
            List.of(new DropSlot(Who.the(standby)), online(standby, from), online(active, from))));
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
    steps.add(
        step(
            StepName.FINALIZE,
            null,
            1,
            List.of(new Settle(Who.the(standby)), new Settle(Who.the(active))),
            List.of()));
    return new Plan(
        id,
        from,
        to,
        active,
        Map.copyOf(runningSlots),
        steps,
        List.of(
            StepName.ACTIVATE_ONCE_ACTIVE,
            StepName.HANDOVER,
            StepName.ACTIVATE_STANDBY,
            StepName.STAGE_ONCE_ACTIVE,
            StepName.STAGE_STANDBY),
        rollbackCounter);
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

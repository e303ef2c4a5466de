package io.bascule.core.upgrade;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an upgrade will do, and how each step is undone. Immutable: stored once, as one document,
 * and read by the old and by the new release.
 *
 * @param onceActive the controller that was active when the upgrade began
 * @param oldSlots the slot of each controller that holds {@code from}; the other is the new one
 * @param steps in order
 * @param undoOrder the steps in the order in which a cancel establishes their inverse goals
 * @param rollbackCounter the appliance's anti-rollback counter once the upgrade is completed
 */
public record Plan(
    String id,
    Version from,
    Version to,
    ControllerId onceActive,
    Map<ControllerId, Slot> oldSlots,
    List<Planned> steps,
    List<StepName> undoOrder,
    long rollbackCounter) {

  public Plan {
    oldSlots = Map.copyOf(oldSlots);
    steps = List.copyOf(steps);
    undoOrder = List.copyOf(undoOrder);
    Check.that(oldSlots.size() == 2, "plan %s lacks a slot: %s", id, oldSlots);
    Check.that(!steps.isEmpty(), "plan %s has no steps", id);
  }

  /**
   * A step.
   *
   * @param controller the one it is about, for display
   * @param expectedSeconds how long it usually takes: for percent and ETA only
   */
  public record Planned(
      StepName name,
      Optional<ControllerId> controller,
      List<Primitive> goals,
      List<Primitive> inverse,
      int expectedSeconds) {
    public Planned {
      goals = List.copyOf(goals);
      inverse = List.copyOf(inverse);
    }
  }

  /** The plan's step of that name. */
  public Planned step(StepName name) {
    return find(name).orElseThrow(() -> new Check.Missing("plan " + id + " has no step " + name));
  }

  /** The plan's step of that name, if it has one. */
  public Optional<Planned> find(StepName name) {
    return steps.stream().filter(step -> step.name() == name).findFirst();
  }

  /** The step after that one; empty after the last. */
  public Optional<StepName> after(StepName name) {
    for (int i = 0; i + 1 < steps.size(); i++) {
      if (steps.get(i).name() == name) {
        return Optional.of(steps.get(i + 1).name());
      }
    }
    return Optional.empty();
  }

  /** Whether {@code name} comes before {@code other} in this plan's order. */
  public boolean isBefore(StepName name, StepName other) {
    return name.ordinal() < other.ordinal();
  }

  /** The slot meant for that controller. */
  public Slot slot(ControllerId id, Primitive.PlanSlot which) {
    Slot old = Check.found(oldSlots.get(id), "slot of " + id);
    return which == Primitive.PlanSlot.OLD ? old : old.other();
  }

  /** Whether the volumes are migrated on the way. */
  public boolean migrates() {
    return find(StepName.PHASE_1).isPresent();
  }
}

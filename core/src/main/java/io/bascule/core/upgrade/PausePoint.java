package io.bascule.core.upgrade;

import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where an upgrade can be told to stop: as that step begins, before its work is done. */
public enum PausePoint {
  HANDOVER("handover", StepName.HANDOVER),
  ONCE_ACTIVE("once-active", StepName.STAGE_ONCE_ACTIVE),
  PHASE_1("phase-1", StepName.PHASE_1),
  PHASE_2("phase-2", StepName.PHASE_2),
  PHASE_3("phase-3", StepName.PHASE_3),
  PHASE_4("phase-4", StepName.PHASE_4),
  COMMIT("commit", StepName.COMMIT);

  private final String label;
  private final StepName step;

  PausePoint(String label, StepName step) {
    this.label = label;
    this.step = step;
  }

  /** As typed and persisted. */
  public String label() {
    return label;
  }

  /** The step it stops at. */
  public StepName step() {
    return step;
  }

  /**
   * The point of that label.
   *
   * @throws IllegalArgumentException naming the labels there are
   */
  public static PausePoint parse(String label) {
    return Arrays.stream(values())
        .filter(point -> point.label.equals(label))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "there is no pause point '"
                    + label
                    + "'; there are "
                    + Arrays.stream(values()).map(p -> p.label).collect(Collectors.joining(", "))));
  }

  /** {@code handover, once-active}: in the order in which an upgrade reaches them. */
  static String labels(Collection<PausePoint> points) {
    return points.stream().sorted().map(PausePoint::label).collect(Collectors.joining(", "));
  }

  /** Why that plan cannot pause there, and where it can. */
  public static String notIn(Plan plan, PausePoint point) {
    var there = Arrays.stream(values()).filter(p -> plan.find(p.step).isPresent()).toList();
    return "The upgrade to %s has no pause point %s: it does not migrate volumes. It has %s."
        .formatted(plan.to(), point.label, labels(there));
  }

  /** The point at which a step stops, if it has one. */
  public static Optional<PausePoint> of(StepName step) {
    return Arrays.stream(values()).filter(point -> point.step == step).findFirst();
  }
}

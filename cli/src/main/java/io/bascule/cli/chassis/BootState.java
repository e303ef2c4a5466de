package io.bascule.cli.chassis;

import io.bascule.cli.chassis.Phase.Booting;
import io.bascule.cli.chassis.Phase.Down;
import io.bascule.cli.chassis.Phase.Ending;
import io.bascule.cli.chassis.Phase.Failed;
import io.bascule.cli.chassis.Phase.Launching;
import io.bascule.cli.chassis.Phase.Off;
import io.bascule.cli.chassis.Phase.Running;
import io.bascule.cli.chassis.Phase.Said;
import io.bascule.cli.chassis.Phase.Up;
import io.bascule.cli.chassis.Phase.Waiting;
import io.bascule.core.ControllerId;
import io.bascule.core.Status;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import java.util.Optional;

/**
 * One controller's boot life.
 *
 * @param cause of the current boot
 * @param status as shown
 * @param sinceMillis wall clock of the last change of {@code status}
 */
record BootState(
    ControllerId id, BootPlan plan, Phase phase, BootCause cause, Status status, long sinceMillis) {

  /** The process, if there is one. */
  Optional<Running> process() {
    return switch (phase) {
      case Off _, Down _, Failed _, Waiting _, Launching _ -> Optional.empty();
      case Booting booting -> Optional.of(booting.process());
      case Up up -> Optional.of(up.process());
      case Ending ending -> Optional.of(ending.process());
    };
  }

  /** What it said of itself in this boot. */
  Optional<Said> said() {
    return switch (phase) {
      case Off _, Down _, Failed _, Waiting _, Launching _, Ending _ -> Optional.empty();
      case Booting booting -> booting.said();
      case Up up -> up.said();
    };
  }

  boolean stable() {
    return phase instanceof Up up && up.stable();
  }

  /** This life as others see it. */
  ControllerBoot view() {
    return new ControllerBoot(
        id,
        status,
        said().map(Said::role),
        said().map(Said::release),
        process().map(Running::slot),
        plan.slot(),
        plan.fallback(),
        plan.attempts(),
        stable(),
        cause,
        plan.lastFailure(),
        process().map(running -> running.identity().pid()).orElse(0L),
        sinceMillis);
  }
}

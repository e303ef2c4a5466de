package io.bascule.cli.local;

import io.bascule.core.ControllerId;
import io.bascule.core.chassis.ControllerBoot;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Tells what changes about the controllers, a line each. Used by one thread. */
public final class StateWatch {
  private final Map<ControllerId, String> seen = new EnumMap<>(ControllerId.class);
  private final Consumer<String> told;

  public StateWatch(Consumer<String> told) {
    this.told = told;
  }

  /** Looks at the present state. */
  public void see(Map<ControllerId, ControllerBoot> state) {
    for (var boot : state.values()) {
      String now = words(boot);
      if (!now.equals(seen.put(boot.id(), now))) {
        told.accept("Controller " + boot.id().number() + " " + now);
      }
    }
  }

  private static String words(ControllerBoot boot) {
    String who =
        boot.role().map(role -> ", " + role).orElse("")
            + boot.release().map(release -> " on " + release).orElse("");
    var words = new StringBuilder(boot.status().name()).append(who);
    if (boot.attempts() > 0) {
      words.append(", ").append(boot.attempts()).append(" failed boots");
    }
    Optional<String> cause = boot.lastFailure().map(ControllerBoot.Failure::cause);
    cause.ifPresent(text -> words.append(" (").append(text).append(')'));
    return words.toString();
  }
}

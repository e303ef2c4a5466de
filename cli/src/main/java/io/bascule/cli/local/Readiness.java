package io.bascule.cli.local;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Status;
import io.bascule.core.chassis.ControllerBoot;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** How far an appliance has come up. */
public sealed interface Readiness {

  /** One controller is active, the other stands by. */
  record Redundant() implements Readiness {}

  /** One controller is active; the other will not come by itself. */
  record Serving(String warning) implements Readiness {}

  /** Nobody will serve without help. */
  record Broken(String why) implements Readiness {}

  /** Not yet. */
  record NotReady(String what) implements Readiness {}

  /** Whether waiting changes nothing any more. */
  default boolean isFinal() {
    return !(this instanceof NotReady);
  }

  /** Judges what the chassis says. */
  static Readiness of(Map<ControllerId, ControllerBoot> state) {
    var all = state.values();
    boolean active =
        all.stream()
            .anyMatch(boot ->
                boot.status() == Status.ONLINE && boot.role().equals(Optional.of(Role.ACTIVE)));
    boolean bothOnline = all.stream().allMatch(boot -> boot.status() == Status.ONLINE);
    if (active && bothOnline) {
      return new Redundant();
    }
    boolean somebodyBoots = all.stream().anyMatch(boot -> boot.status() == Status.RECOVERING);
    if (somebodyBoots || (bothOnline && !active)) {
      return new NotReady(
          bothOnline
              ? "no controller serves, though both run; log/controller.log of each says why"
              : describe(all));
    }
    return active ? new Serving(describe(all)) : new Broken(describe(all));
  }

  private static String describe(Collection<ControllerBoot> all) {
    return all.stream()
        .filter(boot -> boot.status() != Status.ONLINE)
        .map(boot ->
            boot.id()
                + " is "
                + boot.status()
                + boot.lastFailure().map(f -> ": " + f.cause()).orElse(""))
        .collect(Collectors.joining("; "));
  }
}

package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import java.util.Optional;

/** What to do next about a list of goals. */
public sealed interface Action {
  /** Every goal holds. */
  record AllHold() implements Action {}

  /**
   * Nothing to do but look again soon.
   *
   * @param why for display
   * @param needsPerson what a person has to do, if it will not come by itself
   * @param mustEnd if it lasts, the step has failed
   */
  record Wait(String why, Optional<String> needsPerson, int percent, boolean mustEnd)
      implements Action {
    /** For something that comes by itself, as long as it may take. */
    public static Wait until(String why) {
      return new Wait(why, Optional.empty(), 0, false);
    }

    static Wait untilSoon(String why) {
      return new Wait(why, Optional.empty(), 0, true);
    }

    static Wait forPerson(String why, String whatToDo) {
      return new Wait(why, Optional.of(whatToDo), 0, false);
    }
  }

  /** A goal can't be reached. {@code mayRetry}: another try of the same step may help. */
  record Failed(String code, String detail, boolean mayRetry) implements Action {}

  /** While going back: the roles changed so that an earlier goal does not hold any more. */
  record StartOver(String why) implements Action {}

  record SetSlot(ControllerId id, Slot slot, Optional<Slot> fallback) implements Action {}

  record Boot(ControllerId id) implements Action {}

  record Settle(ControllerId id) implements Action {}

  record Stage(ControllerId id, Version release, Slot slot) implements Action {}

  record DropSlot(ControllerId id, Slot slot) implements Action {}

  /** Make format 2 the one that counts. */
  record Commit() implements Action {}

  /** Give the active role to the standby. Ends this process. */
  record HandOver() implements Action {}

  /**
   * Reboot the active with nobody to take over. Ends this process. Only where disruption was
   * accepted.
   */
  record RebootInPlace() implements Action {}
}

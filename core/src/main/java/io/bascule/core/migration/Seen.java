package io.bascule.core.migration;

import java.util.Optional;

/**
 * What simply is so of the data, looked at every turn. Each answers what is to be told to a
 * migration in this state, empty if it knows already. Immutable.
 *
 * @param copied nothing needs copying
 * @param verified a whole comparison has found no difference
 */
public record Seen(boolean copied, boolean verified) {
  /** Whether all is copied. */
  public Optional<Event> ofCopying(State state) {
    return state instanceof State.Working working && copied != working.copied()
        ? Optional.of(copied ? new Event.CopyDone() : new Event.Remarked())
        : Optional.empty();
  }

  /** Whether all is compared. */
  public Optional<Event> ofComparing(State state) {
    return verified
            && state instanceof State.Working working
            && !working.verified()
            && working.phase() != Phase.COPY
        ? Optional.of(new Event.PassClean())
        : Optional.empty();
  }

  /** Whether Phase 4 has taken as long as it was to. */
  public static Optional<Event> ofTime(State state, long nowMillis) {
    return state instanceof State.Working working
            && working.confirmUntilMillis().filter(until -> nowMillis >= until).isPresent()
            && !working.confirmed()
        ? Optional.of(new Event.Tick(nowMillis))
        : Optional.empty();
  }
}

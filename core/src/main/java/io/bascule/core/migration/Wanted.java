package io.bascule.core.migration;

import io.bascule.core.upgrade.Upgrade.Tuning;
import java.util.Optional;

/**
 * What the upgrade's record wants of the migration, looked at every turn: the record may be ahead
 * of the migration, or behind it. Immutable.
 *
 * @param phase at {@link Phase#CONFIRM} if it is to be committed
 * @param paused whether copying and comparing rest
 * @param commit whether the migration is to be committed
 * @param tuning how it goes
 */
public record Wanted(Phase phase, boolean paused, boolean commit, Tuning tuning) {
  /** What is to be told to a migration in this state; empty if it goes as wanted, or must end. */
  public Optional<Event> next(State state, long nowMillis) {
    return switch (state) {
      case State.Working working -> commit ? committing(working) : working(working, nowMillis);
      case State.Off _, State.Canceled _ -> beginning(Phase.PREPARE, nowMillis);
      case State.Prepared _ -> beginning(Phase.COPY, nowMillis);
      case State.Preparing _,
          State.Reopening _,
          State.Committing _,
          State.Committed _,
          State.Losing _,
          State.Lost _,
          State.Stopped _ ->
          Optional.empty();
    };
  }

  private Optional<Event> beginning(Phase first, long nowMillis) {
    return !commit && phase == first ? Optional.of(aim(phase, nowMillis)) : Optional.empty();
  }

  private static Optional<Event> committing(State.Working working) {
    boolean due = working.reached() || working.paused() || !working.confirmed();
    return working.phase() == Phase.CONFIRM && due
        ? Optional.of(new Event.CommitAsked())
        : Optional.empty();
  }

  private Optional<Event> working(State.Working working, long nowMillis) {
    boolean ahead = phase.number() == working.phase().number() + 1;
    if (ahead && working.reached()) {
      return Optional.of(aim(phase, nowMillis));
    }
    // Ahead though not reached: between the record's look and this turn a region may have come to
    // need copying again. This phase is gone on with first, which nobody would do if it rests.
    return (ahead || phase == working.phase()) && isOtherwise(working)
        ? Optional.of(aim(working.phase(), nowMillis))
        : Optional.empty();
  }

  private boolean isOtherwise(State.Working working) {
    return paused != working.paused()
        || (working.phase() == Phase.CONFIRM && working.confirmUntilMillis().isEmpty());
  }

  private Event aim(Phase at, long nowMillis) {
    return new Event.Aim(at, paused, tuning.confirmSeconds() * 1000L, nowMillis);
  }
}

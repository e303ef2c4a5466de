package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;
import java.time.Instant;
import java.util.Set;

/** What can happen to an upgrade. Time arrives in the events. */
public sealed interface UpgradeEvent {
  Instant now();

  /**
   * Every goal of the current step (in a cancel: of its inverse) was seen to hold, by the active
   * controller.
   */
  record GoalsReached(ControllerId active, Instant now) implements UpgradeEvent {}

  /** A goal of the current step can't be reached. */
  record StepFailed(String code, String detail, boolean mayRetry, Instant now)
      implements UpgradeEvent {}

  /** While going back: an earlier goal does not hold any more. */
  record RolesChanged(String why, Instant now) implements UpgradeEvent {}

  /** Mere progress of the current step. */
  record Progressed(int percent, Instant now) implements UpgradeEvent {}

  /** Somebody wants it to stop here. */
  record PauseAsked(String by, Instant now) implements UpgradeEvent {}

  /** Somebody wants it to go on. */
  record ResumeAsked(String by, Instant now) implements UpgradeEvent {}

  /** The pause points ahead are these now. */
  record PausePointsSet(Set<PausePoint> points, String by, Instant now) implements UpgradeEvent {}

  /** The migration shall go differently. */
  record Tuned(Upgrade.Tuning tuning, String by, Instant now) implements UpgradeEvent {}

  /** A cancel that {@link CancelRules} allowed. */
  record CancelStarted(Upgrade.Cancel cancel, ControllerId active, Instant now)
      implements UpgradeEvent {}

  /** A cancel that {@link CancelRules} let wait. */
  record CancelQueued(Upgrade.Queued queued, Instant now) implements UpgradeEvent {}

  /** The waiting cancel is taken back. */
  record CancelWithdrawn(String by, Instant now) implements UpgradeEvent {}

  /** A person must look at the migration before it goes on. */
  record PauseNeeded(String reason, Instant now) implements UpgradeEvent {}

  /** Format 2 cannot be used as it is; format 1 serves on alone. */
  record FormatTwoInvalid(String code, String detail, Instant now) implements UpgradeEvent {}

  /** A new, empty format 2 replaces the one that could not be used. */
  record FormatTwoMade(Instant now) implements UpgradeEvent {}

  /** Both formats are the same and on stable storage, and no host writes: format 2 counts now. */
  record Committed(Instant now) implements UpgradeEvent {}

  /**
   * A release that can't go on with the migration took the lease, and canceled it in that
   * transaction.
   */
  record CanceledByTakeover(ControllerId active, Instant now) implements UpgradeEvent {}
}

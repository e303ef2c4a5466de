package io.bascule.core.migration;

import io.bascule.core.Check;
import java.util.Optional;

/** Where the migration is, in the process of the active controller. */
public sealed interface State {
  /** Format 1 alone; no migration has begun in this process. */
  record Off() implements State {}

  /**
   * Phase 1: an empty format 2 is made, then everything that format 1 holds is marked.
   *
   * @param made format 2 is there; writes are marked from here on
   */
  record Preparing(boolean made) implements State {}

  /** Format 2 is there, empty, and its marks are complete. */
  record Prepared() implements State {}

  /** An earlier process has begun: its marks are read, its format 2 is being opened. */
  record Reopening(Phase phase) implements State {}

  /**
   * Phases 2 to 4.
   *
   * @param paused no copying and no comparing; what is mirrored stays mirrored
   * @param copied no region needs copying
   * @param verified one whole pass found both formats the same, since all was last marked
   * @param confirmUntilMillis when the confirm time is over; only in CONFIRM
   */
  record Working(
      Phase phase,
      boolean paused,
      boolean copied,
      boolean verified,
      Optional<Long> confirmUntilMillis,
      boolean confirmed)
      implements State {
    public Working {
      Check.that(phase != Phase.PREPARE, "Phase 1 is Preparing");
      Check.that(
          phase == Phase.CONFIRM || (confirmUntilMillis.isEmpty() && !confirmed),
          "%s is not confirmed",
          phase);
    }

    /** Whether what ends the phase has come to pass. */
    public boolean reached() {
      return switch (phase) {
        case PREPARE -> false;
        case COPY -> copied;
        case VERIFY -> copied && verified;
        case CONFIRM -> copied && verified && confirmed;
      };
    }

    Working with(boolean nowPaused, boolean nowCopied, boolean nowVerified) {
      return new Working(phase, nowPaused, nowCopied, nowVerified, confirmUntilMillis, confirmed);
    }
  }

  /** How far the commit is. */
  enum Stage {
    /** Both formats are synced while hosts write. */
    SYNCING,
    /** Writes are held, the rest is synced. */
    HOLDING,
    /** The record is asked; nobody knows the answer yet. */
    DECIDING
  }

  /**
   * The commit is under way. What can still go wrong leads back to {@code before}; if that is not
   * the end of Phase 4 any more, the hold or the record's answer is only waited for.
   *
   * @param tries holds that took too long
   * @param lost format 2 failed while the record was being asked
   */
  record Committing(Working before, Stage stage, int tries, Optional<Loss> lost) implements State {
    public Committing {
      Check.that(before.phase() == Phase.CONFIRM, "commit in %s", before.phase());
      Check.that(
          stage != Stage.SYNCING || before.reached(),
          "the commit is %s before the end of Phase 4: %s",
          stage,
          before);
      Check.that(lost.isEmpty() || stage == Stage.DECIDING, "a loss is not kept in %s", stage);
    }
  }

  /**
   * The commit is recorded: format 2 alone.
   *
   * @param freed format 1 is gone
   */
  record Committed(boolean freed) implements State {}

  /**
   * Format 2 failed; that is being recorded.
   *
   * @param marking until then writes leave marks; not if there was nothing to mark yet
   */
  record Losing(Loss loss, boolean marking) implements State {}

  /** The loss is recorded: format 1 alone. {@code dropped}: nothing of format 2 is left. */
  record Lost(Loss loss, boolean dropped) implements State {}

  /** The cancel is recorded: format 1 alone. {@code dropped}: nothing of format 2 is left. */
  record Canceled(boolean dropped) implements State {}

  /** Nobody knows which format holds the truth but the record: this process ends. */
  record Stopped(String why) implements State {}
}

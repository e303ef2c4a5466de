package io.bascule.core.upgrade;

import java.util.Optional;

/** Percent and time left, from the plan's expected times. Pure. */
public final class UpgradeProgress {
  private UpgradeProgress() {}

  /** Seconds, from {@code low} to {@code high}. */
  public record Range(long low, long high) {}

  /**
   * The share of the plan that holds now, by expected time: grows as steps are done, falls as they
   * are undone; 100 only when COMPLETED.
   */
  public static int percent(Upgrade upgrade) {
    if (upgrade.state() == UpgradeState.COMPLETED) {
      return 100;
    }
    double done = 0;
    double all = 0;
    for (var planned : upgrade.plan().steps()) {
      var progress = upgrade.progress(planned.name());
      double share =
          switch (progress.state()) {
            case PENDING, UNDONE, FAILED -> 0;
            case RUNNING -> progress.percent() / 100.0;
            case DONE -> planned.name() == StepName.PRECHECK && upgrade.state().ended() ? 0 : 1;
            case UNDOING -> 1 - progress.percent() / 100.0;
          };
      done += share * planned.expectedSeconds();
      all += planned.expectedSeconds();
    }
    return (int) Math.min(99, Math.floor(100 * done / all));
  }

  /** What is left; during the phases by what the migration measures, not by the plan. */
  public static Optional<Range> eta(Upgrade upgrade, Optional<Migration.Progress> migration) {
    boolean copying =
        upgrade.state() == UpgradeState.RUNNING
            && migration.isPresent()
            && !upgrade.row().committed()
            && upgrade.step().flatMap(StepName::phase).isPresent();
    return copying ? migration.get().eta() : eta(upgrade);
  }

  /**
   * What is left: of the plan, or of the way back. Empty when paused, at the end, or before
   * anything is known.
   */
  public static Optional<Range> eta(Upgrade upgrade) {
    double left = 0;
    switch (upgrade.state()) {
      case RUNNING -> {
        for (var planned : upgrade.plan().steps()) {
          var progress = upgrade.progress(planned.name());
          if (progress.state() == StepState.PENDING) {
            left += planned.expectedSeconds();
          } else if (progress.state() == StepState.RUNNING) {
            left += planned.expectedSeconds() * (1 - progress.percent() / 100.0);
          }
        }
      }
      case CANCELING -> {
        for (var name : upgrade.plan().undoOrder()) {
          var state = upgrade.progress(name).state();
          boolean ahead =
              state == StepState.DONE || state == StepState.UNDOING || state == StepState.FAILED;
          boolean reboots = name != StepName.STAGE_STANDBY && name != StepName.STAGE_ONCE_ACTIVE;
          left += ahead && reboots ? 4 : 0;
        }
        left += 1;
      }
      case IDLE, PAUSED, COMPLETED, CANCELED, FAILED -> {
        return Optional.empty();
      }
    }
    return Optional.of(
        new Range(Math.round(Math.floor(left * 0.6)), Math.round(Math.ceil(left * 2))));
  }
}

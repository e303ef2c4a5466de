package io.bascule.migration;

import io.bascule.core.migration.Forecast;
import io.bascule.core.migration.Migrator;
import io.bascule.core.migration.State;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeProgress;
import io.bascule.core.upgrade.UpgradeState;
import io.bascule.core.upgrade.World;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Tells the migrator what the upgrade's record says, and the upgrade how far the migrator is. Owned
 * by the upgrade thread; {@link #progress} may be asked by anybody.
 */
final class RecordFollower implements io.bascule.core.upgrade.Migration {
  private final Migrator migrator;
  private final BooleanSupplier present;
  private String canceled = "";
  private long renewedRevision = -1;
  private boolean committing;

  /** {@code present}: whether anything of format 2 lies in the enclosure. */
  RecordFollower(Migrator migrator, BooleanSupplier present) {
    this.migrator = migrator;
    this.present = present;
  }

  @Override
  public void follow(Optional<Upgrade> record) {
    record.ifPresent(this::follow);
  }

  private void follow(Upgrade upgrade) {
    var row = upgrade.row();
    if (row.canceled()) {
      committing = false;
      if (!canceled.equals(upgrade.plan().id())) {
        canceled = upgrade.plan().id();
        migrator.cancel();
      }
      return;
    }
    var phase = upgrade.step().flatMap(StepName::phase);
    if (row.committed() || phase.isEmpty()) {
      return;
    }
    boolean paused = upgrade.state() == UpgradeState.PAUSED;
    if (row.v2Invalid()) {
      committing = false;
      if (!paused && renewedRevision != upgrade.revision()) {
        renewedRevision = upgrade.revision();
        migrator.renew();
      }
      return;
    }
    committing &= !paused && upgrade.step().equals(Optional.of(StepName.COMMIT));
    if (!committing) {
      migrator.aim(io.bascule.core.migration.Phase.of(phase.get()), paused, upgrade.tuning());
    }
  }

  @Override
  public void commit() {
    committing = true;
    migrator.commit();
  }

  @Override
  public World.FormatTwo look() {
    var status = migrator.status();
    int done = status.reached().map(io.bascule.core.migration.Phase::number).orElse(0);
    int percent =
        status.phases().stream()
            .filter(progress -> progress.phase().number() == done + 1)
            .mapToInt(Migrator.Progress::percent)
            .findFirst()
            .orElse(0);
    return new World.FormatTwo(
        true, present.getAsBoolean(), isUsable(status.state()), done, percent, status.note());
  }

  private static boolean isUsable(State state) {
    return switch (state) {
      case State.Prepared _, State.Working _, State.Committing _, State.Committed _ -> true;
      case State.Off _,
          State.Preparing _,
          State.Reopening _,
          State.Losing _,
          State.Lost _,
          State.Canceled _,
          State.Stopped _ ->
          false;
    };
  }

  @Override
  public Optional<Progress> progress() {
    var status = migrator.status();
    if (status.state() instanceof State.Off || status.state() instanceof State.Canceled) {
      return Optional.empty();
    }
    return Optional.of(
        new Progress(
            status.phases().stream()
                .map(phase ->
                    new io.bascule.core.upgrade.Migration.Phase(
                        phase.phase().number(),
                        phase.percent(),
                        phase.doneBytes(),
                        phase.totalBytes()))
                .toList(),
            status.bytesPerSecond(),
            status.eta().map(RecordFollower::range),
            status.note()));
  }

  private static UpgradeProgress.Range range(Forecast.Range range) {
    return new UpgradeProgress.Range(range.lowSeconds(), range.highSeconds());
  }
}

package io.bascule.controller.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.upgrade.CancelRules;
import io.bascule.core.upgrade.Migration;
import io.bascule.core.upgrade.PausePoint;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeProgress;
import io.bascule.core.upgrade.UpgradeState;
import io.bascule.core.upgrade.World;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The upgrade as the REST API shows it. */
final class Views {
  private static final List<String> PHASE_NAMES = List.of("Prepare", "Copy", "Verify", "Confirm");

  private Views() {}

  static UpgradeView idle(long revision) {
    return new UpgradeView(
        null,
        revision,
        null,
        null,
        "IDLE",
        null,
        null,
        0,
        null,
        null,
        null,
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        List.of(),
        null,
        null,
        new UpgradeView.Cancel(
            "UNAVAILABLE", "No upgrade is running.", null, null, List.of(), null));
  }

  static UpgradeView of(
      Upgrade upgrade,
      World world,
      Measures measures,
      Optional<Long> currentP99,
      Optional<Migration.Progress> migration,
      Optional<UpgradeView.Waiting> waiting) {
    var plan = upgrade.plan();
    return new UpgradeView(
        plan.id(),
        upgrade.revision(),
        plan.from().toString(),
        plan.to().toString(),
        upgrade.state().name(),
        orNull(upgrade.underWay().map(Enum::name)),
        orNull(upgrade.underWay().flatMap(StepName::phase)),
        UpgradeProgress.percent(upgrade),
        orNull(
            UpgradeProgress.eta(upgrade, migration)
                .filter(_ -> waiting.isEmpty())
                .map(r -> new UpgradeView.Range(r.low(), r.high()))),
        upgrade.tuning().priority().name(),
        orNull(upgrade.tuning().maxBytesPerSecond()),
        upgrade.pauseAt().stream().sorted().map(PausePoint::label).toList(),
        orNull(upgrade.pausedReason()),
        orNull(waiting),
        plan.onceActive().number(),
        upgrade.startedBy(),
        upgrade.startedAt(),
        orNull(upgrade.endedAt()),
        orNull(upgrade.cause().map(c -> new UpgradeView.Cause(c.code(), c.detail()))),
        steps(upgrade),
        orNull(migration.or(() -> notBegun(upgrade)).map(progress -> migration(upgrade, progress))),
        new UpgradeView.HostLatency(orNull(measures.beforeP99()), orNull(currentP99)),
        cancel(upgrade, world));
  }

  /** A phase has come whose work has not: it is paused, or about to begin. */
  private static Optional<Migration.Progress> notBegun(Upgrade upgrade) {
    boolean comes =
        (upgrade.state() == UpgradeState.RUNNING || upgrade.state() == UpgradeState.PAUSED)
            && upgrade.step().flatMap(StepName::phase).isPresent();
    if (!comes) {
      return Optional.empty();
    }
    var phases =
        IntStream.rangeClosed(1, PHASE_NAMES.size())
            .mapToObj(number -> new Migration.Phase(number, 0, 0, 0))
            .toList();
    return Optional.of(new Migration.Progress(phases, 0, Optional.empty(), Optional.empty()));
  }

  private static UpgradeView.Migration migration(Upgrade upgrade, Migration.Progress progress) {
    return new UpgradeView.Migration(
        orNull(upgrade.underWay().flatMap(StepName::phase)),
        progress.phases().stream()
            .map(phase ->
                new UpgradeView.Phase(
                    phase.number(),
                    PHASE_NAMES.get(phase.number() - 1),
                    phase.percent(),
                    phase.bytesDone(),
                    phase.bytesTotal()))
            .toList(),
        progress.bytesPerSecond());
  }

  static List<UpgradeView.Step> steps(Upgrade upgrade) {
    List<UpgradeView.Step> steps = new ArrayList<>();
    for (var progress : upgrade.steps()) {
      var planned = upgrade.plan().step(progress.name());
      steps.add(
          new UpgradeView.Step(
              progress.name().name(),
              orNull(planned.controller().map(ControllerId::number)),
              progress.state().name(),
              progress.percent(),
              orNull(progress.startedAt()),
              orNull(progress.endedAt()),
              orNull(progress.error())));
    }
    return steps;
  }

  private static UpgradeView.Cancel cancel(Upgrade upgrade, World world) {
    var answer = CancelRules.availability(upgrade, world);
    return new UpgradeView.Cancel(
        answer.availability().name(),
        orNull(answer.reason()),
        orNull(answer.warning()),
        orNull(answer.nextCancelPoint()),
        guards(answer),
        orNull(
            upgrade
                .queued()
                .map(q -> new UpgradeView.Queued(q.by(), q.at(), q.reason().name(), q.comment()))));
  }

  private static List<UpgradeView.Guard> guards(CancelRules.Answer answer) {
    return answer.guards().stream()
        .map(guard -> new UpgradeView.Guard(guard.name(), guard.holds(), guard.detail()))
        .toList();
  }

  static CancelView idlePreview(long revision) {
    return new CancelView(
        null,
        revision,
        "UNAVAILABLE",
        "No upgrade is running.",
        null,
        List.of(),
        null,
        null,
        List.of());
  }

  static CancelView preview(Upgrade upgrade, World world) {
    var answer = CancelRules.availability(upgrade, world);
    var preview = CancelRules.preview(upgrade, world);
    return new CancelView(
        upgrade.plan().id(),
        upgrade.revision(),
        answer.availability().name(),
        orNull(answer.reason()),
        orNull(answer.warning()),
        preview.steps(),
        orNull(preview.hostPauseMillis()),
        orNull(preview.seconds()),
        guards(answer));
  }

  static HistoryView history(Upgrade upgrade) {
    var plan = upgrade.plan();
    var cancel = upgrade.cancel().filter(c -> !c.automatic());
    return new HistoryView(
        plan.id(),
        plan.from().toString(),
        plan.to().toString(),
        upgrade.state().name(),
        upgrade.startedBy(),
        upgrade.startedAt(),
        orNull(upgrade.endedAt()),
        orNull(cancel.flatMap(Upgrade.Cancel::reason).map(Enum::name)),
        orNull(cancel.map(Upgrade.Cancel::comment)),
        orNull(upgrade.cause().map(c -> new UpgradeView.Cause(c.code(), c.detail()))));
  }

  static <T> @Nullable T orNull(Optional<T> value) {
    return value.orElse(null);
  }
}

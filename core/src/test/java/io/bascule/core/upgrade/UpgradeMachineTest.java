package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.upgrade.UpgradeMachine.Result;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Every pair of state and event. The table below is the machine's contract; ARCHITECTURE.md shows
 * it.
 */
class UpgradeMachineTest {
  private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");
  private static final ControllerId ZERO = ControllerId.CONTROLLER_0;

  /** For each event, what becomes of each state; a state that is not named does not change. */
  private static final Map<String, Map<UpgradeState, UpgradeState>> TABLE =
      Map.ofEntries(
          Map.entry(
              "GoalsReached",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.RUNNING,
                  UpgradeState.CANCELING, UpgradeState.CANCELING)),
          Map.entry("StepFailed", Map.of(UpgradeState.RUNNING, UpgradeState.CANCELING)),
          Map.entry("RolesChanged", Map.of(UpgradeState.CANCELING, UpgradeState.CANCELING)),
          Map.entry(
              "Progressed",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.RUNNING,
                  UpgradeState.PAUSED, UpgradeState.PAUSED,
                  UpgradeState.CANCELING, UpgradeState.CANCELING)),
          Map.entry("PauseAsked", Map.of()),
          Map.entry("ResumeAsked", Map.of(UpgradeState.PAUSED, UpgradeState.RUNNING)),
          Map.entry(
              "PausePointsSet",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.RUNNING,
                  UpgradeState.PAUSED, UpgradeState.PAUSED)),
          Map.entry(
              "Tuned",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.RUNNING,
                  UpgradeState.PAUSED, UpgradeState.PAUSED)),
          Map.entry(
              "CancelStarted",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.CANCELING,
                  UpgradeState.PAUSED, UpgradeState.CANCELING)),
          Map.entry(
              "CancelQueued",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.RUNNING,
                  UpgradeState.PAUSED, UpgradeState.PAUSED)),
          Map.entry(
              "CancelWithdrawn",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.RUNNING,
                  UpgradeState.PAUSED, UpgradeState.PAUSED)),
          Map.entry("PauseNeeded", Map.of()),
          Map.entry("FormatTwoInvalid", Map.of()),
          Map.entry("FormatTwoMade", Map.of()),
          Map.entry("Committed", Map.of()),
          Map.entry(
              "CanceledByTakeover",
              Map.of(
                  UpgradeState.RUNNING, UpgradeState.CANCELING,
                  UpgradeState.PAUSED, UpgradeState.CANCELING)));

  private static Upgrade begun() {
    var plan =
        Planner.rolling(
            "u1",
            FakeAppliance.OLD,
            FakeAppliance.NEW,
            ZERO,
            Map.of(ZERO, io.bascule.core.Slot.A, ZERO.other(), io.bascule.core.Slot.A),
            2);
    var row = new Upgrade.Row(false, false, false, Set.of(FakeAppliance.OLD), Optional.empty(), 1);
    return UpgradeMachine.begin(plan, 0, row, Set.of(), Upgrade.Tuning.DEFAULT, "admin", NOW);
  }

  private static Upgrade advance(Upgrade upgrade, StepName to) {
    Upgrade now = upgrade;
    while (!now.step().equals(Optional.of(to))) {
      if (now.step().equals(Optional.of(StepName.COMMIT))) {
        now = changed(UpgradeMachine.step(now, new UpgradeEvent.Committed(NOW)));
      }
      now = changed(UpgradeMachine.step(now, new UpgradeEvent.GoalsReached(ZERO, NOW)));
    }
    return now;
  }

  private static Upgrade changed(Result result) {
    assertThat(result).isInstanceOf(Result.Changed.class);
    return ((Result.Changed) result).next();
  }

  private static UpgradeEvent cancelStarted() {
    return new UpgradeEvent.CancelStarted(
        new Upgrade.Cancel("admin", NOW, Optional.of(CancelReason.OTHER), "", false, false),
        ZERO.other(),
        NOW);
  }

  private static UpgradeEvent queued() {
    return new UpgradeEvent.CancelQueued(
        new Upgrade.Queued("admin", NOW, CancelReason.OTHER, ""), NOW);
  }

  private static Map<UpgradeState, Upgrade> states() {
    Map<UpgradeState, Upgrade> states = new EnumMap<>(UpgradeState.class);
    var window = advance(begun(), StepName.ACTIVATE_ONCE_ACTIVE);
    states.put(UpgradeState.RUNNING, window);
    var pausing =
        changed(
            UpgradeMachine.step(
                begun(),
                new UpgradeEvent.PausePointsSet(Set.of(PausePoint.ONCE_ACTIVE), "admin", NOW)));
    states.put(UpgradeState.PAUSED, advance(pausing, StepName.STAGE_ONCE_ACTIVE));
    var canceling = changed(UpgradeMachine.step(window, cancelStarted()));
    var second = changed(UpgradeMachine.step(canceling, new UpgradeEvent.GoalsReached(ZERO, NOW)));
    states.put(UpgradeState.CANCELING, second);
    states.put(UpgradeState.CANCELED, toEnd(canceling));
    states.put(UpgradeState.COMPLETED, toEnd(window));
    states.put(
        UpgradeState.FAILED,
        toEnd(
            changed(
                UpgradeMachine.step(
                    window, new UpgradeEvent.StepFailed("BOOT_FAILED", "why", false, NOW)))));
    states.forEach((state, upgrade) -> assertThat(upgrade.state()).isEqualTo(state));
    return states;
  }

  private static Upgrade toEnd(Upgrade upgrade) {
    Upgrade now = upgrade;
    for (int i = 0; i < 20 && !now.state().ended(); i++) {
      now = changed(UpgradeMachine.step(now, new UpgradeEvent.GoalsReached(ZERO, NOW)));
    }
    return now;
  }

  private static List<UpgradeEvent> events(Upgrade upgrade) {
    return List.of(
        new UpgradeEvent.GoalsReached(ZERO, NOW),
        new UpgradeEvent.StepFailed("CODE", "why", false, NOW),
        new UpgradeEvent.RolesChanged("why", NOW),
        new UpgradeEvent.Progressed(50, NOW),
        new UpgradeEvent.PauseAsked("admin", NOW),
        new UpgradeEvent.ResumeAsked("admin", NOW),
        new UpgradeEvent.PausePointsSet(Set.of(), "admin", NOW),
        new UpgradeEvent.Tuned(
            new Upgrade.Tuning(Upgrade.Priority.BALANCED, Optional.of(1L << 20), 5), "admin", NOW),
        cancelStarted(),
        queued(),
        new UpgradeEvent.CancelWithdrawn("admin", NOW),
        new UpgradeEvent.PauseNeeded("why", NOW),
        new UpgradeEvent.FormatTwoInvalid("V2_FAILED", "why", NOW),
        new UpgradeEvent.FormatTwoMade(NOW),
        new UpgradeEvent.Committed(NOW),
        new UpgradeEvent.CanceledByTakeover(ZERO, NOW));
  }

  /** What becomes of each step of the migration, running and paused. */
  @Test
  void shouldTakeEventsOfFormatTwoAtTheirStepsOnly() {
    Map<String, String> got = new LinkedHashMap<>();
    for (var step : migrating().steps()) {
      var at = advance(migrating(), step.name());
      var broken = new UpgradeEvent.FormatTwoInvalid("V2_FAILED", "why", NOW);
      got.put(
          step.name().name(),
          outcome(at, broken) + " " + outcome(at, new UpgradeEvent.Committed(NOW)));
    }
    assertThat(got)
        .containsExactly(
            Map.entry("PRECHECK", "unchanged unchanged"),
            Map.entry("STAGE_STANDBY", "unchanged unchanged"),
            Map.entry("ACTIVATE_STANDBY", "unchanged unchanged"),
            Map.entry("HANDOVER", "unchanged unchanged"),
            Map.entry("STAGE_ONCE_ACTIVE", "unchanged unchanged"),
            Map.entry("ACTIVATE_ONCE_ACTIVE", "unchanged unchanged"),
            Map.entry("PHASE_1", "CANCELING unchanged"),
            Map.entry("PHASE_2", "PAUSED unchanged"),
            Map.entry("PHASE_3", "PAUSED unchanged"),
            Map.entry("PHASE_4", "PAUSED unchanged"),
            Map.entry("COMMIT", "PAUSED RUNNING"),
            Map.entry("FINALIZE", "unchanged unchanged"));
    var committed =
        changed(
            UpgradeMachine.step(
                advance(migrating(), StepName.COMMIT), new UpgradeEvent.Committed(NOW)));
    assertThat(outcome(committed, new UpgradeEvent.FormatTwoInvalid("V2_FAILED", "why", NOW)))
        .isEqualTo("unchanged");
    assertThat(committed.row().allowedReleases()).containsExactly(FakeAppliance.NEW);
  }

  private static String outcome(Upgrade upgrade, UpgradeEvent event) {
    return switch (UpgradeMachine.step(upgrade, event)) {
      case Result.Changed changed -> changed.next().state().name();
      case Result.Unchanged unchanged -> "unchanged";
    };
  }

  private static Upgrade migrating() {
    var plan =
        Planner.migrating(
            "u1",
            FakeAppliance.OLD,
            FakeAppliance.NEW,
            ZERO,
            Map.of(ZERO, io.bascule.core.Slot.A, ZERO.other(), io.bascule.core.Slot.A),
            2,
            new Planner.Migration(10, 5, 60));
    var row = new Upgrade.Row(false, false, false, Set.of(FakeAppliance.OLD), Optional.empty(), 1);
    return UpgradeMachine.begin(plan, 0, row, Set.of(), Upgrade.Tuning.DEFAULT, "admin", NOW);
  }

  @Test
  void shouldFollowTheTableForEveryStateAndEvent() {
    Map<String, String> wrong = new TreeMap<>();
    int pairs = 0;
    for (var entry : states().entrySet()) {
      for (var event : events(entry.getValue())) {
        pairs++;
        String name = event.getClass().getSimpleName();
        Upgrade was = entry.getValue();
        if (event instanceof UpgradeEvent.CancelWithdrawn && !was.state().ended()) {
          var first = UpgradeMachine.step(was, queued());
          was = first instanceof Result.Changed c ? c.next() : was;
        }
        UpgradeState expected = TABLE.getOrDefault(name, Map.of()).get(entry.getKey());
        var result = UpgradeMachine.step(was, event);
        String got =
            switch (result) {
              case Result.Changed changed -> changed.next().state().name();
              case Result.Unchanged unchanged -> "unchanged";
            };
        String wanted = expected == null ? "unchanged" : expected.name();
        if (!got.equals(wanted)) {
          wrong.put(entry.getKey() + " + " + name, got + ", not " + wanted);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(pairs).isEqualTo(6 * UpgradeEvent.class.getPermittedSubclasses().length);
  }

  @Test
  void shouldNameOnTheWayBackOnlyWhatIsReallyUndone() {
    var early =
        changed(UpgradeMachine.step(advance(begun(), StepName.STAGE_ONCE_ACTIVE), cancelStarted()));
    assertThat(early.step()).contains(StepName.ACTIVATE_ONCE_ACTIVE);
    assertThat(early.progress(StepName.ACTIVATE_ONCE_ACTIVE).state()).isEqualTo(StepState.PENDING);
    assertThat(early.underWay()).contains(StepName.STAGE_ONCE_ACTIVE);
    Upgrade now = early;
    while (!now.state().ended()) {
      for (var name : now.underWay().stream().toList()) {
        assertThat(now.progress(name).state()).isEqualTo(StepState.UNDOING);
      }
      now = changed(UpgradeMachine.step(now, new UpgradeEvent.GoalsReached(ZERO, NOW)));
    }
    assertThat(now.underWay()).isEmpty();

    var failed =
        changed(
            UpgradeMachine.step(
                advance(begun(), StepName.STAGE_STANDBY),
                new UpgradeEvent.StepFailed("X", "why", false, NOW)));
    assertThat(failed.step()).contains(StepName.ACTIVATE_ONCE_ACTIVE);
    assertThat(failed.underWay()).isEmpty();

    var late = advance(begun(), StepName.ACTIVATE_ONCE_ACTIVE);
    assertThat(late.underWay()).contains(StepName.ACTIVATE_ONCE_ACTIVE);
    assertThat(changed(UpgradeMachine.step(late, cancelStarted())).underWay())
        .contains(StepName.ACTIVATE_ONCE_ACTIVE);
  }

  @Test
  void shouldKeepTheRevisionForMereProgress() {
    var was = advance(begun(), StepName.STAGE_STANDBY);
    var next = changed(UpgradeMachine.step(was, new UpgradeEvent.Progressed(40, NOW)));
    assertThat(next.revision()).isEqualTo(was.revision());
    assertThat(next.progress(StepName.STAGE_STANDBY).percent()).isEqualTo(40);
  }

  @Test
  void shouldTryAStepThreeTimesBeforeItReturnsByItself() {
    var now = advance(begun(), StepName.STAGE_STANDBY);
    List<String> tags = new ArrayList<>();
    for (int i = 1; i < UpgradeMachine.MAX_ATTEMPTS; i++) {
      tags.add(now.stagingTag());
      now = changed(UpgradeMachine.step(now, new UpgradeEvent.StepFailed("X", "why", true, NOW)));
      assertThat(now.state()).isEqualTo(UpgradeState.RUNNING);
    }
    tags.add(now.stagingTag());
    assertThat(tags).doesNotHaveDuplicates();
    now = changed(UpgradeMachine.step(now, new UpgradeEvent.StepFailed("X", "why", true, NOW)));
    assertThat(now.state()).isEqualTo(UpgradeState.CANCELING);
    assertThat(now.cause()).contains(new Upgrade.Cause("X", "why"));
    assertThat(now.progress(StepName.STAGE_STANDBY).error()).contains("why");
  }

  @Test
  void shouldAllowOnlyTheRightReleasesAtEachStep() {
    Map<StepName, Integer> allowed = new LinkedHashMap<>();
    for (var step : begun().steps()) {
      allowed.put(step.name(), advance(begun(), step.name()).row().allowedReleases().size());
    }
    assertThat(allowed)
        .containsExactly(
            Map.entry(StepName.PRECHECK, 1),
            Map.entry(StepName.STAGE_STANDBY, 1),
            Map.entry(StepName.ACTIVATE_STANDBY, 2),
            Map.entry(StepName.HANDOVER, 2),
            Map.entry(StepName.STAGE_ONCE_ACTIVE, 2),
            Map.entry(StepName.ACTIVATE_ONCE_ACTIVE, 2),
            Map.entry(StepName.FINALIZE, 1));
    assertThat(advance(begun(), StepName.FINALIZE).row().allowedReleases())
        .containsExactly(FakeAppliance.NEW);
  }

  @Test
  void shouldTellEachChangeInASentenceForAPerson() {
    var now = advance(begun(), StepName.STAGE_STANDBY);
    assertThat(
            told(
                now,
                new UpgradeEvent.PausePointsSet(
                    Set.of(PausePoint.ONCE_ACTIVE, PausePoint.HANDOVER), "ann", NOW)))
        .isEqualTo("will pause at handover, once-active, by ann");
    assertThat(told(now, new UpgradeEvent.PausePointsSet(Set.of(), "ann", NOW)))
        .isEqualTo("will not pause by itself, by ann");
    var tuning =
        new Upgrade.Tuning(Upgrade.Priority.FINISH_SOONER, java.util.Optional.of(100L), 15);
    assertThat(told(now, new UpgradeEvent.Tuned(tuning, "ann", NOW)))
        .isEqualTo("priority FINISH_SOONER, at most 100 bytes a second, 15 s of Phase 4, by ann");
    assertThat(told(now, new UpgradeEvent.GoalsReached(ZERO, NOW)))
        .isEqualTo("STAGE_STANDBY is done");
  }

  private static String told(Upgrade upgrade, UpgradeEvent event) {
    return ((Result.Changed) UpgradeMachine.step(upgrade, event)).notes().getFirst().detail();
  }

  @Test
  void shouldRefuseAPausePointThePlanDoesNotHaveAndNameThoseItHas() {
    var now = advance(begun(), StepName.STAGE_STANDBY);
    var set = new UpgradeEvent.PausePointsSet(Set.of(PausePoint.PHASE_3), "ann", NOW);
    assertThat(((Result.Unchanged) UpgradeMachine.step(now, set)).why())
        .contains("no pause point phase-3", "It has handover, once-active.");
  }

  @Test
  void shouldTimeAnUndoneStepByItsUndoing() {
    var now = advance(begun(), StepName.ACTIVATE_STANDBY);
    var later = NOW.plusSeconds(400);
    now = changed(UpgradeMachine.step(now, new UpgradeEvent.StepFailed("X", "why", false, later)));
    for (int i = 0; i < 10 && !now.state().ended(); i++) {
      now =
          changed(
              UpgradeMachine.step(now, new UpgradeEvent.GoalsReached(ZERO, later.plusSeconds(5))));
    }
    assertThat(now.state()).isEqualTo(UpgradeState.FAILED);
    var undone = now.progress(StepName.STAGE_STANDBY);
    assertThat(undone.state()).isEqualTo(StepState.UNDONE);
    assertThat(undone.startedAt().orElseThrow()).isAfterOrEqualTo(later);
  }

  @Test
  void shouldTellAnOrderedPauseFromOneThatNeedsAPerson() {
    assertThat(UpgradeMachine.isOrderedPause("pause point commit")).isTrue();
    assertThat(UpgradeMachine.isOrderedPause("paused by ann")).isTrue();
    assertThat(UpgradeMachine.isOrderedPause("format 2 was given up, format 1 serves on: x"))
        .isFalse();
  }

  @Test
  void shouldDropAQueuedCancelThatNeverCameToItsPoint() {
    var now = advance(begun(), StepName.ACTIVATE_ONCE_ACTIVE);
    now = changed(UpgradeMachine.step(now, queued()));
    var result = UpgradeMachine.step(now, new UpgradeEvent.GoalsReached(ZERO, NOW));
    assertThat(changed(result).queued()).isEmpty();
    assertThat(((Result.Changed) result).notes())
        .extracting(UpgradeMachine.Note::what)
        .contains("cancel.dropped");
  }
}

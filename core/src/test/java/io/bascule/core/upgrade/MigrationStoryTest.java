package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Upgrades that migrate, in virtual time: cancel, commit, failures of format 2, crashes. */
class MigrationStoryTest {
  private static final int LIMIT = 8_000;
  private static final ControllerId ZERO = ControllerId.CONTROLLER_0;
  private static final ControllerId ONE = ControllerId.CONTROLLER_1;

  private final FakeAppliance appliance = new FakeAppliance();

  private static boolean ended(FakeAppliance appliance) {
    return appliance.upgrade().state().ended();
  }

  private void until(StepName step) {
    appliance.until(() -> appliance.upgrade().step().equals(Optional.of(step)), LIMIT);
  }

  private void untilEnded() {
    appliance.until(() -> ended(appliance), LIMIT);
  }

  private static void assertBack(FakeAppliance appliance) {
    assertThat(appliance.redundantOn(FakeAppliance.OLD)).isTrue();
    assertThat(appliance.upgrade().row().allowedReleases()).containsExactly(FakeAppliance.OLD);
    assertThat(appliance.upgrade().row().committed()).isFalse();
    assertThat(appliance.formatTwo.present()).isFalse();
    for (var id : ControllerId.values()) {
      assertThat(appliance.box(id).slots).containsOnlyKeys(Slot.A);
    }
  }

  private static void assertCommitted(FakeAppliance appliance) {
    assertThat(appliance.upgrade().row().committed()).isTrue();
    assertThat(appliance.upgrade().row().canceled()).isFalse();
    assertThat(appliance.upgrade().row().allowedReleases()).containsExactly(FakeAppliance.NEW);
    assertThat(appliance.formatTwo.present()).isTrue();
    assertThat(appliance.formatTwo.phasesDone()).isEqualTo(4);
    assertThat(appliance.redundantOn(FakeAppliance.NEW)).isTrue();
  }

  @Test
  void shouldMigrateAndCommit() {
    appliance.startMigrating(Set.of());
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.COMPLETED);
    assertCommitted(appliance);
    assertThat(appliance.longestWithoutActive).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = StepName.class,
      names = {"STAGE_ONCE_ACTIVE", "ACTIVATE_ONCE_ACTIVE", "PHASE_2", "PHASE_3", "PHASE_4"})
  void shouldReturnWhenCanceledAndDropFormatTwo(StepName step) {
    appliance.startMigrating(Set.of());
    until(step);
    assertThat(appliance.cancel(false)).isInstanceOf(CancelRules.Verdict.Start.class);
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.CANCELED);
    assertBack(appliance);
    assertThat(appliance.longestWithoutActive).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = PausePoint.class,
      names = {"PHASE_2", "PHASE_3", "PHASE_4", "COMMIT"})
  void shouldReturnWhenCanceledWhilePaused(PausePoint point) {
    appliance.startMigrating(Set.of(point));
    appliance.until(() -> appliance.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    assertThat(appliance.cancel(false)).isInstanceOf(CancelRules.Verdict.Start.class);
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.CANCELED);
    assertBack(appliance);
  }

  @Test
  void shouldTakeNoNoticeOfACancelInPhaseOne() {
    appliance.startMigrating(Set.of());
    until(StepName.PHASE_1);
    var before = appliance.upgrade();
    assertThat(appliance.cancel(false)).isInstanceOf(CancelRules.Verdict.NoEffect.class);
    assertThat(appliance.upgrade()).isEqualTo(before);
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.COMPLETED);
  }

  @Test
  void shouldCarryOutACancelQueuedInPhaseOneWhenPhaseTwoBegins() {
    appliance.startMigrating(Set.of(PausePoint.PHASE_1));
    appliance.until(() -> appliance.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    assertThat(CancelRules.judge(appliance.upgrade(), appliance.world(), false, true))
        .isInstanceOf(CancelRules.Verdict.Queue.class);
    appliance.apply(
        new UpgradeEvent.CancelQueued(
            new Upgrade.Queued("admin", appliance.now(), CancelReason.OTHER, ""), appliance.now()));
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.CANCELED);
    assertBack(appliance);
  }

  @ParameterizedTest
  @EnumSource(
      value = StepName.class,
      names = {"PHASE_2", "PHASE_3", "PHASE_4"})
  void shouldPauseWhenFormatTwoFailsAndBeginAgainInPhaseTwo(StepName step) {
    appliance.startMigrating(Set.of());
    until(step);
    appliance.until(appliance.formatTwo::present, LIMIT);
    appliance.formatTwo.breakNow();
    appliance.until(() -> appliance.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    assertThat(appliance.upgrade().row().v2Invalid()).isTrue();
    assertThat(appliance.upgrade().pausedReason().orElseThrow()).contains("a write failed");
    assertThat(CancelRules.availability(appliance.upgrade(), appliance.world()).availability())
        .isEqualTo(Availability.AVAILABLE);
    appliance.apply(new UpgradeEvent.ResumeAsked("admin", appliance.now()));
    assertThat(appliance.upgrade().step()).contains(StepName.PHASE_2);
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.COMPLETED);
    assertCommitted(appliance);
  }

  @Test
  void shouldReturnByItselfWhenFormatTwoFailsInPhaseOne() {
    appliance.startMigrating(Set.of());
    until(StepName.PHASE_1);
    appliance.tick();
    appliance.formatTwo.breakNow();
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.FAILED);
    assertThat(appliance.upgrade().cause().orElseThrow().code()).isEqualTo("V2_FAILED");
    assertBack(appliance);
  }

  @ParameterizedTest
  @EnumSource(
      value = StepName.class,
      names = {"PHASE_1", "PHASE_2", "PHASE_3", "PHASE_4"})
  void shouldCancelWhenTheOldReleaseTakesOver(StepName step) {
    appliance.startMigrating(Set.of());
    until(step);
    appliance.box(ZERO).bootSlot = Slot.A;
    appliance.kill(ZERO);
    appliance.until(() -> appliance.box(ZERO).online(), LIMIT);
    appliance.powerOff(ONE);
    appliance.until(() -> appliance.active == ZERO, LIMIT);
    assertThat(appliance.upgrade().row().canceled()).isTrue();
    appliance.powerOn(ONE);
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.FAILED);
    assertThat(appliance.upgrade().cause().orElseThrow().code()).isEqualTo("CANCELED_BY_TAKEOVER");
    assertBack(appliance);
  }

  @Test
  void shouldPauseAtAnyMomentOfTheMigrationUpToTheCommit() {
    for (var step : EnumSet.range(StepName.PHASE_1, StepName.COMMIT)) {
      var paused = new FakeAppliance();
      paused.startMigrating(Set.of());
      paused.until(() -> paused.upgrade().step().equals(Optional.of(step)), LIMIT);
      var asked = new UpgradeEvent.PauseAsked("admin", paused.now());
      assertThat(changed(paused.upgrade(), asked).state()).isEqualTo(UpgradeState.PAUSED);
    }
    appliance.startMigrating(Set.of());
    appliance.until(() -> appliance.upgrade().row().committed(), LIMIT);
    var late = new UpgradeEvent.PauseAsked("admin", appliance.now());
    assertThat(UpgradeMachine.step(appliance.upgrade(), late))
        .isInstanceOf(UpgradeMachine.Result.Unchanged.class);
  }

  @Test
  void shouldNotCommitWhileAControllerIsOff() {
    appliance.startMigrating(Set.of());
    until(StepName.PHASE_4);
    appliance.powerOff(ZERO);
    for (int i = 0; i < 300; i++) {
      appliance.tick();
    }
    assertThat(appliance.upgrade().step()).contains(StepName.PHASE_4);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.RUNNING);
    appliance.powerOn(ZERO);
    untilEnded();
    assertCommitted(appliance);
  }

  @Test
  void shouldStayCommittedWhateverHappensBeforeTheEnd() {
    appliance.startMigrating(Set.of());
    appliance.until(() -> appliance.upgrade().row().committed(), LIMIT);
    assertThat(appliance.cancel(true)).isInstanceOf(CancelRules.Verdict.Unavailable.class);
    appliance.powerOff(ZERO);
    appliance.kill(ONE);
    appliance.powerOn(ZERO);
    untilEnded();
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.COMPLETED);
    appliance.until(() -> appliance.redundantOn(FakeAppliance.NEW), LIMIT);
    assertCommitted(appliance);
  }

  /** Whichever of the two is stored first wins, and the other one's answer says so. */
  @Test
  void shouldLetExactlyOneOfCancelAndCommitWin() {
    var atCommit = new FakeAppliance();
    atCommit.startMigrating(Set.of(PausePoint.COMMIT));
    atCommit.until(() -> atCommit.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    var now = atCommit.now();
    var resumed = changed(atCommit.upgrade(), new UpgradeEvent.ResumeAsked("admin", now));
    var cancel =
        new UpgradeEvent.CancelStarted(
            new Upgrade.Cancel("admin", now, Optional.of(CancelReason.OTHER), "", false, false),
            ONE,
            now);
    var committed = changed(resumed, new UpgradeEvent.Committed(now));
    assertThat(CancelRules.judge(committed, atCommit.world(), true, true))
        .isInstanceOf(CancelRules.Verdict.Unavailable.class);
    var canceled = changed(resumed, cancel);
    assertThat(UpgradeMachine.step(canceled, new UpgradeEvent.Committed(now)))
        .isInstanceOf(UpgradeMachine.Result.Unchanged.class);
    assertThat(canceled.revision()).isEqualTo(committed.revision());
  }

  private static Upgrade changed(Upgrade upgrade, UpgradeEvent event) {
    var result = UpgradeMachine.step(upgrade, event);
    assertThat(result).isInstanceOf(UpgradeMachine.Result.Changed.class);
    return ((UpgradeMachine.Result.Changed) result).next();
  }

  /** Kills, power cuts, failures of format 2 and cancels at random moments. */
  @Test
  void shouldAlwaysEndWholeWhateverHappens() {
    long first = Long.getLong("bascule.check.seed", 20261122L);
    int seeds = Boolean.getBoolean("bascule.check.all") ? 100_000 : 2_000;
    var ends = EnumSet.noneOf(UpgradeState.class);
    for (int i = 0; i < seeds; i++) {
      long seed = first + i;
      try {
        ends.add(story(new Random(seed)));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }
    assertThat(ends)
        .containsExactlyInAnyOrder(
            UpgradeState.COMPLETED, UpgradeState.CANCELED, UpgradeState.FAILED);
  }

  private static UpgradeState story(Random random) {
    var appliance = new FakeAppliance();
    var points = EnumSet.noneOf(PausePoint.class);
    if (random.nextInt(4) == 0) {
      points.add(PausePoint.values()[random.nextInt(PausePoint.values().length)]);
    }
    appliance.startMigrating(points);
    boolean mayCancel = random.nextBoolean();
    boolean canceled = false;
    int faults = random.nextInt(5);
    for (int i = 0; i < 900 && !ended(appliance); i++) {
      appliance.tick();
      if (faults > 0 && random.nextInt(60) == 0) {
        faults--;
        fault(appliance, random);
      }
      if (mayCancel && !canceled && appliance.active != null && random.nextInt(60) == 0) {
        canceled = appliance.cancel(random.nextInt(3) == 0) instanceof CancelRules.Verdict.Start;
      }
    }
    appliance.chassisUp = true;
    for (var id : ControllerId.values()) {
      if (appliance.box(id).status() == Status.OFF || appliance.box(id).status() == Status.FAILED) {
        appliance.powerOn(id);
      }
    }
    appliance.until(
        () -> {
          if (appliance.upgrade().state() == UpgradeState.PAUSED) {
            appliance.apply(new UpgradeEvent.ResumeAsked("admin", appliance.now()));
          }
          return ended(appliance);
        },
        LIMIT);
    var end = appliance.upgrade().state();
    if (end == UpgradeState.COMPLETED) {
      appliance.until(() -> appliance.redundantOn(FakeAppliance.NEW), LIMIT);
      assertCommitted(appliance);
    } else {
      appliance.until(() -> appliance.redundantOn(FakeAppliance.OLD), LIMIT);
      assertBack(appliance);
    }
    if (canceled) {
      assertThat(end).isEqualTo(UpgradeState.CANCELED);
    }
    return end;
  }

  private static void fault(FakeAppliance appliance, Random random) {
    ControllerId id = ControllerId.of(random.nextInt(2));
    switch (random.nextInt(8)) {
      case 0, 1 -> appliance.kill(id);
      case 2 -> {
        appliance.kill(ZERO);
        appliance.kill(ONE);
      }
      case 3 -> appliance.powerOff(id);
      case 4 -> appliance.powerOn(id);
      case 5, 6 -> appliance.formatTwo.breakNow();
      default -> appliance.chassisUp = !appliance.chassisUp;
    }
  }
}

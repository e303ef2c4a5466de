package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole upgrades in virtual time: the real planner, machine, reconciler and cancel rules. */
class UpgradeStoryTest {
  private static final int LIMIT = 5_000;
  private static final ControllerId ZERO = ControllerId.CONTROLLER_0;
  private static final ControllerId ONE = ControllerId.CONTROLLER_1;

  private final FakeAppliance appliance = new FakeAppliance();

  private boolean ended() {
    return appliance.upgrade().state().ended();
  }

  private void assertBack() {
    assertThat(appliance.redundantOn(FakeAppliance.OLD)).isTrue();
    assertThat(appliance.upgrade().row().allowedReleases()).containsExactly(FakeAppliance.OLD);
    for (var id : ControllerId.values()) {
      assertThat(appliance.box(id).slots).containsOnlyKeys(Slot.A);
    }
  }

  @Test
  void shouldUpgradeBothControllers() {
    appliance.start(Set.of());
    appliance.until(this::ended, LIMIT);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.COMPLETED);
    assertThat(appliance.redundantOn(FakeAppliance.NEW)).isTrue();
    assertThat(appliance.upgrade().row().allowedReleases()).containsExactly(FakeAppliance.NEW);
    assertThat(appliance.upgrade().row().rollbackCounter()).isEqualTo(2);
    assertThat(appliance.longestWithoutActive).isZero();
    assertThat(appliance.upgrade().steps())
        .allMatch(step -> step.state() == StepState.DONE && step.percent() == 100);
    assertThat(UpgradeProgress.percent(appliance.upgrade())).isEqualTo(100);
  }

  @Test
  void shouldStopAtPausePointsAndGoOn() {
    appliance.start(Set.of(PausePoint.HANDOVER, PausePoint.ONCE_ACTIVE));
    appliance.until(() -> appliance.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    assertThat(appliance.upgrade().step()).contains(StepName.HANDOVER);
    assertThat(appliance.active).isEqualTo(ZERO);
    resume();
    appliance.until(() -> appliance.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    assertThat(appliance.upgrade().step()).contains(StepName.STAGE_ONCE_ACTIVE);
    assertThat(appliance.active).isEqualTo(ONE);
    resume();
    appliance.until(this::ended, LIMIT);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.COMPLETED);
  }

  private void resume() {
    appliance.apply(new UpgradeEvent.ResumeAsked("admin", appliance.now()));
  }

  @ParameterizedTest
  @EnumSource(
      value = StepName.class,
      names = {"STAGE_ONCE_ACTIVE", "ACTIVATE_ONCE_ACTIVE"})
  void shouldReturnToTheOldReleaseWhenCanceledInTheWindow(StepName step) {
    appliance.start(Set.of());
    appliance.until(() -> appliance.upgrade().step().equals(java.util.Optional.of(step)), LIMIT);
    assertThat(appliance.cancel(false)).isInstanceOf(CancelRules.Verdict.Start.class);
    appliance.until(this::ended, LIMIT);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.CANCELED);
    assertBack();
    assertThat(appliance.longestWithoutActive).isZero();
  }

  @Test
  void shouldFinishACancelWithAcceptedDisruptionOnceTheStandbyIsBack() {
    appliance.start(Set.of(PausePoint.ONCE_ACTIVE));
    appliance.until(() -> appliance.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    appliance.powerOff(ZERO);
    assertThat(appliance.cancel(false)).isInstanceOf(CancelRules.Verdict.Blocked.class);
    assertThat(appliance.cancel(true)).isInstanceOf(CancelRules.Verdict.Start.class);
    appliance.until(
        () -> appliance.active != null && FakeAppliance.OLD.equals(appliance.box(ONE).running()),
        LIMIT);
    for (int i = 0; i < 300; i++) {
      appliance.tick();
    }
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.CANCELING);
    assertThat(appliance.active).isEqualTo(ONE);
    appliance.powerOn(ZERO);
    appliance.until(this::ended, LIMIT);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.CANCELED);
    assertBack();
  }

  @ParameterizedTest
  @EnumSource(
      value = FakeAppliance.Temper.class,
      names = {"CRASHES", "NEVER_ONLINE"})
  void shouldReturnByItselfFromAReleaseThatDoesNotComeUp(FakeAppliance.Temper temper) {
    appliance.newTemper = temper;
    appliance.start(Set.of());
    appliance.until(this::ended, LIMIT);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.FAILED);
    assertThat(appliance.upgrade().cause().orElseThrow().code()).isEqualTo("BOOT_FAILED");
    assertBack();
    assertThat(appliance.longestWithoutActive).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = FakeAppliance.Temper.class,
      names = {"CRASHES", "NEVER_ONLINE"})
  void shouldReturnByItselfWhenOnlyTheOnceActiveDoesNotComeUp(FakeAppliance.Temper temper) {
    appliance.newTemper = temper;
    appliance.healthyOn = ONE;
    appliance.start(Set.of());
    appliance.until(this::ended, LIMIT);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.FAILED);
    assertBack();
    assertThat(appliance.longestWithoutActive).isZero();
  }

  @Test
  void shouldCarryOutAQueuedCancelAtTheNextCancelPoint() {
    appliance.start(Set.of(PausePoint.HANDOVER));
    appliance.until(() -> appliance.upgrade().state() == UpgradeState.PAUSED, LIMIT);
    assertThat(CancelRules.judge(appliance.upgrade(), appliance.world(), false, true))
        .isInstanceOf(CancelRules.Verdict.Queue.class);
    appliance.apply(
        new UpgradeEvent.CancelQueued(
            new Upgrade.Queued("admin", appliance.now(), CancelReason.OTHER, ""), appliance.now()));
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.RUNNING);
    appliance.until(this::ended, LIMIT);
    assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.CANCELED);
    assertBack();
  }

  /** Kills, power cuts, an absent chassis and cancels at random moments: it always ends, whole. */
  @Test
  void shouldAlwaysEndWholeWhateverHappens() {
    long first = Long.getLong("bascule.check.seed", 20261122L);
    int seeds = Boolean.getBoolean("bascule.check.all") ? 200_000 : 10_000;
    for (int i = 0; i < seeds; i++) {
      long seed = first + i;
      try {
        story(new Random(seed));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }
  }

  private static void story(Random random) {
    var appliance = new FakeAppliance();
    if (random.nextInt(4) == 0) {
      appliance.newTemper =
          FakeAppliance.Temper.values()[random.nextInt(FakeAppliance.Temper.values().length)];
      appliance.healthyOn = random.nextBoolean() ? ONE : null;
    }
    appliance.start(Set.of());
    boolean mayCancel = random.nextBoolean();
    boolean canceled = false;
    int faults = random.nextInt(4);
    int until = 600;
    for (int i = 0; i < until && !appliance.upgrade().state().ended(); i++) {
      appliance.tick();
      if (faults > 0 && random.nextInt(60) == 0) {
        faults--;
        fault(appliance, random);
      }
      if (mayCancel && !canceled && appliance.active != null && random.nextInt(40) == 0) {
        boolean accept = random.nextInt(3) == 0;
        canceled = appliance.cancel(accept) instanceof CancelRules.Verdict.Start;
      }
    }
    appliance.chassisUp = true;
    for (var id : ControllerId.values()) {
      if (appliance.box(id).status() == Status.OFF || appliance.box(id).status() == Status.FAILED) {
        appliance.powerOn(id);
      }
    }
    appliance.until(() -> appliance.upgrade().state().ended(), LIMIT);
    var upgrade = appliance.upgrade();
    var expected =
        upgrade.state() == UpgradeState.COMPLETED ? FakeAppliance.NEW : FakeAppliance.OLD;
    appliance.until(() -> appliance.redundantOn(expected), LIMIT);
    if (canceled) {
      assertThat(upgrade.state()).isEqualTo(UpgradeState.CANCELED);
    }
  }

  private static void fault(FakeAppliance appliance, Random random) {
    ControllerId id = ControllerId.of(random.nextInt(2));
    switch (random.nextInt(6)) {
      case 0, 1 -> appliance.kill(id);
      case 2 -> {
        appliance.kill(ZERO);
        appliance.kill(ONE);
      }
      case 3 -> appliance.powerOff(id);
      case 4 -> appliance.powerOn(id);
      default -> appliance.chassisUp = !appliance.chassisUp;
    }
  }
}

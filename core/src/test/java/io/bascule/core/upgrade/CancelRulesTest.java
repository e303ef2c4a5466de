package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The cancel contract, cell by cell. */
class CancelRulesTest {
  private static final ControllerId ZERO = ControllerId.CONTROLLER_0;
  private static final ControllerId ONE = ControllerId.CONTROLLER_1;
  private static final Instant NOW = Instant.EPOCH;

  /** An upgrade with the migration's phases, at that step; controller 0 was active once. */
  private static Upgrade at(StepName step, UpgradeState state) {
    var rolling =
        Planner.rolling(
            "u1", FakeAppliance.OLD, FakeAppliance.NEW, ZERO, Map.of(ZERO, Slot.A, ONE, Slot.A), 2);
    List<Plan.Planned> steps = new ArrayList<>(rolling.steps());
    Plan.Planned last = steps.removeLast();
    for (int phase = 1; phase <= 4; phase++) {
      steps.add(
          new Plan.Planned(
              StepName.valueOf("PHASE_" + phase),
              Optional.empty(),
              List.of(new Primitive.Phase(phase)),
              List.of(),
              10));
    }
    steps.add(
        new Plan.Planned(
            StepName.COMMIT, Optional.empty(), List.of(new Primitive.Commit()), List.of(), 1));
    steps.add(last);
    var plan =
        new Plan(
            "u1",
            rolling.from(),
            rolling.to(),
            ZERO,
            rolling.oldSlots(),
            steps,
            rolling.undoOrder(),
            2);
    var row = new Upgrade.Row(false, false, false, Set.of(FakeAppliance.OLD), Optional.empty(), 1);
    var upgrade =
        UpgradeMachine.begin(plan, 0, row, Set.of(), Upgrade.Tuning.DEFAULT, "admin", NOW);
    return upgrade.edit().state(state).step(step).done();
  }

  private static World world(Status status, BootCause cause, boolean peerReady) {
    var boot =
        new ControllerBoot(
            ZERO,
            status,
            Optional.of(Role.STANDBY),
            Optional.of(FakeAppliance.OLD),
            Optional.of(Slot.A),
            Slot.A,
            Optional.empty(),
            status == Status.RECOVERING && cause == BootCause.HANG ? 1 : 0,
            status == Status.ONLINE,
            cause,
            Optional.empty(),
            1,
            0);
    return new World(ONE, FakeAppliance.NEW, Map.of(ZERO, boot), peerReady, Map.of(), Map.of());
  }

  private static World healthy() {
    return world(Status.ONLINE, BootCause.REQUESTED, true);
  }

  @ParameterizedTest
  @CsvSource({
    "PRECHECK, UNAVAILABLE",
    "STAGE_STANDBY, UNAVAILABLE",
    "ACTIVATE_STANDBY, UNAVAILABLE",
    "HANDOVER, UNAVAILABLE",
    "STAGE_ONCE_ACTIVE, AVAILABLE",
    "ACTIVATE_ONCE_ACTIVE, AVAILABLE",
    "PHASE_1, NO_EFFECT",
    "PHASE_2, AVAILABLE",
    "PHASE_3, AVAILABLE",
    "PHASE_4, AVAILABLE",
    "COMMIT, AVAILABLE",
    "FINALIZE, UNAVAILABLE"
  })
  void shouldAnswerTheTableRunningAndPaused(StepName step, Availability expected) {
    for (var state : List.of(UpgradeState.RUNNING, UpgradeState.PAUSED)) {
      var answer = CancelRules.availability(at(step, state), healthy());
      assertThat(answer.availability()).isEqualTo(expected);
      assertThat(answer.reason().isEmpty()).isEqualTo(expected == Availability.AVAILABLE);
      assertThat(answer.warning().isPresent()).isEqualTo(expected == Availability.AVAILABLE);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ONLINE, REQUESTED, true, AVAILABLE",
    "ONLINE, CRASH, true, AVAILABLE",
    "ONLINE, REQUESTED, false, BLOCKED",
    "RECOVERING, REQUESTED, false, AVAILABLE",
    "RECOVERING, BOOT_TIMEOUT, false, AVAILABLE",
    "RECOVERING, CRASH, false, BLOCKED",
    "RECOVERING, HANG, false, AVAILABLE",
    "RECOVERING, POWER_ON, false, BLOCKED",
    "FAILED, REQUESTED, false, BLOCKED",
    "OFF, REQUESTED, false, BLOCKED"
  })
  void shouldGuardTheStandby(
      Status status, BootCause cause, boolean peerReady, Availability expected) {
    var upgrade = at(StepName.ACTIVATE_ONCE_ACTIVE, UpgradeState.RUNNING);
    var answer = CancelRules.availability(upgrade, world(status, cause, peerReady));
    assertThat(answer.availability()).isEqualTo(expected);
    assertThat(answer.guards()).hasSize(1);
    assertThat(answer.guards().getFirst().holds()).isEqualTo(expected == Availability.AVAILABLE);
    assertThat(answer.guards().getFirst().detail()).startsWith("Controller 0 (standby) ");
    if (expected == Availability.BLOCKED) {
      assertThat(answer.guards().getFirst().detail()).isEqualTo(answer.reason().orElseThrow());
    }
  }

  @Test
  void shouldAcceptARecoveringStandbyOnlyInTheUpgradesOwnReboot() {
    var world = world(Status.RECOVERING, BootCause.REQUESTED, false);
    assertThat(
            CancelRules.availability(at(StepName.STAGE_ONCE_ACTIVE, UpgradeState.RUNNING), world)
                .availability())
        .isEqualTo(Availability.BLOCKED);
  }

  @Test
  void shouldHaveNoEffectInPhase1EvenWithoutTheStandby() {
    var upgrade = at(StepName.PHASE_1, UpgradeState.RUNNING);
    var answer = CancelRules.availability(upgrade, world(Status.OFF, BootCause.CRASH, false));
    assertThat(answer.availability()).isEqualTo(Availability.NO_EFFECT);
    assertThat(CancelRules.judge(upgrade, healthy(), false, false))
        .isInstanceOf(CancelRules.Verdict.NoEffect.class);
    assertThat(
            CancelRules.availability(at(StepName.PHASE_1, UpgradeState.PAUSED), healthy())
                .reason()
                .orElseThrow())
        .contains("stays paused", "Resume it first")
        .doesNotContain("goes on");
    assertThat(CancelRules.preview(at(StepName.PHASE_1, UpgradeState.PAUSED), healthy()).steps())
        .containsExactly("Nothing: the upgrade stays paused in Phase 1.");
  }

  /** The record says so first, the state a moment later: a cancel in between is no other one. */
  @Test
  void shouldBeUnavailableFromTheInstantATakeoverCanceledTheMigration() {
    for (var state : List.of(UpgradeState.RUNNING, UpgradeState.PAUSED)) {
      for (var step : List.of(StepName.PHASE_1, StepName.PHASE_3, StepName.COMMIT)) {
        var upgrade = at(step, state);
        var row = upgrade.row();
        var canceled =
            upgrade
                .edit()
                .row(
                    new Upgrade.Row(
                        true, false, false, row.allowedReleases(), row.preferredActive(), 1))
                .done();
        var answer = CancelRules.availability(canceled, healthy());
        assertThat(answer.availability()).isEqualTo(Availability.UNAVAILABLE);
        assertThat(answer.reason().orElseThrow()).contains("returning by itself");
        assertThat(CancelRules.isCancelPoint(canceled)).isFalse();
      }
    }
  }

  @Test
  void shouldBeUnavailableFromTheInstantTheMigrationIsCommitted() {
    var upgrade = at(StepName.COMMIT, UpgradeState.RUNNING);
    var row = upgrade.row();
    var committed =
        upgrade
            .edit()
            .row(
                new Upgrade.Row(
                    false, true, false, row.allowedReleases(), row.preferredActive(), 1))
            .done();
    assertThat(CancelRules.availability(committed, healthy()).availability())
        .isEqualTo(Availability.UNAVAILABLE);
  }

  @ParameterizedTest
  @CsvSource({
    // availability x acceptDisruption x whenPossible
    "AVAILABLE, false, false, Start",
    "AVAILABLE, false, true, Start",
    "AVAILABLE, true, false, Start",
    "NO_EFFECT, false, false, NoEffect",
    "NO_EFFECT, true, false, NoEffect",
    "NO_EFFECT, false, true, Queue",
    "BLOCKED, false, false, Blocked",
    "BLOCKED, true, false, Start",
    "BLOCKED, false, true, Queue",
    "BLOCKED, true, true, Start",
    "BEFORE, false, false, Unavailable",
    "BEFORE, false, true, Queue",
    "AFTER, false, false, Unavailable",
    "AFTER, true, true, Unavailable"
  })
  void shouldJudgeACancel(String moment, boolean accept, boolean whenPossible, String expected) {
    var step =
        switch (moment) {
          case "NO_EFFECT" -> StepName.PHASE_1;
          case "BEFORE" -> StepName.STAGE_STANDBY;
          case "AFTER" -> StepName.FINALIZE;
          default -> StepName.STAGE_ONCE_ACTIVE;
        };
    var world = moment.equals("BLOCKED") ? world(Status.OFF, BootCause.CRASH, false) : healthy();
    var verdict = CancelRules.judge(at(step, UpgradeState.RUNNING), world, accept, whenPossible);
    assertThat(verdict.getClass().getSimpleName()).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(
      value = UpgradeState.class,
      names = {"COMPLETED", "CANCELED", "FAILED"})
  void shouldBeUnavailableAtTheEnd(UpgradeState state) {
    var ended = at(StepName.FINALIZE, UpgradeState.RUNNING).edit().ended(state, NOW).done();
    var answer = CancelRules.availability(ended, healthy());
    assertThat(answer.availability()).isEqualTo(Availability.UNAVAILABLE);
    assertThat(answer.nextCancelPoint()).isEmpty();
    assertThat(CancelRules.preview(ended, healthy()).steps()).isEmpty();
  }

  @Test
  void shouldWarnInTheGuidesOwnWords() {
    assertThat(
            CancelRules.availability(
                    at(StepName.STAGE_ONCE_ACTIVE, UpgradeState.RUNNING), healthy())
                .warning())
        .contains(
            "Canceling the upgrade will result in a reboot of the appliance. Are you sure you want"
                + " to cancel the upgrade progress?");
    assertThat(
            CancelRules.availability(at(StepName.PHASE_3, UpgradeState.RUNNING), healthy())
                .warning())
        .contains(
            "Canceling the upgrade will stop the data migration and reboot the appliance to 1.2.1"
                + " software. The upgrade to 1.2.2 will have to be started again from the"
                + " beginning. Are you sure you want to cancel the upgrade?");
  }

  @Test
  void shouldNotPromiseRedundancyWithoutAStandby() {
    var upgrade = at(StepName.ACTIVATE_ONCE_ACTIVE, UpgradeState.RUNNING);
    var preview = CancelRules.preview(upgrade, world(Status.OFF, BootCause.REQUESTED, false));
    assertThat(preview.steps().getFirst()).startsWith("Only with disruption accepted");
    assertThat(preview.hostPauseMillis()).isPresent();
    assertThat(preview.seconds()).isEmpty();
  }

  @Test
  void shouldSayInThePreviewWhatHappensInWhichOrder() {
    var upgrade = at(StepName.STAGE_ONCE_ACTIVE, UpgradeState.RUNNING);
    var preview = CancelRules.preview(upgrade, healthy());
    assertThat(preview.steps()).hasSize(3);
    assertThat(preview.steps().get(0)).startsWith("Controller 0 (standby) stays on 1.2.1");
    assertThat(preview.steps().get(1)).startsWith("Controller 1 (active) reboots into 1.2.1");
    assertThat(preview.hostPauseMillis()).isPresent();
    assertThat(preview.seconds()).isPresent();
  }
}

package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every plan there is: either controller active, the old release in either slot of each, with and
 * without a migration. Each one is carried out to its end, and back from every step and pause at
 * which a cancel is possible, and at no moment nobody serves hosts.
 */
class PlannerTest {
  private static final int LIMIT = 8_000;

  /** What a planner is given. */
  record Given(ControllerId active, Map<ControllerId, Slot> oldSlots, boolean migrates) {
    FakeAppliance appliance() {
      return new FakeAppliance(active, oldSlots);
    }

    void start(FakeAppliance appliance, Set<PausePoint> pauseAt) {
      if (migrates) {
        appliance.startMigrating(pauseAt);
      } else {
        appliance.start(pauseAt);
      }
    }

    Plan plan() {
      var appliance = appliance();
      start(appliance, Set.of());
      return appliance.upgrade().plan();
    }
  }

  static List<Given> given() {
    var all = new ArrayList<Given>();
    for (var active : ControllerId.values()) {
      for (var zero : Slot.values()) {
        for (var one : Slot.values()) {
          for (boolean migrates : new boolean[] {false, true}) {
            all.add(
                new Given(
                    active,
                    Map.of(ControllerId.CONTROLLER_0, zero, ControllerId.CONTROLLER_1, one),
                    migrates));
          }
        }
      }
    }
    return all;
  }

  private static Set<PausePoint> pausePoints(Plan plan) {
    var points = EnumSet.noneOf(PausePoint.class);
    for (var point : PausePoint.values()) {
      if (plan.find(point.step()).isPresent()) {
        points.add(point);
      }
    }
    return points;
  }

  private static void resume(FakeAppliance appliance) {
    appliance.apply(new UpgradeEvent.ResumeAsked("admin", appliance.now()));
  }

  @ParameterizedTest
  @MethodSource("given")
  void shouldEndOnTheNewRelease(Given given) {
    for (boolean pausing : new boolean[] {false, true}) {
      var appliance = given.appliance();
      given.start(appliance, pausing ? pausePoints(given.plan()) : Set.of());
      int pauses = 0;
      while (!appliance.upgrade().state().ended()) {
        appliance.until(
            () -> {
              var state = appliance.upgrade().state();
              return state.ended() || state == UpgradeState.PAUSED;
            },
            LIMIT);
        if (appliance.upgrade().state() == UpgradeState.PAUSED) {
          pauses++;
          resume(appliance);
        }
      }
      assertThat(pauses).isEqualTo(pausing ? pausePoints(given.plan()).size() : 0);
      assertThat(appliance.upgrade().state()).isEqualTo(UpgradeState.COMPLETED);
      assertThat(appliance.redundantOn(FakeAppliance.NEW)).isTrue();
      assertThat(appliance.longestWithoutActive).isZero();
      assertThat(appliance.upgrade().row().allowedReleases()).containsExactly(FakeAppliance.NEW);
    }
  }

  @ParameterizedTest
  @MethodSource("given")
  void shouldEndOnTheOldReleaseFromEveryCancelPoint(Given given) {
    var canceledAt = EnumSet.noneOf(StepName.class);
    for (var planned : given.plan().steps()) {
      if (cancelAt(given, planned.name(), Set.of())) {
        canceledAt.add(planned.name());
      }
      var point = PausePoint.of(planned.name());
      if (point.isPresent()) {
        boolean _ = cancelAt(given, planned.name(), Set.of(point.get()));
      }
    }
    assertThat(canceledAt).contains(StepName.STAGE_ONCE_ACTIVE, StepName.ACTIVATE_ONCE_ACTIVE);
    assertThat(canceledAt)
        .doesNotContain(
            StepName.PRECHECK,
            StepName.STAGE_STANDBY,
            StepName.ACTIVATE_STANDBY,
            StepName.PHASE_1,
            StepName.FINALIZE);
    if (given.migrates) {
      assertThat(canceledAt).contains(StepName.PHASE_2, StepName.PHASE_3, StepName.PHASE_4);
    }
  }

  private static boolean cancelAt(Given given, StepName step, Set<PausePoint> pauseAt) {
    var appliance = given.appliance();
    given.start(appliance, pauseAt);
    appliance.until(
        () ->
            appliance.upgrade().state().ended()
                || (appliance.upgrade().step().equals(Optional.of(step))
                    && (pauseAt.isEmpty() || appliance.upgrade().state() == UpgradeState.PAUSED)),
        LIMIT);
    if (appliance.upgrade().state().ended()
        || !(appliance.cancel(false) instanceof CancelRules.Verdict.Start)) {
      return false;
    }
    appliance.until(() -> appliance.upgrade().state().ended(), LIMIT);
    assertThat(appliance.upgrade().state()).as("%s", step).isEqualTo(UpgradeState.CANCELED);
    assertThat(appliance.redundantOn(FakeAppliance.OLD)).as("%s", step).isTrue();
    assertThat(appliance.longestWithoutActive).as("%s", step).isZero();
    for (var id : ControllerId.values()) {
      assertThat(appliance.box(id).slots).containsOnlyKeys(given.oldSlots.get(id));
    }
    return true;
  }

  /** What can be said of a plan without carrying it out. */
  @ParameterizedTest
  @MethodSource("given")
  void shouldMakePlansThatCanBeUndone(Given given) {
    var plan = given.plan();
    var names = plan.steps().stream().map(Plan.Planned::name).toList();
    assertThat(names).isSorted().doesNotHaveDuplicates();
    assertThat(names.getFirst()).isEqualTo(StepName.PRECHECK);
    assertThat(names.getLast()).isEqualTo(StepName.FINALIZE);
    assertThat(plan.undoOrder())
        .as("every step that has an inverse is undone, once")
        .containsExactlyInAnyOrderElementsOf(
            plan.steps().stream()
                .filter(step -> !step.inverse().isEmpty())
                .map(Plan.Planned::name)
                .toList());
    // A phase is undone before any controller leaves the release that knows how.
    var phases = plan.undoOrder().stream().filter(name -> name.phase().isPresent()).toList();
    assertThat(plan.undoOrder().subList(0, phases.size())).isEqualTo(phases);
    Set<Version> releases = new HashSet<>();
    for (var step : plan.steps()) {
      assertThat(step.goals()).as("%s", step.name()).isNotEmpty();
      assertThat(step.expectedSeconds()).as("%s", step.name()).isPositive();
      for (var goal : step.inverse()) {
        assertThat(goal).isNotInstanceOf(Primitive.Commit.class);
        if (goal instanceof Primitive.HandOver handOver) {
          releases.add(handOver.release());
        }
      }
    }
    assertThat(releases)
        .as("a cancel hands over to the old release alone")
        .containsOnly(plan.from());
  }

  /** However much there is to copy. */
  @Test
  void shouldExpectATimeForAnyAmountOfData() {
    var random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      long bytes = random.nextLong() >>> 1 + random.nextInt(63);
      var migration = Planner.Migration.of(bytes, 60);
      assertThat(migration.copySeconds()).as("%d bytes", bytes).isPositive();
      assertThat(migration.verifySeconds()).as("%d bytes", bytes).isPositive();
    }
  }
}

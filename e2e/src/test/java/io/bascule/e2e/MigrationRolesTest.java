package io.bascule.e2e;

import static io.bascule.e2e.Migrating.alerts;
import static io.bascule.e2e.Migrating.appliance;
import static io.bascule.e2e.Migrating.awaitPausedAt;
import static io.bascule.e2e.Migrating.awaitStandbyOn;
import static io.bascule.e2e.Migrating.bootFrom;
import static io.bascule.e2e.Migrating.isFormatOneAlone;
import static io.bascule.e2e.Migrating.oldSlot;
import static io.bascule.e2e.Migrating.resumeAtOnce;
import static io.bascule.e2e.Migrating.start;
import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.e2e.Migrating.Kind;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Who may serve, who may commit, and who wins, on real appliances under load. All of it in ./check
 * --all, a rotating one in ./check.
 */
@Execution(ExecutionMode.CONCURRENT)
class MigrationRolesTest {
  /** So many on one thread in ./check --all; {@code -Dbascule.commit.races=N} for more. */
  private static final int RACES =
      Integer.getInteger("bascule.commit.races", Boolean.getBoolean("bascule.check.all") ? 6 : 1);

  enum Story {
    OLD_RELEASE_TAKES_OVER,
    TWO_TAKEOVERS_IN_A_PHASE,
    COMMIT_WITH_A_CONTROLLER_ON_THE_OLD_RELEASE,
    CANCEL_AGAINST_COMMIT
  }

  static Stream<Story> stories() {
    return Migrating.sample(Kind.ROLES, List.of(Story.values()));
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("stories")
  void shouldHaveOneTruth(Story story) throws IOException {
    switch (story) {
      case OLD_RELEASE_TAKES_OVER -> cancelWhenTheOldReleaseTakesOver();
      case TWO_TAKEOVERS_IN_A_PHASE -> giveFormatTwoUpAfterTwoTakeoversInAPhase();
      case COMMIT_WITH_A_CONTROLLER_ON_THE_OLD_RELEASE ->
          notCommitWhileAControllerIsOnTheOldReleaseNorLetItServeAfterwards();
      case CANCEL_AGAINST_COMMIT -> new Races().run();
    }
  }

  /** Format 2 may be what brings controllers down: after two in a phase it is given up (I6). */
  private static void giveFormatTwoUpAfterTwoTakeoversInAPhase() throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 11)) {
      start(appliance, "phase-2", 3);
      awaitPausedAt(appliance, "PHASE_2");
      for (int i = 1; i <= 2; i++) {
        assertThat(appliance.upgrade().text("pausedReason")).doesNotContain("takeovers");
        ControllerId active = appliance.awaitActive();
        appliance.kill(active);
        appliance.eventually(
            "a takeover", () -> appliance.active().equals(Optional.of(active.other())));
        appliance.awaitRedundant("2.0.1");
      }
      assertThat(appliance.state()).isEqualTo("PAUSED");
      assertThat(appliance.upgrade().text("pausedReason"))
          .contains("2 takeovers within 10 minutes in Phase 2");
      assertThat(appliance.availability()).isEqualTo("AVAILABLE");
      host.assertNothingLost();
      appliance.bascule("upgrade", "resume").ok();
      appliance.awaitState("COMPLETED");
      appliance.awaitRedundant("2.0.1");
      host.stopClean();
    }
  }

  /** A controller that was booted from its old slot takes over: its first act is to cancel. */
  private static void cancelWhenTheOldReleaseTakesOver() throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 9)) {
      start(appliance, "phase-3", 3);
      awaitPausedAt(appliance, "PHASE_3");
      ControllerId active = appliance.awaitActive();
      ControllerId standby = active.other();
      String slot = oldSlot(appliance, standby);
      bootFrom(appliance, standby, slot);
      awaitStandbyOn(appliance, standby, "1.2.2");
      appliance.bascule("controller", "power-off", Integer.toString(active.number()), "--yes").ok();
      appliance.eventually("1.2.2 serves", () -> appliance.active().equals(Optional.of(standby)));
      host.assertNothingLost();
      appliance.bascule("controller", "power-on", Integer.toString(active.number())).ok();
      appliance.awaitState("FAILED");
      assertThat(appliance.upgrade().text("cause.code")).isEqualTo("CANCELED_BY_TAKEOVER");
      appliance.awaitRedundant("1.2.2");
      host.stopClean();
      assertThat(isFormatOneAlone(appliance)).isTrue();
    }
  }

  /** It could not read format 2, and has to be kept from taking over before there is only that. */
  private static void notCommitWhileAControllerIsOnTheOldReleaseNorLetItServeAfterwards()
      throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 13)) {
      start(appliance, "commit", 3);
      awaitPausedAt(appliance, "COMMIT");
      ControllerId active = appliance.awaitActive();
      ControllerId standby = active.other();
      String old = oldSlot(appliance, standby);
      bootFrom(appliance, standby, old);
      awaitStandbyOn(appliance, standby, "1.2.2");
      appliance.bascule("upgrade", "resume").ok();
      appliance.eventually(
          "it says what it waits for", () -> alerts(appliance).contains("runs 1.2.2 instead of"));
      var waiting = appliance.upgrade();
      assertThat(waiting.text("step")).isEqualTo("COMMIT");
      assertThat(waiting.text("waiting.why")).contains("runs 1.2.2 instead of");
      assertThat(waiting.text("etaSeconds")).as("nobody knows").isEqualTo("null");
      assertThat(appliance.bascule("upgrade", "status").out()).contains("  Waits  ", "power-on");
      assertThat(appliance.state()).isEqualTo("RUNNING");
      assertThat(appliance.availability()).isEqualTo("AVAILABLE");
      bootFrom(appliance, standby, old.equals("A") ? "B" : "A");
      appliance.awaitState("COMPLETED");
      appliance.awaitRedundant("2.0.1");
      assertThat(alerts(appliance)).doesNotContain("runs 1.2.2 instead of");

      bootFrom(appliance, standby, old);
      awaitStandbyOn(appliance, standby, "1.2.2");
      appliance.kill(active);
      appliance.eventually(
          "2.0.1 serves again", () -> appliance.active().equals(Optional.of(active)));
      bootFrom(appliance, standby, old.equals("A") ? "B" : "A");
      appliance.awaitRedundant("2.0.1");
      host.stopClean();
    }
  }

  /** A cancel against the commit: exactly one wins, and what the other was told is true. */
  private static final class Races {
    private final Random random = new Random(Long.getLong("bascule.check.seed", 1));

    /** From the resume to the cancel; follows the winners, so that either may win. */
    private double delayMillis = 60;

    void run() throws IOException {
      int canceled = 0;
      int done = 0;
      while (done < RACES) {
        try (var appliance = appliance();
            var host = HostSide.start(appliance.url("db"), done)) {
          boolean committed = false;
          while (!committed && done < RACES) {
            committed = race(appliance);
            host.assertNothingLost();
            done++;
            canceled += committed ? 0 : 1;
            System.out.printf("race %d: %s%n", done, committed ? "committed" : "canceled");
          }
          host.stopClean();
        }
      }
      System.out.printf("%d races: %d canceled, %d committed%n", done, canceled, done - canceled);
    }

    /** Whether the commit won. */
    private boolean race(Appliance appliance) throws IOException {
      start(appliance, "commit", 1);
      awaitPausedAt(appliance, "COMMIT");
      assertThat(appliance.availability()).isEqualTo("AVAILABLE");
      resumeAtOnce(appliance);
      // Nothing waits for this: it is when the other one of the race starts.
      LockSupport.parkNanos(
          TimeUnit.MILLISECONDS.toNanos((long) (delayMillis * (0.6 + 0.8 * random.nextDouble()))));
      Api.Answer answer;
      do {
        answer = appliance.cancel("");
      } while (answer.text("code").equals("REVISION_CHANGED"));
      boolean started = answer.status() / 100 == 2;
      if (started) {
        assertThat(answer.text("outcome")).isEqualTo("STARTED");
      } else {
        assertThat(answer.status()).as("%s", answer).isEqualTo(409);
        assertThat(answer.text("code")).isEqualTo("CANCEL_UNAVAILABLE");
      }
      appliance.awaitState(started ? "CANCELED" : "COMPLETED");
      appliance.awaitRedundant(started ? "1.2.2" : "2.0.1");
      assertThat(isFormatOneAlone(appliance)).isEqualTo(started);
      delayMillis *= started ? 1.4 : 0.7;
      return !started;
    }
  }
}

package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.bascule.core.ControllerId;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code kill -9} of the active, the standby, both, and the chassis, at every step of the upgrade
 * and of the cancel: it ends as it would have, redundant, nothing lost. A case whose kill did not
 * fall in its step fails. A rotating sample in ./check, all of it in ./check --all; {@code
 * -Dbascule.crash.only=REGEX} runs the cases it finds.
 */
@Execution(ExecutionMode.CONCURRENT)
class CrashMatrixTest {
  private static final int SAMPLE = 3;

  enum Victim {
    ACTIVE,
    STANDBY,
    BOTH,
    CHASSIS
  }

  record Case(boolean cancel, String step, Victim victim) {
    /** Steps that are over in a few turns, and that need the chassis to be over. */
    boolean held() {
      return step.equals("FINALIZE")
          || (cancel && (step.equals("HANDOVER") || step.startsWith("STAGE_")));
    }

    @Override
    public String toString() {
      return (cancel ? "cancel" : "upgrade") + " " + step + " kill " + victim;
    }
  }

  static Stream<Case> cases() {
    List<Case> all = new ArrayList<>();
    for (var victim : Victim.values()) {
      for (String step :
          List.of(
              "STAGE_STANDBY",
              "ACTIVATE_STANDBY",
              "HANDOVER",
              "STAGE_ONCE_ACTIVE",
              "ACTIVATE_ONCE_ACTIVE",
              "FINALIZE")) {
        all.add(new Case(false, step, victim));
      }
      for (String step :
          List.of(
              "ACTIVATE_ONCE_ACTIVE",
              "HANDOVER",
              "ACTIVATE_STANDBY",
              "STAGE_ONCE_ACTIVE",
              "STAGE_STANDBY")) {
        all.add(new Case(true, step, victim));
      }
    }
    String only = System.getProperty("bascule.crash.only");
    if (only != null) {
      var wanted = Pattern.compile(only);
      return all.stream().filter(one -> wanted.matcher(one.toString()).find());
    }
    if (Boolean.getBoolean("bascule.check.all")) {
      return all.stream();
    }
    long seed = Long.getLong("bascule.check.seed", 1);
    Collections.shuffle(all, new Random(seed));
    return all.stream().limit(SAMPLE);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void shouldEndAsItWouldHave(Case crash) throws IOException {
    try (var appliance = Appliance.create("crash")) {
      appliance.volume("v", "128M");
      appliance.anyHost();
      appliance.addPackage("1.2.2");
      try (var host = HostSide.start(appliance.url("v"), 3)) {
        appliance.bascule("upgrade", "start", "1.2.2").ok();
        if (crash.cancel()) {
          cancelOnTheWholeWayBack(appliance);
        }
        Instant killed = killAt(appliance, crash);
        appliance.awaitState(crash.cancel() ? "CANCELED" : "COMPLETED");
        appliance.awaitRedundant(crash.cancel() ? "1.2.1" : "1.2.2");
        host.stopClean();
        assertThat(ended(appliance, crash))
            .as("%s: the step ended after the kill, at %s", crash, killed)
            .isAfter(killed);
      }
    }
  }

  /** The once-active is on the new release already, so that every step has something to undo. */
  private static void cancelOnTheWholeWayBack(Appliance appliance) {
    assertThat(appliance.awaitStep("RUNNING", "ACTIVATE_ONCE_ACTIVE")).isTrue();
    var onceActive = appliance.awaitActive().other();
    appliance.eventually(
        "the once-active boots its new slot",
        () -> {
          var boot = Objects.requireNonNull(appliance.boots().get(onceActive));
          return boot.fallback().isPresent()
              && boot.runningSlot().equals(Optional.of(boot.bootSlot()));
        });
    appliance.eventually(
        "the cancel is taken",
        () -> {
          try {
            return appliance.cancel("").status() == 200;
          } catch (IOException e) {
            return false;
          }
        });
  }

  /**
   * Waits for the step and kills in it. A step of a few turns of the upgrade's thread is held by
   * stopping the chassis, which it needs to end; the controllers serve on.
   *
   * @return when the last victim was dead for sure
   */
  private static Instant killAt(Appliance appliance, Case crash) {
    long chassis = appliance.chassisPid();
    awaitStep(appliance, crash);
    if (crash.held()) {
      Signals.send(chassis, Signals.STOP);
    }
    try {
      if (crash.victim() == Victim.CHASSIS) {
        assertThat(Signals.send(chassis, Signals.KILL)).as("%s: it lived", crash).isTrue();
      } else {
        victims(appliance, crash.victim()).forEach(id -> kill(appliance, id, crash.held()));
      }
      return Instant.now();
    } finally {
      if (crash.victim() == Victim.CHASSIS) {
        appliance.eventually("the chassis is gone", () -> !appliance.chassisRuns());
        appliance.up();
      } else if (crash.held()) {
        Signals.send(chassis, Signals.CONTINUE);
      }
    }
  }

  /** Looks without a pause: the shortest steps last a tenth of a second. */
  private static void awaitStep(Appliance appliance, Case crash) {
    String state = crash.cancel() ? "CANCELING" : "RUNNING";
    var api = appliance.api();
    await(crash.toString())
        .atMost(Duration.ofSeconds(120))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> {
          try {
            var now = api.get("/upgrade");
            if (now.status() != 200) {
              return false;
            }
            assertThat(now.text("state"))
                .as("%s went by unseen", crash)
                .isNotIn("COMPLETED", "CANCELED", "FAILED");
            return now.text("state").equals(state) && now.text("step").equals(crash.step());
          } catch (IOException e) {
            return false; // A handover.
          }
        });
  }

  private static List<ControllerId> victims(Appliance appliance, Victim victim) {
    appliance.eventually("an active controller", () -> appliance.saysActive().isPresent());
    var active = appliance.saysActive().orElseThrow();
    return switch (victim) {
      case ACTIVE -> List.of(active);
      case STANDBY -> List.of(active.other());
      case BOTH -> List.of(active, active.other());
      case CHASSIS -> List.of();
    };
  }

  /**
   * In a reboot there may be no process at this instant, or one that ends by itself: then it is the
   * next one, unless the chassis stands still and boots none.
   */
  private static void kill(Appliance appliance, ControllerId id, boolean held) {
    if (held) {
      long pid = appliance.process(id).orElseThrow();
      assertThat(Signals.send(pid, Signals.KILL)).as("%s lived as %d", id, pid).isTrue();
    } else {
      appliance.eventually(
          id + " is killed",
          () -> appliance.process(id).map(pid -> Signals.send(pid, Signals.KILL)).orElse(false));
    }
  }

  /** When the step's goals were first seen to hold, by the record itself. */
  private static Instant ended(Appliance appliance, Case crash) {
    var id = appliance.upgrade().text("id");
    var events = (List<?>) appliance.get("/upgrades/" + id + "/report").at("events");
    String what = crash.cancel() ? "step.undone" : "step.done";
    return Objects.requireNonNull(events).stream()
        .map(event -> (Map<?, ?>) event)
        .filter(event -> what.equals(event.get("what")))
        .filter(event -> String.valueOf(event.get("detail")).startsWith(crash.step() + " is "))
        .map(event -> Instant.parse(String.valueOf(event.get("at"))))
        .findFirst()
        .orElseThrow(() -> new AssertionError(crash + ": " + what + " is not in the history"));
  }
}

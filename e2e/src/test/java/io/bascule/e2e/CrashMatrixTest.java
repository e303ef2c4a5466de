package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code kill -9} of the active, the standby, both, and the chassis, at every step of the upgrade
 * and of the cancel: it ends as it would have, redundant, nothing lost. A rotating sample in
 * ./check, all of it in ./check --all.
 */
class CrashMatrixTest {
  private static final int SAMPLE = 4;

  enum Victim {
    ACTIVE,
    STANDBY,
    BOTH,
    CHASSIS
  }

  record Case(boolean cancel, String step, Victim victim) {
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
        boolean seen = crash.cancel() ? reachInCancel(appliance, crash) : reach(appliance, crash);
        kill(appliance, crash.victim());
        appliance.awaitState(crash.cancel() ? "CANCELED" : "COMPLETED");
        appliance.awaitRedundant(crash.cancel() ? "1.2.1" : "1.2.2");
        host.stopClean();
        // FINALIZE and the emptying of slots can be over between two looks; the kill came right
        // after them then.
        assertThat(seen || isShort(crash.step())).as("%s was reached", crash).isTrue();
      }
    }
  }

  private static boolean isShort(String step) {
    return step.equals("FINALIZE") || step.startsWith("STAGE_");
  }

  private static boolean reach(Appliance appliance, Case crash) {
    appliance.bascule("upgrade", "start", "1.2.2").ok();
    return appliance.awaitStep("RUNNING", crash.step());
  }

  private static boolean reachInCancel(Appliance appliance, Case crash) throws IOException {
    appliance.bascule("upgrade", "start", "1.2.2").ok();
    // The whole way back: the once-active is on the new release already.
    assertThat(appliance.awaitStep("RUNNING", "ACTIVATE_ONCE_ACTIVE")).isTrue();
    appliance.eventually(
        "the cancel is taken",
        () -> {
          try {
            return appliance.cancel("").status() == 200;
          } catch (IOException e) {
            return false;
          }
        });
    return appliance.awaitStep("CANCELING", crash.step());
  }

  private static void kill(Appliance appliance, Victim victim) {
    switch (victim) {
      case ACTIVE -> appliance.kill(appliance.awaitActive());
      case STANDBY -> killIfUp(appliance, appliance.awaitActive().other());
      case BOTH -> {
        for (var id : ControllerId.values()) {
          killIfUp(appliance, id);
        }
      }
      case CHASSIS -> {
        appliance.killChassis();
        appliance.up();
      }
    }
  }

  /** In a reboot there may be no process at this instant: then it is dead already. */
  private static void killIfUp(Appliance appliance, ControllerId id) {
    var boot = appliance.boots().get(id);
    if (boot != null && boot.pid() != 0) {
      Appliance.signal("KILL", boot.pid());
    }
  }
}

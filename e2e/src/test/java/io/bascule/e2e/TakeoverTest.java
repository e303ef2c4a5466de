package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What hosts see when a controller or the chassis dies or hangs, without an upgrade. */
class TakeoverTest {
  private static Appliance appliance;
  private static HostSide host;

  @BeforeAll
  static void up() {
    appliance = Appliance.create("takeover");
    appliance.volume("v", "128M");
    appliance.anyHost();
    host = HostSide.start(appliance.url("v"), 5);
  }

  @AfterAll
  static void down() {
    try (var closing = appliance) {
      host.stopClean();
      host.close();
    }
  }

  @Test
  void shouldTakeOverFromADeadActive() {
    host.mark("kill");
    ControllerId was = appliance.awaitActive();
    appliance.kill(was);
    appliance.eventually(
        "the other is active", () -> appliance.active().equals(java.util.Optional.of(was.other())));
    appliance.awaitRedundant("1.2.1");
    host.assertNothingLost();
    // 3 s is the product's promise; the bound leaves room for a machine busy with other tests.
    assertThat(host.longestPauseMillis("kill")).isLessThan(6_000);
  }

  @Test
  void shouldFenceAHangingActiveAndTakeOver() {
    ControllerId was = appliance.awaitActive();
    long pid = appliance.pid(was);
    Appliance.signal("STOP", pid);
    appliance.eventually(
        "the other is active", () -> appliance.active().equals(java.util.Optional.of(was.other())));
    appliance.eventually("the hung one is fenced", () -> ProcessHandle.of(pid).isEmpty());
    appliance.awaitRedundant("1.2.1");
    host.assertNothingLost();
  }

  @Test
  void shouldHandOver() {
    host.mark("handover");
    ControllerId was = appliance.awaitActive();
    appliance.bascule("controller", "handover").ok();
    appliance.eventually(
        "the other is active", () -> appliance.active().equals(java.util.Optional.of(was.other())));
    appliance.awaitRedundant("1.2.1");
    host.assertNothingLost();
    assertThat(host.longestPauseMillis("handover")).isLessThan(4_000);
  }

  @Test
  void shouldServeOnWithoutAChassisAndBeAdopted() {
    host.mark("no chassis");
    long zero = appliance.pid(ControllerId.CONTROLLER_0);
    long one = appliance.pid(ControllerId.CONTROLLER_1);
    appliance.killChassis();
    host.assertNothingLost();
    appliance.up();
    appliance.awaitRedundant("1.2.1");
    assertThat(appliance.pid(ControllerId.CONTROLLER_0)).isEqualTo(zero);
    assertThat(appliance.pid(ControllerId.CONTROLLER_1)).isEqualTo(one);
    host.assertNothingLost();
  }

  @Test
  void shouldComeBackAfterTheDeathOfEverything() {
    long chassis = appliance.chassisPid();
    long zero = appliance.pid(ControllerId.CONTROLLER_0);
    long one = appliance.pid(ControllerId.CONTROLLER_1);
    Commands.run(10, "kill", "-KILL", "" + chassis, "" + zero, "" + one).ok();
    appliance.eventually(
        "all are gone",
        () ->
            ProcessHandle.of(chassis).isEmpty()
                && ProcessHandle.of(zero).isEmpty()
                && ProcessHandle.of(one).isEmpty());
    appliance.up();
    appliance.awaitRedundant("1.2.1");
    host.assertNothingLost();
  }
}

package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The cancel contract's table, on a real appliance: at every step and pause point of the upgrade to
 * 1.2.2.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Order(2) // Long and one after the other: begins first.
class CancelMatrixTest {
  /** What 1-product.md says of each step. */
  private static final Map<String, String> TABLE =
      Map.of(
          "PRECHECK", "UNAVAILABLE",
          "STAGE_STANDBY", "UNAVAILABLE",
          "ACTIVATE_STANDBY", "UNAVAILABLE",
          "HANDOVER", "UNAVAILABLE",
          "STAGE_ONCE_ACTIVE", "AVAILABLE",
          "ACTIVATE_ONCE_ACTIVE", "AVAILABLE",
          "FINALIZE", "UNAVAILABLE");

  private static Appliance appliance;
  private static HostSide host;

  @BeforeAll
  static void up() {
    appliance = Appliance.create("cancel");
    appliance.volume("v", "128M");
    appliance.anyHost();
    appliance.addPackage("1.2.2");
    host = HostSide.start(appliance.url("v"), 2);
  }

  @AfterAll
  static void down() {
    try (var closing = appliance) {
      host.stopClean();
      host.close();
    }
  }

  @Test
  @Order(1)
  void shouldBeUnavailableWithoutAnUpgrade() throws IOException {
    var now = appliance.upgrade();
    assertThat(now.text("state")).isEqualTo("IDLE");
    assertThat(now.text("cancel.availability")).isEqualTo("UNAVAILABLE");
    var answer = appliance.api().post("/upgrade/cancel", "{\"upgradeId\":\"u0\",\"revision\":0}");
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.text("code")).isEqualTo("CANCEL_UNAVAILABLE");
  }

  @Test
  @Order(2)
  void shouldRefuseBeforeTheWindowAndCancelAtItsBeginning() throws IOException {
    appliance.bascule("upgrade", "start", "1.2.2", "--pause-at", "handover,once-active").ok();
    watch("PAUSED");
    assertThat(appliance.upgrade().text("step")).isEqualTo("HANDOVER");
    var refused = appliance.cancel("");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.text("code")).isEqualTo("CANCEL_UNAVAILABLE");
    assertThat(appliance.upgrade().text("cancel.nextCancelPoint")).isNotEqualTo("null");
    assertThat(appliance.state()).isEqualTo("PAUSED");
    assertThat(appliance.bascule("volume", "create", "no", "--size", "1M").exit()).isEqualTo(3);
    assertThat(appliance.bascule("controller", "handover").exit()).isEqualTo(3);
    appliance.bascule("upgrade", "resume").ok();
    appliance.eventually(
        "paused once-active",
        () -> {
          var now = appliance.upgrade();
          return now.text("state").equals("PAUSED") && now.text("step").equals("STAGE_ONCE_ACTIVE");
        });
    assertThat(appliance.availability()).isEqualTo("AVAILABLE");
    var canceled =
        appliance.bascule("upgrade", "cancel", "--yes", "--reason", "NOT_INTERESTED", "--wait");
    assertThat(canceled.exit()).as("%s", canceled).isZero();
    assertThat(appliance.state()).isEqualTo("CANCELED");
    appliance.awaitRedundant("1.2.1");
    host.assertNothingLost();
  }

  @Test
  @Order(3)
  void shouldCancelWhileTheOnceActiveBootsTheNewRelease() throws IOException {
    appliance.bascule("upgrade", "start", "1.2.2").ok();
    assertThat(appliance.awaitStep("RUNNING", "ACTIVATE_ONCE_ACTIVE")).isTrue();
    appliance.eventually("cancel possible", () -> appliance.availability().equals("AVAILABLE"));
    assertThat(appliance.cancel("").ok().text("outcome")).isEqualTo("STARTED");
    var again = appliance.cancel("");
    assertThat(again.text("code")).isEqualTo("CANCEL_UNAVAILABLE");
    appliance.awaitState("CANCELED");
    appliance.awaitRedundant("1.2.1");
    host.assertNothingLost();
  }

  @Test
  @Order(4)
  void shouldBeBlockedWithoutTheStandbyUnlessDisruptionIsAccepted() throws IOException {
    appliance.bascule("upgrade", "start", "1.2.2", "--pause-at", "once-active").ok();
    appliance.awaitState("PAUSED");
    var standby = appliance.awaitActive().other();
    appliance.bascule("controller", "power-off", Integer.toString(standby.number()), "--yes").ok();
    // For a moment it is known only that the standby does not answer, which blocks as well.
    appliance.eventually(
        "blocked because it is OFF",
        () -> {
          var now = appliance.upgrade();
          return now.text("cancel.availability").equals("BLOCKED")
              && now.text("cancel.reason").contains("OFF");
        });
    var refused = appliance.cancel("");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.text("code")).isEqualTo("CANCEL_BLOCKED");
    assertThat(appliance.cancel(",\"acceptDisruption\":true").ok().text("outcome"))
        .isEqualTo("STARTED");
    appliance.eventually(
        "the active is back on 1.2.1",
        () ->
            appliance.get("/appliance").text("version").equals("1.2.1")
                && appliance.state().equals("CANCELING"));
    host.assertNothingLost();
    appliance.bascule("controller", "power-on", Integer.toString(standby.number())).ok();
    appliance.awaitState("CANCELED");
    appliance.awaitRedundant("1.2.1");
    host.assertNothingLost();
  }

  @Test
  @Order(5)
  void shouldCarryOutAQueuedCancelAndWithdrawOne() throws IOException {
    appliance.bascule("upgrade", "start", "1.2.2", "--pause-at", "handover").ok();
    appliance.awaitState("PAUSED");
    assertThat(appliance.cancel(",\"whenPossible\":true").ok().text("outcome")).isEqualTo("QUEUED");
    appliance.awaitState("CANCELED");
    appliance.awaitRedundant("1.2.1");
    assertThat(appliance.bascule("upgrade", "cancel", "--withdraw").exit()).isEqualTo(3);
  }

  @Test
  @Order(6)
  void shouldOfferNoCancelOnceBothAreUpgraded() throws IOException {
    appliance.bascule("upgrade", "start", "1.2.2").ok();
    watch("COMPLETED");
    assertThat(appliance.availability()).isEqualTo("UNAVAILABLE");
    assertThat(appliance.cancel("").text("code")).isEqualTo("CANCEL_UNAVAILABLE");
    appliance.awaitRedundant("1.2.2");
    host.assertNothingLost();
  }

  /** Asks for availability until the upgrade is in that state; every answer must be the table's. */
  private static void watch(String until) {
    Map<String, String> seen = new LinkedHashMap<>();
    appliance.eventually(
        until,
        () -> {
          var now = appliance.upgrade();
          String state = now.text("state");
          String step = now.text("step");
          if (List.of("RUNNING", "PAUSED").contains(state)) {
            String answer = now.text("cancel.availability");
            seen.put(step, answer);
            // A standby that joins is RECOVERING for a moment that is not the upgrade's own reboot.
            if (!(answer.equals("BLOCKED") && step.endsWith("ONCE_ACTIVE"))) {
              assertThat(answer).as("at %s", step).isEqualTo(TABLE.get(step));
            }
          }
          return state.equals(until);
        });
    assertThat(seen).isNotEmpty();
  }
}

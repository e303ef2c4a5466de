package io.bascule.controller.upgrade;

import static io.bascule.core.ControllerId.CONTROLLER_0;
import static io.bascule.core.ControllerId.CONTROLLER_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.controller.packages.ReleaseMaker;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the upgrade's thread does with a fleet and a state.db that do not do as they should. */
class UpgradeThreadTest {
  private static final String WAITING = "upgrade.waiting";
  private static final String QUEUED = "upgrade.cancel-waiting";

  /** Of the thread's patience. */
  private static final int MINUTE_TICKS = 600;

  @TempDir private static Path releases;
  private static Path packages = Path.of("");
  private static ReleaseMaker maker;

  @TempDir private Path dir;
  private Lab lab;

  @BeforeAll
  static void compose() throws Exception {
    maker = new ReleaseMaker(releases);
    packages = Objects.requireNonNull(maker.release("1.2.2", "1.2.1", 1, "").getParent());
  }

  @BeforeEach
  void open() throws Exception {
    lab = new Lab(Files.createDirectories(dir.resolve("lab")), packages, maker.trust());
  }

  @AfterEach
  void close() {
    lab.close();
    assertThat(lab.failures).isEmpty();
  }

  private void assertBackOnOld() {
    lab.until("redundant on the old release", () -> lab.enclosure.redundantOn(Enclosure.OLD));
    for (var id : List.of(CONTROLLER_0, CONTROLLER_1)) {
      assertThat(lab.enclosure.box(id).slots.values()).containsExactly(Enclosure.OLD);
    }
    assertThat(lab.record().row().allowedReleases()).isEqualTo(Set.of(Enclosure.OLD));
    lab.untilNoAlert();
  }

  private void assertUpgraded() {
    assertThat(lab.view().state()).isEqualTo("COMPLETED");
    assertThat(lab.enclosure.redundantOn(Enclosure.NEW)).isTrue();
    assertThat(lab.record().row().allowedReleases()).isEqualTo(Set.of(Enclosure.NEW));
    assertThat(lab.steps("step.done"))
        .containsExactly(
            "PRECHECK",
            "STAGE_STANDBY",
            "ACTIVATE_STANDBY",
            "HANDOVER",
            "STAGE_ONCE_ACTIVE",
            "ACTIVATE_ONCE_ACTIVE",
            "FINALIZE");
    lab.untilNoAlert();
  }

  @Test
  void shouldUpgradeBothControllers() {
    lab.start();
    lab.untilState("COMPLETED");
    assertUpgraded();
    var receipt = Objects.requireNonNull(lab.report().receipt());
    assertThat(receipt.redundant()).isTrue();
    assertThat(receipt.writesAcknowledged()).isPositive();
    assertThat(receipt.versions()).containsEntry("0", "1.2.2").containsEntry("1", "1.2.2");
  }

  @Test
  void shouldPauseAcrossADeathAndGoOn() {
    lab.start("handover", "once-active");
    lab.untilState("PAUSED");
    assertThat(lab.view().step()).isEqualTo("HANDOVER");
    int tick = lab.enclosure.tick;
    lab.untilTick(tick + 50);
    assertThat(lab.view().state()).isEqualTo("PAUSED");
    lab.killActive();
    lab.untilTick(tick + 100);
    assertThat(lab.view().state()).isEqualTo("PAUSED");
    assertThat(lab.view().step()).isEqualTo("HANDOVER");
    lab.resume();
    lab.until(
        "paused again",
        () -> lab.view().state().equals("PAUSED") && "STAGE_ONCE_ACTIVE".equals(lab.view().step()));
    assertThatThrownBy(() ->
            lab.term().upgrades.change(new UpgradeView.Change(true, null, null, null), "admin"))
        .isInstanceOfSatisfying(
            Refusal.class, no -> assertThat(no.code()).isEqualTo(ErrorCode.NOT_PAUSABLE));
    lab.resume();
    lab.untilState("COMPLETED");
    assertUpgraded();
  }

  @Test
  void shouldRefuseAPausePointThatTheUpgradeDoesNotHave() {
    for (boolean dryRun : new boolean[] {true, false}) {
      var start = new UpgradeView.Start("1.2.2", dryRun, List.of("phase-3"), null, null, null);
      assertThatThrownBy(
              () -> {
                if (dryRun) {
                  lab.term().upgrades.dryRun(start);
                } else {
                  lab.term().upgrades.start(start, "admin");
                }
              })
          .isInstanceOfSatisfying(
              Refusal.class, no -> assertThat(no.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
          .hasMessageContaining("It has handover, once-active.");
    }
    assertThat(lab.view().state()).isEqualTo("IDLE");
  }

  @Test
  void shouldCancelWhileTheOnceActiveBoots() {
    lab.enclosure.hangs.add(CONTROLLER_0);
    lab.start();
    lab.until(
        "booting the new release",
        () -> Enclosure.NEW.equals(lab.enclosure.box(CONTROLLER_0).running()));
    assertThat(lab.cancel(false)).contains("STARTED");
    lab.untilState("CANCELED");
    assertThat(lab.steps("step.undone")).contains("HANDOVER", "ACTIVATE_STANDBY", "STAGE_STANDBY");
    assertBackOnOld();
  }

  @Test
  void shouldWaitForAStandbyThatIsLostJustBeforeTheHandover() {
    lab.start("handover");
    lab.untilState("PAUSED");
    // It is lost after the look, and before the handover: the fleet says so, the next look sees it.
    lab.strike(Lab.Blow.REFUSED, where -> true, 0, 1);
    lab.resume();
    lab.until("refused", () -> !lab.struckAt().isEmpty());
    assertThat(lab.struckAt()).startsWith("HandOver");
    lab.meddle(() -> lab.enclosure.box(CONTROLLER_1).die());
    lab.untilState("COMPLETED");
    assertUpgraded();
  }

  @Test
  void shouldTellOfAHandoverThatIsRefusedForLongAndSayGoodbyeOnlyOnce() {
    lab.start("handover");
    lab.untilState("PAUSED");
    lab.strike(Lab.Blow.REFUSED, where -> true, 0, MINUTE_TICKS + 100);
    lab.resume();
    lab.untilAlert(WAITING);
    assertThat(lab.alerts().getFirst().message()).contains("HANDOVER");
    lab.untilState("COMPLETED");
    assertUpgraded();
    assertThat(lab.notes("controller.leaving")).hasSizeLessThan(5);
  }

  @Test
  void shouldReturnWhenAnUpgradedControllerNeverJoins() {
    lab.enclosure.strangers.add(CONTROLLER_1);
    lab.start();
    lab.until(
        "ONLINE on the new release",
        () ->
            lab.enclosure.box(CONTROLLER_1).online()
                && Enclosure.NEW.equals(lab.enclosure.box(CONTROLLER_1).running()));
    int online = lab.enclosure.tick;
    lab.untilState("CANCELING");
    assertThat(lab.enclosure.tick - online).isBetween(MINUTE_TICKS - 5, MINUTE_TICKS + 60);
    lab.untilState("FAILED");
    assertThat(Objects.requireNonNull(lab.view().cause()).code()).isEqualTo("NOT_JOINING");
    assertBackOnOld();
  }

  @Test
  void shouldNotReturnWhenItJoinsInTime() {
    lab.enclosure.strangers.add(CONTROLLER_1);
    lab.start();
    lab.until(
        "ONLINE on the new release",
        () ->
            lab.enclosure.box(CONTROLLER_1).online()
                && Enclosure.NEW.equals(lab.enclosure.box(CONTROLLER_1).running()));
    int online = lab.enclosure.tick;
    lab.untilTick(online + MINUTE_TICKS / 2);
    lab.meddle(() -> lab.enclosure.strangers.clear());
    lab.untilState("COMPLETED");
    assertUpgraded();
  }

  @Test
  void shouldOnlyTellWhenAControllerDoesNotJoinOnTheWayBack() {
    lab.start("once-active");
    lab.untilState("PAUSED");
    assertThat(lab.cancel(false)).contains("STARTED");
    lab.meddle(() -> lab.enclosure.linkUp = false);
    lab.untilAlert(WAITING);
    assertThat(lab.view().state()).isEqualTo("CANCELING");
    lab.meddle(() -> lab.enclosure.linkUp = true);
    lab.untilState("CANCELED");
    assertBackOnOld();
  }

  /** Paused in the window, the standby off, a cancel queued. */
  private void queueACancelThatWaits() {
    lab.start("once-active");
    lab.untilState("PAUSED");
    lab.meddle(() -> lab.enclosure.box(CONTROLLER_0).powerOff());
    lab.until("blocked", () -> lab.view().cancel().availability().equals("BLOCKED"));
    assertThat(lab.cancel(true)).contains("QUEUED");
    lab.untilAlert(QUEUED);
  }

  @Test
  void shouldClearTheAlertOfAQueuedCancelThatIsWithdrawn() {
    queueACancelThatWaits();
    lab.term().upgrades.withdraw("admin");
    lab.until("cleared", () -> !lab.openAlerts().contains(QUEUED));
    assertThat(lab.view().state()).isEqualTo("PAUSED");
  }

  @Test
  void shouldClearTheAlertOfAQueuedCancelThatIsCarriedOut() {
    queueACancelThatWaits();
    lab.meddle(() -> lab.enclosure.box(CONTROLLER_0).boot(BootCause.POWER_ON));
    lab.untilState("CANCELED");
    assertBackOnOld();
  }

  @Test
  void shouldClearTheAlertOfAProcessThatDiedAtTheEnd() {
    lab.start("once-active");
    lab.untilState("PAUSED");
    // All that is left then is that the standby answers.
    lab.after("DropSlot[id=controller 1, slot=B]", () -> lab.enclosure.linkUp = false);
    assertThat(lab.cancel(false)).contains("STARTED");
    lab.untilAlert(WAITING);
    // The end is in state.db, and nobody was told yet.
    lab.strike(Lab.Blow.DIES_BEFORE, "event upgrade.canceled"::equals, 0, 1);
    lab.meddle(() -> lab.enclosure.linkUp = true);
    lab.until("the death", () -> !lab.struckAt().isEmpty());
    lab.untilState("CANCELED");
    assertBackOnOld();
  }

  @Test
  void shouldTellWhatItWaitsForAfterATakeoverToo() {
    lab.start("once-active");
    lab.untilState("PAUSED");
    lab.meddle(() -> lab.enclosure.chassisUp = false);
    lab.resume();
    lab.untilAlert(WAITING);
    assertThat(lab.alerts().getFirst().message()).contains("chassis");
    lab.meddle(() -> lab.enclosure.box(CONTROLLER_0).powerOff());
    lab.killActive();
    lab.meddle(() -> {
      lab.enclosure.chassisUp = true;
    });
    lab.until(
        "the other reason",
        () ->
            lab.openAlerts().contains(WAITING)
                && lab.alerts().getFirst().message().contains("OFF"));
    lab.meddle(() -> lab.enclosure.box(CONTROLLER_0).boot(BootCause.POWER_ON));
    lab.untilState("COMPLETED");
    assertUpgraded();
  }

  @Test
  void shouldTellOfAnActionThatFailsForLongHoweverItIsWorded() {
    lab.strike(Lab.Blow.REFUSED, where -> true, 1, MINUTE_TICKS + 100);
    lab.start();
    lab.untilAlert(WAITING);
    assertThat(lab.alerts().getFirst().message()).contains("ACTIVATE_STANDBY", "refused");
    lab.untilState("COMPLETED");
    assertThat(lab.alerts()).as("told once").hasSize(1);
    assertUpgraded();
  }

  @Test
  void shouldActOnNothingOnceTheRecordIsNotItsOwn() {
    lab.start("once-active");
    lab.untilState("PAUSED");
    var term = lab.term();
    int acted = lab.acted();
    term.db.transaction(sql -> sql.update("UPDATE upgrade_row SET revision = revision + 1"));
    assertThatThrownBy(lab::resume).isInstanceOf(RuntimeException.class);
    assertStopped(acted, "revision");
  }

  @Test
  void shouldNotActWhenTheRecordChangesInTheMiddleOfAStep() {
    lab.enclosure.hangs.add(CONTROLLER_1);
    lab.start("handover");
    lab.until("booting", () -> Enclosure.NEW.equals(lab.enclosure.box(CONTROLLER_1).running()));
    int acted = lab.acted();
    lab.term().db.transaction(sql -> sql.update("UPDATE upgrade_row SET revision = revision + 1"));
    // What it would do next: boot it again.
    lab.meddle(() -> {
      var box = lab.enclosure.box(CONTROLLER_1);
      box.bootSlot = Slot.A;
    });
    assertStopped(acted, "revision");
  }

  @Test
  void shouldStopWhenAnotherEpochHasBegun() {
    lab.enclosure.hangs.add(CONTROLLER_1);
    lab.start("handover");
    lab.until("booting", () -> Enclosure.NEW.equals(lab.enclosure.box(CONTROLLER_1).running()));
    int acted = lab.acted();
    lab.term().db.transaction(sql -> sql.update("UPDATE appliance SET epoch = epoch + 1"));
    lab.meddle(() -> {
      var box = lab.enclosure.box(CONTROLLER_1);
      box.bootSlot = Slot.A;
    });
    assertStopped(acted, "epoch");
  }

  private void assertStopped(int acted, String why) {
    await()
        .dontCatchUncaughtExceptions()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> !lab.failed().isEmpty());
    assertThat(lab.failed().getFirst().getMessage()).contains(why);
    assertThat(lab.acted()).isEqualTo(acted);
    lab.failures.clear();
  }

  @Test
  void shouldAnswerAtOnceWhoeverStillAsksWhenItLeaves() throws Exception {
    lab.start("handover");
    lab.untilState("PAUSED");
    var term = lab.term();
    lab.resume();
    lab.until("handed over", () -> term.over);
    var asking = CompletableFuture.supplyAsync(() -> term.upgrades.preview());
    assertThat(asking.handle((_, e) -> String.valueOf(e)).get(5, TimeUnit.SECONDS))
        .contains("handing over");
    lab.untilState("COMPLETED");
  }

  @Test
  void shouldNotWorryOverALongStagingThatMoves() {
    lab.enclosure.stageTicks = 2 * MINUTE_TICKS;
    lab.start("handover");
    lab.untilState("PAUSED");
    assertThat(lab.alerts()).isEmpty();
  }
}

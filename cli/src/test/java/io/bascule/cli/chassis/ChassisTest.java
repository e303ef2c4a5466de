package io.bascule.cli.chassis;

import static io.bascule.core.ControllerId.CONTROLLER_0;
import static io.bascule.core.ControllerId.CONTROLLER_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.platform.PowerSupply;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole chassis, as a process, with controllers as processes. */
@Timeout(120)
final class ChassisTest {
  private static final int SIGSTOP = 19;
  private static final int SIGCONT = 18;

  /** Shorter than in life, but with room for a busy machine. */
  private static final String TIMES =
      """
      boot.deadline.millis=6000
      boot.hang.millis=1500
      boot.stable.millis=1000
      """;

  @TempDir Path folder;
  private DummyAppliance appliance;

  @BeforeEach
  void create() throws Exception {
    appliance = DummyAppliance.create(folder, TIMES);
  }

  @AfterEach
  void close() throws IOException {
    appliance.close();
  }

  @Test
  void shouldBootBothControllersAndCallThemStable() throws IOException {
    appliance.startChassis();
    var zero = awaitStable(CONTROLLER_0);
    var one = awaitStable(CONTROLLER_1);
    assertThat(zero.bootCause()).isEqualTo(BootCause.POWER_ON);
    assertThat(zero.runningSlot()).contains(Slot.A);
    assertThat(zero.release().orElseThrow()).hasToString("1.2.1");
    assertThat(zero.attempts()).isZero();
    assertThat(Optional.of(zero.role().orElseThrow()))
        .isNotEqualTo(Optional.of(one.role().orElseThrow()));
    assertThat(appliance.layout.bootRecord(CONTROLLER_0)).content().contains("\"UP\"");
  }

  @Test
  void shouldBootAgainAfterACrashOfAStableController() throws IOException {
    appliance.startChassis();
    var before = awaitStable(CONTROLLER_0);
    kill(before);
    var after =
        appliance.awaitState(
            CONTROLLER_0, "again", s -> s.status() == Status.ONLINE && s.pid() != before.pid());
    assertThat(after.bootCause()).isEqualTo(BootCause.CRASH);
    assertThat(after.attempts()).isZero();
  }

  @Test
  void shouldFallBackAfterThreeCrashesAndSayWhy() throws IOException {
    appliance.startChassis();
    awaitStable(CONTROLLER_1);
    appliance.behave(CONTROLLER_1, Slot.B, "crash");
    upgradeToB(CONTROLLER_1, "upgrade-7");
    var state =
        appliance.awaitState(
            CONTROLLER_1,
            "falls back",
            s -> s.lastFailure().isPresent() && s.status() == Status.ONLINE);
    assertThat(state.runningSlot()).contains(Slot.A);
    assertThat(state.bootSlot()).isEqualTo(Slot.A);
    assertThat(state.fallback()).isEmpty();
    var failure = state.lastFailure().orElseThrow();
    assertThat(failure.slot()).isEqualTo(Slot.B);
    assertThat(failure.tag()).isEqualTo("upgrade-7");
    assertThat(failure.cause())
        .contains("exited with code 1")
        .contains("the flux capacitor is missing");
    assertThat(appliance.log()).contains("boot 3 of slot B failed").doesNotContain("boot 4 of");

    // The same request again is the one that failed, not a new one.
    upgradeToBWithoutBoot(CONTROLLER_1, "upgrade-7");
    assertThat(appliance.state(CONTROLLER_1).bootSlot()).isEqualTo(Slot.A);
    upgradeToBWithoutBoot(CONTROLLER_1, "upgrade-8");
    var anew = appliance.state(CONTROLLER_1);
    assertThat(anew.bootSlot()).isEqualTo(Slot.B);
    assertThat(anew.lastFailure()).isEmpty();
  }

  @Test
  void shouldFallBackWhenTheNewSlotNeverComesOnline() throws Exception {
    appliance.close();
    Files.writeString(appliance.layout.settings(), "boot.deadline.millis=2500\n");
    appliance.startChassis();
    appliance.awaitState(CONTROLLER_1, "ONLINE", s -> s.status() == Status.ONLINE);
    appliance.behave(CONTROLLER_1, Slot.B, "never-online");
    upgradeToB(CONTROLLER_1, "t");
    var state =
        appliance.awaitState(
            CONTROLLER_1,
            "falls back",
            s -> s.lastFailure().isPresent() && s.status() == Status.ONLINE);
    assertThat(state.lastFailure().orElseThrow().cause())
        .contains("did not become healthy within 2.5 s");
    assertThat(state.bootCause()).isEqualTo(BootCause.BOOT_TIMEOUT);
  }

  @Test
  void shouldCutThePowerOfAControllerThatHangs() throws IOException {
    appliance.startChassis();
    var before = awaitStable(CONTROLLER_0);
    identity(before).signal(SIGSTOP);
    appliance.awaitState(CONTROLLER_0, "is quiet", s -> s.status() == Status.RECOVERING);
    var after =
        appliance.awaitState(
            CONTROLLER_0, "again", s -> s.status() == Status.ONLINE && s.pid() != before.pid());
    assertThat(after.bootCause()).isEqualTo(BootCause.HANG);
    assertThat(appliance.log()).contains("hung: no answer for 1.5 s");
  }

  @Test
  void shouldNotWriteItsRecordForAMereChangeOfStatus() throws IOException {
    appliance.startChassis();
    var before = awaitStable(CONTROLLER_1);
    var record = appliance.layout.bootRecord(CONTROLLER_1);
    // Each writing makes a new file.
    await().until(() -> Files.readString(record).replace(" ", "").contains("\"stable\":true"));
    Object file = fileKey(record);
    identity(before).signal(SIGSTOP);
    appliance.awaitState(CONTROLLER_1, "is quiet", s -> s.status() == Status.RECOVERING);
    identity(before).signal(SIGCONT);
    var after = appliance.awaitState(CONTROLLER_1, "again", s -> s.status() == Status.ONLINE);
    // Unless this machine was too busy, and it was taken for hanging.
    assumeThat(after.pid()).isEqualTo(before.pid());
    assertThat(fileKey(record)).isEqualTo(file);
  }

  private static Object fileKey(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  @Test
  void shouldNotCountAnEndOnPurpose() throws IOException {
    appliance.startChassis();
    var before = awaitOnline(CONTROLLER_1);
    Files.createFile(DummyController.rebootOrder(appliance.layout, CONTROLLER_1));
    var after =
        appliance.awaitState(
            CONTROLLER_1, "again", s -> s.status() == Status.ONLINE && s.pid() != before.pid());
    assertThat(after.bootCause()).isEqualTo(BootCause.REQUESTED);
    assertThat(after.attempts()).isZero();
    assertThat(appliance.log()).doesNotContain("failed:");
  }

  @Test
  void shouldGiveUpAControllerWithoutFallbackAndTakeAPowerOn() throws IOException {
    appliance.behave(CONTROLLER_1, Slot.A, "die-once-online");
    appliance.startChassis();
    var state = appliance.awaitState(CONTROLLER_1, "is FAILED", s -> s.status() == Status.FAILED);
    assertThat(state.attempts()).isEqualTo(5);
    assertThat(state.lastFailure().orElseThrow().cause())
        .isEqualTo("exited with code 3: Error: no more of this");
    appliance.behave(CONTROLLER_1, Slot.A, "");
    appliance.ask(ChassisProtocol.POWER_ON, "controller", 1);
    assertThat(awaitStable(CONTROLLER_1).bootCause()).isEqualTo(BootCause.POWER_ON);
  }

  @Test
  void shouldLeaveControllersAloneWhenTheChassisIsKilledAndAdoptThem() throws IOException {
    appliance.startChassis();
    awaitStable(CONTROLLER_0);
    awaitStable(CONTROLLER_1);
    var active =
        appliance.state(CONTROLLER_0).role().equals(Optional.of(Role.ACTIVE))
            ? CONTROLLER_0
            : CONTROLLER_1;
    var zero = awaitStable(active);
    var one = awaitStable(active.other());
    appliance.killChassis();
    assertThat(identity(zero).isAlive()).isTrue();
    kill(one);

    appliance.startChassis();
    var adopted = awaitStable(active);
    assertThat(adopted.pid()).isEqualTo(zero.pid());
    assertThat(adopted.role()).isEqualTo(zero.role());
    var booted = awaitStable(active.other());
    assertThat(booted.pid()).isNotEqualTo(one.pid());
    assertThat(booted.bootCause()).isEqualTo(BootCause.CRASH);
    assertThat(appliance.log()).contains("process " + zero.pid() + " is adopted");

    // The adopted one is no child, and is seen to die all the same.
    kill(adopted);
    appliance.awaitState(
        active, "again", s -> s.status() == Status.ONLINE && s.pid() != zero.pid());
  }

  @Test
  void shouldNotBlameControllersForItsOwnAbsence() throws IOException {
    appliance.startChassis();
    var zero = awaitStable(CONTROLLER_0);
    var one = awaitStable(CONTROLLER_1);
    var chassis = ProcessIdentity.of(appliance.chassis().pid()).orElseThrow();
    chassis.signal(SIGSTOP);
    long stoppedNanos = System.nanoTime();
    // Twice the time after which silence is a hang.
    await()
        .atMost(DummyAppliance.PATIENCE)
        .until(() -> System.nanoTime() - stoppedNanos > 3_000_000_000L);
    chassis.signal(SIGCONT);
    assertThat(awaitOnline(CONTROLLER_0).pid()).isEqualTo(zero.pid());
    assertThat(awaitOnline(CONTROLLER_1).pid()).isEqualTo(one.pid());
    assertThat(appliance.log()).doesNotContain("hung");
  }

  @Test
  void shouldKillAStrayBeforeItBootsAnother() throws IOException {
    appliance.startChassis();
    var lost = awaitOnline(CONTROLLER_1);
    appliance.killChassis();
    // As if it had been killed between the start and the record of it.
    Files.delete(appliance.layout.bootRecord(CONTROLLER_1));
    appliance.startChassis();
    var found =
        appliance.awaitState(
            CONTROLLER_1, "ONLINE", s -> s.status() == Status.ONLINE && s.pid() != lost.pid());
    assertThat(identity(found).isAlive()).isTrue();
    assertThat(ProcessIdentity.of(lost.pid())).isEmpty();
  }

  @Test
  void shouldPowerOffAndOn() throws IOException {
    appliance.startChassis();
    var before = awaitOnline(CONTROLLER_1);
    var process = identity(before);
    appliance.ask(ChassisProtocol.POWER_OFF, "controller", 1);
    appliance.awaitState(CONTROLLER_1, "is OFF", s -> s.status() == Status.OFF);
    assertThat(process.isAlive()).isFalse();
    appliance.ask(ChassisProtocol.POWER_OFF, "controller", 1);

    // It stays off for the next chassis too.
    appliance.killChassis();
    appliance.startChassis();
    awaitOnline(CONTROLLER_0);
    assertThat(appliance.state(CONTROLLER_1).status()).isEqualTo(Status.OFF);

    appliance.ask(ChassisProtocol.POWER_ON, "controller", 1, "slot", "B");
    var after = awaitStable(CONTROLLER_1);
    assertThat(after.runningSlot()).contains(Slot.B);
    assertThat(after.bootCause()).isEqualTo(BootCause.POWER_ON);
    assertThat(after.attempts()).isZero();
  }

  @Test
  void shouldNoteWhenNeitherControllerHasPower() throws Exception {
    appliance.startChassis();
    var zero = awaitOnline(CONTROLLER_0);
    var one = awaitOnline(CONTROLLER_1);
    String power = PowerSupply.current(appliance.layout);

    // Crashes take no power: neither of both at once, nor of the chassis with them.
    appliance.killChassis();
    kill(zero);
    kill(one);
    appliance.startChassis();
    awaitOnline(CONTROLLER_0);
    awaitOnline(CONTROLLER_1);
    assertThat(PowerSupply.current(appliance.layout)).isEqualTo(power);

    appliance.ask(ChassisProtocol.POWER_OFF, "controller", 1);
    appliance.awaitState(CONTROLLER_1, "is OFF", s -> s.status() == Status.OFF);
    assertThat(PowerSupply.current(appliance.layout)).as("one has power").isEqualTo(power);
    appliance.ask(ChassisProtocol.POWER_OFF, "controller", 0);
    appliance.awaitState(CONTROLLER_0, "is OFF", s -> s.status() == Status.OFF);
    String off = PowerSupply.current(appliance.layout);
    assertThat(off).isNotEqualTo(power);
    appliance.ask(ChassisProtocol.POWER_ON, "controller", 0);
    appliance.ask(ChassisProtocol.POWER_ON, "controller", 1);
    awaitOnline(CONTROLLER_0);
    awaitOnline(CONTROLLER_1);
    assertThat(PowerSupply.current(appliance.layout)).isEqualTo(off);

    appliance.ask(ChassisProtocol.DOWN);
    assertThat(appliance.chassis().waitFor()).isZero();
    String down = PowerSupply.current(appliance.layout);
    assertThat(down).isNotEqualTo(off);
    appliance.startChassis();
    awaitOnline(CONTROLLER_0);
    appliance.killChassis();
    String up = PowerSupply.current(appliance.layout);
    ChassisProcess.stopWithoutChassis(appliance.layout);
    assertThat(PowerSupply.current(appliance.layout)).isNotEqualTo(up);
  }

  @Test
  void shouldSettleAndForgetTheFallback() throws IOException {
    appliance.startChassis();
    awaitStable(CONTROLLER_1);
    upgradeToB(CONTROLLER_1, "t");
    appliance.awaitState(
        CONTROLLER_1,
        "ONLINE on B",
        s -> s.status() == Status.ONLINE && s.runningSlot().equals(Optional.of(Slot.B)));
    assertThat(appliance.state(CONTROLLER_1).fallback()).contains(Slot.A);
    appliance.ask(ChassisProtocol.SETTLE, "controller", 1);
    assertThat(appliance.state(CONTROLLER_1).fallback()).isEmpty();
  }

  @Test
  void shouldRefuseWhatMakesNoSense() throws IOException {
    appliance.startChassis();
    awaitOnline(CONTROLLER_0);
    assertThatThrownBy(() -> appliance.ask("SING", "song", "Daisy"))
        .isInstanceOf(ChassisClient.RequestRefused.class)
        .hasMessageContaining("does not know SING");
    assertThatThrownBy(() -> appliance.ask(ChassisProtocol.POWER_OFF, "controller", 2))
        .isInstanceOf(ChassisClient.RequestRefused.class)
        .hasMessageContaining("no controller 2");
    Files.delete(appliance.layout.slot(CONTROLLER_1, Slot.B).resolve("complete"));
    assertThatThrownBy(() -> upgradeToBWithoutBoot(CONTROLLER_1, "t"))
        .isInstanceOf(ChassisClient.RequestRefused.class)
        .hasMessage("slot B of controller 1 holds no complete release");
  }

  @Test
  void shouldBeOneOfItsKindOnly() throws Exception {
    appliance.startChassis();
    awaitOnline(CONTROLLER_0);
    var first = appliance.chassis();
    appliance.startChassis();
    assertThat(appliance.chassis().waitFor()).isEqualTo(3);
    assertThat(first.isAlive()).isTrue();
    first.destroyForcibly();
  }

  @Test
  void shouldGoDownWithBothControllersAndPowerThemOnAgain() throws Exception {
    appliance.startChassis();
    var zero = identity(awaitOnline(CONTROLLER_0));
    var one = identity(awaitOnline(CONTROLLER_1));
    appliance.ask(ChassisProtocol.DOWN);
    assertThat(appliance.chassis().waitFor()).isZero();
    assertThat(zero.isAlive()).isFalse();
    assertThat(one.isAlive()).isFalse();
    assertThat(appliance.layout.chassisSocket()).doesNotExist();
    assertThat(ChassisProcess.presence(appliance.layout)).isEqualTo(ChassisProcess.Presence.NONE);
    appliance.startChassis();
    assertThat(awaitOnline(CONTROLLER_0).bootCause()).isEqualTo(BootCause.POWER_ON);
    assertThat(awaitOnline(CONTROLLER_1).role()).isPresent();
  }

  @Test
  void shouldStopAnApplianceWhoseChassisIsGone() throws Exception {
    appliance.startChassis();
    var zero = identity(awaitOnline(CONTROLLER_0));
    var one = identity(awaitOnline(CONTROLLER_1));
    appliance.killChassis();
    assertThat(ChassisProcess.stopWithoutChassis(appliance.layout))
        .containsExactly("controller 0: stopped", "controller 1: stopped");
    assertThat(zero.isAlive()).isFalse();
    assertThat(one.isAlive()).isFalse();
  }

  private void upgradeToB(ControllerId id, String tag) throws IOException {
    upgradeToBWithoutBoot(id, tag);
    appliance.ask(ChassisProtocol.BOOT, "controller", id.number(), "reason", "upgrade");
  }

  private void upgradeToBWithoutBoot(ControllerId id, String tag) throws IOException {
    appliance.ask(
        ChassisProtocol.SET_SLOT,
        "controller",
        id.number(),
        "slot",
        "B",
        "fallback",
        "A",
        "tag",
        tag);
  }

  private ControllerBoot awaitOnline(ControllerId id) {
    return appliance.awaitState(
        id, "ONLINE", s -> s.status() == Status.ONLINE && s.role().isPresent());
  }

  private ControllerBoot awaitStable(ControllerId id) {
    return appliance.awaitState(
        id, "stable", s -> s.stable() && s.status() == Status.ONLINE && s.role().isPresent());
  }

  private static ProcessIdentity identity(ControllerBoot boot) throws IOException {
    return ProcessIdentity.of(boot.pid()).orElseThrow();
  }

  private static void kill(ControllerBoot boot) throws IOException {
    var process = identity(boot);
    process.kill();
    await().atMost(DummyAppliance.PATIENCE).until(() -> !process.isAlive());
  }
}

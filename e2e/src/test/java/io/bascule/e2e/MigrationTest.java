package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The upgrade to 2.0.1 with its migration, on real appliances, under our host's writes and TRIMs
 * and QEMU's data: canceled in each phase, taken over by the old release, killed, and completed.
 * All of the cases in ./check --all, a rotating one of each kind in ./check.
 */
@Execution(ExecutionMode.CONCURRENT)
class MigrationTest {
  private static final long SIZE_BYTES = 96L << 20;

  @TempDir Path folder;

  enum Victim {
    ACTIVE,
    STANDBY,
    BOTH
  }

  record Crash(int phase, Victim victim) {}

  private static <T> Stream<T> sample(List<T> all) {
    if (Boolean.getBoolean("bascule.check.all")) {
      return all.stream();
    }
    var shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, new Random(Long.getLong("bascule.check.seed", 1)));
    return shuffled.stream().limit(1);
  }

  static Stream<Integer> phases() {
    return sample(List.of(2, 3, 4));
  }

  static Stream<Crash> crashes() {
    return sample(
        IntStream.rangeClosed(1, 4)
            .boxed()
            .flatMap(phase -> Stream.of(Victim.values()).map(victim -> new Crash(phase, victim)))
            .toList());
  }

  private static Appliance appliance() {
    var appliance = Appliance.create("migration", "--release", "1.2.2");
    appliance.volume("db", Long.toString(SIZE_BYTES));
    appliance.volume("image", "8M");
    appliance.anyHost();
    appliance.addPackage("2.0.1");
    return appliance;
  }

  private static void start(Appliance appliance, String pauseAt) {
    appliance
        .bascule(
            "upgrade",
            "start",
            "2.0.1",
            "--pause-at",
            pauseAt,
            "--priority",
            "FINISH_SOONER",
            "--confirm-time",
            "3")
        .ok();
  }

  private static void awaitPausedAt(Appliance appliance, String step) {
    appliance.eventually(
        "paused at " + step,
        () -> {
          var now = appliance.upgrade();
          return now.text("state").equals("PAUSED") && now.text("step").equals(step);
        });
  }

  private static List<String> files(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertFormatOneAlone(Appliance appliance) {
    var layout = Layout.of(appliance.data);
    assertThat(layout.volumesV2()).doesNotExist();
    assertThat(files(layout.volumesV1())).hasSize(4);
  }

  @ParameterizedTest
  @MethodSource("phases")
  void shouldReturnWhenCanceledInAPhaseAndMigrateFromTheBeginning(int phase) throws IOException {
    try (var appliance = appliance()) {
      Path image = folder.resolve("image.raw");
      Outside.copyImage(image, appliance.url("image"));
      try (var host = HostSide.start(appliance.url("db"), phase)) {
        start(appliance, "phase-1,phase-" + phase);
        awaitPausedAt(appliance, "PHASE_1");
        assertThat(appliance.availability()).isEqualTo("NO_EFFECT");
        assertThat(appliance.cancel("").ok().text("outcome")).isEqualTo("NO_EFFECT");
        assertThat(appliance.bascule("upgrade", "cancel", "--yes").exit()).isEqualTo(3);
        assertThat(appliance.state()).isEqualTo("PAUSED");
        appliance.bascule("upgrade", "resume").ok();
        awaitPausedAt(appliance, "PHASE_" + phase);
        assertThat(appliance.availability()).isEqualTo("AVAILABLE");
        assertThat(appliance.upgrade().text("cancel.warning"))
            .isEqualTo(
                "Canceling the upgrade will stop the data migration and reboot the appliance to"
                    + " 1.2.2 software. The upgrade to 2.0.1 will have to be started again from"
                    + " the beginning. Are you sure you want to cancel the upgrade?");
        host.mark("cancel");
        appliance.bascule("upgrade", "resume").ok();
        appliance.bascule("upgrade", "cancel", "--yes", "--reason", "SLOWING_HOST_IO").ok();
        appliance.awaitState("CANCELED");
        appliance.awaitRedundant("1.2.2");
        host.assertNothingLost();
        assertFormatOneAlone(appliance);
        Outside.assertHolds(image, appliance.url("image"));
        var history =
            appliance.get("/upgrades/" + appliance.get("/upgrades").text("0.id") + "/report");
        assertThat(history.text("events")).contains("cancel.no-effect");

        host.mark("migrate");
        appliance
            .bascule(
                "upgrade", "start", "2.0.1", "--priority", "FINISH_SOONER", "--confirm-time", "3")
            .ok();
        appliance.awaitState("COMPLETED");
        appliance.awaitRedundant("2.0.1");
        host.assertNothingLost();
        Outside.assertHolds(image, appliance.url("image"));
        assertThat(appliance.cancel("").text("code")).isEqualTo("CANCEL_UNAVAILABLE");
        appliance.eventually(
            "format 1 is freed", () -> files(Layout.of(appliance.data).volumesV1()).isEmpty());

        host.mark("takeover on format 2");
        appliance.kill(appliance.awaitActive());
        appliance.awaitRedundant("2.0.1");
        host.stopClean();
        Outside.assertHolds(image, appliance.url("image"));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("crashes")
  void shouldGoOnAfterAKill(Crash crash) throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 7)) {
      start(appliance, "phase-" + crash.phase());
      awaitPausedAt(appliance, "PHASE_" + crash.phase());
      if (crash.phase() == 4) {
        // Phase 4 lasts as long as the confirm time: hit it in the middle, at work.
        appliance.bascule("upgrade", "resume").ok();
      }
      var active = appliance.awaitActive();
      switch (crash.victim()) {
        case ACTIVE -> appliance.kill(active);
        case STANDBY -> appliance.kill(active.other());
        case BOTH -> {
          appliance.kill(active.other());
          appliance.kill(active);
        }
      }
      appliance.eventually(
          "resumed",
          () -> {
            String state = appliance.state();
            if (state.equals("PAUSED")) {
              var resumed = appliance.bascule("upgrade", "resume");
              return resumed.exit() == 0;
            }
            return true;
          });
      appliance.awaitState("COMPLETED");
      appliance.awaitRedundant("2.0.1");
      host.stopClean();
    }
  }

  /** Format 2 may be what brings controllers down: after two in a phase it is given up (I6). */
  @Test
  void shouldGiveFormatTwoUpAfterTwoTakeoversInAPhase() throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 11)) {
      start(appliance, "phase-2");
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
  @Test
  void shouldCancelWhenTheOldReleaseTakesOver() throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 9)) {
      start(appliance, "phase-3");
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
      assertFormatOneAlone(appliance);
    }
  }

  /** It could not read format 2, and has to be kept from taking over before there is only that. */
  @Test
  void shouldNotCommitWhileAControllerIsOnTheOldReleaseNorLetItServeAfterwards()
      throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 13)) {
      start(appliance, "commit");
      awaitPausedAt(appliance, "COMMIT");
      ControllerId active = appliance.awaitActive();
      ControllerId standby = active.other();
      String old = oldSlot(appliance, standby);
      bootFrom(appliance, standby, old);
      awaitStandbyOn(appliance, standby, "1.2.2");
      appliance.bascule("upgrade", "resume").ok();
      appliance.eventually(
          "it says what it waits for", () -> alerts(appliance).contains("runs 1.2.2 instead of"));
      assertThat(appliance.upgrade().text("step")).isEqualTo("COMMIT");
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

  private static void bootFrom(Appliance appliance, ControllerId id, String slot) {
    String number = Integer.toString(id.number());
    appliance.bascule("controller", "power-off", number, "--yes").ok();
    appliance.bascule("controller", "power-on", number, "--slot", slot, "--yes").ok();
  }

  private static void awaitStandbyOn(Appliance appliance, ControllerId id, String version) {
    appliance.eventually(
        id + " is back on " + version,
        () -> {
          var boot = appliance.boots().get(id);
          return boot != null
              && boot.status() == Status.ONLINE
              && boot.role().equals(Optional.of(Role.STANDBY))
              && boot.release().equals(Optional.of(Version.parse(version)));
        });
  }

  /** Those that stand, as the API tells them. */
  private static String alerts(Appliance appliance) {
    return ((List<?>) appliance.get("/alerts").body())
        .stream()
            .map(java.util.Map.class::cast)
            .filter(alert -> alert.get("clearedAt") == null)
            .toList()
            .toString();
  }

  private static String oldSlot(Appliance appliance, ControllerId id) {
    var slots = appliance.get("/appliance");
    return slots.text("controllers." + id.number() + ".slots.A").equals("1.2.2") ? "A" : "B";
  }
}

package io.bascule.e2e;

import static io.bascule.e2e.Migrating.appliance;
import static io.bascule.e2e.Migrating.awaitPausedAt;
import static io.bascule.e2e.Migrating.files;
import static io.bascule.e2e.Migrating.isFormatOneAlone;
import static io.bascule.e2e.Migrating.resumeAtOnce;
import static io.bascule.e2e.Migrating.sample;
import static io.bascule.e2e.Migrating.start;
import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.e2e.Migrating.Kind;
import io.bascule.host.initiator.InitiatorOptions;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The upgrade to 2.0.1 with its migration, on real appliances, under our host's writes and TRIMs
 * and QEMU's data: canceled in each phase, killed at each moment, and completed. All of the cases
 * in ./check --all, a rotating one of each kind in ./check.
 */
@Execution(ExecutionMode.CONCURRENT)
class MigrationTest {
  @TempDir Path folder;

  enum Moment {
    PHASE_1,
    PHASE_2,
    PHASE_3,
    PHASE_4,
    COMMIT,
    CANCEL
  }

  enum Victim {
    ACTIVE,
    STANDBY,
    BOTH
  }

  record Crash(Moment moment, Victim victim) {}

  static Stream<Integer> phases() {
    return sample(Kind.CANCELED, List.of(2, 3, 4));
  }

  static Stream<Crash> crashes() {
    return sample(
        Kind.KILLED,
        Stream.of(Moment.values())
            .flatMap(moment -> Stream.of(Victim.values()).map(victim -> new Crash(moment, victim)))
            .toList());
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("phases")
  void shouldReturnWhenCanceledInAPhaseAndMigrateFromTheBeginning(int phase) throws IOException {
    try (var appliance = appliance()) {
      // Our load sees its own volume alone, so that it does not use the other one.
      appliance
          .bascule("host", "add", "load", "--iqn", InitiatorOptions.DEFAULT_NAME, "--volume", "db")
          .ok();
      Path image = folder.resolve("image.raw");
      Outside.copyImage(image, appliance.url("image"));
      try (var host = HostSide.start(appliance.url("db"), phase)) {
        start(appliance, "phase-1,phase-" + phase, 3);
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
        assertThat(isFormatOneAlone(appliance)).isTrue();
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
        useSnapshots(appliance, image);

        host.mark("takeover on format 2");
        appliance.kill(appliance.awaitActive());
        appliance.awaitRedundant("2.0.1");
        host.stopClean();
        Outside.assertHolds(image, appliance.url("image"));
      }
    }
  }

  /** On the controller that committed, which served format 1 before. */
  private static void useSnapshots(Appliance appliance, Path image) {
    appliance.bascule("snapshot", "create", "image", "committed").ok();
    Outside.write(appliance.url("image"), 0x44, 0);
    appliance.bascule("snapshot", "clone", "image", "committed", "copy").ok();
    Outside.assertHolds(image, appliance.url("copy"));
    appliance.eventually(
        "rolled back once QEMU is gone",
        () -> appliance.bascule("snapshot", "rollback", "image", "committed", "--yes").exit() == 0);
    Outside.assertHolds(image, appliance.url("image"));
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("crashes")
  void shouldGoOnAfterAKill(Crash crash) throws IOException {
    try (var appliance = appliance();
        var host = HostSide.start(appliance.url("db"), 7)) {
      boolean canceled = crash.moment() == Moment.CANCEL;
      String step = canceled ? "PHASE_3" : crash.moment().name();
      start(appliance, step.toLowerCase(Locale.ROOT).replace('_', '-'), 3);
      awaitPausedAt(appliance, step);
      switch (crash.moment()) {
        case PHASE_1, PHASE_2, PHASE_3 -> {
          // It is killed where it stands.
        }
        // Phase 4 lasts as long as the confirm time, and a commit a moment: hit them at work.
        case PHASE_4, COMMIT -> resumeAtOnce(appliance);
        case CANCEL -> assertThat(appliance.cancel("").ok().text("outcome")).isEqualTo("STARTED");
      }
      kill(appliance, crash.victim());
      appliance.eventually(
          "resumed",
          () ->
              !appliance.state().equals("PAUSED")
                  || appliance.bascule("upgrade", "resume").exit() == 0);
      appliance.awaitState(canceled ? "CANCELED" : "COMPLETED");
      appliance.awaitRedundant(canceled ? "1.2.2" : "2.0.1");
      host.stopClean();
      assertThat(isFormatOneAlone(appliance)).isEqualTo(canceled);
    }
  }

  private static void kill(Appliance appliance, Victim victim) {
    var active = appliance.awaitActive();
    switch (victim) {
      case ACTIVE -> appliance.kill(active);
      case STANDBY -> appliance.kill(active.other());
      case BOTH -> {
        appliance.kill(active.other());
        appliance.kill(active);
      }
    }
  }
}

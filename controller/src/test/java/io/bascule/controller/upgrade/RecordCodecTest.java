package io.bascule.controller.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.upgrade.CancelReason;
import io.bascule.core.upgrade.PausePoint;
import io.bascule.core.upgrade.Plan;
import io.bascule.core.upgrade.Planner;
import io.bascule.core.upgrade.Primitive;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeEvent;
import io.bascule.core.upgrade.UpgradeMachine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The record that one release writes and another goes on with. The golden files are what 1.2.1
 * wrote: if a test here fails, the change breaks upgrades that are under way.
 */
class RecordCodecTest {
  private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");

  private static Plan plan() {
    return Planner.rolling(
        "u1-0a0b",
        Version.parse("1.2.1"),
        Version.parse("1.2.2"),
        ControllerId.CONTROLLER_0,
        Map.of(ControllerId.CONTROLLER_0, Slot.A, ControllerId.CONTROLLER_1, Slot.B),
        2);
  }

  /**
   * In the window, paused, with a cancel that waits: every optional field is there but the
   * outcome's.
   */
  private static Upgrade paused() {
    var row =
        new Upgrade.Row(false, false, false, Set.of(Version.parse("1.2.1")), Optional.empty(), 1);
    var now =
        UpgradeMachine.begin(
            plan(),
            6,
            row,
            Set.of(PausePoint.ONCE_ACTIVE),
            new Upgrade.Tuning(Upgrade.Priority.BALANCED, Optional.of(50L << 20), 30),
            "administrator",
            NOW);
    while (!now.step().equals(Optional.of(StepName.STAGE_ONCE_ACTIVE))) {
      now = next(now, new UpgradeEvent.GoalsReached(ControllerId.CONTROLLER_1, NOW));
    }
    return next(
        now,
        new UpgradeEvent.CancelQueued(
            new Upgrade.Queued("administrator", NOW, CancelReason.SLOWING_HOST_IO, "at \"3\" a.m."),
            NOW));
  }

  private static Upgrade canceling() {
    return next(
        paused(),
        new UpgradeEvent.CancelStarted(
            new Upgrade.Cancel(
                "administrator",
                NOW,
                Optional.of(CancelReason.TAKING_TOO_LONG),
                "enough",
                true,
                false),
            ControllerId.CONTROLLER_1,
            NOW));
  }

  private static Upgrade failed() {
    var now = next(paused(), new UpgradeEvent.ResumeAsked("administrator", NOW));
    now = next(now, new UpgradeEvent.StepFailed("BOOT_FAILED", "it did not come up", false, NOW));
    while (!now.state().ended()) {
      now = next(now, new UpgradeEvent.GoalsReached(ControllerId.CONTROLLER_0, NOW));
    }
    return now;
  }

  private static Upgrade next(Upgrade upgrade, UpgradeEvent event) {
    return ((UpgradeMachine.Result.Changed) UpgradeMachine.step(upgrade, event)).next();
  }

  private static final Measures MEASURES =
      new Measures(Optional.of(900L), Optional.of(1500L), Optional.empty(), 4321, Optional.empty());

  private static String golden(String name, String written) throws IOException {
    Path file =
        Path.of("src/test/resources/io/bascule/controller/upgrade").resolve(name).toAbsolutePath();
    if (Boolean.getBoolean("bascule.update")) {
      Files.writeString(file, written + "\n");
    }
    return Files.readString(file, StandardCharsets.UTF_8).strip();
  }

  @Test
  void shouldWriteAndReadThePlanOf121() throws IOException {
    String written = RecordCodec.encodePlan(plan());
    assertThat(written).isEqualTo(golden("plan-1.json", written));
    assertThat(RecordCodec.decodePlan(written)).isEqualTo(plan());
  }

  @Test
  void shouldWriteAndReadTheProgressOf121() throws IOException {
    for (var upgrade :
        Map.of("paused", paused(), "canceling", canceling(), "failed", failed()).entrySet()) {
      String written = RecordCodec.encodeProgress(upgrade.getValue(), MEASURES, null);
      assertThat(written).isEqualTo(golden("progress-" + upgrade.getKey() + "-1.json", written));
      assertThat(RecordCodec.decode(plan(), written)).isEqualTo(upgrade.getValue());
      assertThat(RecordCodec.decodeMeasures(written)).isEqualTo(MEASURES);
    }
  }

  @Test
  void shouldKeepFieldsOfANewerReleaseWhenItWritesAgain() {
    String newer =
        RecordCodec.encodeProgress(paused(), MEASURES, null)
            .replaceFirst("\\{", "{\"copiedBytes\":17,\"regions\":{\"hot\":[1,2]},");
    String again = RecordCodec.encodeProgress(canceling(), MEASURES, newer);
    assertThat(again).contains("\"copiedBytes\":17").contains("\"regions\":{\"hot\":[1,2]}");
    assertThat(RecordCodec.decode(plan(), again)).isEqualTo(canceling());
  }

  @Test
  void shouldKnowThatItDoesNotKnowAPrimitiveOfANewerRelease() {
    String newer = RecordCodec.encodePlan(plan()).replace("\"WAIT_STABLE\"", "\"LEVITATE\"");
    var goals = RecordCodec.decodePlan(newer).step(StepName.ACTIVATE_ONCE_ACTIVE).goals();
    assertThat(goals).contains(new Primitive.Unknown("LEVITATE"));
  }
}

package io.bascule.controller.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.upgrade.Planner;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeEvent;
import io.bascule.core.upgrade.UpgradeMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A release that knows only format 1 drops format 2 when it does not count, and only then. */
class LeftoversTest {
  private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");
  private static final Version OLD = Version.parse("1.2.2");
  private static final Version NEW = Version.parse("2.0.1");

  @TempDir Path enclosure;
  private Path formatTwo;

  @BeforeEach
  void makeFormatTwo() throws IOException {
    formatTwo = Files.createDirectory(enclosure.resolve("v2"));
    Files.writeString(formatTwo.resolve("segment-1"), "data");
    Files.writeString(Files.createDirectory(enclosure.resolve("v1")).resolve("volume"), "data");
  }

  private static Upgrade inPhaseTwo() {
    var plan =
        Planner.migrating(
            "u1",
            OLD,
            NEW,
            ControllerId.CONTROLLER_0,
            Map.of(ControllerId.CONTROLLER_0, Slot.A, ControllerId.CONTROLLER_1, Slot.A),
            3,
            new Planner.Migration(10, 5, 60));
    var row = new Upgrade.Row(false, false, false, Set.of(OLD), Optional.empty(), 2);
    var upgrade =
        UpgradeMachine.begin(plan, 1, row, Set.of(), Upgrade.Tuning.DEFAULT, "admin", NOW);
    while (!upgrade.step().equals(Optional.of(StepName.PHASE_2))) {
      upgrade = after(upgrade, new UpgradeEvent.GoalsReached(ControllerId.CONTROLLER_1, NOW));
    }
    return upgrade;
  }

  private static Upgrade after(Upgrade upgrade, UpgradeEvent event) {
    return ((UpgradeMachine.Result.Changed) UpgradeMachine.step(upgrade, event)).next();
  }

  private static Upgrade canceled(Upgrade upgrade) {
    return after(upgrade, new UpgradeEvent.CanceledByTakeover(ControllerId.CONTROLLER_0, NOW));
  }

  @Test
  void shouldLeaveFormatTwoAloneWhileItMayCount() {
    var leftovers = new Leftovers(formatTwo);
    leftovers.follow(Optional.empty());
    leftovers.follow(Optional.of(inPhaseTwo()));
    assertThat(formatTwo.resolve("segment-1")).exists();
    assertThat(leftovers.look().present()).isTrue();
    assertThat(leftovers.look().known()).isFalse();
  }

  @Test
  void shouldDropFormatTwoOnceTheRecordSaysCanceled() {
    var leftovers = new Leftovers(formatTwo);
    leftovers.follow(Optional.of(canceled(inPhaseTwo())));
    assertThat(leftovers.look().present()).isFalse();
    await().until(() -> names().equals(Set.of("v1")));
    assertThat(enclosure.resolve("v1/volume")).exists();
  }

  @Test
  void shouldRemoveWhatAnEarlierControllerDroppedAndDidNotRemove() throws IOException {
    Leftovers.drop(formatTwo);
    assertThat(names()).hasSize(2).doesNotContain("v2");
    new Leftovers(formatTwo).follow(Optional.empty());
    await().until(() -> names().equals(Set.of("v1")));
  }

  private Set<String> names() {
    try (var files = Files.list(enclosure)) {
      return Set.copyOf(files.map(file -> file.getFileName().toString()).toList());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

package io.bascule.controller.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.bascule.controller.TestDb;
import io.bascule.controller.event.Events;
import io.bascule.controller.state.StateDb;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.upgrade.Planner;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeEvent;
import io.bascule.core.upgrade.UpgradeMachine;
import io.bascule.platform.LocalDirectory;
import io.bascule.store.v1.VolumeStoreV1;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A release that knows only format 1 drops format 2 when it does not count, and only then. */
class LeftoversTest {
  private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");
  private static final Version OLD = Version.parse("1.2.2");
  private static final Version NEW = Version.parse("2.0.1");

  private static final UUID VOLUME = UUID.randomUUID();

  @TempDir Path enclosure;
  @TempDir Path state;
  private Path formatTwo;
  private Set<UUID> recorded = Set.of();
  private StateDb db;
  private Events events;

  private FormatTwoRemoval removal() {
    return new FormatTwoRemoval(formatTwo, enclosure.resolve("v1"), () -> recorded, events);
  }

  private Leftovers leftovers() {
    return new Leftovers(removal());
  }

  @AfterEach
  void close() {
    db.close();
  }

  @BeforeEach
  void makeFormatTwo() throws IOException {
    db = TestDb.open(state);
    events = new Events(db);
    formatTwo = Files.createDirectory(enclosure.resolve("v2"));
    Files.writeString(formatTwo.resolve("segment-1"), "data");
    var formatOne =
        new VolumeStoreV1(LocalDirectory.open(Files.createDirectory(enclosure.resolve("v1"))));
    formatOne.create(VOLUME, 1 << 20);
    Files.writeString(enclosure.resolve("v1/volume"), "data");
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
    var leftovers = leftovers();
    leftovers.follow(Optional.empty());
    leftovers.follow(Optional.of(inPhaseTwo()));
    assertThat(formatTwo.resolve("segment-1")).exists();
    assertThat(leftovers.look().present()).isTrue();
    assertThat(leftovers.look().known()).isFalse();
  }

  @Test
  void shouldDropFormatTwoOnceTheRecordSaysCanceled() {
    var leftovers = leftovers();
    leftovers.follow(Optional.of(canceled(inPhaseTwo())));
    assertThat(leftovers.look().present()).isFalse();
    await().until(() -> names().equals(Set.of("v1")));
    assertThat(enclosure.resolve("v1/volume")).exists();
  }

  @Test
  void shouldRemoveWhatAnEarlierControllerDroppedAndDidNotRemove() throws IOException {
    removal().drop();
    assertThat(names()).hasSize(2).doesNotContain("v2");
    leftovers().follow(Optional.empty());
    await().until(() -> names().equals(Set.of("v1")));
  }

  @Test
  void shouldKeepWhatMayBeTheOnlyCopyOfAVolume() throws IOException {
    recorded = Set.of(VOLUME, UUID.randomUUID());
    leftovers().follow(Optional.of(canceled(inPhaseTwo())));
    assertThat(names()).hasSize(2).doesNotContain("v2");
    assertThat(events.alerts())
        .singleElement()
        .satisfies(alert -> {
          assertThat(alert.kind()).isEqualTo("migration.kept");
          assertThat(alert.clearedAt()).isNull();
          assertThat(Files.readString(enclosure.resolve(kept()).resolve("segment-1")))
              .isEqualTo("data");
        });
    removal().clearAlert();
    assertThat(events.alerts()).allSatisfy(alert -> assertThat(alert.clearedAt()).isNull());
    Files.move(enclosure.resolve(kept()), formatTwo);
    removal().clearAlert();
    assertThat(events.alerts()).allSatisfy(alert -> assertThat(alert.clearedAt()).isNotNull());
  }

  @Test
  void shouldDropFormatTwoWhereFormatOneHasEveryVolume() throws IOException {
    recorded = Set.of(VOLUME);
    leftovers().follow(Optional.of(canceled(inPhaseTwo())));
    await().until(() -> names().equals(Set.of("v1")));
    assertThat(events.alerts()).isEmpty();
  }

  private String kept() {
    return names().stream().filter(name -> name.startsWith("v2.kept-")).findFirst().orElseThrow();
  }

  private Set<String> names() {
    try (var files = Files.list(enclosure)) {
      return Set.copyOf(files.map(file -> file.getFileName().toString()).toList());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

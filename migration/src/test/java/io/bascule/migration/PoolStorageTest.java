package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.storage.Enclosure;
import io.bascule.core.upgrade.Planner;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeEvent;
import io.bascule.core.upgrade.UpgradeMachine;
import io.bascule.core.volume.Directory;
import io.bascule.store.v1.VolumeStoreV1;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What an appliance on format 2 does about format 1. */
class PoolStorageTest {
  private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");

  private final Directory one = new MemoryDirectory().open();
  private final Directory two = new MemoryDirectory().open();

  private void openAfter(Optional<Upgrade> record) throws InterruptedException {
    new VolumeStoreV1(one).create(UUID.randomUUID(), 1 << 20);
    var enclosure =
        (Enclosure)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Enclosure.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "formatOne" -> one;
                      case "formatTwo" -> two;
                      case "bootId" -> UUID.randomUUID().toString();
                      case "epoch" -> 1L;
                      case "volumes" -> Map.of();
                      case "record" -> record;
                      default -> throw new UnsupportedOperationException(method.getName());
                    });
    var storage = PoolStorage.open(enclosure);
    for (var thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("free-format-1")) {
        thread.join();
      }
    }
    storage.close();
  }

  private static Upgrade committed() {
    var plan =
        Planner.migrating(
            "u1",
            Version.parse("1.2.2"),
            Version.parse("2.0.1"),
            ControllerId.CONTROLLER_0,
            Map.of(ControllerId.CONTROLLER_0, Slot.A, ControllerId.CONTROLLER_1, Slot.A),
            3,
            new Planner.Migration(10, 5, 60));
    var row = new Upgrade.Row(false, false, false, Set.of(), Optional.empty(), 2);
    var upgrade =
        UpgradeMachine.begin(plan, 1, row, Set.of(), Upgrade.Tuning.DEFAULT, "admin", NOW);
    while (!upgrade.step().equals(Optional.of(StepName.COMMIT))) {
      upgrade = after(upgrade, new UpgradeEvent.GoalsReached(ControllerId.CONTROLLER_1, NOW));
    }
    return after(upgrade, new UpgradeEvent.Committed(NOW));
  }

  private static Upgrade after(Upgrade upgrade, UpgradeEvent event) {
    return ((UpgradeMachine.Result.Changed) UpgradeMachine.step(upgrade, event)).next();
  }

  @Test
  void shouldRemoveWhatTheCommitLeft() throws InterruptedException {
    openAfter(Optional.of(committed()));
    assertThat(one.list()).isEmpty();
  }

  @Test
  void shouldNotTouchVolumesThatNoCommitFreed() throws InterruptedException {
    openAfter(Optional.empty());
    assertThat(one.list()).hasSize(2);
  }
}

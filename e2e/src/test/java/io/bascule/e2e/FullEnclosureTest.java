package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.bascule.core.ControllerId;
import io.bascule.host.initiator.BlockDevice;
import io.bascule.host.initiator.ScsiException;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The enclosure fills up: first by hosts, then by somebody else. On a file system of its own, which
 * needs the right to mount one.
 */
class FullEnclosureTest {
  private static final int PIECE_BYTES = 1 << 20;
  private static final int PIECE_BLOCKS = PIECE_BYTES / 512;

  /** The half a gibibyte that hosts leave. */
  private static final long FLOOR_BYTES = 512L << 20;

  private static final long FOR_HOSTS_BYTES = 150L << 20;

  @TempDir private Path folder;

  private static byte[] piece(int number) {
    byte[] piece = new byte[PIECE_BYTES];
    Arrays.fill(piece, (byte) (1 + number % 250));
    return piece;
  }

  /** How many pieces fit; the next one is refused as it should be. */
  private static int fill(BlockDevice disk, int from) throws IOException {
    for (int i = from; i < 1_000; i++) {
      try {
        disk.write((long) i * PIECE_BLOCKS, piece(i));
      } catch (ScsiException e) {
        assertThat(String.valueOf(e.result().sense()))
            .as("space allocation failed")
            .isEqualTo("07/27/07");
        return i;
      }
    }
    throw new AssertionError("it does not fill up");
  }

  private static void assertHolds(BlockDevice disk, int pieces) throws IOException {
    for (int i = 0; i < pieces; i++) {
      assertThat(disk.read((long) i * PIECE_BLOCKS, PIECE_BLOCKS)).isEqualTo(piece(i));
    }
  }

  private static boolean hasAlert(Appliance appliance, String kind) {
    return ((java.util.List<?>) appliance.get("/alerts").body())
        .stream()
            .map(java.util.Map.class::cast)
            .anyMatch(alert -> kind.equals(alert.get("kind")) && alert.get("clearedAt") == null);
  }

  private static void handOver(Appliance appliance) {
    ControllerId was = appliance.awaitActive();
    appliance.bascule("controller", "handover").ok();
    appliance.eventually(
        "the other is active", () -> appliance.active().equals(Optional.of(was.other())));
    appliance.awaitRedundant("1.2.1");
  }

  @Test
  void shouldServeUpgradeCancelAndHealOnAFullDisk() throws IOException {
    try (var enclosure = OwnDisk.mount(folder);
        var appliance = Appliance.createIn(enclosure.path(), "full")) {
      appliance.volume("v", "1G");
      appliance.anyHost();
      appliance.addPackage("1.2.2");
      assertThat(hasAlert(appliance, "enclosure.nearly-full")).isFalse();
      long zero = appliance.pid(ControllerId.CONTROLLER_0);
      long one = appliance.pid(ControllerId.CONTROLLER_1);
      enclosure.allocate("filler", enclosure.freeBytes() - FLOOR_BYTES - FOR_HOSTS_BYTES);
      appliance.eventually("an early word", () -> hasAlert(appliance, "enclosure.nearly-full"));
      assertThat(hasAlert(appliance, "enclosure.full")).isFalse();

      int pieces;
      try (var disk = BlockDevice.open(appliance.url("v"))) {
        pieces = fill(disk, 0);
        assertThat(pieces).isBetween(100, 151);
        assertThat(enclosure.freeBytes()).isGreaterThan(FLOOR_BYTES - (8 << 20));
        disk.write(0, piece(0));
        disk.flush();
        assertHolds(disk, pieces);
      }
      appliance.eventually("the alert", () -> hasAlert(appliance, "enclosure.full"));
      assertThat(appliance.pid(ControllerId.CONTROLLER_0)).isEqualTo(zero);
      assertThat(appliance.pid(ControllerId.CONTROLLER_1)).isEqualTo(one);

      appliance.bascule("upgrade", "start", "1.2.2", "--pause-at", "once-active").ok();
      appliance.awaitState("PAUSED");
      assertThat(appliance.cancel("").ok().text("outcome")).isEqualTo("STARTED");
      appliance.awaitState("CANCELED");
      appliance.awaitRedundant("1.2.1");
      handOver(appliance);

      enclosure.allocate("everything", enclosure.freeBytes() - (64 << 10));
      appliance.bascule("host", "add", "h", "--iqn", "iqn.2026-11.example:h").ok();
      handOver(appliance);
      try (var disk = BlockDevice.open(appliance.url("v"))) {
        assertHolds(disk, pieces);
        var refused =
            catchThrowableOfType(
                ScsiException.class,
                () -> disk.write((long) (pieces + 1) * PIECE_BLOCKS, piece(pieces + 1)));
        assertThat(String.valueOf(refused.result().sense())).isEqualTo("07/27/07");
        disk.write(0, piece(0));

        enclosure.free("everything");
        disk.unmap(0, 100 * PIECE_BLOCKS);
        appliance.eventually("healed", () -> !hasAlert(appliance, "enclosure.full"));
        for (int i = 0; i < 40; i++) {
          disk.write((long) i * PIECE_BLOCKS, piece(i));
        }
        assertThat(disk.read(0, PIECE_BLOCKS)).isEqualTo(piece(0));
      }
      appliance.eventually("ballast", () -> isTaken(Layout.of(appliance.data).ballast()));
      enclosure.free("filler");
      appliance.eventually("all is well", () -> !hasAlert(appliance, "enclosure.nearly-full"));
    }
  }

  private static boolean isTaken(Path ballast) {
    try {
      return Files.size(ballast) > 0;
    } catch (IOException e) {
      return false;
    }
  }
}

package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.bascule.e2e.Migrating.Kind;
import io.bascule.host.initiator.BlockDevice;
import io.bascule.host.initiator.ScsiException;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What befalls the files of format 2 before the commit is nothing to a host (I6): a disk that fills
 * up, files that cannot be written, a flipped bit. On a real appliance and a file system of its
 * own; all of the cases in ./check --all, a rotating one in ./check.
 */
@Execution(ExecutionMode.CONCURRENT)
class MigrationFaultsTest {
  private static final long FLOOR_BYTES = 512L << 20;

  /** Above the floor: enough for hosts, too little for format 2 beside them. */
  private static final long LEFT_BYTES = 100L << 20;

  private static final int SEARCHED_BYTES = 64;
  private static final int BLOCK_BYTES = 512;

  @TempDir Path folder;

  enum Fault {
    FULL,
    READ_ONLY,
    FLIPPED_BIT
  }

  record Case(int phase, Fault fault) {}

  static Stream<Case> cases() {
    List<Case> all = new ArrayList<>();
    for (int phase = 2; phase <= 4; phase++) {
      all.add(new Case(phase, Fault.FULL));
      all.add(new Case(phase, Fault.READ_ONLY));
    }
    // In Phase 2 nothing is copied yet.
    all.add(new Case(3, Fault.FLIPPED_BIT));
    all.add(new Case(4, Fault.FLIPPED_BIT));
    return Migrating.sample(Kind.FAULTS, all);
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("cases")
  void shouldNeverBeAnErrorAtAHost(Case now) throws IOException {
    try (var disk = OwnDisk.mount(folder);
        var appliance =
            Migrating.equip(Appliance.createIn(disk.path(), "faults", "--release", "1.2.2"))) {
      Path image = folder.resolve("image.raw");
      Outside.copyImage(image, appliance.url("image"));
      try (var host = HostSide.start(appliance.url("db"), now.phase())) {
        Migrating.start(appliance, "phase-" + now.phase(), 10);
        Migrating.awaitPausedAt(appliance, "PHASE_" + now.phase());
        var layout = Layout.of(appliance.data);
        switch (now.fault()) {
          case FULL -> {
            disk.allocate("balloon", disk.freeBytes() - FLOOR_BYTES - LEFT_BYTES);
            awaitGivenUp(appliance);
            disk.free("balloon");
          }
          case READ_ONLY -> {
            chattr("+i", layout.volumesV2());
            awaitGivenUp(appliance);
            chattr("-i", disk.path());
          }
          case FLIPPED_BIT -> flip(layout.volumesV2(), Files.readAllBytes(image));
        }
        goOn(appliance);
        if (now.fault() == Fault.FLIPPED_BIT) {
          assertThat(appliance.awaitStep("RUNNING", "PHASE_4")).isTrue();
          Outside.assertHolds(image, appliance.url("image"));
          assertThat(Migrating.alerts(appliance)).contains("migration.mismatch");
        }
        appliance.awaitState("COMPLETED");
        appliance.awaitRedundant("2.0.1");
        host.stopClean();
        Outside.assertHolds(image, appliance.url("image"));
      }
    }
  }

  /** Without format 1 nobody has the data any more: the host is told, and gets nothing wrong. */
  @Test
  void shouldBeAMediumErrorAfterTheCommit() throws IOException {
    try (var appliance = Appliance.create("medium", "--release", "2.0.1")) {
      appliance.volume("image", "8M");
      appliance.anyHost();
      Path image = folder.resolve("image.raw");
      Outside.copyImage(image, appliance.url("image"));
      byte[] content = Files.readAllBytes(image);
      flip(Layout.of(appliance.data).volumesV2(), content);
      try (var disk = BlockDevice.open(appliance.url("image"))) {
        int damaged = content.length / 2 / BLOCK_BYTES;
        var refused = catchThrowableOfType(ScsiException.class, () -> disk.read(damaged, 8));
        assertThat(String.valueOf(refused.result().sense())).isEqualTo("03/11/00");
        assertThat(disk.read(0, 64)).isEqualTo(Arrays.copyOf(content, 64 * BLOCK_BYTES));
        disk.write(
            damaged, Arrays.copyOfRange(content, content.length / 2, content.length / 2 + 4096));
      }
      Outside.assertHolds(image, appliance.url("image"));
    }
  }

  private static void awaitGivenUp(Appliance appliance) {
    appliance.eventually(
        "format 2 is given up",
        () -> {
          var now = appliance.upgrade();
          if (now.text("pausedReason").contains("format 2 was given up")) {
            return true;
          }
          if (now.text("state").equals("PAUSED")) {
            goOn(appliance); // it was paused by us: let it meet the fault
          }
          return false;
        });
    assertThat(appliance.state()).isEqualTo("PAUSED");
    assertThat(appliance.availability()).isEqualTo("AVAILABLE");
  }

  /** A refusal is possible only while it is not paused any more. */
  private static void goOn(Appliance appliance) {
    appliance.eventually(
        "resumed",
        () -> appliance.bascule("upgrade", "resume").exit() == 0 || !isPaused(appliance));
  }

  private static boolean isPaused(Appliance appliance) {
    return appliance.state().equals("PAUSED");
  }

  private static void chattr(String flag, Path path) {
    Commands.run(30, "chattr", "-R", flag, path.toString()).ok();
  }

  /** Flips a bit of the image's content where format 2 holds it: random data is not compressed. */
  private static void flip(Path volumesV2, byte[] content) throws IOException {
    byte[] wanted =
        Arrays.copyOfRange(content, content.length / 2, content.length / 2 + SEARCHED_BYTES);
    try (var files = Files.newDirectoryStream(volumesV2, "*.segment")) {
      for (Path file : files) {
        int at = indexOf(Files.readAllBytes(file), wanted);
        if (at >= 0) {
          try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            open.write(wanted[0] ^ 4);
          }
          return;
        }
      }
    }
    throw new AssertionError("the image is not in " + volumesV2);
  }

  private static int indexOf(byte[] all, byte[] wanted) {
    for (int i = 0; i <= all.length - wanted.length; i++) {
      if (all[i] == wanted[0]
          && Arrays.equals(all, i, i + wanted.length, wanted, 0, wanted.length)) {
        return i;
      }
    }
    return -1;
  }
}

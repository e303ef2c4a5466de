package io.bascule.host.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.host.Tgt;
import io.bascule.host.initiator.BlockDevice;
import io.bascule.host.initiator.InitiatorOptions;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The load against a real target: it must pass when all is well, and tell exactly what is not. */
@Timeout(120)
class LoadTgtTest {
  @TempDir Path folder;
  private Tgt tgt;

  @BeforeEach
  void start() throws Exception {
    tgt = Tgt.start(13120, folder, 64 << 20);
  }

  @AfterEach
  void stop() throws Exception {
    tgt.close();
  }

  private LoadOptions.Builder options() {
    return LoadOptions.of(tgt.url()).with().rangeBytes(16 << 20).depth(8).seed(11);
  }

  private static void awaitWrites(Load load, long writes) {
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> load.snapshot().writesAcknowledged() >= writes);
  }

  private static LoadReport.Window window(LoadReport report, String name) {
    return Objects.requireNonNull(report.window(name), name);
  }

  @Test
  void shouldFindNothingWrongWithAnHonestTarget() throws Exception {
    LoadReport report;
    try (Load load = Load.start(options().workersPerVolume(2).build())) {
      load.mark("first");
      awaitWrites(load, 300);
      load.mark("second");
      assertThat(load.verifyAll().fullVerifications()).isEqualTo(1);
      awaitWrites(load, 800);
      report = load.stop();
    }
    assertThat(report.errorMessages()).isEmpty();
    assertThat(report.faults()).isEmpty();
    assertThat(report.ok()).isTrue();
    assertThat(report.writesAcknowledged()).isGreaterThanOrEqualTo(800);
    assertThat(report.blocksVerified()).isPositive();
    assertThat(report.reads()).isPositive();
    assertThat(report.trims()).isPositive();
    assertThat(report.flushes()).isPositive();
    assertThat(report.fullVerifications()).isEqualTo(2);
    assertThat(report.longestPauseMillis()).isPositive();
    assertThat(report.latency().p50Micros()).isPositive();
    assertThat(window(report, "first").ios()).isPositive();
    assertThat(window(report, "first").endedAt()).isNotNull();
    assertThat(window(report, "second").longestPauseMillis()).isPositive();
  }

  @Test
  void shouldSurviveTheTargetsDeathWithoutAnError() throws Exception {
    LoadReport report;
    try (Load load = Load.start(options().build())) {
      awaitWrites(load, 200);
      load.mark("restart");
      long killed = System.nanoTime();
      tgt.kill();
      tgt.boot();
      double downMillis = (System.nanoTime() - killed) / 1e6;
      awaitWrites(load, load.snapshot().writesAcknowledged() + 200);
      report = load.stop();
      // It was seen in full, and measured as what it was: not much longer than the target was away.
      assertThat(window(report, "restart").longestPauseMillis())
          .isBetween(downMillis * 0.3, downMillis + 3_000);
    }
    assertThat(report.errorMessages()).isEmpty();
    assertThat(report.faults()).isEmpty();
    assertThat(report.ok()).isTrue();
    assertThat(report.reconnects()).isPositive();
    assertThat(report.reissued()).isPositive();
  }

  @Test
  void shouldTellExactlyWhichBlocksWereDamaged() throws Exception {
    Path journal = folder.resolve("journal");
    // Written once in order, so that the first blocks are known to be written.
    LoadOptions options =
        options().overwrites(false).trimPercent(0).readPercent(0).journal(journal).build();
    try (Load load = Load.start(options)) {
      awaitWrites(load, 60);
      assertThat(load.stop().ok()).isTrue();
    }
    LoadOptions compare = options().journal(journal).verifyOnly(true).build();
    assertThat(verify(compare).ok()).isTrue();

    byte[] foreign = new byte[512];
    java.util.Arrays.fill(foreign, (byte) 0x5a);
    try (BlockDevice device = BlockDevice.open(tgt.url())) {
      byte[] two = device.read(16, 1);
      device.write(3, foreign); // garbage
      device.writeSame(8, 8, new byte[512]); // a whole chunk of zeros
      device.write(24, two); // a block of elsewhere
      device.write(33, new byte[512]); // one block of a chunk gone
      byte[] flipped = device.read(40, 1);
      flipped[100] ^= 1;
      device.write(40, flipped); // one bit
      device.flush();
    }
    LoadReport report = verify(compare);
    assertThat(report.ok()).isFalse();
    assertThat(report.errors()).isZero();
    assertThat(report.wrongBlocks()).isEqualTo(12);
    assertThat(report.faults())
        .extracting(Fault::lba, Fault::kind)
        .containsExactlyInAnyOrder(
            org.assertj.core.groups.Tuple.tuple(3L, FaultKind.CORRUPT),
            org.assertj.core.groups.Tuple.tuple(8L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(9L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(10L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(11L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(12L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(13L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(14L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(15L, FaultKind.LOST),
            org.assertj.core.groups.Tuple.tuple(24L, FaultKind.MISDIRECTED),
            org.assertj.core.groups.Tuple.tuple(33L, FaultKind.TORN),
            org.assertj.core.groups.Tuple.tuple(40L, FaultKind.CORRUPT));
  }

  private static LoadReport verify(LoadOptions options) throws Exception {
    try (Load load = Load.start(options)) {
      return load.stop();
    }
  }

  @Test
  void shouldTellAWriteThatWasUndoneBehindItsBack() throws Exception {
    try (Load load = Load.start(options().trimPercent(0).readPercent(20).build())) {
      awaitWrites(load, 1500);
      // The past comes back: the file as it is now is put over what is written after it.
      byte[] past = new byte[16 << 20];
      try (RandomAccessFile disk = new RandomAccessFile(tgt.disk().toFile(), "rw")) {
        disk.readFully(past);
        awaitWrites(load, load.snapshot().writesAcknowledged() + 1000);
        disk.seek(0);
        disk.write(past);
      }
      LoadReport report = load.stop();
      assertThat(report.ok()).isFalse();
      assertThat(report.errors()).isZero();
      assertThat(report.stale()).isPositive();
      assertThat(report.faults()).isNotEmpty().hasSizeLessThanOrEqualTo(100);
      assertThat(report.faults().getFirst().detail()).contains("expected write 1.");
    }
  }

  @Test
  void shouldCallItAnErrorWhenTheTargetStaysAway() throws Exception {
    LoadOptions options =
        options().initiator(InitiatorOptions.defaults().withRecoveryMillis(500)).build();
    try (Load load = Load.start(options)) {
      awaitWrites(load, 50);
      tgt.kill();
      Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> load.snapshot().errors() > 0);
      LoadReport report = load.stop(false);
      assertThat(report.ok()).isFalse();
      assertThat(report.wrongBlocks()).isZero();
      assertThat(report.errorMessages().getFirst()).contains("no answer").contains("500 ms");
      assertThat(report.longestPauseMillis()).isGreaterThan(400);
    }
  }

  @Test
  void shouldKeepToTheRate() throws Exception {
    try (Load load = Load.start(options().maxIosPerSecond(200).build())) {
      load.await(2_000);
      LoadReport report = load.stop(false);
      assertThat(report.iops()).isBetween(60.0, 230.0);
    }
  }

  @Test
  void shouldNotReplaceAJournal() throws Exception {
    Path journal = folder.resolve("journal");
    LoadOptions options = options().journal(journal).build();
    Load.start(options).stop(false);
    assertThatThrownBy(() -> Load.start(options))
        .isInstanceOf(java.nio.file.FileAlreadyExistsException.class);
    assertThat(List.of(journal)).allMatch(java.nio.file.Files::exists);
  }
}

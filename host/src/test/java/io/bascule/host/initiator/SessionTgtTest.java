package io.bascule.host.initiator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.host.Tgt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The initiator against a target that nobody here wrote. */
@Timeout(60)
class SessionTgtTest {
  private static final InitiatorOptions OPTIONS =
      InitiatorOptions.defaults().withRecoveryMillis(20_000);

  @TempDir static Path folder;
  private static Tgt tgt;

  @BeforeAll
  static void start() throws Exception {
    tgt = Tgt.start(13110, folder, 64 << 20);
  }

  @AfterAll
  static void stop() throws Exception {
    tgt.close();
  }

  private static byte[] random(int bytes, long seed) {
    byte[] data = new byte[bytes];
    new Random(seed).nextBytes(data);
    return data;
  }

  private static BlockDevice open(InitiatorOptions options) throws IOException {
    return BlockDevice.open(TargetUrl.parse(tgt.url()), options);
  }

  @Test
  void shouldDiscoverTheTarget() throws Exception {
    assertThat(Initiator.discover("127.0.0.1", tgt.port(), null, OPTIONS))
        .containsExactly(
            new Initiator.Discovered(Tgt.TARGET, List.of("127.0.0.1:" + tgt.port() + ",1")));
  }

  @Test
  void shouldKnowWhatItIsConnectedTo() throws Exception {
    try (BlockDevice device = open(OPTIONS)) {
      assertThat(device.capacity().sizeBytes()).isEqualTo(64 << 20);
      assertThat(device.capacity().thin()).isTrue();
      assertThat(device.inquiry().vendor()).isEqualTo("IET");
      assertThat(device.inquiry().product()).isEqualTo("VIRTUAL-DISK");
      assertThat(device.serial()).isNotEmpty();
      assertThat(device.inquiryPage(0x83)).hasSizeGreaterThan(4);
      assertThat(device.reportLuns()).containsExactlyInAnyOrder(0, 1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "false,true,true",
    "false,true,false",
    "false,false,true",
    "false,false,false",
    "true,true,true",
    "true,false,false"
  })
  void shouldReadWhatItWrote(boolean digests, boolean initialR2T, boolean immediate)
      throws Exception {
    InitiatorOptions options = OPTIONS.withDigests(digests).withBursts(initialR2T, immediate);
    try (BlockDevice device = open(options)) {
      int lba = 0;
      for (int blocks : new int[] {1, 8, 128, 129, 512, 1000, 2048}) {
        byte[] data = random(blocks * 512, blocks);
        device.write(lba, data, blocks % 2 == 0);
        assertThat(device.read(lba, blocks)).isEqualTo(data);
        lba += blocks;
      }
      device.flush();
      assertThat(device.session().stats().reconnects()).isZero();
    }
  }

  @Test
  void shouldZeroWhatItTrims() throws Exception {
    try (BlockDevice device = open(OPTIONS)) {
      device.write(8192, random(64 * 512, 1));
      device.unmap(8200, 8);
      assertThat(device.read(8200, 8)).containsOnly(0);
      assertThat(device.read(8192, 8))
          .isEqualTo(java.util.Arrays.copyOf(random(64 * 512, 1), 4096));
    }
  }

  @Test
  void shouldWriteTheSameBlockManyTimes() throws Exception {
    try (BlockDevice device = open(OPTIONS)) {
      byte[] block = random(512, 2);
      device.writeSame(16384, 16, block);
      byte[] read = device.read(16384, 16);
      for (int i = 0; i < 16; i++) {
        assertThat(read).containsSubsequence(block);
        assertThat(java.util.Arrays.copyOfRange(read, i * 512, i * 512 + 512)).isEqualTo(block);
      }
    }
  }

  @Test
  void shouldTellAnErrorWithItsSense() throws Exception {
    try (BlockDevice device = open(OPTIONS)) {
      long end = device.capacity().blocks();
      assertThatThrownBy(() -> device.read(end, 1))
          .isInstanceOfSatisfying(
              ScsiException.class,
              e -> assertThat(e.result().sense()).isEqualTo(new Sense(5, 0x21, 0)));
    }
  }

  @Test
  void shouldAnswerWhileManyCommandsAreOutstandingAndTheCableIsPulled() throws Exception {
    try (BlockDevice device = open(OPTIONS)) {
      int commands = 200;
      var left = new java.util.concurrent.CountDownLatch(commands);
      var failures = new java.util.concurrent.ConcurrentLinkedQueue<String>();
      for (int i = 0; i < commands; i++) {
        byte[] data = random(64 * 512, i);
        Completion completion =
            new Completion() {
              @Override
              public void answered(ScsiResult result, long nanos) {
                if (!result.good()) {
                  failures.add(result.toString());
                }
                left.countDown();
              }

              @Override
              public void failed(IOException cause, long nanos) {
                failures.add(cause.toString());
                left.countDown();
              }
            };
        device.session().submit(ScsiCommand.write16(i * 64L, data, 0, 64, false), completion);
        if (i % 50 == 25) {
          device.session().dropConnection();
        }
      }
      assertThat(left.await(30, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
      assertThat(failures).isEmpty();
      assertThat(device.session().stats().reconnects()).isPositive();
      for (int i = 0; i < commands; i++) {
        assertThat(device.read(i * 64L, 64)).isEqualTo(random(64 * 512, i));
      }
    }
  }

  @Test
  void shouldRefuseAtOnceWhatIsNotThere() {
    assertThatThrownBy(() -> BlockDevice.open("iscsi://127.0.0.1:13199/iqn.x/1"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("127.0.0.1:13199");
    assertThatThrownBy(
            () -> BlockDevice.open("iscsi://127.0.0.1:" + tgt.port() + "/iqn.2026-11.x:none/1"))
        .isInstanceOf(LoginException.class)
        .hasMessageContaining("not found");
  }

  @Test
  void shouldUseChapOneWayAndMutual() throws Exception {
    String[] incoming = {"incoming", "alice", "wonderland12"};
    String[] outgoing = {"outgoing", "array", "lookingglass1"};
    try (Tgt guarded = Tgt.start(13111, folder, 16 << 20, incoming, outgoing)) {
      TargetUrl url = TargetUrl.parse(guarded.url());
      Credentials mutual = new Credentials("alice", "wonderland12", "array", "lookingglass1");
      Credentials impostor = new Credentials("alice", "wonderland12", "array", "somethingelse");
      try (BlockDevice device =
          BlockDevice.open(
              url.withCredentials(Credentials.oneWay("alice", "wonderland12")), OPTIONS)) {
        assertThat(device.read(0, 8)).containsOnly(0);
      }
      BlockDevice.open(url.withCredentials(mutual), OPTIONS).close();
      assertThatThrownBy(() -> BlockDevice.open(url.withCredentials(impostor), OPTIONS))
          .hasMessageContaining("mutual CHAP");
      assertThatThrownBy(() ->
              BlockDevice.open(url.withCredentials(Credentials.oneWay("alice", "wrong")), OPTIONS))
          .isInstanceOf(LoginException.class)
          .hasMessageContaining("authentication failed");
    }
  }

  @Test
  void shouldFailACommandOnlyAfterTheRecoveryTime() throws Exception {
    try (Tgt mortal = Tgt.start(13112, folder, 16 << 20)) {
      try (BlockDevice device =
          BlockDevice.open(TargetUrl.parse(mortal.url()), OPTIONS.withRecoveryMillis(1_000))) {
        mortal.kill();
        long start = System.nanoTime();
        assertThatThrownBy(() -> device.read(0, 1))
            .isInstanceOf(IOException.class)
            .hasRootCauseMessage("no answer from " + mortal.url() + " within 1000 ms");
        assertThat(System.nanoTime() - start).isBetween(1_000_000_000L, 3_000_000_000L);
        mortal.boot();
        assertThat(device.read(0, 1)).hasSize(512);
      }
    }
  }
}

package io.bascule.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ProcessIdentityTest {
  @Test
  void shouldKnowThisProcess() throws IOException {
    var me = ProcessIdentity.current();
    assertThat(me.pid()).isEqualTo(ProcessHandle.current().pid());
    assertThat(me.isAlive()).isTrue();
    assertThat(ProcessIdentity.of(me.pid())).contains(me);
  }

  @Test
  void shouldSeeAKilledProcessDie() throws IOException, InterruptedException {
    var process = new ProcessBuilder("cat").start();
    var identity = ProcessIdentity.of(process.pid()).orElseThrow();
    assertThat(identity.isAlive()).isTrue();
    assertThat(identity.kill()).isTrue();
    assertThat(process.waitFor()).isEqualTo(137);
    assertThat(identity.isAlive()).isFalse();
    assertThat(identity.signal(ProcessIdentity.SIGTERM)).isFalse();
    assertThat(ProcessIdentity.of(identity.pid())).isEmpty();
  }

  @Test
  void shouldNotTakeAnUnreapedCorpseForAlive() throws IOException {
    // The shell becomes a `sleep` that never reaps its child, which ends at once.
    var parent = new ProcessBuilder("sh", "-c", "true & echo $!; exec sleep 60").start();
    try {
      long corpse;
      try (var reader = parent.inputReader()) {
        corpse = Long.parseLong(String.valueOf(reader.readLine()).strip());
      }
      await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(() -> assertThat(ProcessIdentity.of(corpse)).isEmpty());
    } finally {
      parent.destroyForcibly();
      parent.onExit().join();
    }
  }

  @Test
  void shouldNotMistakeAnotherProcessOfTheSameNumber() throws IOException {
    var me = ProcessIdentity.current();
    var earlier = new ProcessIdentity(me.pid(), me.startTicks() - 1, me.bootId());
    var otherBoot = new ProcessIdentity(me.pid(), me.startTicks(), "another boot");
    assertThat(earlier.isAlive()).isFalse();
    assertThat(otherBoot.isAlive()).isFalse();
    // Were it mistaken, this test would end here.
    assertThat(earlier.kill()).isFalse();
    assertThat(otherBoot.kill()).isFalse();
  }
}

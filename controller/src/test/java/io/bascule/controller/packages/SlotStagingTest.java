package io.bascule.controller.packages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlotStagingTest {
  private static final Version V122 = Version.parse("1.2.2");
  private static final ControllerId SELF = ControllerId.CONTROLLER_1;

  @TempDir Path folder;
  private ReleaseMaker maker;
  private Layout layout;
  private SlotStaging staging;

  @BeforeEach
  void open() throws IOException {
    maker = new ReleaseMaker(folder);
    layout = Layout.of(folder.resolve("data"));
    Files.createDirectories(layout.packages());
    keep(maker.release("1.2.2", "1.2.1", 2, "x"));
    staging =
        new SlotStaging(
            layout, SELF, () -> Slot.A, maker.trust(), Path.of(System.getProperty("java.home")));
  }

  private void keep(Path file) throws IOException {
    Files.copy(file, layout.packages().resolve(file.getFileName()));
  }

  private SlotStaging.Staging awaitDone() {
    await().atMost(Duration.ofSeconds(60)).until(() -> staging.status().orElseThrow().done());
    return staging.status().orElseThrow();
  }

  @Test
  void shouldStageVerifyUnpackAndWarm() {
    staging.stage(V122, Slot.B, "u1");
    var done = awaitDone();
    assertThat(done.error()).isEmpty();
    assertThat(done.percent()).isEqualTo(100);
    assertThat(done.tag()).isEqualTo("u1");
    assertThat(staging.slots()).isEqualTo(Map.of(Slot.B, V122));
    assertThat(layout.slot(SELF, Slot.B).resolve("app.jsa")).isNotEmptyFile();
  }

  @Test
  void shouldDoNothingTwiceUnderOneTag() throws IOException {
    staging.stage(V122, Slot.B, "u1");
    awaitDone();
    var marker = layout.slot(SELF, Slot.B).resolve("complete");
    var when = Files.getLastModifiedTime(marker);
    staging.stage(V122, Slot.B, "u1");
    assertThat(staging.status().orElseThrow().done()).isTrue();
    assertThat(Files.getLastModifiedTime(marker)).isEqualTo(when);
  }

  @Test
  void shouldNeverTouchTheRunningSlot() {
    assertThatThrownBy(() -> staging.stage(V122, Slot.A, "u1"))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("runs from slot A");
    assertThatThrownBy(() -> staging.dropSlot(Slot.A)).isInstanceOf(Refusal.class);
  }

  @Test
  void shouldTryAgainWhatFailed() throws IOException {
    var v201 = Version.parse("2.0.1");
    staging.stage(v201, Slot.B, "u1");
    assertThat(awaitDone().error()).hasValueSatisfying(e -> assertThat(e).contains("no package"));
    assertThat(staging.slots()).isEmpty();
    keep(maker.release("2.0.1", "1.2.2", 3, "x"));
    staging.stage(v201, Slot.B, "u1");
    assertThat(awaitDone().error()).isEmpty();
    assertThat(staging.slots()).containsEntry(Slot.B, v201);
  }

  @Test
  void shouldRefuseADamagedPackage() throws IOException {
    Path file = layout.packages().resolve("bascule-1.2.2.pkg");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    staging.stage(V122, Slot.B, "u1");
    assertThat(awaitDone().error()).hasValueSatisfying(e -> assertThat(e).contains("damaged"));
    assertThat(staging.slots()).isEmpty();
  }

  @Test
  void shouldStopAndDropWhileItWarms() throws IOException {
    var v123 = Version.parse("1.2.3");
    keep(maker.release("1.2.3", "1.2.2", 2, "x", "signing", "-Dslow=true"));
    staging.stage(v123, Slot.B, "u1");
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> staging.slots().containsKey(Slot.B)); // unpacked; the slow warm-up runs
    staging.dropSlot(Slot.B);
    assertThat(staging.slots()).isEmpty();
    assertThat(layout.slot(SELF, Slot.B)).doesNotExist();
    assertThat(staging.status()).isEmpty();
    staging.stage(V122, Slot.B, "u2");
    assertThat(awaitDone().error()).isEmpty();
  }
}

package io.bascule.controller.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrechecksTest {
  private static final long PACKAGE = 20L << 20;
  private static final long ALLOCATED = 10L << 30;

  @Test
  void shouldWantRoomForTheNewSlots() {
    assertThat(Prechecks.space(PACKAGE, false, ALLOCATED, 300L << 20).passed()).isTrue();
    var refused = Prechecks.space(PACKAGE, false, ALLOCATED, 200L << 20);
    assertThat(refused.passed()).isFalse();
    assertThat(refused.detail()).isEqualTo("264 MiB needed for the new slots, 200 MiB free.");
    assertThat(refused.remedy()).isNotNull();
  }

  @Test
  void shouldWantRoomForBothFormatsWhenTheReleaseMigrates() {
    var refused = Prechecks.space(PACKAGE, true, ALLOCATED, 11L << 30);
    assertThat(refused.passed()).isFalse();
    assertThat(refused.detail()).contains("for format 2 beside format 1");
    assertThat(Prechecks.space(PACKAGE, true, ALLOCATED, 14L << 30).passed()).isTrue();
    assertThat(Prechecks.space(PACKAGE, true, 0, 600L << 20).passed()).isTrue();
  }
}

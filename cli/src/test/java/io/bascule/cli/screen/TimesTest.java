package io.bascule.cli.screen;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class TimesTest {
  private static final Instant BEGUN = Instant.parse("2026-11-22T18:20:31Z");

  @Test
  void shouldTellHowLongItTook() {
    assertThat(Times.between(BEGUN, BEGUN.plusSeconds(200))).isEqualTo("3 min 20 s");
    assertThat(Times.between(BEGUN, BEGUN)).isEqualTo("0.0 s");
    assertThat(Times.between(BEGUN, null)).isEqualTo("-");
    assertThat(Times.between(null, BEGUN)).isEqualTo("-");
  }

  @Test
  void shouldNotTellWhatNobodyKnowsAfterTheClockWasSetBack() {
    assertThat(Times.between(BEGUN, BEGUN.minusSeconds(3600)))
        .isEqualTo("unknown (clock set back)");
  }
}

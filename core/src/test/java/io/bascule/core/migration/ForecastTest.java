package io.bascule.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Forecast.Left;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ForecastTest {
  private static final long MIB = 1 << 20;
  private static final long TICKS_A_SECOND = 1000 / Throttle.TICK_MILLIS;

  private static Forecast after(int ticks, long copiedPerTick, long remarkedPerTick) {
    var forecast = Forecast.NONE;
    for (int i = 0; i < ticks; i++) {
      forecast = forecast.next(copiedPerTick, remarkedPerTick);
    }
    return forecast;
  }

  @Test
  void shouldSayARangeThatHoldsTheTruth() {
    var forecast = after(100, 10 * MIB, 0);
    var left = new Left(1_000 * MIB, 5_000 * MIB, 6_000 * MIB, 60);
    long truth = 11_000 / (10 * TICKS_A_SECOND) + 60;
    assertThat(forecast.eta(left))
        .hasValueSatisfying(range -> {
          assertThat(range.lowSeconds()).isBetween(60L, truth);
          assertThat(range.highSeconds()).isBetween(truth, 2 * truth);
        });
  }

  @Test
  void shouldSayNothingTooEarly() {
    var left = new Left(1_000 * MIB, 5_000 * MIB, 6_000 * MIB, 60);
    assertThat(after(5, MIB, 0).eta(left)).isEmpty();
    assertThat(after(100, MIB, 0).eta(new Left(MIB, 5_000 * MIB, 6_000 * MIB, 60))).isEmpty();
    assertThat(Forecast.NONE.eta(left)).isEmpty();
  }

  @Test
  void shouldTellThatItDoesNotConverge() {
    var left = new Left(1_000 * MIB, 5_000 * MIB, 6_000 * MIB, 60);
    var forecast = after(100, MIB, 2 * MIB);
    assertThat(forecast.eta(left)).isEmpty();
    assertThat(forecast.warning(left))
        .hasValueSatisfying(text -> assertThat(text).contains("5 MiB/s").contains("10 MiB/s"));
    assertThat(after(100, 2 * MIB, MIB).warning(left)).isEmpty();
    assertThat(forecast.warning(new Left(6_000 * MIB, 0, 0, 60))).isEmpty();
  }

  @Test
  void shouldLeaveRoomForFormatOne() {
    long gib = 1L << 30;
    assertThat(SpaceRule.neededBytes(100 * gib)).isBetween(120 * gib, 126 * gib);
    assertThat(SpaceRule.neededBytes(0)).isEqualTo(SpaceRule.RESERVE_MIN_BYTES);
    assertThat(SpaceRule.judge(10 * gib, 100 * gib)).isEqualTo(SpaceRule.Verdict.ENOUGH);
    assertThat(SpaceRule.judge(4 * gib, 100 * gib)).isEqualTo(SpaceRule.Verdict.COPYING_RESTS);
    assertThat(SpaceRule.judge(2 * gib, 100 * gib)).isEqualTo(SpaceRule.Verdict.GIVE_UP);
  }

  @Test
  void shouldFindAPhaseUnstableAfterTwoTakeoversInTenMinutes() {
    var now = Instant.parse("2026-11-22T12:00:00Z");
    var first = now.minus(Duration.ofMinutes(9));
    assertThat(TakeoverRule.isUnstable(List.of(first), now)).isFalse();
    assertThat(TakeoverRule.isUnstable(List.of(first, now), now)).isTrue();
    assertThat(TakeoverRule.isUnstable(List.of(first, now), now.plus(Duration.ofMinutes(2))))
        .isFalse();
  }
}

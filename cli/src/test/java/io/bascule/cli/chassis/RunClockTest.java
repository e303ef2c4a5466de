package io.bascule.cli.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RunClockTest {
  private static final long MILLI = 1_000_000;

  @Test
  void shouldCountTurnsAndLeaveAbsencesOut() {
    var clock = new RunClock(5 * MILLI);
    assertThat(clock.turn(55 * MILLI)).isEqualTo(50);
    assertThat(clock.turn(155 * MILLI)).isEqualTo(150);
    // A minute away: a quarter of a second of it counts.
    assertThat(clock.turn(60_155 * MILLI)).isEqualTo(150 + RunClock.MOST_MILLIS_PER_TURN);
    assertThat(clock.turn(60_205 * MILLI)).isEqualTo(200 + RunClock.MOST_MILLIS_PER_TURN);
  }
}

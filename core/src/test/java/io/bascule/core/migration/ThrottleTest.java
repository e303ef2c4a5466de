package io.bascule.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Throttle.Sample;
import io.bascule.core.upgrade.Upgrade.Priority;
import io.bascule.core.upgrade.Upgrade.Tuning;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ThrottleTest {
  private static final long MIB = 1 << 20;
  private static final OptionalLong BASELINE = OptionalLong.of(4_000);
  private static final Tuning HOST_FIRST = tuning(Priority.HOST_FIRST);

  private static Tuning tuning(Priority priority) {
    return new Tuning(priority, Optional.empty(), 60);
  }

  private static Sample sample(long p99Micros, long doneBytes) {
    return new Sample(OptionalLong.of(p99Micros), BASELINE, doneBytes);
  }

  /** A disk that copies as it is told, up to 200 MiB/s. */
  private static Throttle after(int ticks, Throttle throttle, Tuning tuning, long p99Micros) {
    Throttle now = throttle;
    for (int i = 0; i < ticks; i++) {
      now = now.next(tuning, sample(p99Micros, done(now)));
    }
    return now;
  }

  private static long done(Throttle throttle) {
    return Math.min(200 * MIB, throttle.bytesPerSecond()) * Throttle.TICK_MILLIS / 1000
        + throttle.grantBytes();
  }

  @Test
  void shouldGrowBySmallStepsWhileHostsAreWell() {
    var throttle = Throttle.start(HOST_FIRST, true).next(HOST_FIRST, sample(4_600, MIB));
    assertThat(throttle.bytesPerSecond()).isBetween(8 * MIB + 1, 9 * MIB);
    var felt = after(Throttle.HOLD_TICKS, throttle, HOST_FIRST, 4_600);
    assertThat(felt.bytesPerSecond()).as("when it is felt").isLessThan(2 * 9 * MIB);
    var fast = after(60, throttle, HOST_FIRST, 4_600);
    assertThat(fast.bytesPerSecond()).isBetween(150 * MIB, 200 * MIB);
    var faster = fast.next(HOST_FIRST, sample(4_600, done(fast)));
    assertThat(faster.bytesPerSecond() - fast.bytesPerSecond()).isEqualTo(4 * MIB);
  }

  @Test
  void shouldStayBelowTheTarget() {
    var fast = after(40, Throttle.start(HOST_FIRST, true), HOST_FIRST, 1_000);
    for (long p99Micros : new long[] {4_601, 5_200}) {
      assertThat(after(20, fast, HOST_FIRST, p99Micros).bytesPerSecond())
          .isEqualTo(fast.bytesPerSecond());
    }
  }

  @Test
  void shouldHalveAboveTheTargetAndRestAboveTwice() {
    var fast = after(50, Throttle.start(HOST_FIRST, true), HOST_FIRST, 1_000);
    assertThat(fast.next(HOST_FIRST, sample(5_201, done(fast))).bytesPerSecond())
        .isEqualTo(fast.bytesPerSecond() / 2);
    assertThat(fast.next(HOST_FIRST, sample(10_401, done(fast))).bytesPerSecond()).isZero();
    assertThat(fast.next(HOST_FIRST, sample(5_200, done(fast))).bytesPerSecond())
        .isEqualTo(fast.bytesPerSecond());
  }

  /** However fast they were before, 2 ms are good; part of them passes outside of the target. */
  @Test
  void shouldNotMindLatenciesBelowTwoMillis() {
    assertThat(Throttle.targetMicros(HOST_FIRST, OptionalLong.of(200))).isEqualTo(1_500);
    assertThat(Throttle.targetMicros(HOST_FIRST, OptionalLong.empty())).isEqualTo(1_500);
    for (var other : new Priority[] {Priority.BALANCED, Priority.FINISH_SOONER}) {
      assertThat(Throttle.targetMicros(tuning(other), OptionalLong.of(200))).isEqualTo(2_000);
    }
    assertThat(Throttle.targetMicros(HOST_FIRST, BASELINE)).isEqualTo(5_200);
    assertThat(Throttle.targetMicros(tuning(Priority.BALANCED), BASELINE)).isEqualTo(8_000);
    assertThat(Throttle.targetMicros(tuning(Priority.FINISH_SOONER), BASELINE)).isEqualTo(16_000);
  }

  @ParameterizedTest
  @EnumSource(Priority.class)
  void shouldAlwaysEndHoweverSlowHostsAre(Priority priority) {
    var tuning = tuning(priority);
    var throttle = after(60, Throttle.start(tuning, true), tuning, 1_000);
    long best = throttle.bestBytesPerSecond();
    for (long p99Micros : new long[] {1_000_000, 18_000}) {
      long copied = 0;
      for (int i = 0; i < 500; i++) {
        copied += done(throttle);
        throttle = throttle.next(tuning, sample(p99Micros, done(throttle)));
      }
      int percent =
          switch (priority) {
            case HOST_FIRST -> 2;
            case BALANCED -> 20;
            case FINISH_SOONER -> 60;
          };
      assertThat(copied / 100).isGreaterThanOrEqualTo(best * percent / 100 * 9 / 10);
    }
  }

  @Test
  void shouldTellWhenRestingDoesNotHelp() {
    var throttle =
        after(Throttle.TELL_TICKS - 1, Throttle.start(HOST_FIRST, true), HOST_FIRST, 50_000);
    assertThat(throttle.report()).isEmpty();
    assertThat(after(1, throttle, HOST_FIRST, 50_000).report()).isPresent();
    assertThat(after(2, throttle, HOST_FIRST, 1_000).report()).isEmpty();
  }

  @Test
  void shouldHaveNobodyToTakeCareOfWhileHostsDoNothing() {
    var idle = new Sample(OptionalLong.empty(), BASELINE, 40 * MIB);
    var throttle = Throttle.start(HOST_FIRST, true);
    throttle = throttle.next(HOST_FIRST, idle);
    assertThat(throttle.bytesPerSecond()).isEqualTo(Throttle.IDLE_BYTES);
    assertThat(Throttle.start(HOST_FIRST, false).bytesPerSecond()).isEqualTo(Throttle.IDLE_BYTES);
    // It was never faster than 200 MiB/s: when hosts come back, halving has its effect at once.
    var halved = throttle.next(HOST_FIRST, sample(6_000, 40 * MIB));
    assertThat(halved.bytesPerSecond()).isEqualTo(200 * MIB);
    assertThat(throttle.next(HOST_FIRST, sample(1_000, 40 * MIB)).bytesPerSecond())
        .isEqualTo(400 * MIB);
  }

  /** A host that works in bursts does not feel the same again at the begin of each. */
  @Test
  void shouldRememberWhatWasTooMuchWhileHostsDoNothing() {
    var fast = after(10, Throttle.start(HOST_FIRST, true), HOST_FIRST, 1_000);
    long tooMuch = fast.bytesPerSecond();
    var throttle = after(1, fast, HOST_FIRST, 6_000);
    for (int i = 0; i < 20; i++) {
      throttle =
          throttle.next(HOST_FIRST, new Sample(OptionalLong.empty(), BASELINE, done(throttle)));
    }
    assertThat(throttle.bytesPerSecond()).isGreaterThan(4 * tooMuch);
    assertThat(throttle.next(HOST_FIRST, sample(1_000, done(throttle))).bytesPerSecond())
        .isBetween(tooMuch, tooMuch * 11 / 10);
    assertThat(throttle.next(HOST_FIRST, sample(6_000, done(throttle))).bytesPerSecond())
        .isEqualTo(tooMuch / 2);
  }

  @Test
  void shouldRememberOverAPauseAndForgetWithAnotherPriority() {
    var fast = after(2, Throttle.start(HOST_FIRST, true), HOST_FIRST, 1_000);
    var slow = after(60, fast, HOST_FIRST, 6_000);
    long tooMuch = slow.tooMuchBytesPerSecond();
    assertThat(tooMuch).isLessThan(Throttle.START_BYTES / 2);
    assertThat(slow.again(HOST_FIRST, true).bytesPerSecond()).isEqualTo(tooMuch);
    assertThat(slow.again(HOST_FIRST, false).bytesPerSecond()).isEqualTo(Throttle.IDLE_BYTES);
    var sooner = tuning(Priority.FINISH_SOONER);
    assertThat(slow.again(sooner, true).bytesPerSecond()).isEqualTo(Throttle.START_BYTES);
    var twice = after(12, slow, sooner, 6_000);
    assertThat(twice.bytesPerSecond()).isGreaterThan(2 * tooMuch);
  }

  /** The rate that follows is decided under the new priority, and at once. */
  @Test
  void shouldNotWaitWithAnotherPriority() {
    var fast = after(50, Throttle.start(HOST_FIRST, true), HOST_FIRST, 1_000);
    var halved = after(1, fast, HOST_FIRST, 6_000);
    var sooner = tuning(Priority.FINISH_SOONER);
    assertThat(after(1, halved, HOST_FIRST, 1_000).bytesPerSecond())
        .isEqualTo(halved.bytesPerSecond());
    assertThat(after(1, halved, sooner, 1_000).bytesPerSecond())
        .isGreaterThan(halved.bytesPerSecond());
    assertThat(after(1, fast, sooner, 20_000).tooMuchBytesPerSecond())
        .isEqualTo(fast.bytesPerSecond());
  }

  /** What is measured just after a change is still of the rate before. */
  @Test
  void shouldWaitUntilAChangeIsFelt() {
    var fast = after(50, Throttle.start(HOST_FIRST, true), HOST_FIRST, 1_000);
    var halved = after(1, fast, HOST_FIRST, 6_000);
    assertThat(after(Throttle.HOLD_TICKS, halved, HOST_FIRST, 6_000).bytesPerSecond())
        .isEqualTo(halved.bytesPerSecond());
    assertThat(after(Throttle.HOLD_TICKS + 1, halved, HOST_FIRST, 6_000).bytesPerSecond())
        .isEqualTo(halved.bytesPerSecond() / 2);
    assertThat(after(Throttle.HOLD_TICKS, halved, HOST_FIRST, 1_000).bytesPerSecond())
        .isEqualTo(halved.bytesPerSecond());
  }

  /** Hosts feel more than the target from a certain rate on, and it is measured late. */
  @ParameterizedTest
  @ValueSource(longs = {3, 20, 150})
  void shouldStayMostlyJustBelowWhatHostsFeel(long feltMib) {
    var throttle = Throttle.start(HOST_FIRST, true);
    var rates = new ArrayDeque<Long>();
    int ticks = 5 * 60 * 5;
    int felt = 0;
    long copied = 0;
    for (int i = 0; i < ticks; i++) {
      rates.add(done(throttle) * 1000 / Throttle.TICK_MILLIS);
      if (rates.size() > Throttle.HOLD_TICKS) {
        rates.remove();
      }
      long worst = rates.stream().mapToLong(rate -> rate).max().orElseThrow();
      felt += rates.getLast() > feltMib * MIB ? 1 : 0;
      copied += done(throttle);
      long p99 = 5_200 * worst / (feltMib * MIB);
      throttle = throttle.next(HOST_FIRST, sample(Math.max(4_000, p99), done(throttle)));
    }
    assertThat(felt).isLessThan(ticks / 10);
    assertThat(copied / (ticks / 5)).isGreaterThan(feltMib * MIB / 2);
  }

  /** Whatever hosts feel, the cap holds over any second. */
  @Test
  void shouldKeepToTheCap() {
    var random = new Random(5);
    var capped = new Tuning(Priority.FINISH_SOONER, Optional.of(10 * MIB), 60);
    var throttle = Throttle.start(capped, true);
    long copied = 0;
    for (int i = 0; i < 5_000; i++) {
      copied += done(throttle);
      throttle = throttle.next(capped, sample(random.nextInt(50_000), done(throttle)));
      assertThat(throttle.bytesPerSecond()).isLessThanOrEqualTo(10 * MIB);
    }
    assertThat(copied).isLessThanOrEqualTo(5_001 * 2 * MIB);
  }
}

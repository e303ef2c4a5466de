package io.bascule.core.migration;

import io.bascule.core.upgrade.Upgrade.Priority;
import io.bascule.core.upgrade.Upgrade.Tuning;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How fast copying and comparing may go, decided anew every {@link #TICK_MILLIS} from what hosts
 * feel. Immutable; {@link #next} gives the following one.
 *
 * <p>A host latency above the target halves the rate, down to a floor; one below lets it grow by
 * {@link #GROWTH_BYTES}; above twice the target it rests. What the floor grants adds up while it
 * rests, so over time it never gets less, and always ends.
 *
 * @param bytesPerSecond the present rate; 0 while it rests
 * @param bestBytesPerSecond the best rate that was really reached
 * @param grantBytes to be used beside the rate
 * @param owedBytes what the floor has granted since it rests, and is not used yet
 * @param restingTicks ticks in a row without a rate
 */
public record Throttle(
    long bytesPerSecond,
    long bestBytesPerSecond,
    long grantBytes,
    long owedBytes,
    int restingTicks) {
  public static final int TICK_MILLIS = 200;
  static final long GROWTH_BYTES = 4L << 20;

  /** The least floor, and the unit of what is granted while it rests. */
  static final long STEP_BYTES = 1L << 20;

  /** A first guess of what the disk can do. */
  static final long START_BYTES = 32L << 20;

  private static final long TARGET_MIN_MICROS = 2_000;

  /** After so long without a rate it is worth telling that copying is not what slows hosts. */
  static final int TELL_TICKS = 5_000 / TICK_MILLIS;

  /**
   * What the last tick has shown.
   *
   * @param p99Micros of hosts; empty when they did nothing
   * @param baselineMicros their p99 before the migration; empty when they did nothing then
   * @param doneBytes copied or compared in it
   */
  public record Sample(OptionalLong p99Micros, OptionalLong baselineMicros, long doneBytes) {}

  /** The first tick. */
  public static Throttle start(Tuning tuning) {
    return new Throttle(capped(tuning, START_BYTES), 0, 0, 0, 0);
  }

  /** The following tick. */
  public Throttle next(Tuning tuning, Sample sample) {
    long best = Math.max(bestBytesPerSecond, sample.doneBytes() * 1000 / TICK_MILLIS);
    long floor = capped(tuning, floorBytesPerSecond(tuning, best));
    long rate = rate(tuning, sample, floor);
    if (rate > 0) {
      // Beyond twice what was ever reached, halving would have no effect.
      rate = capped(tuning, Math.min(rate, Math.max(START_BYTES, 2 * best)));
      return new Throttle(rate, best, 0, 0, 0);
    }
    long owed = owedBytes + floor * TICK_MILLIS / 1000;
    boolean granted = owed >= Math.min(STEP_BYTES, floor);
    return new Throttle(0, best, granted ? owed : 0, granted ? 0 : owed, restingTicks + 1);
  }

  private long rate(Tuning tuning, Sample sample, long floor) {
    if (sample.p99Micros().isEmpty()) {
      return Math.max(floor, 2 * bytesPerSecond); // there is nobody to take care of
    }
    long p99 = sample.p99Micros().getAsLong();
    long target = targetMicros(tuning, sample.baselineMicros());
    if (p99 > 2 * target) {
      return 0;
    }
    return p99 > target
        ? Math.max(floor, bytesPerSecond / 2)
        : Math.max(floor, bytesPerSecond + GROWTH_BYTES);
  }

  /** The p99 that hosts may have. */
  public static long targetMicros(Tuning tuning, OptionalLong baselineMicros) {
    int percent =
        switch (tuning.priority()) {
          case HOST_FIRST -> 130;
          case BALANCED -> 200;
          case FINISH_SOONER -> 400;
        };
    return Math.max(baselineMicros.orElse(0) * percent / 100, TARGET_MIN_MICROS);
  }

  private static long floorBytesPerSecond(Tuning tuning, long best) {
    return Math.max(STEP_BYTES, best / 100 * floorPercent(tuning.priority()));
  }

  private static int floorPercent(Priority priority) {
    return switch (priority) {
      case HOST_FIRST -> 2;
      case BALANCED -> 20;
      case FINISH_SOONER -> 60;
    };
  }

  private static long capped(Tuning tuning, long rate) {
    return Math.min(rate, tuning.maxBytesPerSecond().orElse(Long.MAX_VALUE));
  }

  /** Said when hosts are slow though nothing is copied: something else slows them. */
  public Optional<String> report() {
    return restingTicks >= TELL_TICKS
        ? Optional.of(
            "Hosts are slower than the target although copying rests; something else slows them.")
        : Optional.empty();
  }
}

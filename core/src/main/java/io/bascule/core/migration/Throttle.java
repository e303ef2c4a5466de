package io.bascule.core.migration;

import io.bascule.core.upgrade.Upgrade.Priority;
import io.bascule.core.upgrade.Upgrade.Tuning;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How fast copying and comparing may go, decided anew every {@link #TICK_MILLIS} from what hosts
 * feel. Immutable; {@link #next} gives the following one.
 *
 * <p>A host latency above the target halves the rate, down to a floor; above twice the target it
 * rests. Then it stays for {@link #HOLD_TICKS}, until what hosts feel is of the new rate. From the
 * middle between baseline and target on it stays as well. Below that it grows by 1/{@value
 * #GROWTH_PART}, {@link #GROWTH_BYTES} at most, up to three quarters of the rate that was too much,
 * and by 1/{@value #SLOW_GROWTH_PART} from there on: most of the time it is just below what hosts
 * feel. While no host does anything there is no limit but the administrator's.
 *
 * <p>What the floor grants adds up while it rests, so over time it never gets less, and always
 * ends.
 *
 * @param priority under which it was decided; under another one other rates are too much
 * @param bytesPerSecond the present rate; 0 while it rests
 * @param bestBytesPerSecond the best rate that was really reached
 * @param tooMuchBytesPerSecond the rate at which hosts felt it lately; grows like the rate itself
 * @param holdTicks for so long it does not change
 * @param grantBytes to be used beside the rate
 * @param owedBytes what the floor has granted since it rests, and is not used yet
 * @param restingTicks ticks in a row without a rate
 */
public record Throttle(
    Priority priority,
    long bytesPerSecond,
    long bestBytesPerSecond,
    long tooMuchBytesPerSecond,
    int holdTicks,
    long grantBytes,
    long owedBytes,
    int restingTicks) {
  public static final int TICK_MILLIS = 200;
  static final long GROWTH_BYTES = 4L << 20;

  /** What hosts feel is known two seconds late: until then it shall not double. */
  static final int GROWTH_PART = 16;

  private static final int SLOW_GROWTH_PART = 64;

  /** What hosts feel is measured over up to two seconds. */
  static final int HOLD_TICKS = 2_000 / TICK_MILLIS;

  /** The least floor, and the unit of what is granted while it rests. */
  static final long STEP_BYTES = 1L << 20;

  /** A first guess of what hosts do not feel. */
  static final long START_BYTES = 8L << 20;

  /** More than any disk does. */
  static final long IDLE_BYTES = 64L << 30;

  /** A p99 that no host minds. */
  private static final long UNMINDED_MICROS = 2_000;

  /**
   * What passes between host and target and is not seen here, on busy processors; where hosts come
   * first it is theirs.
   */
  private static final long OUTSIDE_MICROS = 500;

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

  /**
   * The first tick.
   *
   * @param hosts whether any does something
   */
  public static Throttle start(Tuning tuning, boolean hosts) {
    return new Throttle(tuning.priority(), 0, 0, Long.MAX_VALUE, 0, 0, 0, 0).again(tuning, hosts);
  }

  /**
   * The first tick after a pause: it knows what was too much.
   *
   * @param hosts whether any does something
   */
  public Throttle again(Tuning tuning, boolean hosts) {
    long tooMuch = under(tuning).tooMuchBytesPerSecond;
    long rate = hosts ? Math.min(START_BYTES, tooMuch) : IDLE_BYTES;
    return going(tuning, rate, bestBytesPerSecond, tooMuch, 0);
  }

  /** The following tick. */
  public Throttle next(Tuning tuning, Sample sample) {
    return under(tuning).following(tuning, sample);
  }

  /** This one; with another priority it knows of no rate that is too much, and need not wait. */
  private Throttle under(Tuning tuning) {
    return tuning.priority() == priority
        ? this
        : new Throttle(
            tuning.priority(),
            bytesPerSecond,
            bestBytesPerSecond,
            Long.MAX_VALUE,
            0,
            grantBytes,
            owedBytes,
            restingTicks);
  }

  private Throttle following(Tuning tuning, Sample sample) {
    long best = Math.max(bestBytesPerSecond, sample.doneBytes() * 1000 / TICK_MILLIS);
    long floor = capped(tuning, floorBytesPerSecond(tuning, best));
    if (sample.p99Micros().isEmpty()) { // there is nobody to take care of
      return going(tuning, IDLE_BYTES, best, tooMuchBytesPerSecond, 0);
    }
    // Beyond twice what was ever reached, less would have no effect. And hosts that come back shall
    // not feel what they felt before.
    long useful = Math.max(START_BYTES, 2 * best);
    long present = Math.min(Math.min(bytesPerSecond, useful), tooMuchBytesPerSecond);
    long p99 = sample.p99Micros().getAsLong();
    long target = targetMicros(tuning, sample.baselineMicros());
    if (p99 > 2 * target) {
      return resting(floor, best, bytesPerSecond > 0 ? present / 2 : tooMuchBytesPerSecond);
    }
    if (p99 > target) {
      return holdTicks > 0
          ? going(tuning, Math.max(floor, present), best, tooMuchBytesPerSecond, holdTicks - 1)
          : going(tuning, Math.max(floor, present / 2), best, present, HOLD_TICKS);
    }
    // Half of what hosts may feel more is kept: a rate that is just not too much sometimes is.
    boolean comfortable = p99 <= (target + sample.baselineMicros().orElse(0)) / 2;
    if (holdTicks > 0 || !comfortable) {
      long rate = Math.max(floor, present);
      return going(tuning, rate, best, tooMuchBytesPerSecond, Math.max(0, holdTicks - 1));
    }
    boolean near = present >= tooMuchBytesPerSecond / 4 * 3;
    long growth = Math.min(GROWTH_BYTES, present / (near ? SLOW_GROWTH_PART : GROWTH_PART) + 1);
    long grown = Math.max(floor, Math.min(present + growth, useful));
    return going(tuning, grown, best, Math.max(tooMuchBytesPerSecond, grown), 0);
  }

  private static Throttle going(Tuning tuning, long rate, long best, long tooMuch, int hold) {
    return new Throttle(tuning.priority(), capped(tuning, rate), best, tooMuch, hold, 0, 0, 0);
  }

  private Throttle resting(long floor, long best, long tooMuch) {
    long owed = owedBytes + floor * TICK_MILLIS / 1000;
    boolean granted = owed >= Math.min(STEP_BYTES, floor);
    return new Throttle(
        priority,
        0,
        best,
        Math.max(tooMuch, floor),
        HOLD_TICKS,
        granted ? owed : 0,
        granted ? 0 : owed,
        restingTicks + 1);
  }

  /** The p99 that hosts may have, as the target sees it. */
  public static long targetMicros(Tuning tuning, OptionalLong baselineMicros) {
    long baseline = baselineMicros.orElse(0);
    return switch (tuning.priority()) {
      case HOST_FIRST -> Math.max(baseline * 130 / 100, UNMINDED_MICROS - OUTSIDE_MICROS);
      case BALANCED -> Math.max(baseline * 2, UNMINDED_MICROS);
      case FINISH_SOONER -> Math.max(baseline * 4, UNMINDED_MICROS);
    };
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

package io.bascule.cli.chassis;

import io.bascule.core.Check;

/**
 * Counts the time in which the chassis ran. Its loop turns at least every {@link
 * Chassis#TICK_MILLIS}; if a turn took much longer, the chassis was not running (stopped, starved,
 * or the machine slept), and neither may it then judge others by that time.
 *
 * <p>Owned by the chassis' thread.
 */
final class RunClock {
  /** Five turns: what a busy machine does to a thread that is still running. */
  static final long MOST_MILLIS_PER_TURN = 5 * Chassis.TICK_MILLIS;

  private static final long NANOS_PER_MILLI = 1_000_000;

  private long lastNanos;
  private long runNanos;

  RunClock(long nowNanos) {
    lastNanos = nowNanos;
  }

  /**
   * One turn of the loop.
   *
   * @return run time in ms since this clock was made
   */
  long turn(long nowNanos) {
    long passedNanos = nowNanos - lastNanos;
    Check.that(passedNanos >= 0, "the monotonic clock went back by %d ns", -passedNanos);
    lastNanos = nowNanos;
    runNanos += Math.min(passedNanos, MOST_MILLIS_PER_TURN * NANOS_PER_MILLI);
    return runNanos / NANOS_PER_MILLI;
  }
}

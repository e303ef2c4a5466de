package io.bascule.cli.chassis;

import io.bascule.core.Check;

/**
 * How long the chassis waits for what.
 *
 * @param bootMillis from the start of a process until it must be ONLINE
 * @param hangMillis without an answer, after which its power is cut
 * @param stableMillis ONLINE for this long makes a boot a good one
 */
record BootTimes(long bootMillis, long hangMillis, long stableMillis) {
  /**
   * Booting takes 1-3 s, ten times that on a machine that is very busy; a host's own patience is
   * 30-60 s, so a hang must be over well before.
   */
  static final BootTimes DEFAULT = new BootTimes(30_000, 3_000, 10_000);

  /** Without an answer for this long, a controller is shown as RECOVERING: five pings. */
  static final long QUIET_MILLIS = 1_000;

  /** An adopted controller finds the new chassis' socket first: it dials once a second or so. */
  static final long REJOIN_MILLIS = 10_000;

  /** A controller that is asked to stop ends by itself within 8 s, drained or not. */
  static final long STOP_MILLIS = 9_000;

  /** SIGKILL works at once unless the process is stuck in the kernel; then it is sent again. */
  static final long KILL_AGAIN_MILLIS = 1_000;

  /** So that a controller that ends on purpose before it was ever ONLINE cannot make us spin. */
  static final long EARLY_EXIT_MILLIS = 500;

  /** Failed boots of a slot that has a fallback, until that one is taken. */
  static final int ATTEMPTS_WITH_FALLBACK = 3;

  /** Failed boots of a slot without a fallback, until the controller is FAILED. */
  static final int ATTEMPTS_WITHOUT_FALLBACK = 5;

  BootTimes {
    Check.that(bootMillis > 0 && hangMillis > 0 && stableMillis > 0, "times must be positive");
  }

  /** The pause after the {@code failed}-th failed boot in a row: none, 1 s, 2 s, 4 s. */
  static long delayMillis(int failed) {
    return failed <= 1 ? 0 : 500L << Math.min(failed - 1, 3);
  }
}

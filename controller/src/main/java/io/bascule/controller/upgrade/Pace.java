package io.bascule.controller.upgrade;

import java.util.function.LongSupplier;

/**
 * How fast the upgrade's thread turns, and the clock of its patience.
 *
 * @param turnMillis between two looks
 * @param idleTurnMillis between two looks without an upgrade
 * @param nanos a clock that never goes back
 */
record Pace(long turnMillis, long idleTurnMillis, LongSupplier nanos) {
  /**
   * Between two looks: short beside a boot, long beside a look. Without an upgrade only the view of
   * the controllers is kept fresh.
   */
  static final Pace USUAL = new Pace(50, 500, System::nanoTime);
}

package io.bascule.controller.upgrade;

import io.bascule.core.upgrade.Upgrade;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** How long the upgrade has been waiting for the same thing. Used by the upgrade's thread alone. */
final class Patience {
  /** A boot has 30 s, three tries of it 90 s, but each try waits for something of its own. */
  private static final long LASTS_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final LongSupplier nanos;
  private String waitingFor = "";
  private long sinceNanos;

  /**
   * @param nanos a clock that never goes back
   */
  Patience(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Whether the upgrade has been waiting for that, and nothing else, for a minute. */
  boolean lasts(Upgrade upgrade, String what) {
    String now = upgrade.plan().id() + upgrade.state() + upgrade.step() + what;
    if (!now.equals(waitingFor)) {
      waitingFor = now;
      sinceNanos = nanos.getAsLong();
    }
    return nanos.getAsLong() - sinceNanos > LASTS_NANOS;
  }

  /** Something was done. */
  void over() {
    waitingFor = "";
  }
}

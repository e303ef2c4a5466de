package io.bascule.controller.upgrade;

import io.bascule.core.upgrade.Upgrade;
import java.util.concurrent.TimeUnit;

/** How long the upgrade has been waiting for the same thing. Used by the upgrade's thread alone. */
final class Patience {
  /** A boot has 30 s, three tries of it 90 s, but each try waits for something of its own. */
  private static final long LASTS_NANOS = TimeUnit.SECONDS.toNanos(60);

  private String waitingFor = "";
  private long sinceNanos;

  /** Whether the upgrade has been waiting for that, and nothing else, for a minute. */
  boolean lasts(Upgrade upgrade, String why) {
    String now = upgrade.plan().id() + upgrade.state() + upgrade.step() + why;
    if (!now.equals(waitingFor)) {
      waitingFor = now;
      sinceNanos = System.nanoTime();
    }
    return System.nanoTime() - sinceNanos > LASTS_NANOS;
  }

  /** Something was done. */
  void over() {
    waitingFor = "";
  }
}

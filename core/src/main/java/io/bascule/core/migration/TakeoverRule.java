package io.bascule.core.migration;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Whether takeovers in the middle of a migration look like the migration's own doing (I6). */
public final class TakeoverRule {
  public static final Duration WITHIN = Duration.ofMinutes(10);
  public static final int TAKEOVERS = 2;

  private TakeoverRule() {}

  /**
   * One that a clock ahead has noted counts too: nobody knows when it was.
   *
   * @param takeovers unplanned ones in the present phase
   * @return whether format 2 is to be given up
   */
  public static boolean isUnstable(List<Instant> takeovers, Instant now) {
    return takeovers.stream().filter(at -> !at.plus(WITHIN).isBefore(now)).count() >= TAKEOVERS;
  }
}

package io.bascule.core.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GET /upgrade/cancel: what a confirmed cancel would do now.
 *
 * @param upgradeId to be named by the cancel; null in IDLE
 * @param revision to be named by the cancel
 * @param steps in order, in sentences
 */
public record CancelView(
    @Nullable String upgradeId,
    long revision,
    String availability,
    @Nullable String reason,
    @Nullable String warning,
    List<String> steps,
    @Nullable Long expectedHostPauseMillis,
    @Nullable Long expectedSeconds,
    List<UpgradeView.Guard> guards) {

  /**
   * POST /upgrade/cancel.
   *
   * @param reason NOT_INTERESTED, TAKING_TOO_LONG, SLOWING_HOST_IO or OTHER; null is OTHER
   */
  public record Request(
      String upgradeId,
      long revision,
      @Nullable String reason,
      @Nullable String comment,
      @Nullable Boolean acceptDisruption,
      @Nullable Boolean whenPossible) {}

  /** {@code outcome}: STARTED, NO_EFFECT or QUEUED. */
  public record Answer(String outcome, String detail) {}
}

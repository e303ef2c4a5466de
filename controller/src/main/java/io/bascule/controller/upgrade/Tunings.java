package io.bascule.controller.upgrade;

import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.upgrade.PausePoint;
import io.bascule.core.upgrade.Upgrade;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads what a request says about how an upgrade shall go. */
final class Tunings {
  private Tunings() {}

  static Set<PausePoint> pausePoints(List<String> labels) {
    Set<PausePoint> points = new LinkedHashSet<>();
    for (String label : labels) {
      try {
        points.add(PausePoint.parse(label));
      } catch (IllegalArgumentException e) {
        throw new Refusal(ErrorCode.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
      }
    }
    return points;
  }

  /** {@code was} with what is not null; a rate of 0 lifts the cap. */
  static Upgrade.Tuning apply(
      Upgrade.Tuning was,
      @Nullable String priority,
      @Nullable Long maxBytesPerSecond,
      @Nullable Integer confirmSeconds,
      int confirmSecondsLimit) {
    var chosen = was.priority();
    if (priority != null) {
      try {
        chosen = Upgrade.Priority.valueOf(priority);
      } catch (IllegalArgumentException e) {
        throw new Refusal(
            ErrorCode.INVALID_ARGUMENT,
            "'"
                + priority
                + "' is no priority; there are "
                + List.of(Upgrade.Priority.values())
                + ".");
      }
    }
    var rate = was.maxBytesPerSecond();
    if (maxBytesPerSecond != null) {
      if (maxBytesPerSecond < 0) {
        throw new Refusal(ErrorCode.INVALID_ARGUMENT, "maxBytesPerSecond is below zero.");
      }
      rate = maxBytesPerSecond == 0 ? Optional.empty() : Optional.of(maxBytesPerSecond);
    }
    int confirm = was.confirmSeconds();
    if (confirmSeconds != null) {
      if (confirmSeconds < 0 || confirmSeconds > confirmSecondsLimit) {
        throw new Refusal(
            ErrorCode.INVALID_ARGUMENT,
            "confirmSeconds is not between 0 and " + confirmSecondsLimit + ".");
      }
      confirm = confirmSeconds;
    }
    return new Upgrade.Tuning(chosen, rate, confirm);
  }
}

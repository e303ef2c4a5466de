package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Loss;
import io.bascule.core.volume.StoreException;

/** The one place that says what a failure of format 2 is called. */
final class Losses {
  private Losses() {}

  static Loss of(String doing, Throwable cause) {
    String code =
        switch (cause) {
          case StoreException.Full full -> Loss.FULL;
          case StoreException.Corrupt corrupt -> Loss.DAMAGED;
          case Check.BrokenInvariant broken -> Loss.BUG;
          default -> Loss.FAILED;
        };
    return new Loss(code, doing + ": " + words(cause));
  }

  /** For a person, who has the log for the rest. */
  private static String words(Throwable cause) {
    return cause instanceof StoreException ? String.valueOf(cause.getMessage()) : cause.toString();
  }

  static Loss stalled(String doing, long millis) {
    return new Loss(Loss.STALLED, doing + " took more than " + millis + " ms");
  }
}

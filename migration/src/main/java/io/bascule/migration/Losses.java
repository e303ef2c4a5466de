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
    return new Loss(code, doing + ": " + cause);
  }

  static Loss stalled(String doing, long millis) {
    return new Loss(Loss.STALLED, doing + " took more than " + millis + " ms");
  }
}

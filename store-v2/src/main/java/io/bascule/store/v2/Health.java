package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import org.jspecify.annotations.Nullable;

/**
 * Whether the pool may still be written. Once a sync failed, or the index could not follow the log,
 * nothing is written any more and no flush succeeds; reads go on, verified as ever.
 */
final class Health {
  private static final System.Logger LOG = System.getLogger(Health.class.getName());

  private volatile @Nullable StoreException suspect;
  private volatile Runnable marker = () -> {};

  /**
   * @param newMarker makes it durable that the pool is suspect
   */
  void onSuspect(Runnable newMarker) {
    marker = newMarker;
  }

  boolean isSuspect() {
    return suspect != null;
  }

  /** The pool was found suspect when it was opened. */
  void wasSuspect() {
    suspect =
        new StoreException.Io(
            "the pool is suspect", new IllegalStateException("a sync failed before it was opened"));
  }

  void markSuspect(StoreException cause) {
    synchronized (this) {
      if (suspect != null) {
        return;
      }
      suspect = cause;
    }
    LOG.log(System.Logger.Level.ERROR, "the pool is suspect: nothing more is written", cause);
    try {
      marker.run();
    } catch (StoreException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot make durable that the pool is suspect", e);
    }
  }

  void check() {
    var cause = suspect;
    if (cause != null) {
      throw new StoreException.Io(
          "the pool is suspect: a sync failed, so what it acknowledged may not be on the disk",
          cause);
    }
  }
}

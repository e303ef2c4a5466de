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

  /** Set once; of this process alone, the disk is told nothing. */
  private volatile @Nullable StoreException ended;

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

  /** Whether nothing more may be written. */
  boolean isOver() {
    return suspect != null || ended != null;
  }

  /**
   * This process writes no more to the pool, which may be another's: what fails from now on says
   * nothing about the disk.
   */
  synchronized void end(String why, Throwable cause) {
    if (ended == null) {
      ended = new StoreException.Io(why, cause);
    }
  }

  /** The pool was found suspect when it was opened. */
  void wasSuspect() {
    suspect =
        new StoreException.Io(
            "the pool is suspect", new IllegalStateException("a sync failed before it was opened"));
  }

  void markSuspect(StoreException cause) {
    synchronized (this) {
      if (isOver()) {
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
    var end = ended;
    if (end != null) {
      throw new StoreException.Io(String.valueOf(end.getMessage()), end);
    }
    var cause = suspect;
    if (cause != null) {
      throw new StoreException.Io(
          "the pool is suspect: a sync failed, so what it acknowledged may not be on the disk",
          cause);
    }
  }
}

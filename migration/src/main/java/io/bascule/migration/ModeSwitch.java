package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Service;
import io.bascule.core.volume.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The one reference to the present {@link Mode} of all volumes: cancel, commit and the loss of
 * format 2 swap it, each operation takes it once. Any thread.
 *
 * <p>Invariant: an operation that was let in is counted in the mode it was given before that mode
 * can be over, so whoever swaps and then sees no operation in the old mode knows that there is
 * none.
 */
final class ModeSwitch {
  /**
   * How long a write waits for a held commit. The hold itself ends within a fraction of a second,
   * or the process does; this only keeps a thread from waiting for ever should neither come true.
   */
  private static final long HELD_MAX_SECONDS = 60;

  private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /** Changed under this object's lock. */
  private volatile Mode present = new Mode(Service.V1);

  /** Earlier modes that still may have operations. Guarded by this. */
  private final List<Mode> past = new ArrayList<>();

  private boolean canceled;
  private boolean lost;

  Mode present() {
    return present;
  }

  /** Lets a write in; waits while writes are held. */
  Mode enterWrite() {
    while (true) {
      Mode mode = present;
      if (mode.service() == Service.HELD) {
        awaitRelease(mode);
        continue;
      }
      mode.beginWrite();
      if (present == mode) {
        return mode;
      }
      mode.endWrite();
    }
  }

  Mode enterRead() {
    while (true) {
      Mode mode = present;
      mode.beginRead();
      if (present == mode) {
        return mode;
      }
      mode.endRead();
    }
  }

  private static void awaitRelease(Mode held) {
    try {
      if (!held.over().await(HELD_MAX_SECONDS, TimeUnit.SECONDS)) {
        throw new StoreException.Io(
            "the commit of the migration did not let a write go on",
            new TimeoutException(HELD_MAX_SECONDS + " s"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException.Io("interrupted while a write waited for the commit", e);
    }
  }

  /**
   * Makes {@code next} the present mode. Once a migration is canceled only V1 is, once format 2 is
   * lost nothing that mirrors, until {@link #begin}: whoever asks for it has not heard yet.
   */
  synchronized void set(Service next) {
    Mode mode = present;
    Check.that(mode.service() != Service.V2, "%s after the commit", next);
    Check.that(!(canceled && next == Service.V2), "commit after a cancel");
    if (mode.service() != next
        && (!canceled || next == Service.V1)
        && (!lost || !(next.mirrors() || next == Service.HELD))) {
      swap(mode, next);
    }
  }

  /** A new migration begins. */
  synchronized void begin() {
    Check.that(present.service() == Service.V1, "a migration begins in %s", present);
    canceled = false;
    lost = false;
  }

  /** The cancel is on record. */
  synchronized void cancel() {
    set(Service.V1);
    canceled = true;
  }

  /**
   * Format 2 is lost: stops mirroring at once. Held writes stay held: whether the commit was
   * recorded decides which format has them.
   */
  synchronized void lost() {
    Mode mode = present;
    if (mode.service().mirrors()) {
      swap(mode, Service.MARKING);
    }
    lost = true;
  }

  /** Holds writes, if they are mirrored and read from format 2; else null. */
  synchronized @Nullable Mode hold() {
    Mode mode = present;
    return mode.service() == Service.READ_V2 ? swap(mode, Service.HELD) : null;
  }

  /** Lets held writes go on as before the hold, or as it must be by now. */
  synchronized void release(Mode held) {
    if (present == held) {
      swap(held, lost ? Service.MARKING : Service.READ_V2);
    }
  }

  private Mode swap(Mode before, Service next) {
    var mode = new Mode(next);
    past.add(before);
    present = mode;
    before.over().countDown();
    return mode;
  }

  /**
   * Waits until no write (and, if so asked, no read) of an earlier mode goes on; whether that came
   * to pass in time.
   */
  boolean awaitPast(boolean readsToo, long boundNanos) {
    long deadline = System.nanoTime() + boundNanos;
    while (!pastIsOver(readsToo)) {
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
    return true;
  }

  private synchronized boolean pastIsOver(boolean readsToo) {
    past.removeIf(mode -> mode.writesInFlight() == 0 && mode.readsInFlight() == 0);
    return past.stream()
        .allMatch(mode -> mode.writesInFlight() == 0 && (!readsToo || mode.readsInFlight() == 0));
  }
}

package io.bascule.controller.runtime;

import io.bascule.controller.service.EventService;
import io.bascule.core.volume.StoreException;
import io.bascule.platform.Ballast;
import io.bascule.platform.FreeSpace;
import java.io.IOException;

/**
 * Tells the administrator that the enclosure fills up, early and then again when hosts feel it, and
 * takes the ballast in when there is room. Used by housekeeping's thread alone.
 */
final class SpaceWatch {
  private static final System.Logger LOG = System.getLogger(SpaceWatch.class.getName());

  static final String NEARLY_FULL = "enclosure.nearly-full";
  static final String FULL = "enclosure.full";

  /** An alert is over when there is this much more room than it takes to raise it. */
  private static final long HYSTERESIS_BYTES = 32L << 20;

  private static final String WHAT_TO_DO =
      "Delete volumes that are not needed, trim in the hosts (fstrim), remove what does not belong"
          + " on the file system of the data directory, or enlarge it. The last %s are kept for the"
          + " appliance itself.";

  private final FreeSpace space;
  private final Ballast ballast;
  private final EventService events;
  private final String whatToDo;
  private Shown nearly = Shown.UNKNOWN;
  private Shown full = Shown.UNKNOWN;
  private boolean ballastFailed;

  /** Whether an alert is open; one of a controller before us may be. */
  private enum Shown {
    UNKNOWN,
    OPEN,
    CLEAR
  }

  SpaceWatch(FreeSpace space, Ballast ballast, EventService events) {
    this.space = space;
    this.ballast = ballast;
    this.events = events;
    this.whatToDo = WHAT_TO_DO.formatted(text(space.floorBytes()));
  }

  void look() {
    long free;
    try {
      free = space.freeBytes();
    } catch (StoreException e) {
      LOG.log(System.Logger.Level.ERROR, "the free space is not known", e);
      return;
    }
    takeBallast();
    nearly =
        show(
            nearly,
            free,
            space.nearlyFullBytes(),
            "WARNING",
            NEARLY_FULL,
            "The enclosure is nearly full: %s of %s are free."
                .formatted(text(free), text(space.totalBytes())));
    full =
        show(
            full,
            free,
            // What a host writes at once may not fit any more.
            space.floorBytes() + (1 << 20),
            "CRITICAL",
            FULL,
            "The enclosure is full: hosts' writes that need new space fail (space allocation"
                + " failed); reads, and writes over what is there, go on.");
  }

  private Shown show(
      Shown before, long free, long limit, String severity, String kind, String message) {
    if (free < limit) {
      if (before != Shown.OPEN) {
        events.raise(severity, kind, message, whatToDo);
      }
      return Shown.OPEN;
    }
    long enough = before == Shown.OPEN ? limit + Math.min(limit / 2, HYSTERESIS_BYTES) : limit;
    if (before != Shown.CLEAR && free >= enough) {
      events.clear(kind);
      return Shown.CLEAR;
    }
    return before;
  }

  private void takeBallast() {
    try {
      ballast.take(space.floorBytes());
      ballastFailed = false;
    } catch (IOException | StoreException e) {
      if (!ballastFailed) {
        LOG.log(System.Logger.Level.ERROR, "the ballast cannot be taken in", e);
      }
      ballastFailed = true;
    }
  }

  private static String text(long bytes) {
    return bytes >= 10L << 30 ? (bytes >> 30) + " GiB" : (bytes >> 20) + " MiB";
  }
}

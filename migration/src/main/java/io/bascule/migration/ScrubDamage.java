package io.bascule.migration;

import io.bascule.core.migration.Service;
import io.bascule.store.v2.DamageListener;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Regions of format 2 that scrubbing found damaged while format 1 still has them, until they are
 * marked: the thread that scrubs must not wait for their locks. Any thread.
 */
final class ScrubDamage implements DamageListener {
  /** More are found again by the next pass. */
  private static final int MOST = 4096;

  private record Place(UUID volume, long region) {}

  private final ModeSwitch modes;
  private final Set<Place> places = new LinkedHashSet<>();

  ScrubDamage(ModeSwitch modes) {
    this.modes = modes;
  }

  /** Whether hosts are served in a way in which format 1 has what format 2 should. */
  static boolean isMended(Service service) {
    return service.mirrors() || service == Service.HELD;
  }

  @Override
  public boolean damaged(UUID volume, long offsetBytes) {
    if (!isMended(modes.present().service())) {
      return false;
    }
    var place = new Place(volume, Regions.of(offsetBytes));
    synchronized (this) {
      return places.contains(place) || (places.size() < MOST && places.add(place));
    }
  }

  @Override
  public boolean mendsReads() {
    return isMended(modes.present().service());
  }

  synchronized boolean isEmpty() {
    return places.isEmpty();
  }

  /** Marks all of them: they are copied again, and their volumes compared again. */
  void mark(List<MirroredVolume> volumes) {
    for (var place : List.copyOf(snapshot())) {
      for (var volume : volumes) {
        if (volume.uuid().equals(place.volume())) {
          volume.damaged(place.region());
        }
      }
      synchronized (this) {
        places.remove(place); // only now, so that a commit sees either this or the mark
      }
    }
  }

  private synchronized Set<Place> snapshot() {
    return new LinkedHashSet<>(places);
  }
}

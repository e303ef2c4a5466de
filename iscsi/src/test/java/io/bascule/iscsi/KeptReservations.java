package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** A store in memory: it outlives its target as state.db outlives a controller. */
final class KeptReservations implements ReservationStore {
  final Map<UUID, byte[]> content = new ConcurrentHashMap<>();
  volatile String power = "first";
  volatile boolean full;
  volatile boolean broken;

  @Override
  public String power() {
    return power;
  }

  @Override
  public Map<UUID, byte[]> load() {
    return new HashMap<>(content);
  }

  @Override
  public void save(UUID volume, byte[] bytes) {
    if (full) {
      throw new StoreException.Full("as the test wants it", new IOException());
    }
    if (broken) {
      throw new StoreException.Io("as the test wants it", new IOException());
    }
    content.put(volume, bytes.clone());
  }
}

package io.bascule.iscsi;

import java.util.Map;
import java.util.UUID;

/** Where reservations are kept, by volume. What is kept is the target's own and may be long. */
public interface ReservationStore {
  /**
   * Names the time since the appliance was last without power. What is kept under another name has
   * been through a loss of power.
   */
  String power();

  /** All that is kept. */
  Map<UUID, byte[]> load();

  /**
   * Durable when this returns.
   *
   * @throws io.bascule.core.volume.StoreException if it could not be kept: then what was there
   *     before still is
   */
  void save(UUID volume, byte[] content);
}

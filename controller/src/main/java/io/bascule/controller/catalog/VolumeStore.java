package io.bascule.controller.catalog;

import io.bascule.core.volume.Volume;
import java.util.Set;
import java.util.UUID;

/**
 * The volumes' data, whatever its format. Every method is durable when it returns, and may be asked
 * again after a crash in the middle of it. Throws {@link io.bascule.core.volume.StoreException}.
 */
public interface VolumeStore {
  /** A new volume full of zeros; one of that name that a crash left half made is replaced. */
  Volume create(UUID uuid, long sizeBytes);

  Volume open(UUID uuid);

  /** Grows an open volume. */
  void grow(Volume volume, long sizeBytes);

  /** Removes a closed volume, if it is there. */
  void delete(UUID uuid);

  /** What is there, whole or not. */
  Set<UUID> present();
}

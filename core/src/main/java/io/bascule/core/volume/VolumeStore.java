package io.bascule.core.volume;

import java.util.Collection;
import java.util.List;
import java.util.UUID;

/**
 * The volumes' data, whatever its format. Every method is durable when it returns, and may be asked
 * again after a crash in the middle of it. Throws {@link StoreException}.
 */
public interface VolumeStore {
  /** A new volume full of zeros, open. */
  Volume create(UUID uuid, long sizeBytes);

  Volume open(UUID uuid);

  /** Grows a volume, open or not. */
  void grow(UUID uuid, long sizeBytes);

  /** Removes a closed volume, if it is there. */
  void delete(UUID uuid);

  /** Reads again what the store keeps of the volume beside its data; whether that is in order. */
  boolean isSound(UUID uuid);

  /** What is there beside the known volumes, described for a person. */
  List<String> strays(Collection<UUID> known);
}

package io.bascule.core.volume;

import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
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

  /** Removes a closed volume or snapshot, if it is there. */
  void delete(UUID uuid);

  /** Reads again what the store keeps of the volume beside its data; whether that is in order. */
  boolean isSound(UUID uuid);

  /**
   * Looks at a volume, open or not, and changes nothing. A store that can say more than whether it
   * is sound says it here.
   */
  default VolumeCheck check(UUID uuid) {
    return new VolumeCheck(
        VolumeCheck.FORMAT_NOT_TOLD,
        OptionalLong.empty(),
        isSound(uuid)
            ? List.of()
            : List.of(
                new VolumeCheck.Finding(
                    VolumeCheck.Trouble.UNREADABLE, "its store does not find it in order")));
  }

  /**
   * Lets a suspect volume, open or not, be written again: a person vouches for its data. Asked for
   * only after {@link #check} has told SUSPECT.
   */
  default void accept(UUID uuid) {
    throw new UnsupportedOperationException("this store tells no volume suspect");
  }

  /** What opening, reading and scrubbing have met that is damaged on disk. Does not search. */
  default DamageReport damage() {
    return DamageReport.NONE;
  }

  /** What is there beside the known volumes and snapshots, described for a person. */
  List<String> strays(Collection<UUID> known);
}

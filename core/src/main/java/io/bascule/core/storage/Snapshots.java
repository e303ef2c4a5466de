package io.bascule.core.storage;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.util.Map;
import java.util.UUID;

/**
 * Snapshots of volumes: each is its volume as it was at one moment, and never changes. Every method
 * that changes something is durable when it returns and, as far as the store is concerned, happens
 * wholly or not at all. Removed by {@link io.bascule.core.volume.VolumeStore#delete}, which may be
 * asked for again. Throws {@link StoreException}.
 */
public interface Snapshots {
  /**
   * Takes a snapshot of a volume, open or not, in a time that does not depend on its size. It holds
   * every write that was acknowledged before the call, and of those that hosts issue meanwhile all
   * up to one moment.
   */
  void take(UUID volume, UUID snapshot);

  /** A new volume with the content of the snapshot, open. It shares what does not change. */
  Volume clone(UUID snapshot, UUID volume);

  /**
   * The volume, which is closed, gets the content of its snapshot. Its size stays: what it grew by
   * since reads zeros. Nothing that was under way in the closed volume is seen afterwards.
   */
  void rollback(UUID volume, UUID snapshot);

  /** What each volume and snapshot takes that is not a hole, shared or not, in bytes. */
  Map<UUID, Long> allocatedBytes();
}

package io.bascule.migration;

import io.bascule.core.storage.PoolUse;
import io.bascule.core.storage.Snapshots;
import io.bascule.core.volume.Volume;
import io.bascule.store.v2.VolumeInfo;
import io.bascule.store.v2.VolumePool;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;

/** The snapshots of a pool, as the controller uses them. */
final class PoolSnapshots implements Snapshots {
  private final VolumePool pool;

  PoolSnapshots(VolumePool pool) {
    this.pool = pool;
  }

  @Override
  public void take(UUID volume, UUID snapshot) {
    pool.snapshot(volume, snapshot);
  }

  @Override
  public Volume clone(UUID snapshot, UUID volume) {
    pool.clone(snapshot, volume);
    return pool.open(volume);
  }

  @Override
  public void rollback(UUID volume, UUID snapshot) {
    pool.rollback(volume, snapshot);
  }

  /** What the whole pool takes, volumes and snapshots. */
  PoolUse use() {
    var space = pool.space();
    return new PoolUse(space.allocatedBytes(), space.usedBytes(), space.garbageBytes());
  }

  @Override
  public Map<UUID, Long> allocatedBytes() {
    return pool.list().stream()
        .collect(Collectors.toUnmodifiableMap(VolumeInfo::uuid, VolumeInfo::allocatedBytes));
  }
}

package io.bascule.controller.runtime;

import io.bascule.controller.service.SpaceService;
import io.bascule.controller.service.VolumeService;
import io.bascule.core.api.SpaceView;
import io.bascule.core.api.VolumeView;
import io.bascule.core.storage.PoolUse;
import io.bascule.core.storage.Storage;
import io.bascule.platform.FreeSpace;

/** The enclosure's space as the active controller sees it. Any thread may call. */
final class SpaceStatus implements SpaceService {
  private final VolumeService volumes;
  private final Storage storage;
  private final FreeSpace free;

  SpaceStatus(VolumeService volumes, Storage storage, FreeSpace free) {
    this.volumes = volumes;
    this.storage = storage;
    this.free = free;
  }

  @Override
  public SpaceView space() {
    long freeBytes = Math.max(0, free.freeBytes() - free.floorBytes());
    return storage.poolUse().map(use -> ofPool(use, freeBytes)).orElseGet(() -> ofFiles(freeBytes));
  }

  private static SpaceView ofPool(PoolUse use, long freeBytes) {
    return new SpaceView(
        2, use.allocatedBytes(), use.usedBytes(), use.reclaimableBytes(), freeBytes);
  }

  /** Format 1: sparse files, as they are. */
  private SpaceView ofFiles(long freeBytes) {
    long allocated = volumes.list().stream().mapToLong(VolumeView::allocatedBytes).sum();
    return new SpaceView(1, allocated, allocated, 0, freeBytes);
  }
}

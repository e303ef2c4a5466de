package io.bascule.controller.runtime;

import io.bascule.controller.upgrade.FormatTwoRemoval;
import io.bascule.controller.upgrade.Leftovers;
import io.bascule.core.storage.Storage;
import io.bascule.core.upgrade.Migration;
import io.bascule.core.volume.VolumeStore;
import io.bascule.platform.FreeSpace;
import io.bascule.platform.LocalDirectory;
import io.bascule.store.v1.StoreV1;

/** The storage of a release that brings none of its own: volumes of format 1. */
final class FormatOneStorage implements Storage {
  private final VolumeStore volumes;
  private final Migration migration;

  FormatOneStorage(NodeSettings settings, FreeSpace space, FormatTwoRemoval formatTwo) {
    this.volumes = new StoreV1(LocalDirectory.open(settings.layout().volumesV1(), space));
    this.migration = new Leftovers(formatTwo);
  }

  @Override
  public VolumeStore volumes() {
    return volumes;
  }

  @Override
  public void opened() {
    // Nothing is half done in format 1.
  }

  @Override
  public Migration migration() {
    return migration;
  }

  @Override
  public void prepareToClose() {
    // Nothing takes long.
  }

  @Override
  public void close() {
    // There is no work in the background but the removal of dropped files, which may be cut short.
  }
}

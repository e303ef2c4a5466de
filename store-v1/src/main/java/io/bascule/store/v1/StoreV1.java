package io.bascule.store.v1;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** Volumes of format 1. */
public final class StoreV1 implements VolumeStore {
  private final VolumeStoreV1 store;

  public StoreV1(Directory directory) {
    this.store = new VolumeStoreV1(directory);
  }

  @Override
  public Volume create(UUID uuid, long sizeBytes) {
    store.create(uuid, sizeBytes);
    return store.open(uuid);
  }

  @Override
  public Volume open(UUID uuid) {
    return store.open(uuid);
  }

  @Override
  public void grow(UUID uuid, long sizeBytes) {
    store.grow(uuid, sizeBytes);
  }

  @Override
  public void delete(UUID uuid) {
    store.delete(uuid);
  }

  @Override
  public boolean isSound(UUID uuid) {
    return !store.isSuspect(uuid);
  }

  @Override
  public VolumeCheck check(UUID uuid) {
    return store.check(uuid);
  }

  @Override
  public void accept(UUID uuid) {
    store.accept(uuid);
  }

  @Override
  public List<String> strays(Collection<UUID> known) {
    var strays = new ArrayList<String>();
    store.orphans(known).forEach(uuid -> strays.add("volume " + uuid));
    store.strays().forEach(file -> strays.add("file " + file));
    return strays;
  }
}

package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.Volume;
import io.bascule.store.v2.DamageListener;
import io.bascule.store.v2.PoolSettings;
import io.bascule.store.v2.VolumePool;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The real format 2 in a directory of the tests. */
final class PooledFormatTwo implements FormatTwo {
  private static final PoolSettings SETTINGS = PoolSettings.DEFAULT.withSegmentBytes(1 << 20);

  private final PoolSettings settings;
  private final Directory directory;
  private final long epoch;
  private final List<Volume> volumes = new ArrayList<>();
  private DamageListener damage = DamageListener.NONE;
  private @Nullable VolumePool pool;

  PooledFormatTwo(Directory directory, long epoch, UUID kernelBoot, boolean compress) {
    this.directory = directory;
    this.settings = SETTINGS.withKernelBoot(kernelBoot).withCompress(compress);
    this.epoch = epoch;
  }

  VolumePool pool() {
    return Check.found(pool, "pool");
  }

  @Override
  public void onDamage(DamageListener listener) {
    damage = listener;
  }

  @Override
  public void createEmpty() {
    drop();
    pool = VolumePool.create(directory, settings, epoch);
    pool.onDamage(damage);
  }

  @Override
  public void open() {
    pool = VolumePool.open(directory, settings, epoch);
    pool.onDamage(damage);
  }

  @Override
  public void createVolume(UUID uuid, long sizeBytes) {
    pool().create(uuid, sizeBytes);
  }

  @Override
  public Volume openVolume(UUID uuid) {
    var volume = pool().open(uuid);
    volumes.add(volume);
    return volume;
  }

  @Override
  public void sync() {
    pool().flush();
  }

  @Override
  public void checkFiles() {
    pool().checkFiles();
  }

  @Override
  public long freeBytes() {
    return pool().space().freeBytes();
  }

  @Override
  public void close() {
    volumes.forEach(Volume::close);
    volumes.clear();
    if (pool != null) {
      pool.close();
      pool = null;
    }
  }

  @Override
  public void drop() {
    close();
    directory.list().forEach(directory::delete);
    directory.sync();
  }
}

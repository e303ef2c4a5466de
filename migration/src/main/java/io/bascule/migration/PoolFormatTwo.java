package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.storage.Enclosure;
import io.bascule.core.volume.Volume;
import io.bascule.store.v2.DamageListener;
import io.bascule.store.v2.VolumePool;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A pool of format 2 in the enclosure, for the migration. Used by one thread at a time. */
final class PoolFormatTwo implements FormatTwo {
  private final Enclosure enclosure;
  private final Consumer<VolumePool> opened;
  private final List<Volume> volumes = new ArrayList<>();
  private DamageListener damage = DamageListener.NONE;
  private @Nullable VolumePool pool;

  /** {@code opened} is told of the pool whenever one is open. */
  PoolFormatTwo(Enclosure enclosure, Consumer<VolumePool> opened) {
    this.enclosure = enclosure;
    this.opened = opened;
  }

  @Override
  public void onDamage(DamageListener listener) {
    damage = listener;
  }

  @Override
  public void createEmpty() {
    close();
    if (enclosure.hasFormatTwo()) {
      enclosure.dropFormatTwo();
    }
    use(
        VolumePool.create(
            enclosure.formatTwo(), PoolStorage.settings(enclosure), enclosure.epoch()));
  }

  @Override
  public void open() {
    use(VolumePool.open(enclosure.formatTwo(), PoolStorage.settings(enclosure), enclosure.epoch()));
  }

  private void use(VolumePool made) {
    pool = made;
    made.onDamage(damage);
    opened.accept(made);
  }

  private VolumePool pool() {
    return Check.found(pool, "the pool");
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
    var space = pool().space();
    return Math.max(0, space.freeBytes() - space.reserveBytes());
  }

  @Override
  public void close() {
    var open = pool;
    if (open != null) {
      pool = null;
      volumes.forEach(Volume::close);
      volumes.clear();
      open.abandon(); // hosts may wait, and the log holds what the last checkpoint does not
    }
  }

  @Override
  public void drop() {
    close();
    enclosure.dropFormatTwo();
  }
}

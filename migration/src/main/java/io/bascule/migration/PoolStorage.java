package io.bascule.migration;

import io.bascule.core.storage.Enclosure;
import io.bascule.core.storage.PoolUse;
import io.bascule.core.storage.Snapshots;
import io.bascule.core.storage.Storage;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.World;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.VolumeStore;
import io.bascule.store.v2.PoolSettings;
import io.bascule.store.v2.VolumePool;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.UUID;

/** Volumes of format 2 alone: the appliance was committed to it, or began with it. */
final class PoolStorage implements Storage {
  private static final System.Logger LOG = System.getLogger(PoolStorage.class.getName());
  private static final int PHASES = 4;

  private final VolumePool pool;

  private PoolStorage(VolumePool pool) {
    this.pool = pool;
  }

  /** How pools of an appliance behave. */
  static PoolSettings settings(Enclosure enclosure) {
    return PoolSettings.DEFAULT.withKernelBoot(UUID.fromString(enclosure.bootId()));
  }

  static PoolStorage open(Enclosure enclosure) {
    var directory = enclosure.formatTwo();
    var pool =
        VolumePool.exists(directory)
            ? VolumePool.open(directory, settings(enclosure), enclosure.epoch())
            : first(enclosure, directory);
    // What the commit left of format 1, if a crash came before it was all removed. Without a commit
    // on record nobody knows what it is.
    if (enclosure.record().filter(upgrade -> upgrade.row().committed()).isPresent()) {
      Thread.ofPlatform()
          .name("free-format-1")
          .daemon()
          .priority(Thread.MIN_PRIORITY)
          .start(() -> freeRest(enclosure.formatOne()));
    }
    return new PoolStorage(pool);
  }

  /** Only an appliance that has no volumes yet begins with an empty pool. */
  private static VolumePool first(Enclosure enclosure, Directory directory) {
    if (!enclosure.volumes().isEmpty()) {
      throw new StoreException.Corrupt(
          "the pool of format 2 is gone; "
              + enclosure.volumes().size()
              + " volumes should be in it");
    }
    return VolumePool.create(directory, settings(enclosure), enclosure.epoch());
  }

  static void freeFormatOne(Directory formatOne) {
    for (String name : formatOne.list()) {
      formatOne.delete(name);
    }
  }

  private static void freeRest(Directory formatOne) {
    try {
      freeFormatOne(formatOne);
    } catch (StoreException e) {
      LOG.log(Level.WARNING, "something of format 1 stays; the next start removes it", e);
    }
  }

  @Override
  public VolumeStore volumes() {
    return new PoolVolumes(pool);
  }

  @Override
  public Optional<Snapshots> snapshots() {
    return Optional.of(new PoolSnapshots(pool));
  }

  @Override
  public Optional<PoolUse> poolUse() {
    return Optional.of(new PoolSnapshots(pool).use());
  }

  @Override
  public void opened() {
    // Nothing is half done.
  }

  @Override
  public io.bascule.core.upgrade.Migration migration() {
    return new Done();
  }

  @Override
  public void prepareToClose() {
    checkpoint(pool);
  }

  /** So that little of the log is left to be replayed by who comes next. */
  static void checkpoint(VolumePool pool) {
    if (pool.isSuspect()) {
      return;
    }
    try {
      pool.checkpoint();
    } catch (StoreException e) {
      LOG.log(Level.WARNING, "no last checkpoint; the next opening takes longer", e);
    }
  }

  /** Hosts wait: the log holds what the checkpoint does not. */
  @Override
  public void close() {
    pool.abandon();
  }

  /** All phases are over. */
  private static final class Done implements io.bascule.core.upgrade.Migration {
    @Override
    public void follow(Optional<Upgrade> record) {
      // Whatever it says, the volumes are in format 2 to stay.
    }

    @Override
    public World.FormatTwo look() {
      return new World.FormatTwo(true, true, true, PHASES, 0, Optional.empty());
    }

    @Override
    public Optional<Progress> progress() {
      return Optional.empty();
    }

    @Override
    public void commit() {
      // Done before.
    }
  }
}

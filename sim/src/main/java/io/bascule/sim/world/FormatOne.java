package io.bascule.sim.world;

import io.bascule.core.storage.Enclosure;
import io.bascule.core.storage.Storage;
import io.bascule.core.upgrade.Migration;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.World;
import io.bascule.core.volume.VolumeStore;
import io.bascule.store.v1.StoreV1;
import java.util.Optional;

/**
 * The storage of releases 1.2.x: the product's format 1, and what {@code Leftovers} does about
 * format 2, on a simulated disk.
 */
final class FormatOne implements Storage {
  private final Enclosure enclosure;
  private final VolumeStore volumes;

  FormatOne(Enclosure enclosure) {
    this.enclosure = enclosure;
    this.volumes = new StoreV1(enclosure.formatOne());
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
    return new Dropping();
  }

  @Override
  public void prepareToClose() {
    // Nothing takes long.
  }

  @Override
  public void close() {
    // There is no work in the background.
  }

  private final class Dropping implements Migration {
    @Override
    public void follow(Optional<Upgrade> record) {
      if (record.isPresent() && record.get().row().canceled() && enclosure.hasFormatTwo()) {
        enclosure.dropFormatTwo();
      }
    }

    @Override
    public World.FormatTwo look() {
      return new World.FormatTwo(false, enclosure.hasFormatTwo(), false, 0, 0, Optional.empty());
    }

    @Override
    public Optional<Progress> progress() {
      return Optional.empty();
    }

    @Override
    public void commit() {
      throw new UnsupportedOperationException("this release knows no format to commit to");
    }
  }
}

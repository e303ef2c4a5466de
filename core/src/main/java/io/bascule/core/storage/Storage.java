package io.bascule.core.storage;

import io.bascule.core.upgrade.Migration;
import io.bascule.core.volume.VolumeStore;
import java.util.Optional;

/** The volumes of the active controller, and what can be done to their format. */
public interface Storage extends AutoCloseable {
  /**
   * The volumes, whichever format they are in. An open volume stays valid across the phases, a
   * cancel and the commit: hosts keep using the same object.
   */
  VolumeStore volumes();

  /**
   * Snapshots of the volumes; empty while the format that counts has none. Asked anew for each use:
   * a commit brings them without a restart.
   */
  default Optional<Snapshots> snapshots() {
    return Optional.empty();
  }

  /** What the pool of volumes takes; empty while a format counts that has no pool. */
  default Optional<PoolUse> poolUse() {
    return Optional.empty();
  }

  /** Every volume is open, and no host yet. What an earlier process has begun is taken up. */
  void opened();

  /** The work on the next format. */
  Migration migration();

  /**
   * {@link #close} comes soon, and hosts wait from then on: what takes long and would make it or
   * the next opening longer is done now, while they are still served.
   */
  void prepareToClose();

  /**
   * Ends all work in the background; the volumes are closed already. What was acknowledged stays.
   */
  @Override
  void close();
}

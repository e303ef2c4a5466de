package io.bascule.core.storage;

import io.bascule.core.volume.Damage;
import io.bascule.core.volume.VolumeCheck;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * What was found of format 2 while nobody had it open.
 *
 * @param volumes the volumes there are
 * @param snapshots the snapshots there are
 * @param damage what is wrong; empty is good
 * @param readable whether what tells the volumes could be read; else there are none here
 */
public record FormatTwoCheck(
    Map<UUID, VolumeCheck> volumes, List<UUID> snapshots, List<Damage> damage, boolean readable) {
  public FormatTwoCheck {
    volumes = Map.copyOf(volumes);
    snapshots = List.copyOf(snapshots);
    damage = List.copyOf(damage);
  }
}

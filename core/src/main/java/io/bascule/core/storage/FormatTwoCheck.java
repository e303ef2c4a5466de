package io.bascule.core.storage;

import io.bascule.core.volume.VolumeCheck;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * What was found of format 2 while nobody had it open.
 *
 * @param volumes the volumes there are
 * @param snapshots the snapshots there are
 * @param damage what is wrong, each with file and offset; empty is good
 */
public record FormatTwoCheck(
    Map<UUID, VolumeCheck> volumes, List<UUID> snapshots, List<String> damage) {
  public FormatTwoCheck {
    volumes = Map.copyOf(volumes);
    snapshots = List.copyOf(snapshots);
    damage = List.copyOf(damage);
  }
}

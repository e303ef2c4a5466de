package io.bascule.controller.service;

import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.VolumeView;
import java.util.List;

/**
 * Snapshots of volumes. All of it is refused with NEEDS_FORMAT_2 where the volumes are in format 1;
 * whatever changes something with UPGRADE_RUNNING while an upgrade runs.
 */
public interface SnapshotService {
  /** Of all volumes, by LUN, oldest first. */
  List<SnapshotView> list();

  /** Of one volume, oldest first. */
  List<SnapshotView> list(String volume);

  SnapshotView get(String volume, String name);

  /** Holds every write that was acknowledged before the call. */
  SnapshotView create(String volume, String name, String by);

  /** A new volume, with a LUN of its own, that begins with the snapshot's content. */
  VolumeView clone(String volume, String name, String newVolume, String by);

  /** The volume gets the snapshot's content; IN_USE while a host is logged in that sees it. */
  VolumeView rollback(String volume, String name, String by);

  void delete(String volume, String name, String by);
}

package io.bascule.controller.service;

import io.bascule.core.api.VolumeView;
import java.util.List;

/**
 * The catalog of volumes. Create, resize and delete are refused with UPGRADE_RUNNING while an
 * upgrade runs.
 */
public interface VolumeService {
  List<VolumeView> list();

  VolumeView get(String name);

  VolumeView create(String name, long sizeBytes, String by);

  VolumeView resize(String name, long sizeBytes, String by);

  void delete(String name, String by);
}

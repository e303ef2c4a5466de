package io.bascule.controller.service;

import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeView;
import java.util.List;

/**
 * The catalog of volumes. Create, resize, delete and accept are refused with UPGRADE_RUNNING while
 * an upgrade runs.
 */
public interface VolumeService {
  List<VolumeView> list();

  VolumeView get(String name);

  VolumeView create(String name, long sizeBytes, String by);

  VolumeView resize(String name, long sizeBytes, String by);

  /** Looks at every volume, and at what lies beside them; changes nothing. */
  VolumeCheckView checkAll();

  /** Looks at one volume; changes nothing. */
  VolumeCheckView check(String name);

  /**
   * Lets hosts write a suspect volume again; answers with a check of it. CONFLICTING_OPERATION if
   * it is not suspect.
   */
  VolumeCheckView accept(String name, String by);

  void delete(String name, String by);
}

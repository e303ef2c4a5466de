package io.bascule.core.api;

import java.util.List;
import java.util.Objects;

/**
 * GET /volume-check, GET /volumes/{name}/check: what was looked at and what is wrong with it.
 * Looking changes nothing.
 *
 * @param sound nothing is wrong
 * @param live whether the appliance served while this was looked at
 * @param pool what is wrong with the pool that all volumes of format 2 lie in
 * @param strays what lies in the store and belongs to no volume; empty where one volume was asked
 *     for
 * @param limits what this check cannot see
 */
public record VolumeCheckView(
    boolean sound,
    boolean live,
    List<Checked> volumes,
    List<Finding> pool,
    List<String> strays,
    String limits) {

  /** An older release says nothing of a pool. */
  public VolumeCheckView {
    pool = Objects.requireNonNullElse(pool, List.of());
  }

  /**
   * One volume.
   *
   * @param format of its data on disk
   * @param state SOUND, SUSPECT (a sync failed: hosts only read) or DAMAGED
   */
  public record Checked(
      String name, int lun, String uuid, int format, String state, List<Finding> findings) {}

  /**
   * Something wrong.
   *
   * @param code HEADER_MISSING, HEADER_CORRUPT, HEADER_TOO_OLD, HEADER_TOO_NEW, DATA_MISSING,
   *     DATA_SHORT, BLOCK_DAMAGED, SIZE_DIFFERS, SUSPECT, NOT_OPEN or UNREADABLE; of a pool
   *     POOL_DAMAGED or SNAPSHOT_MISSING
   * @param remedy what a person can do
   */
  public record Finding(String code, String detail, String remedy) {}
}

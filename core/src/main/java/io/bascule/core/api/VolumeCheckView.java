package io.bascule.core.api;

import java.util.List;

/**
 * GET /volume-check, GET /volumes/{name}/check: what was looked at and what is wrong with it.
 * Looking changes nothing.
 *
 * @param sound nothing is wrong
 * @param live whether the appliance served while this was looked at
 * @param strays what lies in the store and belongs to no volume; empty where one volume was asked
 *     for
 * @param limits what this check cannot see
 */
public record VolumeCheckView(
    boolean sound, boolean live, List<Checked> volumes, List<String> strays, String limits) {

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
   *     DATA_SHORT, SIZE_DIFFERS, SUSPECT, NOT_OPEN or UNREADABLE
   * @param remedy what a person can do
   */
  public record Finding(String code, String detail, String remedy) {}
}

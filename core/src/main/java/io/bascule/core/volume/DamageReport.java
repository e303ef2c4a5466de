package io.bascule.core.volume;

import java.util.List;

/**
 * What a store knows to be damaged.
 *
 * @param damage empty is good
 * @param complete whether everything was read at least once since the store was opened; else there
 *     may be more
 */
public record DamageReport(List<Damage> damage, boolean complete) {
  /** Of a store that keeps no checksums. */
  public static final DamageReport NONE = new DamageReport(List.of(), false);

  public DamageReport {
    damage = List.copyOf(damage);
  }
}

package io.bascule.iscsi;

import io.bascule.core.Check;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that a target shows, swapped as a whole by {@link IscsiTarget#update}.
 *
 * @param access state of each target port group, by group tag: of both controllers and of the
 *     floating portal
 * @param portals the portals of both controllers, for discovery; a wildcard address is shown as the
 *     one the host came in by
 */
public record TargetView(
    List<Lun> luns, List<Host> hosts, Map<Integer, AccessState> access, List<PortalSpec> portals) {
  public TargetView {
    luns = List.copyOf(luns);
    hosts = List.copyOf(hosts);
    access = Map.copyOf(access);
    portals = List.copyOf(portals);
    Set<Integer> numbers = new HashSet<>();
    for (Lun lun : luns) {
      Check.that(numbers.add(lun.lun()), "LUN %d is there twice", lun.lun());
    }
  }

  /** Nothing at all. */
  public static TargetView empty() {
    return new TargetView(List.of(), List.of(), Map.of(), List.of());
  }
}

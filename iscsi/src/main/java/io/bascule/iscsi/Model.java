package io.bascule.iscsi;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A {@link TargetView} made ready for looking things up. Immutable; swapped as a whole. */
final class Model {
  private final Map<String, Host> hosts = new HashMap<>();
  private final @Nullable LogicalUnit[] units = new @Nullable LogicalUnit[Lun.MAX + 1];
  private final @Nullable Host anyHost;
  final SortedMap<Integer, AccessState> access;
  final List<PortalSpec> portals;

  /** What follows {@code before}: what hosts have set of a unit stays as long as it is shown. */
  Model(TargetView view, UnitGuards guards, @Nullable Model before) {
    Map<UUID, UnitModes> modes = new HashMap<>();
    if (before != null) {
      before.eachUnit(unit -> modes.put(unit.uuid, unit.modes));
    }
    for (Lun lun : view.luns()) {
      units[lun.lun()] =
          new LogicalUnit(
              lun,
              modes.computeIfAbsent(lun.uuid(), uuid -> new UnitModes()),
              guards.of(lun.uuid()));
    }
    for (Host host : view.hosts()) {
      hosts.put(host.iqn(), host);
    }
    anyHost = hosts.remove(Host.ANY);
    access = new TreeMap<>(view.access());
    portals = view.portals();
  }

  private void eachUnit(Consumer<LogicalUnit> action) {
    for (LogicalUnit unit : units) {
      if (unit != null) {
        action.accept(unit);
      }
    }
  }

  @Nullable Host host(String initiatorName) {
    Host host = hosts.get(initiatorName);
    return host == null ? anyHost : host;
  }

  /** What exists for this host, by LUN. */
  @Nullable LogicalUnit[] visibleTo(Host host) {
    @Nullable LogicalUnit[] visible = units.clone();
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      if (!host.sees(lun)) {
        visible[lun] = null;
      }
    }
    return visible;
  }

  /** A group nobody said anything about is no way in. */
  AccessState access(int groupTag) {
    return access.getOrDefault(groupTag, AccessState.STANDBY);
  }
}

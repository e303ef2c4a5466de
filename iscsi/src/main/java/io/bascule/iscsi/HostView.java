package io.bascule.iscsi;

import java.util.UUID;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What the host of one nexus sees: its units, by the model it knows, and the unit attentions that
 * tell it what has changed.
 *
 * <p>Owned by whoever holds the connection's lock; {@link #raise} and {@link #sees} from any
 * thread.
 *
 * <p>Invariants: units and model change together, and the unit attentions for it are raised by
 * then; a host that is no longer let in sees nothing.
 */
final class HostView {
  final UnitAttentions unitAttentions = new UnitAttentions();

  private final String initiatorName;

  /** The entry that the host logged in by. */
  private final Host admitted;

  private Model model;
  private volatile @Nullable LogicalUnit[] visible;

  HostView(String initiatorName, Model model, Host host) {
    this.initiatorName = initiatorName;
    this.admitted = host;
    this.model = model;
    visible = model.visibleTo(host);
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      if (visible[lun] != null) {
        unitAttentions.raise(lun, UnitAttentions.Kind.POWER_ON);
      }
    }
  }

  Model model() {
    return model;
  }

  /** The unit of that number; null if there is none for this host, or no unit can have it. */
  @Nullable LogicalUnit unit(int lun) {
    return lun >= 0 && lun <= Lun.MAX ? visible[lun] : null;
  }

  /** The unit of that NAA designator; null if this host sees none. */
  @Nullable LogicalUnit unit(long naa) {
    for (LogicalUnit unit : visible) {
      if (unit != null && unit.naa == naa) {
        return unit;
      }
    }
    return null;
  }

  boolean sees(int lun) {
    return unit(lun) != null;
  }

  /** The units that are seen now, whatever comes. */
  IntPredicate units() {
    @Nullable LogicalUnit[] now = visible;
    return lun -> now[lun] != null;
  }

  /** The units of that volume. */
  IntPredicate numbersOf(UUID volume) {
    @Nullable LogicalUnit[] now = visible;
    return lun -> {
      LogicalUnit unit = now[lun];
      return unit != null && unit.uuid.equals(volume);
    };
  }

  /** Lets the host know of something that happened to those of the units that it sees. */
  void raise(IntPredicate luns, UnitAttentions.Kind kind) {
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      if (visible[lun] != null && luns.test(lun)) {
        unitAttentions.raise(lun, kind);
      }
    }
  }

  /** Gives those of the units that it sees their default mode parameters back (SAM-5, 6.3). */
  void resetModes(IntPredicate luns) {
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      LogicalUnit unit = visible[lun];
      if (unit != null && luns.test(lun)) {
        unit.modes.reset();
      }
    }
  }

  /**
   * Lets the host know of something that happened to one unit, under whichever number it is seen.
   */
  void raise(UUID unit, UnitAttentions.Kind kind) {
    @Nullable LogicalUnit[] now = visible;
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      LogicalUnit seen = now[lun];
      if (seen != null && seen.uuid.equals(unit)) {
        unitAttentions.raise(lun, kind);
      }
    }
  }

  /** Takes over another model; why the host must go, if it would not be let in as it was before. */
  @Nullable String adopt(Model now) {
    Model before = model;
    @Nullable LogicalUnit[] old = visible;
    model = now;
    Host host = now.host(initiatorName);
    if (host == null || !host.sameIdentity(admitted)) {
      visible = new @Nullable LogicalUnit[Lun.MAX + 1];
      return host == null ? "its host is no longer known" : "its host must log in anew";
    }
    visible = now.visibleTo(host);
    boolean inventory = false;
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      inventory |= !sameUnit(old[lun], visible[lun]);
    }
    boolean states = !before.access.equals(now.access);
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      LogicalUnit unit = visible[lun];
      LogicalUnit was = old[lun];
      if (unit == null) {
        unitAttentions.drop(lun);
        continue;
      }
      if (inventory) {
        unitAttentions.raise(lun, UnitAttentions.Kind.LUNS_CHANGED);
      }
      if (states) {
        unitAttentions.raise(lun, UnitAttentions.Kind.ACCESS_STATE_CHANGED);
      }
      if (was != null && sameUnit(was, unit) && was.blocks != unit.blocks) {
        unitAttentions.raise(lun, UnitAttentions.Kind.CAPACITY_CHANGED);
      }
    }
    return null;
  }

  private static boolean sameUnit(@Nullable LogicalUnit a, @Nullable LogicalUnit b) {
    return a == null ? b == null : b != null && a.uuid.equals(b.uuid);
  }
}

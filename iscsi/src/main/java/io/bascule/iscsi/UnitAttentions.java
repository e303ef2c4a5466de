package io.bascule.iscsi;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * Unit attentions waiting for one nexus, per LUN (SAM-5, 5.14). Raised from any thread, taken by
 * the connection's owner. The order below is the order in which a host learns of them.
 */
final class UnitAttentions {
  enum Kind {
    POWER_ON(Sense.POWER_ON),
    DEVICE_RESET(Sense.DEVICE_RESET),
    COMMANDS_CLEARED(Sense.COMMANDS_CLEARED),
    RESERVATIONS_PREEMPTED(Sense.RESERVATIONS_PREEMPTED),
    REGISTRATIONS_PREEMPTED(Sense.REGISTRATIONS_PREEMPTED),
    RESERVATIONS_RELEASED(Sense.RESERVATIONS_RELEASED),
    LUNS_CHANGED(Sense.LUNS_CHANGED),
    ACCESS_STATE_CHANGED(Sense.ACCESS_STATE_CHANGED),
    CAPACITY_CHANGED(Sense.CAPACITY_CHANGED),
    MODE_CHANGED(Sense.MODE_CHANGED);

    final Sense sense;

    Kind(Sense sense) {
      this.sense = sense;
    }
  }

  private static final Kind[] KINDS = Kind.values();

  private final AtomicIntegerArray pending = new AtomicIntegerArray(Lun.MAX + 1);

  void raise(int lun, Kind kind) {
    if (kind == Kind.POWER_ON) {
      pending.set(lun, 1 << kind.ordinal()); // it covers everything before it
    } else {
      pending.getAndUpdate(lun, bits -> bits | 1 << kind.ordinal());
    }
  }

  /** Takes the most important one. */
  @Nullable Sense take(int lun) {
    if (pending.get(lun) == 0) {
      return null;
    }
    int bits = pending.getAndUpdate(lun, old -> old & (old - 1));
    return bits == 0 ? null : KINDS[Integer.numberOfTrailingZeros(bits)].sense;
  }

  /** Forgets one kind on all LUNs: REPORT LUNS has told the host already. */
  void clear(Kind kind) {
    for (int lun = 0; lun <= Lun.MAX; lun++) {
      if (pending.get(lun) != 0) {
        pending.getAndUpdate(lun, bits -> bits & ~(1 << kind.ordinal()));
      }
    }
  }

  /** Forgets everything about a LUN that is gone. */
  void drop(int lun) {
    pending.set(lun, 0);
  }
}

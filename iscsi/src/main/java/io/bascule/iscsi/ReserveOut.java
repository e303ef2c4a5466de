package io.bascule.iscsi;

import io.bascule.iscsi.TargetCore.NexusName;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a PERSISTENT RESERVE OUT asks for (SPC-4, 6.16). {@code key} is what the host says is
 * registered for it. A {@code type} is null if scope and type of the CDB name none that there is.
 */
sealed interface ReserveOut {
  long key();

  /**
   * REGISTER, and REGISTER AND IGNORE EXISTING KEY.
   *
   * @param newKey 0 to unregister
   * @param nexuses for which it is done, as if each had asked: that of the command, and with
   *     ALL_TG_PT those through the other target ports
   * @param specified with SPEC_I_PT: the nexuses to be registered besides
   */
  record Register(
      long key,
      long newKey,
      boolean ignoreKey,
      List<NexusName> nexuses,
      Optional<List<NexusName>> specified,
      boolean aptpl)
      implements ReserveOut {}

  record Reserve(long key, @Nullable ReservationType type) implements ReserveOut {}

  record Release(long key, @Nullable ReservationType type) implements ReserveOut {}

  record Clear(long key) implements ReserveOut {}

  /** PREEMPT, and PREEMPT AND ABORT: of those registered with {@code victims}. */
  record Preempt(long key, long victims, @Nullable ReservationType type, boolean abort)
      implements ReserveOut {}

  /** REGISTER AND MOVE. */
  record Move(long key, long newKey, NexusName to, boolean unregister, boolean aptpl)
      implements ReserveOut {}
}

package io.bascule.cli.chassis;

import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.platform.ProcessIdentity;
import java.util.Optional;

/** What can happen to one controller, as far as its chassis is concerned. */
sealed interface BootInput {
  /** Time has passed. */
  record Tick() implements BootInput {}

  /** The process asked for by {@link BootEffect.Launch} runs. */
  record Launched(ProcessIdentity identity) implements BootInput {}

  /** It could not be started. */
  record LaunchFailed(String why) implements BootInput {}

  /** A controller answered a ping. */
  record Answered(long pid, Role role, Status status, Version release) implements BootInput {}

  /**
   * The process is gone.
   *
   * @param intent what it had written down before, if it meant to
   * @param how it ended, for a person
   * @param lastLines what it wrote last, on one line; may be empty
   */
  record Exited(long pid, Optional<Intent> intent, String how, String lastLines)
      implements BootInput {}

  /** SET_SLOT; {@code complete}: the slot holds a whole release. */
  record SetSlot(Slot slot, Optional<Slot> fallback, String tag, boolean complete)
      implements BootInput {}

  /** BOOT. */
  record Boot(String reason) implements BootInput {}

  /** SETTLE. */
  record Settle() implements BootInput {}

  /** POWER_OFF. */
  record PowerOff() implements BootInput {}

  /** POWER_ON; {@code complete}: the slot named, if any, holds a whole release. */
  record PowerOn(Optional<Slot> slot, boolean complete) implements BootInput {}

  /** DOWN. */
  record GoDown() implements BootInput {}

  /** Why a controller ended by itself. */
  enum Intent {
    REBOOT,
    POWER_OFF
  }
}

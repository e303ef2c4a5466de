package io.bascule.controller.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import java.util.Map;
import java.util.Optional;

/**
 * The two controllers as the active one reaches them: through the chassis for power and boot slots,
 * through the peer link for what only the controller itself may do. Every action is a goal, asked
 * for again as often as needed. None blocks longer than two seconds; a failed one throws {@link
 * Unreachable} and is asked for again.
 */
public interface Fleet {
  /** This controller, the active one. */
  ControllerId self();

  /** The release this process runs. */
  Version release();

  /**
   * What the chassis knows of each controller, asked now: it shows the effect of every earlier
   * request of ours.
   */
  Map<ControllerId, ControllerBoot> boots() throws Unreachable;

  /** The peer link to the standby is up, and the standby says it is ready to take over. */
  boolean peerReady();

  /** The release in each slot of the controller, where there is a complete one. */
  Map<Slot, Version> slots(ControllerId id) throws Unreachable;

  void setSlot(ControllerId id, Slot slot, Optional<Slot> fallback, String tag) throws Unreachable;

  /** Not for {@link #self}: that one hands over. */
  void boot(ControllerId id, String reason) throws Unreachable;

  void settle(ControllerId id) throws Unreachable;

  /**
   * Begins to verify and unpack the release into the slot; nothing if that already runs under this
   * tag.
   */
  void stage(ControllerId id, Version release, Slot slot, String tag) throws Unreachable;

  /** How the last staging of that controller goes. */
  Optional<Staging> staging(ControllerId id) throws Unreachable;

  /** Empties a slot that is not the running one. */
  void dropSlot(ControllerId id, Slot slot) throws Unreachable;

  /**
   * Hands over to the peer and does not return (it throws {@link Leaving}), unless the peer is not
   * ready: drains, closes the stores, gives up the lease and ends the process with the reboot code.
   */
  void handOver(String reason) throws Unreachable;

  /** Like {@link #handOver}, but there is nobody to take over: hosts wait for the reboot. */
  void rebootInPlace(String reason);

  /**
   * @param error why it failed; empty while it runs or when it is done
   */
  record Staging(
      String tag, Version release, Slot slot, int percent, boolean done, Optional<String> error) {}

  /**
   * Thrown by {@link #handOver} and {@link #rebootInPlace}: nothing is left for the caller to do.
   */
  final class Leaving extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Leaving(String reason) {
      super("this controller is leaving: " + reason, null, false, false);
    }
  }

  /** The chassis or the peer did not answer. */
  final class Unreachable extends Exception {
    private static final long serialVersionUID = 1L;

    public Unreachable(String message) {
      super(message);
    }

    public Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }
}

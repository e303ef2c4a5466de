package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import java.util.Map;
import java.util.Optional;

/**
 * The two controllers as the active one sees them at one moment. Everything may be unknown: the
 * chassis may be absent, the peer silent.
 *
 * @param self the active controller, which looks
 * @param release what it runs
 * @param boots what the chassis knows; empty while it does not answer
 * @param peerReady the peer link is up and the standby says it can take over
 * @param slots the releases in the slots of each controller that could be asked
 * @param stagings the last staging of each controller that could be asked
 * @param formatTwo what there is of the new format, and of the work on it
 */
public record World(
    ControllerId self,
    Version release,
    Map<ControllerId, ControllerBoot> boots,
    boolean peerReady,
    Map<ControllerId, Map<Slot, Version>> slots,
    Map<ControllerId, Staging> stagings,
    FormatTwo formatTwo) {

  public World {
    boots = Map.copyOf(boots);
    slots = Map.copyOf(slots);
    stagings = Map.copyOf(stagings);
  }

  /** A world without format 2. */
  public World(
      ControllerId self,
      Version release,
      Map<ControllerId, ControllerBoot> boots,
      boolean peerReady,
      Map<ControllerId, Map<Slot, Version>> slots,
      Map<ControllerId, Staging> stagings) {
    this(self, release, boots, peerReady, slots, stagings, FormatTwo.NONE);
  }

  /**
   * Format 2 as the active controller sees it.
   *
   * @param known whether this release can carry out the phases
   * @param present whether anything of it lies in the enclosure
   * @param valid whether it can be used; not from a failure until it was made anew
   * @param phasesDone the phases that are complete now, 0 to 4
   * @param percent of the phase after those
   * @param waitsFor why the work does not go on, if somebody should know
   */
  public record FormatTwo(
      boolean known,
      boolean present,
      boolean valid,
      int phasesDone,
      int percent,
      Optional<String> waitsFor) {
    /** Nothing there, and nobody here who could make it. */
    public static final FormatTwo NONE = new FormatTwo(false, false, false, 0, 0, Optional.empty());
  }

  /**
   * How the verifying and unpacking of a release goes. {@code error} is empty while it runs and
   * when it is done.
   */
  public record Staging(
      String tag, Version release, Slot slot, int percent, boolean done, Optional<String> error) {}

  /** The non-active controller. */
  public ControllerId standby() {
    return self.other();
  }

  /** What the chassis knows of a controller, if it answers. */
  public Optional<ControllerBoot> boot(ControllerId id) {
    return Optional.ofNullable(boots.get(id));
  }

  /** Whether the controller is ONLINE, and either active or ready to take over. */
  public boolean online(ControllerId id) {
    if (id == self) {
      return true;
    }
    return peerReady && boot(id).map(boot -> boot.status() == Status.ONLINE).orElse(true);
  }

  /** Whether the controller is {@link #online} on that release. */
  public boolean onlineOn(ControllerId id, Version wanted) {
    if (id == self) {
      return release.equals(wanted);
    }
    return online(id) && boot(id).flatMap(ControllerBoot::release).equals(Optional.of(wanted));
  }
}

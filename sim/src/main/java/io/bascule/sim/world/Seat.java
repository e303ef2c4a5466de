package io.bascule.sim.world;

import io.bascule.controller.upgrade.Fleet;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.sim.rt.Sim;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** Chassis and peer as the active controller reaches them: requests take time and may fail. */
final class Seat implements Fleet {
  private final Controller controller;
  private final Appliance appliance;

  Seat(Controller controller) {
    this.controller = controller;
    this.appliance = controller.appliance();
  }

  private void travel() {
    LockSupport.parkNanos(20_000 + appliance.dice().below(200_000));
  }

  private Box chassis(ControllerId id) throws Unreachable {
    travel();
    if (!appliance.isChassisUp()) {
      throw new Unreachable("the chassis is not there");
    }
    return appliance.box(id);
  }

  private Box overPeerLink(ControllerId id) throws Unreachable {
    travel();
    if (id != self() && appliance.peerOf(self()).isEmpty()) {
      throw new Unreachable(id + " does not answer");
    }
    return appliance.box(id);
  }

  @Override
  public ControllerId self() {
    return controller.id();
  }

  @Override
  public Version release() {
    return controller.release();
  }

  @Override
  public Map<ControllerId, ControllerBoot> boots() throws Unreachable {
    Map<ControllerId, ControllerBoot> all = new EnumMap<>(ControllerId.class);
    for (var id : ControllerId.values()) {
      all.put(id, chassis(id).view());
    }
    return all;
  }

  @Override
  public boolean peerReady() {
    return appliance.peerOf(self()).filter(Controller::isReady).isPresent();
  }

  @Override
  public Map<Slot, Version> slots(ControllerId id) throws Unreachable {
    return new EnumMap<>(withOne(overPeerLink(id).slots()));
  }

  /** An EnumMap is not made of an empty map of another kind. */
  private static EnumMap<Slot, Version> withOne(Map<Slot, Version> slots) {
    var copy = new EnumMap<Slot, Version>(Slot.class);
    copy.putAll(slots);
    return copy;
  }

  @Override
  public void setSlot(ControllerId id, Slot slot, Optional<Slot> fallback, String tag)
      throws Unreachable {
    chassis(id).setSlot(slot, fallback, tag);
    Sim.current().note("set slot " + id + " " + slot, 0);
  }

  @Override
  public void boot(ControllerId id, String reason) throws Unreachable {
    if (id == self()) {
      appliance.fail(new Violation("cuts-own-power", id + ": " + reason));
    }
    var box = chassis(id);
    if (box.isPowered()) {
      box.boot(BootCause.REQUESTED);
    }
  }

  @Override
  public void settle(ControllerId id) throws Unreachable {
    chassis(id).settle();
  }

  @Override
  public void stage(ControllerId id, Version release, Slot slot, String tag) throws Unreachable {
    var box = overPeerLink(id);
    appliance.oracles().emptiesSlot(box, slot);
    box.stage(tag, release, slot);
  }

  @Override
  public Optional<Staging> staging(ControllerId id) throws Unreachable {
    long now = Sim.current().nowNanos();
    var box = overPeerLink(id);
    return box.unpacking()
        .map(work ->
            new Staging(
                work.tag(),
                work.release(),
                work.slot(),
                (int)
                    Math.clamp(
                        100 * (now - work.begunNanos()) / (work.readyNanos() - work.begunNanos()),
                        0,
                        100),
                box.isUnpacked(),
                Optional.empty()));
  }

  @Override
  public void dropSlot(ControllerId id, Slot slot) throws Unreachable {
    var box = overPeerLink(id);
    appliance.oracles().emptiesSlot(box, slot);
    box.dropSlot(slot);
  }

  @Override
  public void handOver(String reason) throws Unreachable {
    if (!peerReady()) {
      throw new Unreachable("the standby was lost just before the handover");
    }
    controller.rebootSelf(reason);
    throw new Leaving(reason);
  }

  @Override
  public void rebootInPlace(String reason) {
    controller.rebootSelf(reason);
    throw new Leaving(reason);
  }
}

package io.bascule.controller.runtime;

import io.bascule.controller.link.ChassisLink;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.link.StagingFrames;
import io.bascule.controller.upgrade.Fleet;
import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.link.Frame;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** The two controllers over the real links. Any thread may call. */
final class LiveFleet implements Fleet {
  private final NodeSettings settings;
  private final ChassisLink chassis;
  private final PeerLink peer;
  private final StagingFrames.OwnSlots ownSlots;
  private final Departure departure;

  /** How this process leaves; returns when it has begun to. */
  interface Departure {
    void rebootSelf(String why);
  }

  LiveFleet(
      NodeSettings settings,
      ChassisLink chassis,
      PeerLink peer,
      StagingFrames.OwnSlots ownSlots,
      Departure departure) {
    this.settings = settings;
    this.chassis = chassis;
    this.peer = peer;
    this.ownSlots = ownSlots;
    this.departure = departure;
  }

  @Override
  public ControllerId self() {
    return settings.self();
  }

  @Override
  public Version release() {
    return settings.release();
  }

  @Override
  public Map<ControllerId, ControllerBoot> boots() throws Unreachable {
    try {
      return chassis.boots();
    } catch (ChassisLink.NoAnswer e) {
      throw unreachable(e);
    }
  }

  @Override
  public boolean peerReady() {
    return peer.peer().map(status -> status.ready()).orElse(false);
  }

  @Override
  public Map<Slot, Version> slots(ControllerId id) throws Unreachable {
    return id == self() ? ownSlots.slots() : overPeerLink(() -> StagingFrames.slots(peer));
  }

  @Override
  public void setSlot(ControllerId id, Slot slot, Optional<Slot> fallback, String tag)
      throws Unreachable {
    askChassis(
        Frame.of(
            ChassisProtocol.SET_SLOT,
            "controller",
            id.number(),
            "slot",
            slot,
            "fallback",
            fallback.map(Enum::name).orElse(""),
            "tag",
            tag));
  }

  @Override
  public void boot(ControllerId id, String reason) throws Unreachable {
    Check.that(id != self(), "%s does not cut its own power", id);
    askChassis(Frame.of(ChassisProtocol.BOOT, "controller", id.number(), "reason", reason));
  }

  @Override
  public void settle(ControllerId id) throws Unreachable {
    askChassis(Frame.of(ChassisProtocol.SETTLE, "controller", id.number()));
  }

  @Override
  public void stage(ControllerId id, Version release, Slot slot, String tag) throws Unreachable {
    if (id == self()) {
      own(() -> ownSlots.stage(release, slot, tag));
    } else {
      overPeerLink(() -> {
        StagingFrames.stage(peer, release, slot, tag);
        return true;
      });
    }
  }

  @Override
  public Optional<Staging> staging(ControllerId id) throws Unreachable {
    return id == self() ? ownSlots.staging() : overPeerLink(() -> StagingFrames.staging(peer));
  }

  @Override
  public void dropSlot(ControllerId id, Slot slot) throws Unreachable {
    if (id == self()) {
      own(() -> ownSlots.dropSlot(slot));
    } else {
      overPeerLink(() -> {
        StagingFrames.dropSlot(peer, slot);
        return true;
      });
    }
  }

  @Override
  public void handOver(String reason) throws Unreachable {
    if (!peerReady()) {
      throw new Unreachable("the standby was lost just before the handover");
    }
    leave(reason);
  }

  @Override
  public void rebootInPlace(String reason) {
    leave(reason);
  }

  private void leave(String reason) {
    departure.rebootSelf(reason);
    throw new Leaving(reason);
  }

  private interface Own {
    void run() throws IOException;
  }

  private static void own(Own work) throws Unreachable {
    try {
      work.run();
    } catch (IOException | Refusal e) {
      throw new Unreachable(String.valueOf(e.getMessage()), e);
    }
  }

  private interface Remote<T> {
    T run() throws IOException;
  }

  private static <T> T overPeerLink(Remote<T> work) throws Unreachable {
    try {
      return work.run();
    } catch (IOException | IllegalArgumentException | Frame.MalformedFrame e) {
      throw new Unreachable(String.valueOf(e.getMessage()), e);
    }
  }

  private void askChassis(Frame request) throws Unreachable {
    try {
      chassis.ask(request);
    } catch (ChassisLink.NoAnswer e) {
      throw unreachable(e);
    }
  }

  private static Unreachable unreachable(ChassisLink.NoAnswer e) {
    return new Unreachable(String.valueOf(e.getMessage()), e);
  }
}

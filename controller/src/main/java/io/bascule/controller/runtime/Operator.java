package io.bascule.controller.runtime;

import io.bascule.controller.link.ChassisLink;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.service.ControllerService;
import io.bascule.controller.service.EventService;
import io.bascule.controller.service.UpgradeService;
import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.link.Frame;
import io.bascule.release.Slots;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What an operator does to the controllers. Any thread may call. */
final class Operator implements ControllerService {
  private static final System.Logger LOG = System.getLogger(Operator.class.getName());

  /** The answer reaches the operator before the controller that gives it goes. */
  private static final long ANSWER_FIRST_MILLIS = 150;

  private final NodeSettings settings;
  private final ChassisLink chassis;
  private final PeerLink peer;
  private final EventService events;
  private final UpgradeService upgrades;
  private final LiveFleet.Departure departure;

  Operator(
      NodeSettings settings,
      ChassisLink chassis,
      PeerLink peer,
      EventService events,
      UpgradeService upgrades,
      LiveFleet.Departure departure) {
    this.settings = settings;
    this.chassis = chassis;
    this.peer = peer;
    this.events = events;
    this.upgrades = upgrades;
    this.departure = departure;
  }

  @Override
  public String handover(String by) {
    upgrades.refuseWhileRunning("a handover");
    return leave(by, "handover");
  }

  @Override
  public String reboot(ControllerId id, String by) {
    upgrades.refuseWhileRunning("a reboot");
    if (id == settings.self()) {
      return leave(by, "reboot");
    }
    if (boot(id).status() == Status.OFF) {
      throw new Refusal(
          ErrorCode.CONFLICTING_OPERATION,
          capital(id)
              + " is OFF: there is nothing to reboot. Switch it on: bascule controller power-on "
              + id.number()
              + ".");
    }
    ask(Frame.of(ChassisProtocol.BOOT, "controller", id.number(), "reason", "reboot by " + by));
    events.record("INFO", "controller.reboot", capital(id) + " is rebooted by " + by);
    return capital(id) + " reboots; it is the standby, hosts notice nothing.";
  }

  private String leave(String by, String what) {
    var other = settings.self().other();
    boolean ready = peer.peer().map(status -> status.ready()).orElse(false);
    if (!ready) {
      throw new Refusal(
          ErrorCode.NOT_REDUNDANT,
          capital(other)
              + " cannot take over now: "
              + peer.peer().flatMap(status -> status.forbidden()).orElse("it is not ready")
              + ". Hosts would lose their storage. Bring it ONLINE first.");
    }
    events.record("INFO", "controller." + what, capital(settings.self()) + " hands over, by " + by);
    later(() -> departure.rebootSelf(what + " by " + by));
    return capital(other) + " takes over; " + settings.self() + " reboots and becomes the standby.";
  }

  @Override
  public String powerOff(ControllerId id, String by) {
    events.record("WARNING", "controller.power-off", capital(id) + " is powered off by " + by);
    var request = Frame.of(ChassisProtocol.POWER_OFF, "controller", id.number());
    if (id != settings.self()) {
      ask(request);
      return capital(id) + " is off.";
    }
    requireChassis();
    later(() -> ask(request));
    return capital(id) + " goes off; " + id.other() + " takes over if it is there.";
  }

  @Override
  public String powerOn(ControllerId id, @Nullable Slot slot, String by) {
    if (slot != null) {
      if (id == settings.self()) {
        throw new Refusal(
            ErrorCode.CONFLICTING_OPERATION,
            capital(id) + " is the active one and on. Power it off first.");
      }
      if (Slots.read(settings.layout().slot(id, slot)).isEmpty()) {
        throw new Refusal(ErrorCode.NOT_FOUND, "Slot " + slot + " of " + id + " holds no release.");
      }
    }
    boolean on = id == settings.self() || boot(id).hasPower();
    var request = Frame.of(ChassisProtocol.POWER_ON, "controller", id.number());
    ask(slot == null ? request : request.with("slot", slot));
    if (on) {
      return capital(id) + " is on already; nothing was done.";
    }
    events.record("INFO", "controller.power-on", capital(id) + " is powered on by " + by);
    return capital(id) + " boots" + (slot == null ? "." : " from slot " + slot + ".");
  }

  private void requireChassis() {
    if (!chassis.linked()) {
      throw absent("it is not there");
    }
  }

  private ControllerBoot boot(ControllerId id) {
    try {
      return Check.found(chassis.boots().get(id), "what the chassis knows of " + id);
    } catch (ChassisLink.NoAnswer e) {
      throw absent(String.valueOf(e.getMessage()));
    }
  }

  private void ask(Frame request) {
    try {
      chassis.ask(request);
    } catch (ChassisLink.Refuses e) {
      throw new Refusal(
          ErrorCode.CONFLICTING_OPERATION, "The chassis did not do it: " + e.reason() + ".");
    } catch (ChassisLink.NoAnswer e) {
      throw absent(String.valueOf(e.getMessage()));
    }
  }

  private static Refusal absent(String why) {
    return new Refusal(
        ErrorCode.CHASSIS_ABSENT,
        "The chassis did not do it: " + why + ". Start one with 'bascule up', and ask again.");
  }

  private static void later(Runnable work) {
    CompletableFuture.runAsync(
            work, CompletableFuture.delayedExecutor(ANSWER_FIRST_MILLIS, TimeUnit.MILLISECONDS))
        .exceptionally(e -> {
          LOG.log(System.Logger.Level.ERROR, "what an operator asked for failed", e);
          return null;
        });
  }

  private static String capital(ControllerId id) {
    return "Controller " + id.number();
  }
}

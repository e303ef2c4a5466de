package io.bascule.controller.runtime;

import io.bascule.controller.link.ChassisLink;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.service.ApplianceService;
import io.bascule.controller.service.EventService;
import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.release.Manifest;
import io.bascule.release.Slots;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The appliance as the active controller sees it. Any thread may call. */
final class ApplianceStatus implements ApplianceService {
  private static final System.Logger LOG = System.getLogger(ApplianceStatus.class.getName());

  private final NodeSettings settings;
  private final ChassisLink chassis;
  private final PeerLink peer;
  private final EventService events;
  private final Instant activeSince = Instant.now();
  private final SlotCache slots;

  ApplianceStatus(NodeSettings settings, ChassisLink chassis, PeerLink peer, EventService events) {
    this.settings = settings;
    this.chassis = chassis;
    this.peer = peer;
    this.events = events;
    this.slots = new SlotCache(settings);
  }

  @Override
  public ApplianceView view() {
    Optional<Map<ControllerId, ControllerBoot>> boots = boots();
    var controllers = new ArrayList<ApplianceView.Controller>();
    for (var id : ControllerId.values()) {
      controllers.add(
          controller(id, boots.map(all -> java.util.Objects.requireNonNull(all.get(id)))));
    }
    boolean redundant = redundant(controllers);
    var critical =
        events.alerts().stream()
            .filter(alert -> alert.clearedAt() == null && alert.severity().equals("CRITICAL"))
            .map(AlertView::message)
            .findFirst();
    return new ApplianceView(
        settings.appliance().name(),
        settings.release().toString(),
        critical.isPresent() ? "CRITICAL" : redundant && boots.isPresent() ? "OK" : "DEGRADED",
        critical.orElseGet(() -> detail(redundant, boots.isPresent(), controllers)),
        redundant,
        settings.appliance().target(),
        new ApplianceView.Portals(
            NodeSettings.shown(settings.iscsiFloating()),
            List.of(
                NodeSettings.shown(settings.iscsiFixed(ControllerId.CONTROLLER_0)),
                NodeSettings.shown(settings.iscsiFixed(ControllerId.CONTROLLER_1)))),
        controllers);
  }

  private Optional<Map<ControllerId, ControllerBoot>> boots() {
    try {
      return Optional.of(chassis.recentBoots());
    } catch (ChassisLink.NoAnswer e) {
      LOG.log(System.Logger.Level.DEBUG, "no chassis", e);
      return Optional.empty();
    }
  }

  private ApplianceView.Controller controller(ControllerId id, Optional<ControllerBoot> boot) {
    return id == settings.self() ? self(boot) : other(id, boot);
  }

  private ApplianceView.Controller self(Optional<ControllerBoot> boot) {
    return new ApplianceView.Controller(
        settings.self().number(),
        Role.ACTIVE.name(),
        Status.ONLINE.name(),
        settings.release().toString(),
        slots.of(settings.self()),
        settings.slot().name(),
        boot.map(ControllerBoot::attempts).orElse(0),
        boot.map(b -> Instant.ofEpochMilli(b.sinceMillis())).orElse(activeSince));
  }

  private ApplianceView.Controller other(ControllerId id, Optional<ControllerBoot> boot) {
    var says = peer.peer();
    // The chassis knows about power and processes; without it there is what the peer itself says.
    Status status =
        boot.map(ControllerBoot::status)
            .or(() -> says.map(s -> s.status()))
            .orElse(Status.RECOVERING);
    boolean runs = status == Status.ONLINE || status == Status.RECOVERING;
    return new ApplianceView.Controller(
        id.number(),
        runs && says.isPresent() ? says.get().role().name() : null,
        status.name(),
        runs ? release(says.map(s -> s.release()), boot) : null,
        slots.of(id),
        boot.flatMap(ControllerBoot::runningSlot).map(Slot::name).orElse(null),
        boot.map(ControllerBoot::attempts).orElse(0),
        boot.map(b -> Instant.ofEpochMilli(b.sinceMillis())).orElse(null));
  }

  private static @Nullable String release(Optional<Version> says, Optional<ControllerBoot> boot) {
    return says.or(() -> boot.flatMap(ControllerBoot::release)).map(Version::toString).orElse(null);
  }

  private boolean redundant(List<ApplianceView.Controller> controllers) {
    var other = controllers.get(settings.self().other().number());
    var says = peer.peer();
    return says.isPresent()
        && says.get().ready()
        && says.get().release().equals(settings.release())
        && Status.ONLINE.name().equals(other.status());
  }

  private String detail(
      boolean redundant, boolean chassisThere, List<ApplianceView.Controller> controllers) {
    if (redundant) {
      return chassisThere
          ? "Both controllers are ONLINE; either may take over."
          : "The chassis does not answer: controllers would not be rebooted. Run 'bascule up'.";
    }
    var other = controllers.get(settings.self().other().number());
    String name = "Controller " + other.id();
    return switch (Status.valueOf(other.status())) {
      case OFF -> name + " is off: nobody could take over. Power it on.";
      case FAILED ->
          name
              + " failed to boot "
              + other.bootAttempts()
              + " times: nobody could take over. See its log, then power it on.";
      case RECOVERING -> name + " is coming up: nobody could take over yet.";
      case ONLINE ->
          peer.peer()
              .map(says -> reason(name, says))
              .orElse(
                  name
                      + " does not answer over the peer link: it would take over, but is not up to date.");
    };
  }

  private String reason(String name, io.bascule.controller.link.PeerStatus says) {
    if (says.forbidden().isPresent()) {
      return name + " may not take over: " + says.forbidden().get() + ".";
    }
    return says.release().equals(settings.release())
        ? name + " is not ready to take over yet."
        : "The controllers run different releases, "
            + settings.release()
            + " and "
            + says.release()
            + ".";
  }

  /** The releases in the slots; looked up again after a second. */
  private static final class SlotCache {
    private static final long FRESH_NANOS = 1_000_000_000;
    private final NodeSettings settings;
    private final Map<ControllerId, Map<String, @Nullable String>> known = new HashMap<>();
    private long readNanos;

    SlotCache(NodeSettings settings) {
      this.settings = settings;
    }

    synchronized Map<String, @Nullable String> of(ControllerId id) {
      long now = System.nanoTime();
      if (known.isEmpty() || now - readNanos > FRESH_NANOS) {
        for (var each : ControllerId.values()) {
          known.put(each, read(each));
        }
        readNanos = now;
      }
      return java.util.Objects.requireNonNull(known.get(id));
    }

    private Map<String, @Nullable String> read(ControllerId id) {
      var slots = new java.util.TreeMap<String, @Nullable String>();
      for (Slot slot : Slot.values()) {
        try {
          slots.put(
              slot.name(),
              Slots.read(settings.layout().slot(id, slot))
                  .map(Manifest::version)
                  .map(Version::toString)
                  .orElse(null));
        } catch (UncheckedIOException e) {
          LOG.log(System.Logger.Level.DEBUG, "a slot cannot be read now", e);
          slots.put(slot.name(), null);
        }
      }
      return slots;
    }
  }
}

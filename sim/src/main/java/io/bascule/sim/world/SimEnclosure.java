package io.bascule.sim.world;

import io.bascule.controller.service.EventService;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Takeovers;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.controller.upgrade.Upgrades;
import io.bascule.core.Check;
import io.bascule.core.storage.Enclosure;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.volume.Directory;
import io.bascule.sim.rt.Sim;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What {@code controller.runtime.LiveEnclosure} is, on the simulated disk. */
final class SimEnclosure implements Enclosure {
  static final String V1 = "v1";
  static final String V2 = "v2";

  private final Controller controller;
  private final Appliance appliance;
  private final StateDb db;
  private final EventService events;
  private final Serving serving;
  private final Clock clock = Clock.systemUTC();
  private volatile @Nullable Upgrades upgrades;

  SimEnclosure(Controller controller, StateDb db, EventService events, Serving serving) {
    this.controller = controller;
    this.appliance = controller.appliance();
    this.db = db;
    this.events = events;
    this.serving = serving;
  }

  synchronized Upgrades own(Upgrades made) {
    upgrades = made;
    return made;
  }

  @Override
  public Directory formatOne() {
    return appliance.disk().directory(V1);
  }

  @Override
  public Directory formatTwo() {
    return appliance.disk().directory(V2);
  }

  @Override
  public boolean hasFormatTwo() {
    return appliance.disk().exists(V2);
  }

  @Override
  public void dropFormatTwo() {
    appliance.oracles().dropsFormatTwo();
    appliance.disk().drop(V2);
  }

  @Override
  public int format() {
    return db.transaction(VolumeFormat::of);
  }

  @Override
  public long epoch() {
    return db.epoch();
  }

  @Override
  public String bootId() {
    return appliance.kernelBoot().toString();
  }

  @Override
  public Optional<Upgrade> record() {
    return Upgrades.recorded(db);
  }

  @Override
  public List<Instant> noteTakeover(String upgradeId, int phase) {
    return db.transaction(sql -> Takeovers.note(sql, upgradeId, phase, clock.instant()));
  }

  @Override
  public Map<UUID, Long> volumes() {
    return appliance.catalog();
  }

  @Override
  public Optional<Long> hostLatencyP99Micros() {
    return serving.p99Micros();
  }

  @Override
  public Optional<Long> baselineLatencyP99Micros() {
    var owner = upgrades;
    return owner == null ? Optional.empty() : owner.baselineP99Micros();
  }

  @Override
  public void recordLoss(Upgrade.Cause cause) {
    Sim.current().note("loss: " + cause.code(), 0);
    Sim.current().say(cause.detail());
    appliance.oracles().lost(cause);
    var owner = upgrades;
    if (owner != null || !recordedBeforeAnybodyOwns(cause)) {
      Check.found(upgrades, "the owner of the upgrade").recordLoss(cause);
    }
    db.transaction(Takeovers::forget);
  }

  private synchronized boolean recordedBeforeAnybodyOwns(Upgrade.Cause cause) {
    if (upgrades != null) {
      return false;
    }
    Upgrades.recordLossBefore(db, cause, clock);
    return true;
  }

  @Override
  public Decision recordCommit() {
    try {
      return Check.found(upgrades, "the owner of the upgrade").recordCommit()
          ? Decision.COMMITTED
          : Decision.REFUSED;
    } catch (RuntimeException e) {
      Sim.current().say("commit unknown: " + e);
      return Decision.UNKNOWN;
    }
  }

  @Override
  public void pause(String reason) {
    Sim.current()
        .start(
            controller.process(),
            "pause",
            () -> {
              try {
                Check.found(upgrades, "the owner of the upgrade").pause(reason);
              } catch (RuntimeException e) {
                Sim.current().say("not paused: " + e);
              }
            });
  }

  @Override
  public void stop(String why) {
    appliance.broken(controller.process(), new IllegalStateException(why));
  }

  @Override
  public void alert(String severity, String kind, String message, String whatToDo) {
    Sim.current().say("alert " + kind + ": " + message);
    events.raise(severity, kind, message, whatToDo);
  }

  @Override
  public void clearAlert(String kind) {
    events.clear(kind);
  }

  @Override
  public void event(String severity, String kind, String message) {
    events.record(severity, kind, message);
  }
}

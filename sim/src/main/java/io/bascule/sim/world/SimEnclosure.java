package io.bascule.sim.world;

import io.bascule.controller.service.EventService;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.upgrade.RecordedEnclosure;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.volume.Directory;
import io.bascule.sim.rt.Sim;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** What {@code controller.runtime.LiveEnclosure} is, on the simulated disk. */
final class SimEnclosure extends RecordedEnclosure {
  static final String V1 = "v1";
  static final String V2 = "v2";

  private final Controller controller;
  private final Appliance appliance;
  private final Serving serving;

  SimEnclosure(Controller controller, StateDb db, EventService events, Serving serving) {
    super(db, events);
    this.controller = controller;
    this.appliance = controller.appliance();
    this.serving = serving;
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
  public String bootId() {
    return appliance.kernelBoot().toString();
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
  public void recordLoss(Upgrade.Cause cause) {
    Sim.current().note("loss: " + cause.code(), 0);
    Sim.current().say(cause.detail());
    appliance.oracles().lost(cause);
    super.recordLoss(cause);
    appliance.formats().recorded();
  }

  @Override
  public void pause(String reason) {
    Sim.current()
        .start(
            controller.process(),
            "pause",
            () -> {
              try {
                owner().pause(reason);
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
    if (kind.equals("migration.mismatch")) {
      appliance.formats().differs(message);
    }
    super.alert(severity, kind, message, whatToDo);
  }
}

package io.bascule.sim.world;

import io.bascule.controller.state.Claim;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.role.Effect;
import io.bascule.core.role.Event;
import io.bascule.core.role.Exit;
import io.bascule.core.role.RoleMachine;
import io.bascule.core.role.State;
import io.bascule.sim.rt.Sim;
import io.bascule.sim.rt.SimProcess;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A controller process: what {@code controller.runtime.Node} is, without sockets. Its role thread
 * runs the product's {@link RoleMachine} and carries its effects out.
 */
final class Controller {
  private static final long TICK_MILLIS = 10;
  private static final int EVENTS_MAX = 64;
  private static final long CATALOG_WAIT_NANOS = 3_000_000_000L;

  private final Appliance appliance;
  private final ControllerId id;
  private final Slot slot;
  private final Version release;
  private final SimProcess process;
  private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(EVENTS_MAX);
  private final CompletableFuture<Boolean> leaving = new CompletableFuture<>();

  private volatile State state = new State.Starting();
  private volatile @Nullable Serving serving;
  private volatile @Nullable String allowed;
  private volatile long warmedNanos;
  private volatile boolean reboot;
  private Taken.@Nullable Granted granted;

  Controller(Appliance appliance, ControllerId id, Slot slot, Version release, long boot) {
    this.appliance = appliance;
    this.id = id;
    this.slot = slot;
    this.release = release;
    this.process = new SimProcess("c" + id.number() + "." + boot);
  }

  SimProcess process() {
    return process;
  }

  ControllerId id() {
    return id;
  }

  Slot slot() {
    return slot;
  }

  Version release() {
    return release;
  }

  Appliance appliance() {
    return appliance;
  }

  /** What this process was told by the active one over the peer link. */
  void hear(String allowedReleases) {
    allowed = allowedReleases;
  }

  Optional<Serving> serving() {
    return Optional.ofNullable(serving);
  }

  boolean isActive() {
    return state instanceof State.Promoting
        || state instanceof State.Active
        || state instanceof State.HandingOver;
  }

  boolean isOnline() {
    return switch (state) {
      case State.Active _ -> true;
      case State.Standby _, State.Claiming _ ->
          allowed != null || Sim.current().nowNanos() - warmedNanos > CATALOG_WAIT_NANOS;
      case State.Starting _, State.Promoting _, State.HandingOver _, State.Ended _ -> false;
    };
  }

  /** It could take over, as it would say over the peer link. */
  boolean isReady() {
    boolean standby = state instanceof State.Standby || state instanceof State.Claiming;
    return standby && allowed != null && forbidden().isEmpty();
  }

  Optional<String> forbidden() {
    return switch (state) {
      case State.Standby standby when standby.forbidden().isPresent() -> standby.forbidden();
      case State.Claiming claiming when claiming.before().forbidden().isPresent() ->
          claiming.before().forbidden();
      case State.Standby _, State.Claiming _ -> notAllowed();
      case State.Starting _,
          State.Promoting _,
          State.Active _,
          State.HandingOver _,
          State.Ended _ ->
          Optional.empty();
    };
  }

  private Optional<String> notAllowed() {
    var known = allowed;
    boolean may =
        known == null
            || known.isBlank()
            || Arrays.stream(known.split(",", -1))
                .anyMatch(one -> one.strip().equals(release.toString()));
    return may ? Optional.empty() : Optional.of("only " + known + " may serve");
  }

  /** It ended on purpose, to be booted again. */
  boolean wantsReboot() {
    return reboot;
  }

  void start() {
    Sim.current().start(process, "role", this::run);
  }

  /** As {@code Links.Departure}: asks the role thread, and waits until it goes. */
  void rebootSelf(String why) {
    events.add(new Event.Leave(Exit.REBOOT, why));
    leaving.join();
  }

  private void run() {
    try {
      Thread.sleep(appliance.dice().between(100, 700));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (appliance.isBad(release)) {
      process.kill();
      Sim.current().freeze();
    }
    warmedNanos = System.nanoTime();
    handle(new Event.Warmed(nowMillis()));
    while (!(state instanceof State.Ended)) {
      Event event;
      try {
        event = events.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        event = new Event.Broken("the role thread was interrupted");
      }
      handle(event == null ? new Event.Tick(nowMillis()) : event);
    }
  }

  private static long nowMillis() {
    return System.nanoTime() / 1_000_000;
  }

  private void handle(Event first) {
    var waiting = new ArrayDeque<Event>();
    waiting.add(first);
    while (!waiting.isEmpty()) {
      var step = RoleMachine.step(state, waiting.remove());
      state = step.state();
      for (var effect : step.effects()) {
        perform(effect).ifPresent(waiting::add);
      }
    }
  }

  private Optional<Event> perform(Effect effect) {
    return switch (effect) {
      case Effect.TryLease _ ->
          Optional.of(
              appliance.lease().take(process)
                  ? new Event.LeaseHeld(nowMillis())
                  : new Event.LeaseTaken(nowMillis()));
      case Effect.Claim(boolean mayYield) -> Optional.of(claim(mayYield));
      case Effect.ReturnLease _ -> {
        appliance.lease().giveUp(process);
        yield Optional.empty();
      }
      case Effect.Serve _ -> {
        var ours = java.util.Objects.requireNonNull(granted);
        appliance.oracles().requireOldEpochsFenced(ours.db().epoch());
        var made = Serving.open(this, ours.db());
        serving = made;
        made.begin();
        yield Optional.of(new Event.Serving());
      }
      case Effect.Close(Exit exit, String why) -> Optional.of(close(exit, why));
      case Effect.End(Exit exit, String why) -> {
        reboot |= exit == Exit.REBOOT;
        leaving.complete(true);
        Sim.current().note("end of " + process + ": " + exit + " " + why, 0);
        if (exit == Exit.BROKEN) {
          appliance.broken(process, new IllegalStateException(why));
        }
        process.kill();
        Sim.current().freeze();
        yield Optional.empty();
      }
    };
  }

  private Event claim(boolean mayYield) {
    boolean peerForbidden = appliance.peerOf(id).flatMap(Controller::forbidden).isPresent();
    var claim = new Claim(id, release, Releases.migrations(release), mayYield && !peerForbidden);
    var taken =
        StateDb.take(
            appliance.stateFile(),
            claim,
            (why, cause) -> appliance.broken(process, new IllegalStateException(why, cause)));
    return switch (taken) {
      case Taken.Granted ours -> {
        granted = ours;
        yield new Event.Granted();
      }
      case Taken.Forbidden(String reason) -> new Event.Forbidden(nowMillis(), reason);
      case Taken.Yielded _ -> new Event.Yielded(nowMillis());
    };
  }

  private Event close(Exit exit, String why) {
    reboot |= exit == Exit.REBOOT;
    var made = serving;
    leaving.complete(true);
    if (made != null) {
      if (!made.close()) {
        Sim.current().note("not drained: " + why, 0);
        process.kill();
        Sim.current().freeze();
      }
    } else if (granted != null) {
      granted.db().close();
    }
    serving = null;
    appliance.lease().giveUp(process);
    return new Event.Closed();
  }
}

package io.bascule.core.role;

import io.bascule.core.role.Event.Broken;
import io.bascule.core.role.Event.Closed;
import io.bascule.core.role.Event.Forbidden;
import io.bascule.core.role.Event.Granted;
import io.bascule.core.role.Event.LeaseHeld;
import io.bascule.core.role.Event.LeaseTaken;
import io.bascule.core.role.Event.Leave;
import io.bascule.core.role.Event.Serving;
import io.bascule.core.role.Event.Tick;
import io.bascule.core.role.Event.Warmed;
import io.bascule.core.role.Event.Yielded;
import io.bascule.core.role.State.Active;
import io.bascule.core.role.State.Claiming;
import io.bascule.core.role.State.Ended;
import io.bascule.core.role.State.HandingOver;
import io.bascule.core.role.State.Promoting;
import io.bascule.core.role.State.Standby;
import io.bascule.core.role.State.Starting;
import java.util.Optional;

/**
 * The role of one controller process.
 *
 * <pre>
 * Starting    -- Warmed -->             Standby
 * Standby     -- Tick -->               Standby      try the lease, unless quiet
 * Standby     -- LeaseHeld -->          Claiming     ask state.db
 * Claiming    -- Granted -->            Promoting    open stores and portals
 * Claiming    -- Forbidden, Yielded --> Standby      give the lease back, be quiet for a while
 * Promoting   -- Serving -->            Active
 * Active      -- Leave -->              HandingOver  drain, close, give the lease up
 * HandingOver -- Closed -->             Ended
 * any other   -- Leave -->              Ended
 * any         -- Broken -->             Ended        at once; death gives everything up
 * </pre>
 *
 * <p>Invariants: Active is reached only through Granted, and left only towards the end. Whatever
 * ends the process is the last effect it asks for. A Tick never changes a state.
 */
public final class RoleMachine {
  /**
   * How long a booting controller lets the preferred one go first: not any more once the other one
   * had the lease, or it would give back what was just handed over to it.
   */
  public static final long HEAD_START_MILLIS = 3_000;

  /** A release that may not serve asks again this often: the upgrade may allow it any time. */
  public static final long FORBIDDEN_QUIET_MILLIS = 500;

  /** While it yields, it looks this often whether its head start is over. */
  static final long YIELDED_QUIET_MILLIS = 250;

  private RoleMachine() {}

  /**
   * The step that {@code event} causes in {@code state}.
   *
   * @throws IllegalStateException if it cannot happen there; the message names both
   */
  public static Step step(State state, Event event) {
    if (event instanceof Broken(String why)) {
      return broken(state, why);
    }
    return switch (state) {
      case Starting starting -> starting(starting, event);
      case Standby standby -> standby(standby, event);
      case Claiming claiming -> claiming(claiming, event);
      case Promoting promoting -> promoting(promoting, event);
      case Active active -> active(active, event);
      case HandingOver leaving -> handingOver(leaving, event);
      case Ended ended -> ended(ended, event);
    };
  }

  private static Step broken(State state, String why) {
    if (state instanceof Ended) {
      return Step.of(state);
    }
    return end(Exit.BROKEN, why);
  }

  private static Step starting(Starting state, Event event) {
    return switch (event) {
      case Warmed(long now) ->
          Step.of(
              new Standby(now + HEAD_START_MILLIS, now, Optional.empty()), new Effect.TryLease());
      case Tick _ -> Step.of(state);
      case Leave(Exit exit, String why) -> end(exit, why);
      case LeaseHeld _,
          LeaseTaken _,
          Granted _,
          Forbidden _,
          Yielded _,
          Serving _,
          Closed _,
          Broken _ ->
          throw impossible(state, event);
    };
  }

  private static Step standby(Standby state, Event event) {
    return switch (event) {
      case Tick(long now) ->
          now < state.quietUntilMillis() ? Step.of(state) : Step.of(state, new Effect.TryLease());
      case LeaseHeld(long now) ->
          Step.of(new Claiming(state), new Effect.Claim(now < state.headStartUntilMillis()));
      // The other one got further, so what was in the way may be over: it is asked for anew.
      case LeaseTaken(long now) ->
          Step.of(
              new Standby(
                  Math.min(now, state.headStartUntilMillis()),
                  state.quietUntilMillis(),
                  Optional.empty()));
      case Leave(Exit exit, String why) -> end(exit, why);
      case Warmed _, Granted _, Forbidden _, Yielded _, Serving _, Closed _, Broken _ ->
          throw impossible(state, event);
    };
  }

  private static Step claiming(Claiming state, Event event) {
    long headStart = state.before().headStartUntilMillis();
    return switch (event) {
      case Granted _ -> Step.of(new Promoting(), new Effect.Serve());
      case Forbidden(long now, String reason) ->
          Step.of(
              new Standby(headStart, now + FORBIDDEN_QUIET_MILLIS, Optional.of(reason)),
              new Effect.ReturnLease());
      case Yielded(long now) ->
          Step.of(
              new Standby(headStart, now + YIELDED_QUIET_MILLIS, Optional.empty()),
              new Effect.ReturnLease());
      case Tick _ -> Step.of(state);
      case Leave(Exit exit, String why) -> end(exit, why);
      case Warmed _, LeaseHeld _, LeaseTaken _, Serving _, Closed _, Broken _ ->
          throw impossible(state, event);
    };
  }

  private static Step promoting(Promoting state, Event event) {
    return switch (event) {
      case Serving _ -> Step.of(new Active());
      case Tick _ -> Step.of(state);
      case Leave(Exit exit, String why) ->
          Step.of(new HandingOver(exit, why), new Effect.Close(exit, why));
      case Warmed _,
          LeaseHeld _,
          LeaseTaken _,
          Granted _,
          Forbidden _,
          Yielded _,
          Closed _,
          Broken _ ->
          throw impossible(state, event);
    };
  }

  private static Step active(Active state, Event event) {
    return switch (event) {
      case Leave(Exit exit, String why) ->
          Step.of(new HandingOver(exit, why), new Effect.Close(exit, why));
      case Tick _ -> Step.of(state);
      case Warmed _,
          LeaseHeld _,
          LeaseTaken _,
          Granted _,
          Forbidden _,
          Yielded _,
          Serving _,
          Closed _,
          Broken _ ->
          throw impossible(state, event);
    };
  }

  private static Step handingOver(HandingOver state, Event event) {
    return switch (event) {
      case Closed _ -> end(state.exit(), state.why());
      // Asked twice: the first reason stands.
      case Leave _, Tick _ -> Step.of(state);
      case Warmed _,
          LeaseHeld _,
          LeaseTaken _,
          Granted _,
          Forbidden _,
          Yielded _,
          Serving _,
          Broken _ ->
          throw impossible(state, event);
    };
  }

  private static Step ended(Ended state, Event event) {
    return switch (event) {
      case Leave _, Tick _ -> Step.of(state);
      case Warmed _,
          LeaseHeld _,
          LeaseTaken _,
          Granted _,
          Forbidden _,
          Yielded _,
          Serving _,
          Closed _,
          Broken _ ->
          throw impossible(state, event);
    };
  }

  private static Step end(Exit exit, String why) {
    return Step.of(new Ended(exit, why), new Effect.End(exit, why));
  }

  private static IllegalStateException impossible(State state, Event event) {
    return new IllegalStateException(event + " cannot happen in " + state);
  }
}

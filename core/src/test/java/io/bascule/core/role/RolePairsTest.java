package io.bascule.core.role;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.pairs.Pairs;
import io.bascule.core.pairs.Pairs.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Every pair of the role's machine: first those that come about, with a lease, a state.db and a
 * controller around it that answer in every way they can, then all the others, which must be
 * refused. So what {@link RoleMachineTest} calls impossible never happens.
 */
class RolePairsTest {
  private static final long[] TIMES = {0, RoleMachine.HEAD_START_MILLIS, 60_000};

  private final Pairs pairs =
      new Pairs("role", Pairs.namesOf(State.class), Pairs.namesOf(Event.class));
  private final Set<State> seen = new HashSet<>();
  private final ArrayDeque<State> ahead = new ArrayDeque<>();

  @Test
  void shouldTakeEveryEventThatComesAboutAndRefuseAllOthers() {
    visit(new State.Starting());
    while (!ahead.isEmpty()) {
      State state = ahead.remove();
      if (state instanceof State.Ended) {
        // The thread that runs the machine ends; a signal may still come.
        assertThat(step(state, new Event.Tick(0)).effects()).isEmpty();
        assertThat(step(state, new Event.Leave(Exit.STOPPED, "late")).effects()).isEmpty();
        assertThat(step(state, new Event.Broken("late")).effects()).isEmpty();
        continue;
      }
      for (var event : fromOutside(state)) {
        carryOut(step(state, event), 0);
      }
    }
    assertThat(seen.stream().map(state -> state.getClass().getSimpleName()))
        .containsAll(Pairs.namesOf(State.class));
    seen.forEach(this::refuseTheRest);
    pairs.conclude();
  }

  private void visit(State state) {
    if (seen.add(state)) {
      ahead.add(state);
    }
  }

  /** What does not answer an effect. */
  private static List<Event> fromOutside(State state) {
    List<Event> events = new ArrayList<>();
    for (long now : TIMES) {
      events.add(new Event.Tick(now));
      if (state instanceof State.Starting) {
        events.add(new Event.Warmed(now));
      }
    }
    for (var exit : List.of(Exit.STOPPED, Exit.REBOOT)) {
      events.add(new Event.Leave(exit, "asked"));
    }
    events.add(new Event.Broken("broken"));
    return events;
  }

  /**
   * The answers to an effect; the machine's thread carries it out before it takes anything else.
   */
  private static List<Event> answers(Effect effect) {
    List<Event> events = new ArrayList<>();
    for (long now : TIMES) {
      switch (effect) {
        case Effect.TryLease _ -> {
          events.add(new Event.LeaseHeld(now));
          events.add(new Event.LeaseTaken(now));
        }
        case Effect.Claim(boolean mayYield) -> {
          events.add(new Event.Granted());
          events.add(new Event.Forbidden(now, "not allowed"));
          if (mayYield) {
            events.add(new Event.Yielded(now));
          }
        }
        case Effect.Serve _ -> events.add(new Event.Serving());
        case Effect.Close _ -> events.add(new Event.Closed());
        case Effect.ReturnLease _, Effect.End _ -> {}
      }
    }
    return events;
  }

  private void carryOut(Step step, int depth) {
    // Lease, claim, serve: no answer leads to more than that, or the thread would never rest.
    assertThat(depth).isLessThan(5);
    assertThat(step.effects().size()).isLessThanOrEqualTo(1);
    visit(step.state());
    for (var effect : step.effects()) {
      for (var answer : answers(effect)) {
        carryOut(step(step.state(), answer), depth + 1);
      }
      // Before the answer a role is asked by nobody; but what carries it out may fail.
      if (!(effect instanceof Effect.End)) {
        visit(step(step.state(), new Event.Broken("it failed")).state());
        for (var exit : List.of(Exit.STOPPED, Exit.REBOOT)) {
          visit(step(step.state(), new Event.Leave(exit, "asked")).state());
        }
        step(step.state(), new Event.Tick(0));
      }
    }
  }

  private Step step(State state, Event event) {
    var step = RoleMachine.step(state, event);
    boolean same = step.state().equals(state) && step.effects().isEmpty();
    saw(
        state,
        event,
        step.state().getClass() != state.getClass()
            ? Outcome.MOVES
            : same ? Outcome.NOTHING : Outcome.CHANGES);
    return step;
  }

  private void saw(State state, Event event, Outcome outcome) {
    pairs.saw(state.getClass().getSimpleName(), event.getClass().getSimpleName(), outcome);
  }

  private void refuseTheRest(State state) {
    for (var event :
        List.of(
            new Event.Warmed(0),
            new Event.Tick(0),
            new Event.LeaseHeld(0),
            new Event.LeaseTaken(0),
            new Event.Granted(),
            new Event.Forbidden(0, "not allowed"),
            new Event.Yielded(0),
            new Event.Serving(),
            new Event.Leave(Exit.REBOOT, "asked"),
            new Event.Closed(),
            new Event.Broken("broken"))) {
      var name = event.getClass().getSimpleName();
      if (pairs.outcomes(state.getClass().getSimpleName(), name).isEmpty()
          || pairs
              .outcomes(state.getClass().getSimpleName(), name)
              .equals(Set.of(Outcome.IMPOSSIBLE))) {
        assertThatThrownBy(() -> RoleMachine.step(state, event))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining(state.toString())
            .hasMessageContaining(event.toString());
        saw(state, event, Outcome.IMPOSSIBLE);
      }
    }
  }
}

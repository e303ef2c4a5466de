package io.bascule.core.role;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RoleMachineTest {
  private static final State.Standby STANDBY = new State.Standby(4_000, 1_000, Optional.empty());
  private static final List<State> STATES =
      List.of(
          new State.Starting(),
          STANDBY,
          new State.Claiming(STANDBY),
          new State.Promoting(),
          new State.Active(),
          new State.HandingOver(Exit.REBOOT, "first"),
          new State.Ended(Exit.STOPPED, "first"));
  private static final List<Event> EVENTS =
      List.of(
          new Event.Warmed(1_000),
          new Event.Tick(1_010),
          new Event.LeaseHeld(1_010),
          new Event.LeaseTaken(1_010),
          new Event.Granted(),
          new Event.Forbidden(1_020, "not allowed"),
          new Event.Yielded(1_020),
          new Event.Serving(),
          new Event.Leave(Exit.REBOOT, "asked"),
          new Event.Closed(),
          new Event.Broken("broken"));

  /** Rows are STATES, columns EVENTS: the next state's name, or a dash where it cannot happen. */
  private static final String TABLE =
      """
      Standby Starting -        -        -         -       -       -      Ended       -     Ended
      -       Standby  Claiming Standby  -         -       -       -      Ended       -     Ended
      -       Claiming -        -        Promoting Standby Standby -      Ended       -     Ended
      -       Promoting -       -        -         -       -       Active HandingOver -     Ended
      -       Active   -        -        -         -       -       -      HandingOver -     Ended
      -       HandingOver -     -        -         -       -       -      HandingOver Ended Ended
      -       Ended    -        -        -         -       -       -      Ended       -     Ended
      """;

  static Stream<Arguments> everyPair() {
    var rows = TABLE.lines().toList();
    var pairs = new ArrayList<Arguments>();
    for (int s = 0; s < STATES.size(); s++) {
      String[] cells = rows.get(s).split(" +", -1);
      assertThat(cells).hasSize(EVENTS.size());
      for (int e = 0; e < EVENTS.size(); e++) {
        pairs.add(Arguments.of(STATES.get(s), EVENTS.get(e), cells[e]));
      }
    }
    return pairs.stream();
  }

  @ParameterizedTest
  @MethodSource("everyPair")
  void shouldFollowTheTable(State state, Event event, String expected) {
    if (expected.equals("-")) {
      assertThatThrownBy(() -> RoleMachine.step(state, event))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(state.toString())
          .hasMessageContaining(event.toString());
      return;
    }
    var step = RoleMachine.step(state, event);
    assertThat(step.state().getClass().getSimpleName()).isEqualTo(expected);
    boolean ends = step.state() instanceof State.Ended && !(state instanceof State.Ended);
    assertThat(step.effects().stream().anyMatch(Effect.End.class::isInstance)).isEqualTo(ends);
  }

  @Test
  void shouldKnowEveryStateAndEvent() {
    assertThat(STATES.stream().map(Object::getClass).distinct())
        .hasSize(State.class.getPermittedSubclasses().length);
    assertThat(EVENTS.stream().map(Object::getClass).distinct())
        .hasSize(Event.class.getPermittedSubclasses().length);
  }

  @Test
  void shouldYieldOnlyDuringTheHeadStart() {
    assertThat(RoleMachine.step(STANDBY, new Event.LeaseHeld(3_999)).effects())
        .containsExactly(new Effect.Claim(true));
    assertThat(RoleMachine.step(STANDBY, new Event.LeaseHeld(4_000)).effects())
        .containsExactly(new Effect.Claim(false));
  }

  /** It was handed over to: what the other one gave up is not offered to it again. */
  @Test
  void shouldNotYieldOnceTheOtherOneHadTheLease() {
    var booted = RoleMachine.step(new State.Starting(), new Event.Warmed(1_000)).state();
    assertThat(RoleMachine.step(booted, new Event.LeaseHeld(1_500)).effects())
        .containsExactly(new Effect.Claim(true));
    var waiting = RoleMachine.step(booted, new Event.LeaseTaken(1_400)).state();
    assertThat(RoleMachine.step(waiting, new Event.LeaseHeld(1_500)).effects())
        .containsExactly(new Effect.Claim(false));
  }

  @Test
  void shouldStayQuietAfterARefusalAndThenAskAgain() {
    var refused =
        RoleMachine.step(new State.Claiming(STANDBY), new Event.Forbidden(2_000, "too old"));
    assertThat(refused.effects()).containsExactly(new Effect.ReturnLease());
    assertThat(RoleMachine.step(refused.state(), new Event.Tick(2_499)).effects()).isEmpty();
    assertThat(RoleMachine.step(refused.state(), new Event.Tick(2_500)).effects())
        .containsExactly(new Effect.TryLease());
  }

  /** A full disk, say: once the other one serves, this one may take over like any other. */
  @Test
  void shouldForgetWhyItWasRefusedOnceTheOtherOneHasTheLease() {
    var refused =
        RoleMachine.step(new State.Claiming(STANDBY), new Event.Forbidden(2_000, "full")).state();
    assertThat(((State.Standby) refused).forbidden()).contains("full");
    var waiting = RoleMachine.step(refused, new Event.LeaseTaken(2_500)).state();
    assertThat(((State.Standby) waiting).forbidden()).isEmpty();
  }

  @Test
  void shouldGiveTheLeaseBackWhenItYields() {
    var yielded = RoleMachine.step(new State.Claiming(STANDBY), new Event.Yielded(2_000));
    assertThat(yielded.effects()).containsExactly(new Effect.ReturnLease());
    assertThat(((State.Standby) yielded.state()).headStartUntilMillis())
        .as("the head start is counted from the boot, not from the last try")
        .isEqualTo(STANDBY.headStartUntilMillis());
  }

  @Test
  void shouldKeepTheFirstReasonToLeave() {
    var leaving = new State.HandingOver(Exit.REBOOT, "first");
    var again = RoleMachine.step(leaving, new Event.Leave(Exit.STOPPED, "second"));
    assertThat(again).isEqualTo(Step.of(leaving));
    assertThat(RoleMachine.step(again.state(), new Event.Closed()).effects())
        .containsExactly(new Effect.End(Exit.REBOOT, "first"));
  }

  /** Random walks: nobody comes back from Active, and nobody is Active without a grant. */
  @Test
  void shouldBeActiveOnlyOnceAndOnlyWhenGranted() {
    for (long seed = 0; seed < 2_000; seed++) {
      var random = new Random(seed);
      State state = new State.Starting();
      boolean granted = false;
      boolean wasActive = false;
      for (int i = 0; i < 60; i++) {
        var event = EVENTS.get(random.nextInt(EVENTS.size() - (random.nextInt(20) == 0 ? 0 : 1)));
        State before = state;
        try {
          state = RoleMachine.step(before, event).state();
        } catch (IllegalStateException e) {
          continue;
        }
        granted |= event instanceof Event.Granted;
        boolean active = state instanceof State.Active;
        assertThat(active && !granted).as("seed %d", seed).isFalse();
        if (wasActive && !active) {
          assertThat(state)
              .as("seed %d: %s after Active", seed, state)
              .isInstanceOfAny(State.HandingOver.class, State.Ended.class);
        }
        wasActive |= active;
      }
    }
  }
}

package io.bascule.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.State.Stage;
import io.bascule.core.migration.State.Working;
import io.bascule.core.pairs.Pairs;
import io.bascule.core.pairs.Pairs.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/**
 * Every state of the migration's machine with every event. {@link MigrationMachineTest} says what
 * comes of each; here every state that can be written down is tried, and every order of everything
 * that feeds the machine is gone through: what is impossible never comes about.
 */
class MigrationPairsTest {
  private static final boolean ALL = Boolean.getBoolean("bascule.check.all");

  /** How much may go wrong in one run. */
  private static final int TROUBLES = ALL ? 3 : 2;

  private static final Loss LOSS = new Loss(Loss.FAILED, "a write failed");
  private static final boolean[] EITHER = {false, true};

  /** Every state, but for texts and times. */
  private static List<State> states() {
    List<State> all = new ArrayList<>();
    all.add(new State.Off());
    all.add(new State.Prepared());
    all.add(new State.Stopped("unknown"));
    for (boolean either : EITHER) {
      all.add(new State.Preparing(either));
      all.add(new State.Losing(LOSS, either));
      all.add(new State.Lost(LOSS, either));
      all.add(new State.Canceled(either));
      all.add(new State.Committed(either));
    }
    for (var phase : Phase.values()) {
      if (phase != Phase.PREPARE) {
        all.add(new State.Reopening(phase));
        all.addAll(working(phase));
      }
    }
    for (var before : working(Phase.CONFIRM)) {
      for (var stage : Stage.values()) {
        if (stage != Stage.SYNCING || before.reached()) {
          all.add(new State.Committing(before, stage, 0, Optional.empty()));
        }
        if (stage == Stage.DECIDING) {
          all.add(new State.Committing(before, stage, 0, Optional.of(LOSS)));
        }
      }
    }
    return all;
  }

  private static List<Working> working(Phase phase) {
    List<Working> all = new ArrayList<>();
    for (boolean paused : EITHER) {
      for (boolean copied : EITHER) {
        for (boolean verified : EITHER) {
          all.add(new Working(phase, paused, copied, verified, Optional.empty(), false));
          if (phase == Phase.CONFIRM) {
            all.add(new Working(phase, paused, copied, verified, Optional.of(60L), false));
            all.add(new Working(phase, paused, copied, verified, Optional.of(60L), true));
          }
        }
      }
    }
    return all;
  }

  private static List<Event> events() {
    List<Event> all = new ArrayList<>();
    for (var phase : Phase.values()) {
      for (boolean paused : EITHER) {
        all.add(new Event.Aim(phase, paused, 60, 0));
      }
      all.add(new Event.Opened(phase));
    }
    all.add(new Event.Made());
    all.add(new Event.PreparedNow());
    for (boolean copied : EITHER) {
      for (boolean verified : EITHER) {
        all.add(new Event.Reopened(copied, verified));
      }
    }
    all.add(new Event.CopyDone());
    all.add(new Event.Remarked());
    all.add(new Event.PassClean());
    all.add(new Event.Mismatch("v", 65536, 1));
    all.add(new Event.Mismatch("v", 65536, MigrationMachine.MISMATCHES_MAX));
    all.add(new Event.Unreadable("v", 0, "EIO"));
    all.add(new Event.Tick(0));
    all.add(new Event.Tick(60));
    all.add(new Event.Failed(LOSS));
    all.add(new Event.LossRecorded());
    all.add(new Event.Renew());
    all.add(new Event.Cancel());
    all.add(new Event.CommitAsked());
    all.add(new Event.Synced());
    all.add(new Event.Held());
    all.add(new Event.HoldFailed("slow"));
    for (var decision : Decision.values()) {
      all.add(new Event.Decided(decision));
    }
    all.add(new Event.Dropped());
    all.add(new Event.Freed());
    return all;
  }

  private static String name(State state) {
    String type = state.getClass().getSimpleName();
    return switch (state) {
      case State.Preparing(boolean made) -> type + (made ? " made" : "");
      case State.Reopening(Phase phase) -> type + " " + phase;
      case Working working -> type + " " + working.phase() + (working.paused() ? " paused" : "");
      case State.Committing now ->
          type + " " + now.stage() + (now.lost().isPresent() ? " lost" : "");
      case State.Committed(boolean freed) -> type + (freed ? " freed" : "");
      case State.Lost(Loss _, boolean dropped) -> type + (dropped ? " dropped" : "");
      case State.Canceled(boolean dropped) -> type + (dropped ? " dropped" : "");
      case State.Off _, State.Prepared _, State.Losing _, State.Stopped _ -> type;
    };
  }

  private static String name(Event event) {
    String type = event.getClass().getSimpleName();
    return switch (event) {
      case Event.Aim aim -> type + " " + aim.phase() + (aim.paused() ? " paused" : "");
      case Event.Decided(Decision decision) -> type + " " + decision;
      default -> type;
    };
  }

  private static Outcome outcome(State state, Step step) {
    return !name(step.state()).equals(name(state))
        ? Outcome.MOVES
        : step.equals(new Step(state, List.of())) ? Outcome.NOTHING : Outcome.CHANGES;
  }

  @Test
  void shouldKnowWhatToDoInEveryStateWithEveryEvent() {
    var states = states();
    var events = events();
    assertThat(types(states)).isEqualTo(new TreeSet<>(Pairs.namesOf(State.class)));
    assertThat(types(events)).isEqualTo(new TreeSet<>(Pairs.namesOf(Event.class)));
    var pairs =
        new Pairs(
            "migration",
            states.stream().map(MigrationPairsTest::name).distinct().toList(),
            events.stream().map(MigrationPairsTest::name).distinct().toList());
    for (var state : states) {
      for (var event : events) {
        pairs.saw(name(state), name(event), tried(state, event));
      }
    }
    pairs.conclude();
  }

  private static Set<String> types(List<?> all) {
    var names = new TreeSet<String>();
    all.forEach(one -> names.add(one.getClass().getSimpleName()));
    return names;
  }

  private static Outcome tried(State state, Event event) {
    Step step;
    try {
      step = MigrationMachine.step(state, event);
    } catch (IllegalStateException e) {
      assertThat(e).hasMessage(event + " cannot happen in " + state);
      return Outcome.IMPOSSIBLE;
    }
    judge(state, event, step);
    return outcome(state, step);
  }

  /** The machine's invariants, wherever it is. */
  private static void judge(State state, Event event, Step step) {
    var next = step.state();
    String told = event + " in " + state + " leads to " + step;
    assertThat(MigrationMachineTest.served(state, step))
        .as("%s: volumes are served as the state says", told)
        .isEqualTo(MigrationMachine.service(next));
    if (state instanceof State.Committed || state instanceof State.Stopped) {
      assertThat(next).as(told).hasSameClassAs(state);
    } else if (event instanceof Event.Cancel) {
      assertThat(next).as(told).isInstanceOf(State.Canceled.class);
    }
    if (next instanceof State.Committed && !(state instanceof State.Committed)) {
      assertThat(event).as(told).isEqualTo(new Event.Decided(Decision.COMMITTED));
    }
    boolean asked = step.effects().contains(new Effect.Decide());
    assertThat(asked)
        .as("%s: the record is asked once, after a hold", told)
        .isEqualTo(
            event instanceof Event.Held
                && state instanceof State.Committing now
                && now.before().reached());
    if (state instanceof State.Committing now
        && now.stage() == Stage.DECIDING
        && !(event instanceof Event.Decided)
        && !(event instanceof Event.Cancel)) {
      assertThat(MigrationMachine.service(next))
          .as("%s: only the answer changes how writes are served", told)
          .isEqualTo(Service.HELD);
    }
  }

  /** Every world there is, and which may follow which. */
  private static final class Worlds {
    final Map<Object, Integer> numbers = new HashMap<>();
    final List<ClosedWorld> all = new ArrayList<>();
    final List<List<Integer>> before = new ArrayList<>();

    int visit(ClosedWorld world) {
      var key = world.key();
      var known = numbers.get(key);
      if (known != null) {
        return known;
      }
      int number = all.size();
      numbers.put(key, number);
      all.add(world);
      before.add(new ArrayList<>(4));
      return number;
    }

    /** Goes through all of them; {@code machine} is told of every pair. */
    void explore(List<ClosedWorld> beginnings, BiFunction<State, Event, Step> machine) {
      beginnings.forEach(this::visit);
      for (int i = 0; i < all.size(); i++) {
        for (var next : next(all.get(i), machine)) {
          int to = visit(next);
          if (to != i) {
            before.get(to).add(i);
          }
        }
      }
    }

    private static List<ClosedWorld> next(
        ClosedWorld world, BiFunction<State, Event, Step> machine) {
      try {
        return world.next(machine);
      } catch (IllegalStateException e) {
        throw new AssertionError(e.getMessage() + ":\n" + world.story(), e);
      }
    }

    /** One from which no end can be come to any more, if there is one. */
    Optional<ClosedWorld> hopeless() {
      var mayEnd = new BitSet(all.size());
      var ahead = new ArrayDeque<Integer>();
      for (int i = 0; i < all.size(); i++) {
        if (all.get(i).isEnd()) {
          mayEnd.set(i);
          ahead.add(i);
        }
      }
      while (!ahead.isEmpty()) {
        for (int from : before.get(ahead.remove())) {
          if (!mayEnd.get(from)) {
            mayEnd.set(from);
            ahead.add(from);
          }
        }
      }
      int first = mayEnd.nextClearBit(0);
      return first < all.size() ? Optional.of(all.get(first)) : Optional.empty();
    }
  }

  /**
   * The machine among everything that feeds it, in every order. A pair that the machine takes for
   * impossible would cost format 2, or the process. Wherever it is, it can come to an end without
   * anything else going wrong, nor anybody's help but a resume.
   */
  @Test
  void shouldNeverMeetWhatItTakesForImpossibleAndAlwaysBeAbleToEnd() {
    Map<String, Set<String>> came = new TreeMap<>();
    var worlds = new Worlds();
    worlds.explore(
        ClosedWorld.beginnings(TROUBLES),
        (state, event) -> {
          came.computeIfAbsent(name(state), _ -> new TreeSet<>()).add(name(event));
          var step = MigrationMachine.step(state, event);
          judge(state, event, step);
          return step;
        });
    System.out.printf(
        "migration: %,d worlds with %d troubles; %d pairs come about%n",
        worlds.all.size(), TROUBLES, came.values().stream().mapToInt(Set::size).sum());
    assertThat(types(worlds.all.stream().map(ClosedWorld::state).toList()))
        .isEqualTo(new TreeSet<>(Pairs.namesOf(State.class)));
    assertThat(worlds.hopeless().map(ClosedWorld::story)).isEmpty();
  }
}

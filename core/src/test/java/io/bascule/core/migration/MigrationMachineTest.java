package io.bascule.core.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.State.Stage;
import io.bascule.core.migration.State.Working;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MigrationMachineTest {
  private static final Loss LOSS = new Loss(Loss.FAILED, "a write failed");
  private static final Working COPYING = working(Phase.COPY, false, false, Optional.empty(), false);
  private static final Working COPIED = working(Phase.COPY, true, false, Optional.empty(), false);
  private static final Working VERIFIED =
      working(Phase.VERIFY, true, true, Optional.empty(), false);
  private static final Working CONFIRMING =
      working(Phase.CONFIRM, true, true, Optional.of(900L), false);
  private static final Working CONFIRMED =
      working(Phase.CONFIRM, true, true, Optional.of(900L), true);

  private static Working working(
      Phase phase, boolean copied, boolean verified, Optional<Long> until, boolean confirmed) {
    return new Working(phase, false, copied, verified, until, confirmed);
  }

  private static State.Committing committing(Stage stage) {
    return new State.Committing(CONFIRMED, stage, 0, Optional.empty());
  }

  private static final Map<String, State> STATES = new LinkedHashMap<>();
  private static final Map<String, Event> EVENTS = new LinkedHashMap<>();

  static {
    STATES.put("off", new State.Off());
    STATES.put("preparing", new State.Preparing(false));
    STATES.put("made", new State.Preparing(true));
    STATES.put("prepared", new State.Prepared());
    STATES.put("reopening", new State.Reopening(Phase.VERIFY));
    STATES.put("copying", COPYING);
    STATES.put("copied", COPIED);
    STATES.put("verified", VERIFIED);
    STATES.put("confirming", CONFIRMING);
    STATES.put("confirmed", CONFIRMED);
    STATES.put("syncing", committing(Stage.SYNCING));
    STATES.put("holding", committing(Stage.HOLDING));
    STATES.put("deciding", committing(Stage.DECIDING));
    STATES.put("committed", new State.Committed(false));
    STATES.put("losing", new State.Losing(LOSS, true));
    STATES.put("lost", new State.Lost(LOSS, true));
    STATES.put("canceled", new State.Canceled(true));
    STATES.put("stopped", new State.Stopped("unknown"));

    EVENTS.put("aim1", new Event.Aim(Phase.PREPARE, false, 60, 1000));
    EVENTS.put("aim2", new Event.Aim(Phase.COPY, false, 60, 1000));
    EVENTS.put("aim3", new Event.Aim(Phase.VERIFY, false, 60, 1000));
    EVENTS.put("aim4", new Event.Aim(Phase.CONFIRM, false, 60, 1000));
    EVENTS.put("pause2", new Event.Aim(Phase.COPY, true, 60, 1000));
    EVENTS.put("opened", new Event.Opened(Phase.COPY));
    EVENTS.put("made", new Event.Made());
    EVENTS.put("prepared", new Event.PreparedNow());
    EVENTS.put("reopened", new Event.Reopened(true, true));
    EVENTS.put("copyDone", new Event.CopyDone());
    EVENTS.put("remarked", new Event.Remarked());
    EVENTS.put("clean", new Event.PassClean());
    EVENTS.put("mismatch", new Event.Mismatch("v", 65536, 3));
    EVENTS.put("unreadable", new Event.Unreadable("v", 0, "EIO"));
    EVENTS.put("tick", new Event.Tick(1000));
    EVENTS.put("failed", new Event.Failed(LOSS));
    EVENTS.put("recorded", new Event.LossRecorded());
    EVENTS.put("renew", new Event.Renew());
    EVENTS.put("cancel", new Event.Cancel());
    EVENTS.put("commit", new Event.CommitAsked());
    EVENTS.put("synced", new Event.Synced());
    EVENTS.put("held", new Event.Held());
    EVENTS.put("holdFailed", new Event.HoldFailed("slow"));
    EVENTS.put("yes", new Event.Decided(Decision.COMMITTED));
    EVENTS.put("no", new Event.Decided(Decision.REFUSED));
    EVENTS.put("unknown", new Event.Decided(Decision.UNKNOWN));
    EVENTS.put("dropped", new Event.Dropped());
    EVENTS.put("freed", new Event.Freed());
  }

  /**
   * A row for each state: every event that changes it, with what is served and done then; those
   * that leave it as it is, behind "stays"; all others cannot happen there.
   */
  private static final String TABLE =
      """
      off: aim1=Preparing[PREPARE] opened=Reopening[MARKING,REOPEN] failed=Losing[LOSS] renew=Preparing[PREPARE] cancel=Canceled[V1,DROP] stays tick
      preparing: made=Preparing[MARKING,SCAN] failed=Losing[REST,LOSS] cancel=Canceled[V1,REST,DROP] stays aim1 aim2 aim3 aim4 pause2 copyDone remarked clean mismatch unreadable tick dropped
      made: prepared=Prepared[] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] stays aim1 aim2 aim3 aim4 pause2 copyDone remarked clean mismatch unreadable tick dropped
      prepared: aim2=Working[BOTH,COPY] pause2=Working[BOTH,REST] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] stays aim1 copyDone remarked clean mismatch unreadable tick dropped
      reopening: reopened=Working[BOTH] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] stays aim1 aim2 aim3 aim4 pause2 remarked tick commit
      copying: pause2=Working[REST] copyDone=Working[] clean=Working[] mismatch=Working[ALARM,PAUSE] unreadable=Working[REST,ALARM,PAUSE] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] stays aim2 remarked tick synced
      copied: aim3=Working[COMPARE] pause2=Working[REST] remarked=Working[] clean=Working[] mismatch=Working[ALARM,PAUSE] unreadable=Working[REST,ALARM,PAUSE] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] stays aim2 copyDone tick synced
      verified: aim4=Working[READ_V2,COMPARE] remarked=Working[] mismatch=Working[ALARM,PAUSE] unreadable=Working[REST,ALARM,PAUSE] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] stays aim3 copyDone clean tick synced
      confirming: remarked=Working[] mismatch=Working[ALARM,PAUSE] unreadable=Working[REST,ALARM,PAUSE] tick=Working[] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] commit=Working[] stays aim4 copyDone clean synced
      confirmed: remarked=Working[] mismatch=Working[ALARM,PAUSE] unreadable=Working[REST,ALARM,PAUSE] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] commit=Committing[SYNC] stays aim4 copyDone clean tick synced
      syncing: remarked=Working[READ_V2,COMPARE] mismatch=Working[ALARM,PAUSE,READ_V2,COMPARE] unreadable=Working[REST,ALARM,PAUSE] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] synced=Committing[HOLD] stays aim1 aim2 aim3 aim4 pause2 copyDone clean tick commit
      holding: remarked=Committing[] unreadable=Committing[] mismatch=Committing[ALARM,PAUSE] failed=Losing[MARKING,REST,LOSS] cancel=Canceled[V1,REST,DROP] held=Committing[DECIDE] holdFailed=Committing[READ_V2,SYNC] stays aim1 aim2 aim3 aim4 pause2 copyDone clean tick commit synced
      deciding: remarked=Committing[] unreadable=Committing[] mismatch=Committing[ALARM] failed=Committing[] cancel=Canceled[V1,REST,DROP] yes=Committed[V2,FREE] no=Working[READ_V2,COMPARE] unknown=Stopped[STOP] stays aim1 aim2 aim3 aim4 pause2 copyDone clean tick commit
      committed: freed=Committed[] stays aim1 aim2 aim3 aim4 pause2 copyDone clean mismatch unreadable tick failed commit
      losing: recorded=Lost[V1,DROP] cancel=Canceled[V1,REST,DROP] stays aim1 aim2 aim3 aim4 pause2 made prepared reopened copyDone remarked clean mismatch unreadable tick failed renew commit synced held holdFailed dropped
      lost: renew=Preparing[PREPARE] cancel=Canceled[V1,REST,DROP] stays aim1 aim2 aim3 aim4 pause2 made prepared reopened copyDone remarked clean mismatch unreadable tick failed recorded commit synced held holdFailed dropped
      canceled: aim1=Preparing[PREPARE] yes=Stopped[STOP] stays aim2 aim3 aim4 pause2 made prepared reopened copyDone remarked clean mismatch unreadable tick failed recorded renew cancel commit synced held holdFailed no unknown dropped
      stopped: stays aim1 aim2 aim3 aim4 pause2 opened made prepared reopened copyDone remarked clean mismatch unreadable tick failed recorded renew cancel commit synced held holdFailed yes no unknown dropped freed
      """;

  static Stream<Arguments> everyPair() {
    var pairs = new ArrayList<Arguments>();
    for (String line : TABLE.lines().toList()) {
      String name = line.substring(0, line.indexOf(':'));
      var cells = new LinkedHashMap<String, String>();
      boolean stays = false;
      for (String word : line.substring(line.indexOf(':') + 1).strip().split(" ", -1)) {
        if (word.equals("stays")) {
          stays = true;
        } else {
          String[] parts = word.split("=", 2);
          assertThat(EVENTS).containsKey(parts[0]);
          cells.put(parts[0], stays ? "stays" : parts[1]);
        }
      }
      for (String event : EVENTS.keySet()) {
        pairs.add(Arguments.of(name, event, cells.getOrDefault(event, "-")));
      }
    }
    assertThat(pairs).hasSize(STATES.size() * EVENTS.size());
    return pairs.stream();
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("everyPair")
  void shouldFollowTheTable(String stateName, String eventName, String expected) {
    State state = java.util.Objects.requireNonNull(STATES.get(stateName));
    Event event = java.util.Objects.requireNonNull(EVENTS.get(eventName));
    if (expected.equals("-")) {
      assertThatThrownBy(() -> MigrationMachine.step(state, event))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(state.toString())
          .hasMessageContaining(event.toString());
      return;
    }
    var step = MigrationMachine.step(state, event);
    if (expected.equals("stays")) {
      assertThat(step).isEqualTo(new Step(state, List.of()));
    } else {
      assertThat(shown(step)).isEqualTo(expected);
    }
    assertThat(served(state, step)).isEqualTo(MigrationMachine.service(step.state()));
  }

  private static String shown(Step step) {
    return step.state().getClass().getSimpleName()
        + step.effects().stream()
            .map(MigrationMachineTest::shown)
            .toList()
            .toString()
            .replace(" ", "");
  }

  private static String shown(Effect effect) {
    return switch (effect) {
      case Effect.Serve(Service service) -> service.name();
      case Effect.Prepare _ -> "PREPARE";
      case Effect.Scan _ -> "SCAN";
      case Effect.Reopen _ -> "REOPEN";
      case Effect.Work(boolean compare) -> compare ? "COMPARE" : "COPY";
      case Effect.Rest _ -> "REST";
      case Effect.Alarm _ -> "ALARM";
      case Effect.AskPause _ -> "PAUSE";
      case Effect.RecordLoss _ -> "LOSS";
      case Effect.DropFormatTwo _ -> "DROP";
      case Effect.FreeFormatOne _ -> "FREE";
      case Effect.SyncBoth _ -> "SYNC";
      case Effect.Hold _ -> "HOLD";
      case Effect.Decide _ -> "DECIDE";
      case Effect.Stop _ -> "STOP";
    };
  }

  /** What is served after the step, by its effects; a hold serves so itself, and lets go itself. */
  static Service served(State before, Step step) {
    Service service = MigrationMachine.service(before);
    for (var effect : step.effects()) {
      service =
          switch (effect) {
            case Effect.Serve(Service next) -> next;
            case Effect.Hold _ -> Service.HELD;
            default -> service;
          };
    }
    return step.state() instanceof State.Stopped ? Service.HELD : service;
  }

  @Test
  void shouldReachPhasesInTheirOrder() {
    State state = new State.Off();
    state = after(state, new Event.Aim(Phase.PREPARE, false, 60, 0));
    assertThat(MigrationMachine.reached(state)).isEmpty();
    state = after(after(state, new Event.Made()), new Event.PreparedNow());
    assertThat(MigrationMachine.reached(state)).contains(Phase.PREPARE);
    state = after(state, new Event.Aim(Phase.COPY, false, 60, 0));
    assertThat(MigrationMachine.reached(state)).contains(Phase.PREPARE);
    state = after(state, new Event.CopyDone());
    assertThat(MigrationMachine.reached(state)).contains(Phase.COPY);
    state = after(after(state, new Event.Aim(Phase.VERIFY, false, 60, 0)), new Event.PassClean());
    assertThat(MigrationMachine.reached(state)).contains(Phase.VERIFY);
    state = after(state, new Event.Aim(Phase.CONFIRM, false, 60, 100));
    assertThat(MigrationMachine.reached(after(state, new Event.Tick(159)))).contains(Phase.VERIFY);
    state = after(state, new Event.Tick(160));
    assertThat(MigrationMachine.reached(state)).contains(Phase.CONFIRM);
    assertThat(MigrationMachine.reached(after(state, new Event.Remarked()))).contains(Phase.VERIFY);
  }

  private static State after(State state, Event event) {
    return MigrationMachine.step(state, event).state();
  }

  /**
   * After a takeover the confirm time begins again, and nothing is worked on before the record
   * says.
   */
  @Test
  void shouldGoOnAfterATakeover() {
    var opened = MigrationMachine.step(new State.Off(), new Event.Opened(Phase.CONFIRM));
    var reopened = MigrationMachine.step(opened.state(), new Event.Reopened(false, true));
    assertThat(reopened.effects()).containsExactly(new Effect.Serve(Service.READ_V2));
    var aimed =
        MigrationMachine.step(reopened.state(), new Event.Aim(Phase.CONFIRM, false, 60, 100));
    assertThat(aimed.effects()).containsExactly(new Effect.Work(true));
    assertThat(after(after(aimed.state(), new Event.CopyDone()), new Event.Tick(160)))
        .matches(state -> ((Working) state).reached());
  }

  /** A region that a hold finds uncopied is copied between two holds, or none ever succeeds. */
  @Test
  void shouldWorkWhileItCommitsOutOfAPause() {
    var paused = MigrationMachine.step(CONFIRMED, new Event.Aim(Phase.CONFIRM, true, 60, 1000));
    assertThat(paused.effects()).containsExactly(new Effect.Rest());
    var asked = MigrationMachine.step(paused.state(), new Event.CommitAsked());
    assertThat(asked.effects()).containsExactly(new Effect.Work(true), new Effect.SyncBoth());
    assertThat(asked.state()).isEqualTo(committing(Stage.SYNCING));
  }

  @Test
  void shouldTellOfHoldsThatTakeTooLongAndTryOn() {
    State state = committing(Stage.HOLDING);
    int alarms = 0;
    for (int i = 0; i < 3 * MigrationMachine.HOLDS_TOLD; i++) {
      var failed = MigrationMachine.step(state, new Event.HoldFailed("slow"));
      alarms += (int) failed.effects().stream().filter(Effect.Alarm.class::isInstance).count();
      state = after(failed.state(), new Event.Synced());
    }
    assertThat(alarms).isEqualTo(1);
    assertThat(state).isInstanceOf(State.Committing.class);
  }

  /** Damage that is read while the record is asked: a yes counts, after a no it is mended first. */
  @Test
  void shouldNotCommitWhatWasFoundDamagedWhileTheRecordWasAsked() {
    State spoiled = after(committing(Stage.DECIDING), new Event.Mismatch("v", 0, 1));
    assertThat(after(spoiled, new Event.Decided(Decision.COMMITTED)))
        .isEqualTo(new State.Committed(false));
    State refused = after(spoiled, new Event.Decided(Decision.REFUSED));
    assertThat(after(refused, new Event.CommitAsked())).isInstanceOf(Working.class);
    State copied = after(refused, new Event.CopyDone());
    assertThat(after(copied, new Event.CommitAsked())).isInstanceOf(Working.class);
    assertThat(after(after(copied, new Event.PassClean()), new Event.CommitAsked()))
        .isEqualTo(committing(Stage.SYNCING));
  }

  /** A record beside the machine, as the controller keeps it. */
  private static final class Row {
    boolean canceled;
    boolean committed;
    boolean invalid;

    Decision commit() {
      if (canceled || invalid) {
        return Decision.REFUSED;
      }
      committed = true;
      return Decision.COMMITTED;
    }
  }

  /**
   * In virtual time: every piece of work of the machine's ends at some time, a cancel comes at some
   * time, format 2 fails at some time. Whatever comes first: cancel and commit never both, and what
   * is served is what the record says.
   */
  @Test
  void shouldLetExactlyOneOfCancelAndCommitWin() {
    int commits = 0;
    int cancels = 0;
    for (long seed = 0; seed < 2000; seed++) {
      var row = new Row();
      State state = race(row, new Random(seed));
      assertThat(row.canceled && row.committed).as("seed %d", seed).isFalse();
      assertThat(MigrationMachine.service(state))
          .as("seed %d: %s", seed, state)
          .isEqualTo(row.committed ? Service.V2 : Service.V1);
      assertThat(state instanceof State.Committed).as("seed %d", seed).isEqualTo(row.committed);
      assertThat(state instanceof State.Canceled).as("seed %d", seed).isEqualTo(row.canceled);
      commits += row.committed ? 1 : 0;
      cancels += row.canceled ? 1 : 0;
    }
    assertThat(commits).isGreaterThan(200);
    assertThat(cancels).isGreaterThan(200);
  }

  private static State race(Row row, Random random) {
    State state = CONFIRMED;
    var queue = new ArrayList<Event>();
    var work = new ArrayList<Effect>();
    int cancelAt = random.nextInt(12);
    int failAt = random.nextInt(40);
    queue.add(new Event.CommitAsked());
    for (int turn = 0; turn < 60; turn++) {
      if (turn == cancelAt && !row.committed) {
        row.canceled = true; // durable first
        queue.add(new Event.Cancel());
      }
      if (turn == failAt) {
        queue.add(new Event.Failed(LOSS));
      }
      boolean worksFirst = random.nextBoolean();
      if (!work.isEmpty() && (worksFirst || queue.isEmpty())) {
        queue.add(end(work.removeFirst(), row, random)); // one thread, in order
      } else if (!queue.isEmpty()) {
        var step = MigrationMachine.step(state, queue.removeFirst());
        state = step.state();
        MigrationMachine.checkAgainstRecord(state, row.canceled, row.committed);
        work.addAll(step.effects().stream().filter(MigrationMachineTest::takesTime).toList());
      } else if (state instanceof Working) {
        queue.add(new Event.CommitAsked());
      }
    }
    return state;
  }

  private static boolean takesTime(Effect effect) {
    return !(effect instanceof Effect.Serve
        || effect instanceof Effect.Rest
        || effect instanceof Effect.Work
        || effect instanceof Effect.Alarm);
  }

  private static Event end(Effect effect, Row row, Random random) {
    return switch (effect) {
      case Effect.SyncBoth _ -> new Event.Synced();
      case Effect.Hold _ ->
          random.nextInt(4) == 0 ? new Event.HoldFailed("slow") : new Event.Held();
      case Effect.Decide _ -> new Event.Decided(row.commit());
      case Effect.RecordLoss _ -> {
        row.invalid = !row.committed;
        yield new Event.LossRecorded();
      }
      case Effect.DropFormatTwo _ -> new Event.Dropped();
      case Effect.FreeFormatOne _ -> new Event.Freed();
      default -> throw new IllegalStateException(effect.toString());
    };
  }
}

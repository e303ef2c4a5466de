package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.pairs.Pairs;
import io.bascule.core.pairs.Pairs.Outcome;
import io.bascule.core.upgrade.UpgradeMachine.Result;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every state that an upgrade can come to, rolling and with a migration, by any events in any
 * order, and in each of them every event. What is never reached is listed; what a Check forbids
 * stands as x in the table.
 */
class UpgradePairsTest {
  private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");
  private static final ControllerId ZERO = ControllerId.CONTROLLER_0;

  /** Where an upgrade cannot be paused, and what is never undone. */
  private static final Set<String> NEVER =
      Set.of(
          "PAUSED PRECHECK",
          "PAUSED STAGE_STANDBY",
          "PAUSED ACTIVATE_STANDBY",
          "PAUSED ACTIVATE_ONCE_ACTIVE",
          "PAUSED FINALIZE",
          "CANCELING PRECHECK",
          "CANCELING FINALIZE");

  /** The machine's contract, for each step. Columns as in {@link #events}, by type. */
  private static final String TABLE =
      """
      IDLE                            .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
      RUNNING PRECHECK                > >=  . =.  .  . =.  =  >  = =.  .  .  .  .  >
      RUNNING STAGE_STANDBY           > >=  . =.  .  . =.  =  >  = =.  .  .  .  .  >
      RUNNING ACTIVATE_STANDBY        > >=  . =.  .  . =.  =  >  = =.  .  .  .  .  >
      RUNNING HANDOVER                > >=  . =.  .  . =.  =  >  = =.  .  .  .  .  >
      RUNNING STAGE_ONCE_ACTIVE       > >=  . =.  .  . =.  =  >  = =.  .  .  .  .  >
      RUNNING ACTIVATE_ONCE_ACTIVE    > >=  . =.  .  . =.  =  >  = =.  .  .  .  .  >
      RUNNING PHASE_1                 > >=  . =.  >  . =.  =  >  = =.  >  >  .  .  >
      RUNNING PHASE_2                 > >=  . =.  >  . =.  =  >  = =.  >  >  .  .  >
      RUNNING PHASE_2 lost            x >=  . =.  >  . =.  =  >  = =.  >  >  >  .  >
      RUNNING PHASE_3                 > >=  . =.  >  . =.  =  >  = =.  >  >  .  .  >
      RUNNING PHASE_4                 > >=  . =.  >  . =.  =  >  = =.  >  >  .  .  >
      RUNNING COMMIT                  x >=  . =.  >  . =.  =  >  = =.  >  >  .  >  >
      RUNNING COMMIT committed        >  x  . =.  .  . =.  =  x  = =.  .  .  .  .  x
      RUNNING FINALIZE                >  x  . =.  .  . =.  =  x  = =.  .  .  .  . >x
      PAUSED HANDOVER                 .  .  . =.  .  > =.  =  >  >  .  .  .  .  .  >
      PAUSED STAGE_ONCE_ACTIVE        .  .  . =.  .  > =.  =  >  = =.  .  .  .  .  >
      PAUSED PHASE_1                  .  .  . =.  .  > =.  =  >  > =.  .  >  .  .  >
      PAUSED PHASE_2                  .  .  . =.  .  > =.  =  >  = =.  .  >  .  .  >
      PAUSED PHASE_2 lost             .  .  . =.  .  > =.  =  >  = =.  .  =  .  .  >
      PAUSED PHASE_3                  .  .  . =.  .  > =.  =  >  = =.  .  >  .  .  >
      PAUSED PHASE_3 lost             .  .  . =.  .  > =.  =  >  = =.  .  =  .  .  >
      PAUSED PHASE_4                  .  .  . =.  .  > =.  =  >  = =.  .  >  .  .  >
      PAUSED PHASE_4 lost             .  .  . =.  .  > =.  =  >  = =.  .  =  .  .  >
      PAUSED COMMIT                   .  .  . =.  .  > =.  =  >  = =.  .  >  .  .  >
      PAUSED COMMIT lost              .  .  . =.  .  > =.  =  >  = =.  .  =  .  .  >
      CANCELING STAGE_STANDBY         >  .  > =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING ACTIVATE_STANDBY      >  .  > =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING HANDOVER              >  .  > =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING STAGE_ONCE_ACTIVE     >  .  > =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING ACTIVATE_ONCE_ACTIVE  >  . >. =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING PHASE_1               >  . >. =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING PHASE_2               >  . >. =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING PHASE_3               >  . >. =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING PHASE_4               >  . >. =.  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELING COMMIT                >  .  . =.  .  .  .  .  .  .  .  .  .  .  .  .
      COMPLETED                       .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
      CANCELED                        .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
      FAILED                          .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
      """;

  private final Set<Upgrade> seen = new HashSet<>();
  private final ArrayDeque<Upgrade> ahead = new ArrayDeque<>();
  private final Pairs pairs = new Pairs("upgrade", rows(), Pairs.namesOf(UpgradeEvent.class));

  /** Every state, at every step, and where the row makes a difference. */
  private static List<String> rows() {
    var rows = new ArrayList<String>();
    for (var state : UpgradeState.values()) {
      if (state.ended()) {
        rows.add(state.name());
        continue;
      }
      for (var step : StepName.values()) {
        String row = state + " " + step;
        if (NEVER.contains(row)) {
          continue;
        }
        rows.add(row);
        boolean losable = step.phase().isPresent() && step != StepName.PHASE_1;
        if (state == UpgradeState.PAUSED && losable
            || state == UpgradeState.RUNNING && step == StepName.PHASE_2) {
          rows.add(row + " lost");
        }
        if (state == UpgradeState.RUNNING && step == StepName.COMMIT) {
          rows.add(row + " committed");
        }
      }
    }
    return rows;
  }

  private static String row(Upgrade upgrade) {
    var row = upgrade.row();
    boolean underWay =
        upgrade.state() == UpgradeState.RUNNING || upgrade.state() == UpgradeState.PAUSED;
    boolean phase = upgrade.step().flatMap(StepName::phase).isPresent();
    return upgrade.state()
        + upgrade.step().map(step -> " " + step).orElse("")
        + (underWay && phase && row.v2Invalid() ? " lost" : "")
        + (underWay && phase && row.committed() ? " committed" : "");
  }

  private static Upgrade begun(boolean migrates) {
    var slots = Map.of(ZERO, Slot.A, ZERO.other(), Slot.A);
    var from = FakeAppliance.OLD;
    var to = FakeAppliance.NEW;
    var plan =
        migrates
            ? Planner.migrating("u1", from, to, ZERO, slots, 2, new Planner.Migration(10, 5, 60))
            : Planner.rolling("u1", from, to, ZERO, slots, 2);
    var row = new Upgrade.Row(false, false, false, Set.of(from), Optional.empty(), 1);
    return UpgradeMachine.begin(plan, 0, row, Set.of(), Upgrade.Tuning.DEFAULT, "ann", NOW);
  }

  /** Before the first one ever there is nothing; the machine has an answer all the same. */
  private static Upgrade idle(Upgrade of) {
    var ended = of.edit().ended(UpgradeState.IDLE, NOW).done();
    assertThat(ended.step()).isEmpty();
    return ended;
  }

  private static List<UpgradeEvent> events() {
    var events = new ArrayList<UpgradeEvent>();
    for (var id : ControllerId.values()) {
      events.add(new UpgradeEvent.GoalsReached(id, NOW));
    }
    events.add(new UpgradeEvent.StepFailed("CODE", "why", true, NOW));
    events.add(new UpgradeEvent.StepFailed("CODE", "why", false, NOW));
    events.add(new UpgradeEvent.RolesChanged("why", NOW));
    events.add(new UpgradeEvent.Progressed(50, NOW));
    events.add(new UpgradeEvent.PauseAsked("ann", NOW));
    events.add(new UpgradeEvent.ResumeAsked("ann", NOW));
    events.add(new UpgradeEvent.PausePointsSet(Set.of(), "ann", NOW));
    // One of each part of the plan: which others are set changes nothing for them.
    for (var point :
        List.of(
            PausePoint.HANDOVER, PausePoint.ONCE_ACTIVE, PausePoint.PHASE_2, PausePoint.COMMIT)) {
      events.add(new UpgradeEvent.PausePointsSet(Set.of(point), "ann", NOW));
    }
    events.add(
        new UpgradeEvent.Tuned(
            new Upgrade.Tuning(Upgrade.Priority.BALANCED, Optional.of(1L << 20), 5), "ann", NOW));
    events.add(
        new UpgradeEvent.CancelStarted(
            new Upgrade.Cancel("ann", NOW, Optional.of(CancelReason.OTHER), "", false, false),
            ZERO,
            NOW));
    events.add(
        new UpgradeEvent.CancelQueued(new Upgrade.Queued("ann", NOW, CancelReason.OTHER, ""), NOW));
    events.add(new UpgradeEvent.CancelWithdrawn("ann", NOW));
    events.add(new UpgradeEvent.PauseNeeded("why", NOW));
    events.add(new UpgradeEvent.FormatTwoInvalid("V2_FAILED", "why", NOW));
    events.add(new UpgradeEvent.FormatTwoMade(NOW));
    events.add(new UpgradeEvent.Committed(NOW));
    events.add(new UpgradeEvent.CanceledByTakeover(ZERO, NOW));
    return events;
  }

  @Test
  void shouldTakeEveryEventInEveryStateThatCanBeReached() {
    var events = events();
    assertThat(events.stream().map(event -> event.getClass().getSimpleName()))
        .containsAll(Pairs.namesOf(UpgradeEvent.class));
    visit(begun(false));
    visit(begun(true));
    visit(idle(begun(false)));
    while (!ahead.isEmpty()) {
      var was = ahead.remove();
      for (var event : events) {
        take(was, event);
      }
    }
    System.out.printf("upgrade: %,d states%n", seen.size());
    pairs.conclude();
    assertThat(pairs.table()).isEqualTo(TABLE);
    neverReached();
  }

  /** The list of what is never reached holds nothing that is not a state at a step. */
  private static void neverReached() {
    var all = new TreeSet<String>();
    for (var state : UpgradeState.values()) {
      Arrays.stream(StepName.values()).forEach(step -> all.add(state + " " + step));
    }
    assertThat(all).containsAll(NEVER);
  }

  private void visit(Upgrade upgrade) {
    var known =
        new Upgrade(
            upgrade.plan(),
            upgrade.state(),
            0, // grows for ever
            upgrade.step(),
            upgrade.attempts(),
            upgrade.steps(),
            upgrade.pauseAt(),
            upgrade.pausedReason(),
            upgrade.cancel(),
            upgrade.queued(),
            upgrade.cause(),
            upgrade.row(),
            Upgrade.Tuning.DEFAULT, // decides nothing here
            upgrade.startedBy(),
            upgrade.startedAt(),
            upgrade.endedAt());
    if (seen.add(known)) {
      ahead.add(known);
    }
  }

  private void take(Upgrade was, UpgradeEvent event) {
    String from = row(was);
    String name = event.getClass().getSimpleName();
    Result result;
    try {
      result = UpgradeMachine.step(was, event);
    } catch (Check.BrokenInvariant e) {
      assertThat(e).hasMessageMatching("(?s).*(cannot fail|committed|let through|ends).*");
      pairs.saw(from, name, Outcome.IMPOSSIBLE);
      return;
    }
    switch (result) {
      case Result.Unchanged(String why) -> {
        assertThat(why).as("%s in %s", event, from).isNotBlank();
        pairs.saw(from, name, Outcome.NOTHING);
      }
      case Result.Changed(Upgrade next, var notes) -> {
        boolean moves = !row(next).equals(from);
        pairs.saw(from, name, moves ? Outcome.MOVES : Outcome.CHANGES);
        judge(was, event, next, notes);
        if (mayCome(was, event)) {
          visit(next);
        }
      }
    }
  }

  /** What only the rules before the machine keep from it. */
  private static boolean mayCome(Upgrade was, UpgradeEvent event) {
    return switch (event) {
      case UpgradeEvent.CancelStarted _ -> CancelRules.isCancelPoint(was);
      // Set together with the lease, by a release that finds a phase on record.
      case UpgradeEvent.CanceledByTakeover _ -> was.step().flatMap(StepName::phase).isPresent();
      default -> true;
    };
  }

  private static void judge(
      Upgrade was, UpgradeEvent event, Upgrade next, List<UpgradeMachine.Note> notes) {
    String told = event + " in " + row(was) + " leads to " + row(next);
    assertThat(follows(was.state(), next.state())).as(told).isTrue();
    boolean visible = was.state() != next.state() || !was.step().equals(next.step());
    assertThat(next.revision() - was.revision()).as(told).isBetween(visible ? 1L : 0L, 1L);
    // On the way back a step that never began has nothing to tell.
    boolean silent =
        event instanceof UpgradeEvent.Progressed
            || (was.state() == UpgradeState.CANCELING
                && event instanceof UpgradeEvent.GoalsReached);
    assertThat(silent || !notes.isEmpty()).as("%s: it is told", told).isTrue();
    assertThat(notes).as(told).allMatch(note -> !note.detail().isBlank());
    var before = was.row();
    var after = next.row();
    assertThat(after.canceled() || !before.canceled()).as("%s: canceled for good", told).isTrue();
    assertThat(after.committed() || !before.committed())
        .as("%s: committed for good", told)
        .isTrue();
    assertThat(after.canceled())
        .as("%s: the row says canceled on the way back only", told)
        .isEqualTo(
            Set.of(UpgradeState.CANCELING, UpgradeState.CANCELED, UpgradeState.FAILED)
                .contains(next.state()));
    assertThat(after.committed())
        .as("%s: committed at the commit only", told)
        .isEqualTo(before.committed() || event instanceof UpgradeEvent.Committed);
    assertThat(after.rollbackCounter()).as(told).isGreaterThanOrEqualTo(before.rollbackCounter());
    assertThat(next.pausedReason().isPresent())
        .as("%s: a reason of the pause", told)
        .isEqualTo(next.state() == UpgradeState.PAUSED);
    assertThat(next.queued().isEmpty() || !next.row().canceled())
        .as("%s: nothing waits for a cancel that is carried out", told)
        .isTrue();
    assertThat(after.allowedReleases()).as(told).isNotEmpty();
    if (next.state() == UpgradeState.COMPLETED) {
      assertThat(after.allowedReleases()).as(told).containsExactly(next.plan().to());
      assertThat(after.committed()).as(told).isEqualTo(next.plan().migrates());
      assertThat(next.steps()).as(told).allMatch(step -> step.state() == StepState.DONE);
    }
    if (next.state() == UpgradeState.CANCELED || next.state() == UpgradeState.FAILED) {
      assertThat(after.allowedReleases()).as(told).containsExactly(next.plan().from());
      assertThat(next.cause().isPresent()).as(told).isEqualTo(next.state() == UpgradeState.FAILED);
      assertThat(next.steps())
          .as(told)
          .noneMatch(
              step -> step.state() == StepState.RUNNING || step.state() == StepState.UNDOING);
    }
  }

  /** The transitions that the machine's documentation lists. */
  private static boolean follows(UpgradeState from, UpgradeState to) {
    return switch (from) {
      case RUNNING ->
          Stream.of(
                  UpgradeState.RUNNING,
                  UpgradeState.PAUSED,
                  UpgradeState.COMPLETED,
                  UpgradeState.CANCELING)
              .anyMatch(to::equals);
      case PAUSED ->
          Stream.of(UpgradeState.RUNNING, UpgradeState.PAUSED, UpgradeState.CANCELING)
              .anyMatch(to::equals);
      case CANCELING ->
          Stream.of(UpgradeState.CANCELING, UpgradeState.CANCELED, UpgradeState.FAILED)
              .anyMatch(to::equals);
      case IDLE, COMPLETED, CANCELED, FAILED -> false;
    };
  }
}

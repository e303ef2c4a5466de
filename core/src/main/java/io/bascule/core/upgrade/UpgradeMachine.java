package io.bascule.core.upgrade;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import io.bascule.core.upgrade.Upgrade.Cancel;
import io.bascule.core.upgrade.Upgrade.Cause;
import io.bascule.core.upgrade.Upgrade.Row;
import io.bascule.core.upgrade.Upgrade.StepProgress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The upgrade's state machine. Pure: {@link #step} is all there is; whoever runs it stores the
 * result before acting on it.
 *
 * <pre>
 * RUNNING   -> RUNNING    the next step began, or the same is tried again
 * RUNNING   -> PAUSED     a pause point, somebody paused the migration, or format 2 failed
 * RUNNING   -> COMPLETED  the last step's goals were reached
 * RUNNING   -> CANCELING  a cancel, or a step failed (then with a cause)
 * PAUSED    -> RUNNING    resumed, or a queued cancel lifted the pause
 * PAUSED    -> CANCELING  a cancel
 * CANCELING -> CANCELING  the next step is being undone, or the first one again
 * CANCELING -> CANCELED   all undone, as asked
 * CANCELING -> FAILED     all undone, with a cause
 * </pre>
 */
public final class UpgradeMachine {
  /** Tries of a step before the upgrade returns by itself. */
  public static final int MAX_ATTEMPTS = 3;

  /** How the reason of a pause begins that was ordered beforehand; the point's label follows. */
  public static final String AT_PAUSE_POINT = "pause point ";

  /** How the reason of a pause begins that somebody asked for; the name follows. */
  public static final String PAUSED_BY = "paused by ";

  private UpgradeMachine() {}

  /** Whether a pause was ordered; otherwise a person must look why it is. */
  public static boolean isOrderedPause(String pausedReason) {
    return pausedReason.startsWith(AT_PAUSE_POINT) || pausedReason.startsWith(PAUSED_BY);
  }

  /** What a step came to. */
  public sealed interface Result {
    /** Store {@code next}, then tell {@code notes}. */
    record Changed(Upgrade next, List<Note> notes) implements Result {
      public Changed {
        notes = List.copyOf(notes);
      }
    }

    /** Nothing changes; {@code why} is for whoever asked. */
    record Unchanged(String why) implements Result {}
  }

  /**
   * A line of the history. {@code what} is stable; {@code detail} is for a person, who may see it
   * without anything around it. That of a step begins with the step's name.
   */
  public record Note(String what, String detail) {}

  /** The first state of a new upgrade. {@code before} is the record as the last upgrade left it. */
  public static Upgrade begin(
      Plan plan,
      long lastRevision,
      Row before,
      Set<PausePoint> pauseAt,
      Upgrade.Tuning tuning,
      String by,
      Instant now) {
    List<StepProgress> steps = new ArrayList<>();
    for (var planned : plan.steps()) {
      var pending =
          new StepProgress(
              planned.name(),
              StepState.PENDING,
              0,
              Optional.empty(),
              Optional.empty(),
              Optional.empty());
      steps.add(steps.isEmpty() ? pending.with(StepState.RUNNING, now) : pending);
    }
    return new Upgrade(
        plan,
        UpgradeState.RUNNING,
        lastRevision + 1,
        Optional.of(plan.steps().getFirst().name()),
        0,
        steps,
        pauseAt,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        new Row(
            false,
            false,
            false,
            Set.of(plan.from()),
            Optional.of(plan.onceActive()),
            before.rollbackCounter()),
        tuning,
        by,
        now,
        Optional.empty());
  }

  /** What {@code event} makes of {@code upgrade}. */
  public static Result step(Upgrade upgrade, UpgradeEvent event) {
    return switch (event) {
      case UpgradeEvent.GoalsReached reached -> goalsReached(upgrade, reached);
      case UpgradeEvent.StepFailed failed -> stepFailed(upgrade, failed);
      case UpgradeEvent.RolesChanged changed -> rolesChanged(upgrade, changed);
      case UpgradeEvent.Progressed progressed -> progressed(upgrade, progressed);
      case UpgradeEvent.PauseAsked asked -> pauseAsked(upgrade, asked);
      case UpgradeEvent.ResumeAsked asked -> resumeAsked(upgrade, asked);
      case UpgradeEvent.PausePointsSet set -> pausePointsSet(upgrade, set);
      case UpgradeEvent.Tuned tuned -> tuned(upgrade, tuned);
      case UpgradeEvent.CancelStarted started -> cancelStarted(upgrade, started);
      case UpgradeEvent.CancelQueued queued -> cancelQueued(upgrade, queued);
      case UpgradeEvent.CancelWithdrawn withdrawn -> cancelWithdrawn(upgrade, withdrawn);
      case UpgradeEvent.PauseNeeded needed -> pauseNeeded(upgrade, needed);
      case UpgradeEvent.FormatTwoInvalid invalid -> formatTwoInvalid(upgrade, invalid);
      case UpgradeEvent.FormatTwoMade made -> formatTwoMade(upgrade, made);
      case UpgradeEvent.Committed committed -> committed(upgrade, committed);
      case UpgradeEvent.CanceledByTakeover canceled -> canceledByTakeover(upgrade, canceled);
    };
  }

  private static Result goalsReached(Upgrade upgrade, UpgradeEvent.GoalsReached event) {
    return switch (upgrade.state()) {
      case RUNNING -> stepDone(upgrade, event);
      case CANCELING -> stepUndone(upgrade, event);
      case IDLE, PAUSED, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  private static Result stepDone(Upgrade upgrade, UpgradeEvent.GoalsReached event) {
    StepName done = upgrade.step().orElseThrow();
    Check.that(
        done != StepName.COMMIT || upgrade.row().committed(), "COMMIT ends, and is not recorded");
    Check.that(!upgrade.row().v2Invalid(), "%s ends with a format 2 that was given up", done);
    Instant now = event.now();
    var marked = upgrade.withStep(done, step -> step.with(StepState.DONE, now));
    List<Note> notes = new ArrayList<>();
    notes.add(new Note("step.done", done.name() + " is done"));
    var following = upgrade.plan().after(done);
    if (following.isEmpty()) {
      notes.add(new Note("upgrade.completed", "both controllers run " + upgrade.plan().to()));
      return new Result.Changed(
          marked.edit().ended(UpgradeState.COMPLETED, now).nextRevision().done(), notes);
    }
    StepName next = following.get();
    var entered = marked.withStep(next, step -> step.with(StepState.RUNNING, now));
    var edit = entered.edit().step(next).row(rowOnEntering(upgrade, next)).nextRevision();
    notes.add(new Note("step.started", next.name() + " begins"));
    var pausePoint = PausePoint.of(next).filter(upgrade.pauseAt()::contains);
    if (pausePoint.isPresent() && upgrade.queued().isEmpty()) {
      String reason = AT_PAUSE_POINT + pausePoint.get().label();
      edit.state(UpgradeState.PAUSED).pausedReason(Optional.of(reason)).without(pausePoint.get());
      notes.add(
          new Note("upgrade.paused", "paused at the pause point " + pausePoint.get().label()));
    }
    if (next == StepName.FINALIZE && upgrade.queued().isPresent()) {
      edit.queued(Optional.empty());
      notes.add(
          new Note("cancel.dropped", "the upgrade ended before the cancel could be carried out"));
    }
    return new Result.Changed(edit.done(), notes);
  }

  private static Row rowOnEntering(Upgrade upgrade, StepName next) {
    Row row = upgrade.row();
    Plan plan = upgrade.plan();
    return switch (next) {
      case ACTIVATE_STANDBY -> allowing(row, Set.of(plan.from(), plan.to()));
      case HANDOVER -> preferring(row, plan.onceActive().other());
      case FINALIZE ->
          new Row(
              row.canceled(),
              row.committed(),
              row.v2Invalid(),
              Set.of(plan.to()),
              row.preferredActive(),
              Math.max(row.rollbackCounter(), plan.rollbackCounter()));
      case PRECHECK,
          STAGE_STANDBY,
          STAGE_ONCE_ACTIVE,
          ACTIVATE_ONCE_ACTIVE,
          PHASE_1,
          PHASE_2,
          PHASE_3,
          PHASE_4,
          COMMIT ->
          row;
    };
  }

  private static Row allowing(Row row, Set<Version> releases) {
    return new Row(
        row.canceled(),
        row.committed(),
        row.v2Invalid(),
        releases,
        row.preferredActive(),
        row.rollbackCounter());
  }

  private static Row preferring(Row row, ControllerId id) {
    return new Row(
        row.canceled(),
        row.committed(),
        row.v2Invalid(),
        row.allowedReleases(),
        Optional.of(id),
        row.rollbackCounter());
  }

  private static Row canceled(Row row) {
    return new Row(
        true,
        row.committed(),
        row.v2Invalid(),
        row.allowedReleases(),
        row.preferredActive(),
        row.rollbackCounter());
  }

  private static Result stepUndone(Upgrade upgrade, UpgradeEvent.GoalsReached event) {
    StepName undone = upgrade.step().orElseThrow();
    Instant now = event.now();
    var order = upgrade.plan().undoOrder();
    List<Note> notes = new ArrayList<>();
    var marked =
        upgrade.withStep(
            undone,
            step -> step.state() == StepState.UNDOING ? step.with(StepState.UNDONE, now) : step);
    if (marked.progress(undone).state() == StepState.UNDONE) {
      notes.add(new Note("step.undone", undone.name() + " is undone"));
    }
    int at = order.indexOf(undone);
    Check.that(at >= 0, "%s is not in the undo order %s", undone, order);
    var following = toUndo(marked, at + 1);
    if (following.isEmpty()) {
      return allUndone(marked, event.active(), now, notes);
    }
    StepName next = following.get();
    var edit = beginUndo(marked, next, now).edit().step(next).nextRevision();
    if (next == StepName.HANDOVER) {
      // From here the controller that is back on the old release shall win if both boot.
      edit.row(preferring(marked.row(), event.active().other()));
    }
    return new Result.Changed(edit.done(), notes);
  }

  /** The first step to undo from that place in the order on; a phase that never began is none. */
  private static Optional<StepName> toUndo(Upgrade upgrade, int from) {
    var order = upgrade.plan().undoOrder();
    return order.subList(from, order.size()).stream()
        .filter(
            name -> name.phase().isEmpty() || upgrade.progress(name).state() != StepState.PENDING)
        .findFirst();
  }

  private static StepName firstToUndo(Upgrade upgrade) {
    return toUndo(upgrade, 0)
        .orElseThrow(() -> new Check.Missing("a step to undo in " + upgrade.plan().id()));
  }

  private static Result allUndone(
      Upgrade upgrade, ControllerId active, Instant now, List<Note> notes) {
    boolean failed = upgrade.cause().isPresent();
    Version old = upgrade.plan().from();
    notes.add(
        failed
            ? new Note("upgrade.failed", "back on " + old + ": " + upgrade.cause().get().detail())
            : new Note("upgrade.canceled", "back on " + old + " on both controllers"));
    return new Result.Changed(
        upgrade
            .edit()
            .ended(failed ? UpgradeState.FAILED : UpgradeState.CANCELED, now)
            .row(preferring(allowing(upgrade.row(), Set.of(old)), active))
            .nextRevision()
            .done(),
        notes);
  }

  private static Upgrade beginUndo(Upgrade upgrade, StepName name, Instant now) {
    return upgrade.withStep(
        name,
        step ->
            step.state() == StepState.PENDING || step.state() == StepState.UNDONE
                ? step
                : step.with(StepState.UNDOING, now));
  }

  private static Result stepFailed(Upgrade upgrade, UpgradeEvent.StepFailed event) {
    return switch (upgrade.state()) {
      case RUNNING -> {
        StepName step = upgrade.step().orElseThrow();
        Check.that(step != StepName.FINALIZE, "FINALIZE cannot fail: %s", event.detail());
        Check.that(!upgrade.row().committed(), "a committed step failed: %s", event.detail());
        if (event.mayRetry() && upgrade.attempts() + 1 < MAX_ATTEMPTS) {
          yield new Result.Changed(
              upgrade.edit().attempts(upgrade.attempts() + 1).done(),
              List.of(
                  new Note("step.retried", step.name() + " is tried again: " + event.detail())));
        }
        var marked =
            upgrade.withStep(
                step,
                progress ->
                    new StepProgress(
                        progress.name(),
                        StepState.FAILED,
                        progress.percent(),
                        progress.startedAt(),
                        Optional.of(event.now()),
                        Optional.of(event.detail())));
        var cancel =
            new Cancel("bascule", event.now(), Optional.empty(), event.detail(), false, true);
        yield goBack(
            marked,
            cancel,
            Optional.of(new Cause(event.code(), event.detail())),
            event.now(),
            new Note("upgrade.returning", returning(event.detail())));
      }
      case IDLE, PAUSED, CANCELING, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  private static Result.Changed goBack(
      Upgrade upgrade, Cancel cancel, Optional<Cause> cause, Instant now, Note note) {
    StepName first = firstToUndo(upgrade);
    Upgrade begun = upgrade;
    for (StepName name : upgrade.plan().undoOrder()) {
      // What was under way is shown as being undone at once; what is done follows in its turn.
      boolean underWay = upgrade.progress(name).state() == StepState.RUNNING;
      if (name == first || underWay) {
        begun = beginUndo(begun, name, now);
      }
    }
    var edit =
        begun
            .edit()
            .state(UpgradeState.CANCELING)
            .step(first)
            .cancel(cancel)
            .queued(Optional.empty())
            .pauseAt(Set.of())
            .pausedReason(Optional.empty())
            .row(canceled(upgrade.row()))
            .nextRevision();
    cause.ifPresent(edit::cause);
    return new Result.Changed(edit.done(), List.of(note));
  }

  private static String returning(String detail) {
    return "the upgrade is undone by itself: " + detail;
  }

  private static Result rolesChanged(Upgrade upgrade, UpgradeEvent.RolesChanged event) {
    return switch (upgrade.state()) {
      case CANCELING -> {
        StepName first = firstToUndo(upgrade);
        if (upgrade.step().equals(Optional.of(first))) {
          yield new Result.Unchanged("already at the first step of the way back");
        }
        yield new Result.Changed(
            upgrade.edit().step(first).nextRevision().done(),
            List.of(new Note("cancel.roles-changed", event.why())));
      }
      case IDLE, RUNNING, PAUSED, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  private static Result progressed(Upgrade upgrade, UpgradeEvent.Progressed event) {
    if (upgrade.step().isEmpty()) {
      return nothingToDo(upgrade);
    }
    StepName name = upgrade.step().get();
    int percent = Math.clamp(event.percent(), 0, 99);
    var was = upgrade.progress(name);
    if (was.percent() == percent
        || (was.state() != StepState.RUNNING && was.state() != StepState.UNDOING)) {
      return new Result.Unchanged("no news");
    }
    return new Result.Changed(
        upgrade.withStep(
            name,
            step ->
                new StepProgress(
                    step.name(),
                    step.state(),
                    percent,
                    step.startedAt(),
                    step.endedAt(),
                    step.error())),
        List.of());
  }

  private static Result pauseAsked(Upgrade upgrade, UpgradeEvent.PauseAsked event) {
    return switch (upgrade.state()) {
      case RUNNING -> {
        StepName step = upgrade.step().orElseThrow();
        if (upgrade.row().committed()) {
          yield new Result.Unchanged("The migration is committed; there is nothing left to pause.");
        }
        if (step.phase().isEmpty()) {
          yield new Result.Unchanged(
              "The rolling part cannot be paused in the middle of "
                  + step
                  + "; set a pause point ahead instead (handover, once-active).");
        }
        String reason = PAUSED_BY + event.by();
        yield new Result.Changed(
            upgrade
                .edit()
                .state(UpgradeState.PAUSED)
                .pausedReason(Optional.of(reason))
                .nextRevision()
                .done(),
            List.of(new Note("upgrade.paused", reason)));
      }
      case PAUSED -> new Result.Unchanged("The upgrade is paused already.");
      case CANCELING -> new Result.Unchanged("The upgrade is being canceled; that is not paused.");
      case IDLE, COMPLETED, CANCELED, FAILED -> new Result.Unchanged("No upgrade is running.");
    };
  }

  private static Result resumeAsked(Upgrade upgrade, UpgradeEvent.ResumeAsked event) {
    return switch (upgrade.state()) {
      case PAUSED ->
          new Result.Changed(
              resumed(upgrade, event.now()).nextRevision().done(),
              List.of(new Note("upgrade.resumed", "resumed by " + event.by())));
      case RUNNING -> new Result.Unchanged("The upgrade is not paused.");
      case CANCELING -> new Result.Unchanged("The upgrade is being canceled.");
      case IDLE, COMPLETED, CANCELED, FAILED -> new Result.Unchanged("No upgrade is running.");
    };
  }

  /** With format 2 given up, it is made anew and everything copied again: from Phase 2 on. */
  private static Upgrade.Editor resumed(Upgrade upgrade, Instant now) {
    var edit = upgrade.edit();
    if (upgrade.row().v2Invalid()) {
      Upgrade again = upgrade;
      for (var name : List.of(StepName.PHASE_3, StepName.PHASE_4, StepName.COMMIT)) {
        again = again.withStep(name, step -> step.anew());
      }
      again = again.withStep(StepName.PHASE_2, step -> step.with(StepState.RUNNING, now));
      edit = again.edit().step(StepName.PHASE_2);
    }
    return edit.state(UpgradeState.RUNNING).pausedReason(Optional.empty());
  }

  private static Result pausePointsSet(Upgrade upgrade, UpgradeEvent.PausePointsSet event) {
    return switch (upgrade.state()) {
      case RUNNING, PAUSED -> {
        for (var point : event.points()) {
          if (upgrade.plan().find(point.step()).isEmpty()) {
            yield new Result.Unchanged(PausePoint.notIn(upgrade.plan(), point));
          }
          if (!upgrade.plan().isBefore(upgrade.step().orElseThrow(), point.step())) {
            yield new Result.Unchanged(
                "The upgrade is past the pause point " + point.label() + " already.");
          }
        }
        yield new Result.Changed(
            upgrade.edit().pauseAt(new LinkedHashSet<>(event.points())).done(),
            List.of(
                new Note(
                    "upgrade.pause-points",
                    "%s, by %s"
                        .formatted(
                            event.points().isEmpty()
                                ? "will not pause by itself"
                                : "will pause at " + PausePoint.labels(event.points()),
                            event.by()))));
      }
      case CANCELING -> new Result.Unchanged("The upgrade is being canceled; that is not paused.");
      case IDLE, COMPLETED, CANCELED, FAILED -> new Result.Unchanged("No upgrade is running.");
    };
  }

  private static Result tuned(Upgrade upgrade, UpgradeEvent.Tuned event) {
    return switch (upgrade.state()) {
      case RUNNING, PAUSED ->
          new Result.Changed(
              upgrade.edit().tuning(event.tuning()).done(),
              List.of(new Note("upgrade.tuned", event.tuning().inWords() + ", by " + event.by())));
      case CANCELING -> new Result.Unchanged("The upgrade is being canceled.");
      case IDLE, COMPLETED, CANCELED, FAILED -> new Result.Unchanged("No upgrade is running.");
    };
  }

  private static Result cancelStarted(Upgrade upgrade, UpgradeEvent.CancelStarted event) {
    return switch (upgrade.state()) {
      case RUNNING, PAUSED -> {
        Check.that(
            !upgrade.row().committed() && !upgrade.step().equals(Optional.of(StepName.FINALIZE)),
            "a cancel was let through at %s",
            upgrade.step());
        yield goBack(
            upgrade,
            event.cancel(),
            Optional.empty(),
            event.now(),
            new Note(
                "cancel.started",
                "canceled by "
                    + event.cancel().by()
                    + event.cancel().reason().map(reason -> ", " + reason).orElse("")
                    + (event.cancel().acceptDisruption() ? ", disruption accepted" : "")));
      }
      case CANCELING -> new Result.Unchanged("The upgrade is being canceled already.");
      case IDLE, COMPLETED, CANCELED, FAILED -> new Result.Unchanged("No upgrade is running.");
    };
  }

  private static Result cancelQueued(Upgrade upgrade, UpgradeEvent.CancelQueued event) {
    return switch (upgrade.state()) {
      case RUNNING, PAUSED -> {
        List<Note> notes = new ArrayList<>();
        notes.add(
            new Note(
                "cancel.queued",
                "a cancel was asked for by " + event.queued().by() + " and waits"));
        var edit = upgrade.edit();
        // At a cancel point already, only the guard is missing: going on would leave the point
        // behind.
        if (upgrade.state() == UpgradeState.PAUSED && !CancelRules.isCancelPoint(upgrade)) {
          edit = resumed(upgrade, event.now());
          notes.add(new Note("upgrade.resumed", "resumed, to reach the cancel point"));
        }
        yield new Result.Changed(
            edit.queued(Optional.of(event.queued())).nextRevision().done(), notes);
      }
      case CANCELING -> new Result.Unchanged("The upgrade is being canceled already.");
      case IDLE, COMPLETED, CANCELED, FAILED -> new Result.Unchanged("No upgrade is running.");
    };
  }

  private static Result cancelWithdrawn(Upgrade upgrade, UpgradeEvent.CancelWithdrawn event) {
    if (upgrade.queued().isEmpty()) {
      return new Result.Unchanged("No cancel is queued.");
    }
    return new Result.Changed(
        upgrade.edit().queued(Optional.empty()).nextRevision().done(),
        List.of(
            new Note("cancel.withdrawn", "the waiting cancel was taken back by " + event.by())));
  }

  private static Result pauseNeeded(Upgrade upgrade, UpgradeEvent.PauseNeeded event) {
    return switch (upgrade.state()) {
      case RUNNING -> {
        StepName step = upgrade.step().orElseThrow();
        if (step.phase().isEmpty() || upgrade.row().committed()) {
          yield new Result.Unchanged("there is no migration to pause at " + step);
        }
        yield new Result.Changed(
            upgrade
                .edit()
                .state(UpgradeState.PAUSED)
                .pausedReason(Optional.of(event.reason()))
                .nextRevision()
                .done(),
            List.of(new Note("upgrade.paused", "paused: " + event.reason())));
      }
      case IDLE, PAUSED, CANCELING, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  private static Result formatTwoInvalid(Upgrade upgrade, UpgradeEvent.FormatTwoInvalid event) {
    return switch (upgrade.state()) {
      case RUNNING, PAUSED -> {
        StepName step = upgrade.step().orElseThrow();
        if (upgrade.row().committed() || step.phase().isEmpty()) {
          yield new Result.Unchanged("format 2 is not being made at " + step);
        }
        if (step == StepName.PHASE_1) {
          yield returnByItself(upgrade, event.code(), event.detail(), event.now());
        }
        var edit =
            upgrade
                .edit()
                .state(UpgradeState.PAUSED)
                .pausedReason(
                    Optional.of("format 2 was given up, format 1 serves on: " + event.detail()))
                .row(invalid(upgrade.row(), true));
        if (upgrade.state() == UpgradeState.RUNNING) {
          edit.nextRevision();
        }
        yield new Result.Changed(
            edit.done(),
            List.of(new Note("migration.given-up", "format 2 was given up: " + event.detail())));
      }
      case IDLE, CANCELING, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  private static Result formatTwoMade(Upgrade upgrade, UpgradeEvent.FormatTwoMade event) {
    return switch (upgrade.state()) {
      case RUNNING -> {
        if (!upgrade.row().v2Invalid() || !upgrade.step().equals(Optional.of(StepName.PHASE_2))) {
          yield new Result.Unchanged("format 2 is not made anew at " + upgrade.step());
        }
        yield new Result.Changed(
            upgrade.edit().row(invalid(upgrade.row(), false)).done(),
            List.of(new Note("migration.begun-again", "everything is copied again")));
      }
      case IDLE, PAUSED, CANCELING, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  /** The point of no return: whichever of this and a cancel is stored first has won. */
  private static Result committed(Upgrade upgrade, UpgradeEvent.Committed event) {
    return switch (upgrade.state()) {
      case RUNNING -> {
        Row row = upgrade.row();
        if (!upgrade.step().equals(Optional.of(StepName.COMMIT)) || row.committed()) {
          yield new Result.Unchanged("there is nothing to commit at " + upgrade.step());
        }
        Check.that(!row.canceled(), "a canceled migration is about to be committed");
        Check.that(!row.v2Invalid(), "an invalid format 2 is about to be committed");
        var edit =
            upgrade
                .edit()
                .queued(Optional.empty())
                .row(
                    new Row(
                        false,
                        true,
                        false,
                        Set.of(upgrade.plan().to()),
                        row.preferredActive(),
                        row.rollbackCounter()))
                .nextRevision();
        List<Note> notes = new ArrayList<>();
        notes.add(new Note("migration.committed", "the volumes are on format 2"));
        if (upgrade.queued().isPresent()) {
          notes.add(new Note("cancel.dropped", "the commit came before the queued cancel"));
        }
        yield new Result.Changed(edit.done(), notes);
      }
      case IDLE, PAUSED, CANCELING, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  private static Row invalid(Row row, boolean v2Invalid) {
    return new Row(
        row.canceled(),
        row.committed(),
        v2Invalid,
        row.allowedReleases(),
        row.preferredActive(),
        row.rollbackCounter());
  }

  private static Result returnByItself(Upgrade upgrade, String code, String detail, Instant now) {
    return goBack(
        upgrade,
        new Cancel("bascule", now, Optional.empty(), detail, false, true),
        Optional.of(new Cause(code, detail)),
        now,
        new Note("upgrade.returning", returning(detail)));
  }

  private static Result canceledByTakeover(Upgrade upgrade, UpgradeEvent.CanceledByTakeover event) {
    return switch (upgrade.state()) {
      case RUNNING, PAUSED -> {
        yield returnByItself(
            upgrade,
            "CANCELED_BY_TAKEOVER",
            "a release that cannot go on with the migration took over",
            event.now());
      }
      case IDLE, CANCELING, COMPLETED, CANCELED, FAILED -> nothingToDo(upgrade);
    };
  }

  private static Result nothingToDo(Upgrade upgrade) {
    return new Result.Unchanged("nothing to do in " + upgrade.state());
  }
}

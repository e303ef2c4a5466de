package io.bascule.core.upgrade;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * An upgrade: its plan, and how far it is. Immutable; {@link UpgradeMachine} makes the next one.
 * The same value is what the state store keeps.
 *
 * @param revision grows by one with every change of state, step, phase or cancel, never with mere
 *     progress; never goes back, not even with the next upgrade
 * @param step the current step; in a cancel the one being undone; empty when the upgrade has ended
 * @param attempts failed tries of the current step
 * @param pauseAt pause points ahead
 * @param cancel the cancel that was started, or the return by itself
 * @param queued a cancel that waits for its cancel point
 * @param cause why it returns by itself, or failed
 * @param row what every release reads
 */
public record Upgrade(
    Plan plan,
    UpgradeState state,
    long revision,
    Optional<StepName> step,
    int attempts,
    List<StepProgress> steps,
    Set<PausePoint> pauseAt,
    Optional<String> pausedReason,
    Optional<Cancel> cancel,
    Optional<Queued> queued,
    Optional<Cause> cause,
    Row row,
    Tuning tuning,
    String startedBy,
    Instant startedAt,
    Optional<Instant> endedAt) {

  public Upgrade {
    steps = List.copyOf(steps);
    pauseAt = Set.copyOf(pauseAt);
    Check.that(
        state.ended() == step.isEmpty(), "upgrade %s is %s at step %s", plan.id(), state, step);
    Check.that(
        state.ended() == endedAt.isPresent(),
        "upgrade %s is %s, ended %s",
        plan.id(),
        state,
        endedAt);
    Check.that(
        !(row.canceled() && row.committed()), "upgrade %s is canceled and committed", plan.id());
  }

  /**
   * How far a step is.
   *
   * @param percent of this step, 0 to 100; in an undo, of the undo
   * @param startedAt of the step; once it is being undone, of the undo
   */
  public record StepProgress(
      StepName name,
      StepState state,
      int percent,
      Optional<Instant> startedAt,
      Optional<Instant> endedAt,
      Optional<String> error) {
    StepProgress anew() {
      return new StepProgress(
          name, StepState.PENDING, 0, Optional.empty(), Optional.empty(), Optional.empty());
    }

    StepProgress with(StepState next, Instant now) {
      return switch (next) {
        case RUNNING -> new StepProgress(name, next, 0, Optional.of(now), Optional.empty(), error);
        // Its time is the way back's from here on: from when it once ran says nothing.
        case UNDOING -> new StepProgress(name, next, 0, Optional.of(now), Optional.empty(), error);
        case DONE, UNDONE, FAILED ->
            new StepProgress(name, next, 100, startedAt, Optional.of(now), error);
        case PENDING -> new StepProgress(name, next, 0, startedAt, endedAt, error);
      };
    }
  }

  /**
   * A cancel that was started. In an automatic return {@code by} is "bascule" and {@code automatic}
   * is set.
   */
  public record Cancel(
      String by,
      Instant at,
      Optional<CancelReason> reason,
      String comment,
      boolean acceptDisruption,
      boolean automatic) {}

  /** A cancel that waits. */
  public record Queued(String by, Instant at, CancelReason reason, String comment) {}

  /** Why; {@code code} is stable. */
  public record Cause(String code, String detail) {}

  /** The part of the record that every release since 1.2.1 reads, in columns of its own. */
  public record Row(
      boolean canceled,
      boolean committed,
      boolean v2Invalid,
      Set<Version> allowedReleases,
      Optional<ControllerId> preferredActive,
      long rollbackCounter) {
    public Row {
      allowedReleases = Set.copyOf(allowedReleases);
    }
  }

  /** How the migration shall go; changeable while it runs. */
  public record Tuning(Priority priority, Optional<Long> maxBytesPerSecond, int confirmSeconds) {
    /** What an upgrade has that nobody tuned. */
    public static final Tuning DEFAULT = new Tuning(Priority.HOST_FIRST, Optional.empty(), 60);

    /** {@code priority BALANCED, at most 52428800 bytes a second, 60 s of Phase 4}. */
    String inWords() {
      return "priority %s, %s, %d s of Phase 4"
          .formatted(
              priority,
              maxBytesPerSecond
                  .map(rate -> "at most " + rate + " bytes a second")
                  .orElse("no cap on the rate"),
              confirmSeconds);
    }
  }

  /** Whose speed matters more. Persisted and shown. */
  public enum Priority {
    HOST_FIRST,
    BALANCED,
    FINISH_SOONER
  }

  /** The goals of now: none while paused or at the end. */
  public List<Primitive> goals() {
    return switch (state) {
      case RUNNING -> plan.step(step.orElseThrow()).goals();
      case CANCELING -> plan.step(step.orElseThrow()).inverse();
      case IDLE, PAUSED, COMPLETED, CANCELED, FAILED -> List.of();
    };
  }

  /**
   * Names this try of a staging, so that the error of an earlier try is not taken for this one's.
   */
  public String stagingTag() {
    return plan.id() + "#" + step.map(Enum::name).orElse("") + "#" + attempts;
  }

  /** The progress of that step. */
  public StepProgress progress(StepName name) {
    return steps.stream()
        .filter(step -> step.name() == name)
        .findFirst()
        .orElseThrow(() -> new Check.Missing("upgrade " + plan.id() + " has no step " + name));
  }

  /**
   * What is being done just now, or undone: the current step, but on the way back only what really
   * is being undone. The way back begins with the goals of steps that may never have begun; while
   * it is at such a one, that is what was under way when it was canceled, or nothing.
   */
  public Optional<StepName> underWay() {
    if (state != UpgradeState.CANCELING) {
      return step;
    }
    return Stream.concat(step.stream(), plan.undoOrder().stream())
        .filter(name -> progress(name).state() == StepState.UNDOING)
        .findFirst();
  }

  /** Whether that step's goals were reached and have not been undone. */
  public boolean isDone(StepName name) {
    return plan.find(name).isPresent() && progress(name).state() == StepState.DONE;
  }

  Upgrade withStep(StepName name, UnaryOperator<StepProgress> change) {
    List<StepProgress> changed = new ArrayList<>();
    for (var progress : steps) {
      changed.add(progress.name() == name ? change.apply(progress) : progress);
    }
    return edit().steps(changed).done();
  }

  Editor edit() {
    return new Editor(this);
  }

  /** The one place that copies an upgrade with changes. */
  static final class Editor {
    private final Upgrade was;
    private UpgradeState state;
    private long revision;
    private Optional<StepName> step;
    private int attempts;
    private List<StepProgress> steps;
    private Set<PausePoint> pauseAt;
    private Optional<String> pausedReason;
    private Optional<Cancel> cancel;
    private Optional<Queued> queued;
    private Optional<Cause> cause;
    private Row row;
    private Tuning tuning;
    private Optional<Instant> endedAt;

    private Editor(Upgrade was) {
      this.was = was;
      state = was.state;
      revision = was.revision;
      step = was.step;
      attempts = was.attempts;
      steps = was.steps;
      pauseAt = was.pauseAt;
      pausedReason = was.pausedReason;
      cancel = was.cancel;
      queued = was.queued;
      cause = was.cause;
      row = was.row;
      tuning = was.tuning;
      endedAt = was.endedAt;
    }

    Editor state(UpgradeState next) {
      state = next;
      return this;
    }

    Editor step(StepName next) {
      step = Optional.of(next);
      attempts = 0;
      return this;
    }

    Editor ended(UpgradeState next, Instant now) {
      state = next;
      step = Optional.empty();
      attempts = 0;
      endedAt = Optional.of(now);
      pausedReason = Optional.empty();
      pauseAt = Set.of();
      queued = Optional.empty();
      return this;
    }

    Editor attempts(int next) {
      attempts = next;
      return this;
    }

    Editor steps(List<StepProgress> next) {
      steps = next;
      return this;
    }

    Editor pauseAt(Set<PausePoint> next) {
      pauseAt = next;
      return this;
    }

    Editor without(PausePoint point) {
      var rest = new LinkedHashSet<>(pauseAt);
      rest.remove(point);
      pauseAt = rest;
      return this;
    }

    Editor pausedReason(Optional<String> next) {
      pausedReason = next;
      return this;
    }

    Editor cancel(Cancel next) {
      cancel = Optional.of(next);
      return this;
    }

    Editor queued(Optional<Queued> next) {
      queued = next;
      return this;
    }

    Editor cause(Cause next) {
      cause = Optional.of(next);
      return this;
    }

    Editor row(Row next) {
      row = next;
      return this;
    }

    Editor tuning(Tuning next) {
      tuning = next;
      return this;
    }

    /** The change is one that everybody who looks must notice. */
    Editor nextRevision() {
      revision = was.revision + 1;
      return this;
    }

    Upgrade done() {
      return new Upgrade(
          was.plan,
          state,
          revision,
          step,
          attempts,
          steps,
          pauseAt,
          pausedReason,
          cancel,
          queued,
          cause,
          row,
          tuning,
          was.startedBy,
          was.startedAt,
          endedAt);
    }
  }
}

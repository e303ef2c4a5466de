package io.bascule.core.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.State.Canceled;
import io.bascule.core.migration.State.Committed;
import io.bascule.core.migration.State.Committing;
import io.bascule.core.migration.State.Losing;
import io.bascule.core.migration.State.Lost;
import io.bascule.core.migration.State.Off;
import io.bascule.core.migration.State.Prepared;
import io.bascule.core.migration.State.Preparing;
import io.bascule.core.migration.State.Reopening;
import io.bascule.core.migration.State.Stage;
import io.bascule.core.migration.State.Stopped;
import io.bascule.core.migration.State.Working;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The migration of the active controller's volumes. It follows the upgrade's record, which alone
 * decides: the record names the phase, says canceled, invalid or committed, and this machine says
 * how volumes are served and what is worked on.
 *
 * <pre>
 * Off        -- Aim(1) -->          Preparing    format 2 and marks are made
 * Off        -- Opened(2..4) -->    Reopening    marks are read; format 2 is opened
 * Preparing  -- PreparedNow -->     Prepared
 * Prepared   -- Aim(2) -->          Working      both are written; copy
 * Reopening  -- Reopened -->        Working
 * Working    -- Aim(next) -->       Working      verify; then read from format 2
 * Working    -- CommitAsked -->     Committing   sync, hold, ask the record
 * Committing -- HoldFailed -->      Committing   again from the sync
 * Committing -- Decided(REFUSED) --> Working
 * Committing -- Decided(COMMITTED) --> Committed format 1 is freed
 * Committing -- Decided(UNKNOWN) --> Stopped     the process ends and the record is read
 * Lost, Off  -- Renew -->           Preparing    inside Phase 2
 * before the commit  -- Failed -->  Losing -- LossRecorded --> Lost
 * before the commit  -- Cancel -->  Canceled
 * </pre>
 *
 * <p>Invariants: reads come from format 2 only in CONFIRM and later. Only a commit that was reached
 * in all its conditions is asked for. After the record was asked nothing but its answer, or a
 * cancel on record, changes how writes are served. Committed and Canceled exclude each other.
 */
public final class MigrationMachine {
  /** Differences of one volume at which a person must look. */
  public static final int MISMATCHES_MAX = 3;

  /** Holds that took too long before somebody is told; it is tried on. */
  public static final int HOLDS_TOLD = 5;

  private MigrationMachine() {}

  /**
   * The step that {@code event} causes in {@code state}.
   *
   * @throws IllegalStateException if it cannot happen there; the message names both
   */
  public static Step step(State state, Event event) {
    return switch (state) {
      case Off off -> off(off, event);
      case Preparing preparing -> preparing(preparing, event);
      case Prepared prepared -> prepared(prepared, event);
      case Reopening reopening -> reopening(reopening, event);
      case Working working -> working(working, event);
      case Committing committing -> committing(committing, event);
      case Committed committed -> committed(committed, event);
      case Losing losing -> losing(losing, event);
      case Lost lost -> lost(lost, event);
      case Canceled canceled -> canceled(canceled, event);
      case Stopped stopped -> stopped(stopped, event);
    };
  }

  /** The last phase whose end was reached in {@code state}; empty if that is none. */
  public static Optional<Phase> reached(State state) {
    return switch (state) {
      case Prepared prepared -> Optional.of(Phase.PREPARE);
      case Working working -> working.reached() ? Optional.of(working.phase()) : before(working);
      case Committing committing -> Optional.of(Phase.CONFIRM);
      case Committed committed -> Optional.of(Phase.CONFIRM);
      case Off _, Preparing _, Reopening _, Losing _, Lost _, Canceled _, Stopped _ ->
          Optional.empty();
    };
  }

  private static Optional<Phase> before(Working working) {
    return Optional.of(Phase.of(working.phase().number() - 1));
  }

  /** How volumes are served in {@code state}. */
  public static Service service(State state) {
    return switch (state) {
      case Off _, Lost _, Canceled _ -> Service.V1;
      case Preparing preparing -> preparing.made() ? Service.MARKING : Service.V1;
      case Losing losing -> losing.marking() ? Service.MARKING : Service.V1;
      case Prepared _, Reopening _ -> Service.MARKING;
      case Working working -> working.phase() == Phase.CONFIRM ? Service.READ_V2 : Service.BOTH;
      case Committing committing ->
          committing.stage() == Stage.SYNCING ? Service.READ_V2 : Service.HELD;
      case Committed _ -> Service.V2;
      case Stopped _ -> Service.HELD;
    };
  }

  private static Step off(Off state, Event event) {
    return switch (event) {
      case Event.Aim aim ->
          aim.phase() == Phase.PREPARE && !aim.paused()
              ? prepare()
              : aim.phase() == Phase.PREPARE ? Step.of(state) : never(state, event);
      case Event.Opened(Phase phase) ->
          phase == Phase.PREPARE
              ? Step.of(state)
              : Step.of(
                  new Reopening(phase), new Effect.Serve(Service.MARKING), new Effect.Reopen());
      case Event.Cancel _ ->
          Step.of(new Canceled(false), new Effect.Serve(Service.V1), new Effect.DropFormatTwo());
      // The marks that another process left are of no use; or it was lost before this process
      // began.
      case Event.Failed(Loss loss) -> Step.of(new Losing(loss, false), new Effect.RecordLoss(loss));
      case Event.Renew _ -> prepare();
      case Event.Tick _ -> Step.of(state);
      case Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.CopyDone _,
          Event.Remarked _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.LossRecorded _,
          Event.CommitAsked _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Decided _,
          Event.Dropped _,
          Event.Freed _ ->
          never(state, event);
    };
  }

  private static Step prepare() {
    return Step.of(new Preparing(false), new Effect.Prepare());
  }

  private static Step preparing(Preparing state, Event event) {
    return switch (event) {
      // Short, and with nothing to hold on to in the middle: not paused.
      case Event.Aim _, Event.Tick _ -> Step.of(state);
      case Event.Made _ ->
          state.made()
              ? never(state, event)
              : Step.of(new Preparing(true), new Effect.Serve(Service.MARKING), new Effect.Scan());
      case Event.PreparedNow _ -> state.made() ? Step.of(new Prepared()) : never(state, event);
      case Event.Failed(Loss loss) ->
          state.made()
              ? lose(loss)
              : Step.of(new Losing(loss, false), new Effect.Rest(), new Effect.RecordLoss(loss));
      case Event.Cancel _ -> cancel();
      // Of an earlier format 2 that is dropped by now.
      case Event.CopyDone _,
          Event.Remarked _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.Dropped _ ->
          Step.of(state);
      case Event.Opened _,
          Event.Reopened _,
          Event.LossRecorded _,
          Event.Renew _,
          Event.CommitAsked _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Decided _,
          Event.Freed _ ->
          never(state, event);
    };
  }

  private static Step prepared(Prepared state, Event event) {
    return switch (event) {
      case Event.Aim aim ->
          switch (aim.phase()) {
            case PREPARE -> Step.of(state);
            case COPY -> {
              var working =
                  new Working(Phase.COPY, aim.paused(), false, false, Optional.empty(), false);
              yield Step.of(working, new Effect.Serve(Service.BOTH), workOf(working));
            }
            case VERIFY, CONFIRM -> never(state, event);
          };
      case Event.Failed(Loss loss) -> lose(loss);
      case Event.Cancel _ -> cancel();
      case Event.Tick _,
          Event.CopyDone _,
          Event.Remarked _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.Dropped _ ->
          Step.of(state);
      case Event.PreparedNow _,
          Event.Made _,
          Event.Opened _,
          Event.Reopened _,
          Event.LossRecorded _,
          Event.Renew _,
          Event.CommitAsked _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Decided _,
          Event.Freed _ ->
          never(state, event);
    };
  }

  private static Step reopening(Reopening state, Event event) {
    return switch (event) {
      case Event.Reopened(boolean copied, boolean verified) -> {
        // Paused until the record says how it goes on.
        var working = new Working(state.phase(), true, copied, verified, Optional.empty(), false);
        yield Step.of(working, new Effect.Serve(service(working)));
      }
      case Event.Failed(Loss loss) -> lose(loss);
      case Event.Cancel _ -> cancel();
      case Event.Aim _, Event.CommitAsked _, Event.Tick _, Event.Remarked _ -> Step.of(state);
      case Event.Opened _,
          Event.PreparedNow _,
          Event.Made _,
          Event.CopyDone _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.LossRecorded _,
          Event.Renew _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Decided _,
          Event.Dropped _,
          Event.Freed _ ->
          never(state, event);
    };
  }

  private static Step working(Working state, Event event) {
    return switch (event) {
      case Event.Aim aim -> aimed(state, aim);
      case Event.CopyDone _ -> Step.of(state.with(state.paused(), true, state.verified()));
      case Event.Remarked _ -> Step.of(state.with(state.paused(), false, state.verified()));
      case Event.PassClean _ -> Step.of(state.with(state.paused(), state.copied(), true));
      case Event.Mismatch mismatch -> mismatched(state, mismatch);
      case Event.Unreadable unreadable -> unreadable(state, unreadable);
      case Event.Tick(long now) ->
          Step.of(
              state.confirmUntilMillis().filter(until -> now >= until).isPresent()
                  ? new Working(
                      state.phase(),
                      state.paused(),
                      state.copied(),
                      state.verified(),
                      state.confirmUntilMillis(),
                      true)
                  : state);
      case Event.Failed(Loss loss) -> lose(loss);
      case Event.Cancel _ -> cancel();
      case Event.CommitAsked _ -> commitAsked(state);
      // A commit that was canceled by a refused answer leaves these behind.
      case Event.Synced _ -> Step.of(state);
      case Event.Opened _,
          Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.LossRecorded _,
          Event.Renew _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Decided _,
          Event.Dropped _,
          Event.Freed _ ->
          never(state, event);
    };
  }

  private static Step commitAsked(Working state) {
    if (state.phase() != Phase.CONFIRM) {
      return never(state, new Event.CommitAsked());
    }
    if (state.reached()) {
      // Out of a pause too: what a hold finds to be copied yet must be copied by somebody, or every
      // hold would find it.
      var going = state.with(false, state.copied(), state.verified());
      List<Effect> effects = new ArrayList<>();
      if (state.paused()) {
        effects.add(workOf(going));
      }
      effects.add(new Effect.SyncBoth());
      return new Step(new Committing(going, Stage.SYNCING, 0, Optional.empty()), effects);
    }
    // On record Phase 4 is over: what this process lacks of it is made good, but for the time.
    var next =
        new Working(
            Phase.CONFIRM,
            false,
            state.copied(),
            state.verified(),
            state.confirmUntilMillis(),
            true);
    return state.paused() ? Step.of(next, workOf(next)) : Step.of(next);
  }

  private static Step aimed(Working state, Event.Aim aim) {
    int ahead = aim.phase().number() - state.phase().number();
    if (ahead == 0) {
      var next = state.with(aim.paused(), state.copied(), state.verified());
      if (state.phase() == Phase.CONFIRM && state.confirmUntilMillis().isEmpty()) {
        next = confirming(next, aim); // after a takeover, from the beginning
      }
      return next.paused() == state.paused() ? Step.of(next) : Step.of(next, workOf(next));
    }
    if (ahead != 1 || !state.reached()) {
      return never(state, aim);
    }
    var next =
        new Working(
            aim.phase(), aim.paused(), state.copied(), state.verified(), Optional.empty(), false);
    return aim.phase() == Phase.CONFIRM
        ? Step.of(confirming(next, aim), new Effect.Serve(Service.READ_V2), workOf(next))
        : Step.of(next, workOf(next));
  }

  private static Working confirming(Working state, Event.Aim aim) {
    return new Working(
        Phase.CONFIRM,
        state.paused(),
        state.copied(),
        state.verified(),
        Optional.of(aim.nowMillis() + aim.confirmMillis()),
        false);
  }

  /** From Phase 3 on, whatever was not compared since it was marked is compared. */
  private static Effect workOf(Working state) {
    return state.paused() ? new Effect.Rest() : new Effect.Work(state.phase() != Phase.COPY);
  }

  private static Step mismatched(Working state, Event.Mismatch mismatch) {
    List<Effect> effects = new ArrayList<>();
    effects.add(alarm(mismatch));
    if (mismatch.found() >= MISMATCHES_MAX) {
      effects.add(pause(mismatch));
    }
    return new Step(state.with(state.paused(), false, false), effects);
  }

  /** A copy of what nobody can read cannot be made; hosts get the error as ever. */
  private static Step unreadable(Working state, Event.Unreadable unreadable) {
    String why =
        "volume %s cannot be read in format 1 at byte %d: %s"
            .formatted(unreadable.volume(), unreadable.offsetBytes(), unreadable.detail());
    return Step.of(
        state.with(true, state.copied(), state.verified()),
        new Effect.Rest(),
        new Effect.Alarm("migration.unreadable", "Copying cannot go on: " + why + "."),
        new Effect.AskPause("UNREADABLE", why));
  }

  private static Effect alarm(Event.Mismatch mismatch) {
    return new Effect.Alarm(
        "migration.mismatch",
        "Volume %s differs between the formats at byte %d; format 1 is right and is copied again."
            .formatted(mismatch.volume(), mismatch.offsetBytes()));
  }

  private static Effect pause(Event.Mismatch mismatch) {
    return new Effect.AskPause(
        "MISMATCHES",
        "volume %s differed between the formats %d times"
            .formatted(mismatch.volume(), mismatch.found()));
  }

  private static Step committing(Committing state, Event event) {
    Working before = state.before();
    boolean deciding = state.stage() == Stage.DECIDING;
    return switch (event) {
      case Event.Synced _ ->
          switch (state.stage()) {
            case SYNCING -> Step.of(at(state, Stage.HOLDING, Optional.empty()), new Effect.Hold());
            // Of a commit that was spoiled while it synced, and asked for again meanwhile.
            case HOLDING -> Step.of(state);
            case DECIDING -> never(state, event);
          };
      case Event.Held _ -> state.stage() == Stage.HOLDING ? held(state) : never(state, event);
      case Event.HoldFailed(String why) ->
          state.stage() == Stage.HOLDING ? holdFailed(state, why) : never(state, event);
      case Event.Decided(Decision decision) ->
          deciding ? decided(state, decision) : never(state, event);
      case Event.Failed(Loss loss) ->
          deciding ? Step.of(at(state, Stage.DECIDING, Optional.of(loss))) : lose(loss);
      case Event.Cancel _ -> cancel();
      case Event.Remarked _ ->
          spoiled(state, Step.of(before.with(before.paused(), false, before.verified())));
      case Event.Mismatch mismatch ->
          spoiled(
              state,
              deciding
                  ? Step.of(before.with(before.paused(), false, false), alarm(mismatch))
                  : mismatched(before, mismatch));
      case Event.Aim _, Event.CommitAsked _, Event.Tick _, Event.CopyDone _, Event.PassClean _ ->
          Step.of(state);
      case Event.Unreadable unreadable ->
          switch (state.stage()) {
            case SYNCING -> unreadable(before, unreadable);
            // The hold or the answer comes first. The work rests, so it is begun anew after a no.
            case HOLDING, DECIDING ->
                spoiled(state, Step.of(before.with(before.paused(), false, before.verified())));
          };
      case Event.Opened _,
          Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.LossRecorded _,
          Event.Renew _,
          Event.Dropped _,
          Event.Freed _ ->
          never(state, event);
    };
  }

  private static Committing at(Committing state, Stage stage, Optional<Loss> lost) {
    return new Committing(state.before(), stage, state.tries(), lost);
  }

  private static Step backTo(Working state) {
    return Step.of(state, new Effect.Serve(Service.READ_V2), workOf(state));
  }

  /**
   * What a commit needs is not so any more. A hold comes to its end first: it alone knows what it
   * holds. Once the record is asked its answer counts; this is for what is done after a no.
   */
  private static Step spoiled(Committing state, Step change) {
    var before = (Working) change.state();
    List<Effect> effects = new ArrayList<>(change.effects());
    if (state.stage() != Stage.SYNCING) {
      return new Step(new Committing(before, state.stage(), state.tries(), state.lost()), effects);
    }
    effects.addAll(backTo(before).effects());
    return new Step(before, effects);
  }

  private static Step held(Committing state) {
    return state.before().reached()
        ? Step.of(at(state, Stage.DECIDING, Optional.empty()), new Effect.Decide())
        : backTo(state.before());
  }

  private static Step holdFailed(Committing state, String why) {
    if (!state.before().reached()) {
      return backTo(state.before());
    }
    var next = new Committing(state.before(), Stage.SYNCING, state.tries() + 1, Optional.empty());
    List<Effect> effects = new ArrayList<>();
    effects.add(new Effect.Serve(Service.READ_V2));
    if (next.tries() == HOLDS_TOLD) {
      effects.add(
          new Effect.Alarm(
              "migration.commit-waits",
              "The commit cannot hold writes as briefly as it must (" + why + "); it tries on."));
    }
    effects.add(new Effect.SyncBoth());
    return new Step(next, effects);
  }

  private static Step decided(Committing state, Decision decision) {
    return switch (decision) {
      case COMMITTED ->
          Step.of(new Committed(false), new Effect.Serve(Service.V2), new Effect.FreeFormatOne());
      case REFUSED ->
          state.lost().map(MigrationMachine::lose).orElseGet(() -> backTo(state.before()));
      case UNKNOWN -> stop("nobody knows whether the commit is recorded");
    };
  }

  private static Step stop(String why) {
    return Step.of(new Stopped(why), new Effect.Stop(why));
  }

  private static Step committed(Committed state, Event event) {
    return switch (event) {
      case Event.Freed _ -> Step.of(new Committed(true));
      // What was on its way when the record answered. Format 2's failures are the hosts' now.
      case Event.Aim _,
          Event.CommitAsked _,
          Event.Tick _,
          Event.CopyDone _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.Failed _ ->
          Step.of(state);
      case Event.Opened _,
          Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.Remarked _,
          Event.LossRecorded _,
          Event.Renew _,
          Event.Cancel _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Decided _,
          Event.Dropped _ ->
          never(state, event);
    };
  }

  private static Step lose(Loss loss) {
    return Step.of(
        new Losing(loss, true),
        new Effect.Serve(Service.MARKING),
        new Effect.Rest(),
        new Effect.RecordLoss(loss));
  }

  private static Step cancel() {
    return Step.of(
        new Canceled(false),
        new Effect.Serve(Service.V1),
        new Effect.Rest(),
        new Effect.DropFormatTwo());
  }

  private static Step losing(Losing state, Event event) {
    return switch (event) {
      case Event.LossRecorded _ ->
          Step.of(
              new Lost(state.loss(), false),
              new Effect.Serve(Service.V1),
              new Effect.DropFormatTwo());
      case Event.Cancel _ -> cancel();
      case Event.Aim _,
          Event.CommitAsked _,
          Event.Tick _,
          Event.Failed _,
          Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.CopyDone _,
          Event.Remarked _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Renew _,
          Event.Dropped _ ->
          Step.of(state);
      case Event.Opened _, Event.Decided _, Event.Freed _ -> never(state, event);
    };
  }

  private static Step lost(Lost state, Event event) {
    return switch (event) {
      case Event.Renew _ -> state.dropped() ? prepare() : Step.of(state);
      case Event.Dropped _ -> Step.of(new Lost(state.loss(), true));
      case Event.Cancel _ -> cancel();
      case Event.Aim _,
          Event.CommitAsked _,
          Event.Tick _,
          Event.Failed _,
          Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.CopyDone _,
          Event.Remarked _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.LossRecorded _ ->
          Step.of(state);
      case Event.Opened _, Event.Decided _, Event.Freed _ -> never(state, event);
    };
  }

  private static Step canceled(Canceled state, Event event) {
    return switch (event) {
      case Event.Dropped _ -> Step.of(new Canceled(true));
      case Event.Decided(Decision decision) ->
          switch (decision) {
            case REFUSED -> Step.of(state);
            // The record says both, or does not answer: not to be served from any further.
            case COMMITTED -> stop("the record is canceled, and says it is committed");
            case UNKNOWN -> Step.of(state); // it is canceled on record: it cannot be committed
          };
      // A new upgrade, from the beginning.
      case Event.Aim aim ->
          state.dropped() && aim.phase() == Phase.PREPARE && !aim.paused()
              ? prepare()
              : Step.of(state);
      case Event.Tick _,
          Event.Cancel _,
          Event.CommitAsked _,
          Event.Failed _,
          Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.CopyDone _,
          Event.Remarked _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.LossRecorded _,
          Event.Renew _ ->
          Step.of(state);
      case Event.Opened _, Event.Freed _ -> never(state, event);
    };
  }

  private static Step stopped(Stopped state, Event event) {
    return switch (event) {
      case Event.Aim _,
          Event.Opened _,
          Event.PreparedNow _,
          Event.Made _,
          Event.Reopened _,
          Event.CopyDone _,
          Event.Remarked _,
          Event.PassClean _,
          Event.Mismatch _,
          Event.Unreadable _,
          Event.Tick _,
          Event.Failed _,
          Event.LossRecorded _,
          Event.Renew _,
          Event.Cancel _,
          Event.CommitAsked _,
          Event.Synced _,
          Event.Held _,
          Event.HoldFailed _,
          Event.Decided _,
          Event.Dropped _,
          Event.Freed _ ->
          Step.of(state);
    };
  }

  private static Step never(State state, Event event) {
    throw new IllegalStateException(event + " cannot happen in " + state);
  }

  /** For whoever runs the machine: a step never contradicts what is on record (I1, I4). */
  public static void checkAgainstRecord(State state, boolean canceled, boolean committed) {
    Check.that(!(canceled && committed), "the record is canceled and committed");
    Check.that(!(state instanceof Committed) || !canceled, "committed against a recorded cancel");
    Check.that(
        service(state) != Service.V2 || committed, "format 2 alone without a recorded commit");
  }
}

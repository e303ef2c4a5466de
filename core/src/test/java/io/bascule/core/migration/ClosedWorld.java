package io.bascule.core.migration;

import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.State.Working;
import io.bascule.core.upgrade.Upgrade.Tuning;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The machine with everything that feeds it, as the controller runs it: the owner's thread with its
 * queue and its turns, the thread of the jobs, the recorder, the workers, hosts' reads, and the
 * upgrade's record. One value of it; {@link #next} gives all that may come after, so that every
 * order can be gone through.
 *
 * <p>What goes wrong (damage, a loss, a slow hold, a cancel, a pause) costs one of {@code
 * troubles}, which bounds it all.
 */
final class ClosedWorld {
  /** What the thread of the jobs does, one after the other. */
  enum Job {
    MAKE,
    SCAN,
    REOPEN,
    SYNC,
    SYNCING,
    HOLD,
    DECIDE,
    DROP,
    FREE
  }

  /** What the workers were told. */
  enum Order {
    REST,
    COPY,
    COMPARE
  }

  /** Why a person has to look first. */
  enum Stuck {
    NO,
    MISMATCHES,
    UNREADABLE
  }

  /** The upgrade's record; phase 5 is the commit. */
  record OnRecord(int phase, boolean paused, boolean canceled, boolean invalid, boolean committed) {
    private OnRecord with(int nextPhase, boolean nowPaused, boolean nowInvalid) {
      return new OnRecord(nextPhase, nowPaused, canceled, nowInvalid, committed);
    }
  }

  /** Everything but how it came to be. */
  private record Facts(
      State state,
      List<Event> events,
      List<Job> jobs,
      Optional<Wanted> wanted,
      OnRecord row,
      Order order,
      Stuck stuck,
      boolean renewWanted,
      boolean syncWanted,
      boolean heldLately,
      boolean recording,
      boolean pool,
      boolean lost,
      boolean whole,
      boolean verified,
      boolean reading,
      boolean workerFails,
      int troubles) {}

  private static final Loss LOSS = new Loss(Loss.FAILED, "a write failed");
  private static final long CONFIRM_MILLIS = 60_000; // of the tuning that nobody changed

  final @Nullable ClosedWorld before;
  final String what;

  private State state;
  private List<Event> events = List.of();
  private List<Job> jobs = List.of();
  private @Nullable Wanted wanted;
  private OnRecord row;
  private Order order = Order.REST;
  private Stuck stuck = Stuck.NO;
  private boolean renewWanted;
  private boolean syncWanted;

  /** Hosts have a breath between two holds. */
  private boolean heldLately;

  private boolean recording;
  private boolean pool;
  private boolean lost;

  /** No region needs copying. */
  private boolean whole;

  private boolean verified;

  /** A host reads from format 2, and has not met the damage yet. */
  private boolean reading;

  /** A worker could not read format 1, and has not told yet. */
  private boolean workerFails;

  private int troubles;

  private ClosedWorld(@Nullable ClosedWorld before, String what, State state, OnRecord row) {
    this.before = before;
    this.what = what;
    this.state = state;
    this.row = row;
  }

  /** How a process that has just become active finds it. */
  static List<ClosedWorld> beginnings(int troubles) {
    List<ClosedWorld> all = new ArrayList<>();
    all.add(beginning("Phase 1 begins", 1, false, troubles));
    var lostBefore = beginning("lost before a takeover", 2, true, troubles);
    all.add(lostBefore);
    for (int phase = 2; phase <= 5; phase++) {
      var phaseNow = Phase.of(Math.min(phase, 4));
      for (boolean whole : new boolean[] {false, true}) {
        var taken =
            beginning(
                "takeover in phase " + phase + (whole ? ", copied" : ""), phase, false, troubles);
        taken.events = List.of(new Event.Opened(phaseNow));
        taken.pool = true;
        taken.whole = whole;
        taken.verified = whole && phase > 3;
        all.add(taken);
      }
      var noMarks =
          beginning("takeover in phase " + phase + " without marks", phase, true, troubles);
      noMarks.events = List.of(new Event.Failed(LOSS));
      all.add(noMarks);
    }
    return all;
  }

  private static ClosedWorld beginning(String what, int phase, boolean invalid, int troubles) {
    var row = new OnRecord(phase, invalid, false, invalid, false);
    var made = new ClosedWorld(null, what, new State.Off(), row);
    made.troubles = troubles;
    return made;
  }

  State state() {
    return state;
  }

  OnRecord row() {
    return row;
  }

  /** The way here, for a person. */
  String story() {
    List<String> lines = new ArrayList<>();
    for (var at = this; at != null; at = at.before) {
      lines.addFirst(at.what + "   " + at.state + " " + at.events + " " + at.jobs);
    }
    return String.join("\n", lines);
  }

  // ---- what may come next

  /**
   * @param machine takes a state and an event; told of every pair
   */
  List<ClosedWorld> next(BiFunction<State, Event, Step> machine) {
    List<ClosedWorld> all = new ArrayList<>();
    owner(all, machine);
    work(all);
    record(all);
    workers(all);
    hosts(all);
    return all;
  }

  private void branch(List<ClosedWorld> all, String label, Consumer<ClosedWorld> change) {
    var next = new ClosedWorld(this, label, state, row);
    next.events = events;
    next.jobs = jobs;
    next.wanted = wanted;
    next.order = order;
    next.stuck = stuck;
    next.renewWanted = renewWanted;
    next.syncWanted = syncWanted;
    next.heldLately = heldLately;
    next.recording = recording;
    next.pool = pool;
    next.lost = lost;
    next.whole = whole;
    next.verified = verified;
    next.reading = reading;
    next.workerFails = workerFails;
    next.troubles = troubles;
    change.accept(next);
    all.add(next);
  }

  private void trouble(List<ClosedWorld> all, String label, Consumer<ClosedWorld> change) {
    if (troubles > 0) {
      branch(
          all,
          label,
          next -> {
            next.troubles--;
            change.accept(next);
          });
    }
  }

  private void post(Event event) {
    events = plus(events, event);
  }

  private void queue(Job job) {
    jobs = plus(jobs, job);
  }

  private static <T> List<T> plus(List<T> all, T one) {
    var more = new ArrayList<>(all);
    more.add(one);
    return List.copyOf(more);
  }

  // ---- the owner's thread

  /** One round of its loop; short waits inside are over or not. */
  private void owner(List<ClosedWorld> all, BiFunction<State, Event, Step> machine) {
    String label = events.isEmpty() ? "turn" : events.getFirst() + ", turn";
    for (boolean late : new boolean[] {false, true}) {
      branch(
          all,
          label + (late ? ", late" : ""),
          next -> {
            if (!events.isEmpty()) {
              next.events = List.copyOf(events.subList(1, events.size()));
              next.step(machine, events.getFirst());
            }
            next.turn(machine, late);
          });
    }
  }

  private void step(BiFunction<State, Event, Step> machine, Event event) {
    var step = machine.apply(state, event);
    state = uncounted(step.state());
    MigrationMachine.checkAgainstRecord(state, row.canceled(), row.committed());
    step.effects().forEach(this::carryOut);
  }

  /** How often a hold took too long only decides when that is told. */
  private static State uncounted(State state) {
    return state instanceof State.Committing now
        ? new State.Committing(now.before(), now.stage(), 0, now.lost())
        : state;
  }

  private void carryOut(Effect effect) {
    switch (effect) {
      case Effect.Serve _, Effect.Alarm _, Effect.Stop _ -> {}
      case Effect.Prepare _ -> {
        stuck = Stuck.NO;
        queue(Job.MAKE);
      }
      case Effect.Scan _ -> queue(Job.SCAN);
      case Effect.Reopen _ -> queue(Job.REOPEN);
      case Effect.Work(boolean compare) -> order = compare ? Order.COMPARE : Order.COPY;
      case Effect.Rest _ -> order = Order.REST;
      case Effect.AskPause(String code, String _) -> {
        order = Order.REST;
        stuck = code.equals("UNREADABLE") ? Stuck.UNREADABLE : Stuck.MISMATCHES;
        if (row.phase() > 1 && !row.canceled() && !row.committed()) {
          row = row.with(row.phase(), true, row.invalid());
        }
      }
      case Effect.RecordLoss _ -> recording = true;
      case Effect.DropFormatTwo _ -> queue(Job.DROP);
      case Effect.FreeFormatOne _ -> {
        order = Order.REST;
        queue(Job.FREE);
      }
      case Effect.SyncBoth _ -> syncWanted = true;
      case Effect.Hold _ -> {
        heldLately = true;
        queue(Job.HOLD);
      }
      case Effect.Decide _ -> queue(Job.DECIDE);
    }
  }

  private void turn(BiFunction<State, Event, Step> machine, boolean late) {
    if (state instanceof Working) {
      var seen = new Seen(whole, verified);
      step(machine, seen.ofCopying(state));
      step(machine, seen.ofComparing(state));
      step(machine, Seen.ofTime(state, late ? CONFIRM_MILLIS : 0));
    }
    var aim = wanted;
    if (aim != null && !isStuck(machine, aim, late)) {
      step(machine, aim.next(state, 0));
    }
    if (renewWanted && (state instanceof State.Lost || state instanceof State.Off)) {
      step(machine, new Event.Renew());
      renewWanted = !(state instanceof State.Preparing);
    }
    if (syncWanted && (late || !heldLately)) {
      syncWanted = false;
      heldLately = false;
      queue(Job.SYNC);
    }
  }

  private void step(BiFunction<State, Event, Step> machine, Optional<Event> event) {
    event.ifPresent(due -> step(machine, due));
  }

  private boolean isStuck(BiFunction<State, Event, Step> machine, Wanted aim, boolean late) {
    if (stuck == Stuck.NO) {
      return false;
    }
    if (!aim.paused() && !(stuck == Stuck.UNREADABLE && late)) {
      return true;
    }
    stuck = Stuck.NO;
    if (state instanceof Working working && !working.paused()) {
      step(machine, new Event.Aim(working.phase(), true, 0, 0));
    }
    return false;
  }

  // ---- the thread of the jobs

  private void work(List<ClosedWorld> all) {
    if (jobs.isEmpty()) {
      return;
    }
    var job = jobs.getFirst();
    var rest = List.copyOf(jobs.subList(1, jobs.size()));
    switch (job) {
      case MAKE -> {
        branch(all, "made", next -> next.made(rest, new Event.Made()));
        trouble(
            all,
            "not made",
            next -> {
              next.made(rest, new Event.Failed(LOSS));
              next.lost = true;
            });
      }
      case SCAN -> told(all, rest, "scanned", new Event.PreparedNow());
      case REOPEN -> told(all, rest, "reopened", new Event.Reopened(whole, verified));
      case SYNC ->
          branch(
              all,
              "the sync begins",
              next ->
                  next.jobs =
                      state instanceof State.Committing
                          ? joined(List.of(Job.SYNCING), rest)
                          : rest);
      case SYNCING -> {
        told(all, rest, "synced", new Event.Synced());
        trouble(
            all,
            "format 1 does not sync",
            next -> {
              next.jobs = rest;
              next.post(new Event.Unreadable("v", 0, "EIO"));
            });
      }
      case HOLD -> hold(all, rest);
      case DECIDE -> decide(all, rest);
      case DROP -> {
        if (!reading) {
          branch(
              all,
              "dropped",
              next -> {
                next.jobs = rest;
                next.pool = false;
                next.post(new Event.Dropped());
              });
        }
      }
      case FREE -> {
        if (!reading) {
          branch(
              all,
              "freed",
              next -> {
                next.jobs = rest;
                next.post(new Event.Freed());
              });
        }
      }
    }
  }

  private void made(List<Job> rest, Event event) {
    jobs = rest;
    pool = true;
    lost = false;
    whole = false;
    verified = false;
    post(event);
  }

  private static List<Job> joined(List<Job> first, List<Job> then) {
    var both = new ArrayList<>(first);
    both.addAll(then);
    return List.copyOf(both);
  }

  /** Behind the guard: nothing is told once format 2 is lost. */
  private void told(List<ClosedWorld> all, List<Job> rest, String label, Event event) {
    branch(
        all,
        label,
        next -> {
          next.jobs = rest;
          if (!lost) {
            next.post(event);
          }
        });
  }

  private boolean isHeld() {
    return MigrationMachine.service(state) == Service.HELD && !row.canceled();
  }

  private void hold(List<ClosedWorld> all, List<Job> rest) {
    if (isHeld() && !lost && whole && verified) {
      told(all, rest, "held", new Event.Held());
      trouble(
          all,
          "the hold takes too long",
          next -> {
            next.jobs = rest;
            next.post(new Event.HoldFailed("slow"));
          });
    } else {
      branch(
          all,
          "not held",
          next -> {
            next.jobs = rest;
            next.post(new Event.HoldFailed("not as it must be"));
          });
    }
  }

  private void decide(List<ClosedWorld> all, List<Job> rest) {
    boolean refused = !isHeld() || lost || !whole || !verified || row.canceled() || row.invalid();
    if (refused) {
      decided(all, rest, Decision.REFUSED, false);
      return;
    }
    decided(all, rest, Decision.COMMITTED, true);
    if (troubles > 0) {
      decided(all, rest, Decision.UNKNOWN, true);
      decided(all, rest, Decision.UNKNOWN, false);
      decided(all, rest, Decision.REFUSED, false);
    }
  }

  private void decided(List<ClosedWorld> all, List<Job> rest, Decision decision, boolean stored) {
    branch(
        all,
        decision + (stored ? ", stored" : ""),
        next -> {
          next.jobs = rest;
          next.row = new OnRecord(row.phase(), row.paused(), row.canceled(), row.invalid(), stored);
          next.troubles -= decision == Decision.UNKNOWN ? 1 : 0;
          next.post(new Event.Decided(decision));
        });
  }

  // ---- the upgrade's record, and who reads it

  private void record(List<ClosedWorld> all) {
    if (recording) {
      branch(
          all,
          "the loss is on record",
          next -> {
            next.recording = false;
            if (row.phase() == 1) {
              next.cancel(); // nothing to go on with: the upgrade returns by itself
            } else if (!row.canceled() && !row.committed()) {
              next.row = row.with(row.phase(), true, true);
            }
            next.post(new Event.LossRecorded());
          });
    }
    if (row.committed()) {
      return;
    }
    if (row.canceled()) {
      // A loss is recorded by the thread that would begin the new upgrade, and so comes first.
      if (state instanceof State.Canceled(boolean dropped) && dropped && !recording) {
        trouble(
            all,
            "a new upgrade comes to Phase 1",
            next -> next.row = new OnRecord(1, false, false, false, false));
      }
      return;
    }
    trouble(all, "canceled", ClosedWorld::cancel);
    advance(all);
    follow(all);
  }

  private void cancel() {
    if (row.canceled() || row.committed()) {
      return;
    }
    row = new OnRecord(row.phase(), row.paused(), true, row.invalid(), false);
    wanted = null;
    order = Order.REST;
    post(new Event.Cancel());
  }

  private void advance(List<ClosedWorld> all) {
    if (row.paused()) {
      // By a person, who takes longer than this process needs to see the pause.
      if (!row.invalid() && stuck != Stuck.NO) {
        return;
      }
      branch(
          all,
          "resumed",
          next -> next.row = row.with(row.invalid() ? 2 : row.phase(), false, row.invalid()));
      return;
    }
    if (row.phase() > 1 && !row.invalid()) {
      trouble(all, "paused", next -> next.row = row.with(row.phase(), true, false));
    }
    boolean usable =
        state instanceof State.Prepared
            || state instanceof Working
            || state instanceof State.Committing;
    if (row.invalid() && usable) {
      branch(all, "made anew", next -> next.row = row.with(2, false, false));
    }
    int reached = MigrationMachine.reached(state).map(Phase::number).orElse(0);
    if (!row.invalid() && usable && row.phase() <= 4 && reached >= row.phase()) {
      branch(all, "next phase", next -> next.row = row.with(row.phase() + 1, false, false));
    }
  }

  private void follow(List<ClosedWorld> all) {
    if (row.invalid()) {
      if (!row.paused() && !renewWanted && isRenewable()) {
        branch(all, "renew", next -> next.renewWanted = true);
      }
      return;
    }
    var phase = Phase.of(Math.min(row.phase(), 4));
    boolean commits = row.phase() == 5 && !row.paused();
    var commit = new Wanted(phase, false, true, Tuning.DEFAULT);
    var aim = new Wanted(phase, row.paused(), false, Tuning.DEFAULT);
    if (commits && !commit.equals(wanted)) {
      branch(all, "the commit is asked for", world -> world.wanted = commit);
    }
    if (!aim.equals(wanted) && !(commits && commit.equals(wanted))) {
      branch(all, "follows the record", world -> world.wanted = aim);
    }
  }

  /** It is asked for once for each revision of the record. */
  private boolean isRenewable() {
    return state instanceof State.Lost
        || state instanceof State.Losing
        || (state instanceof State.Off && events.isEmpty());
  }

  // ---- workers and hosts

  private boolean mirrors() {
    var service = MigrationMachine.service(state);
    return pool
        && !lost
        && !row.canceled()
        && (service == Service.BOTH || service == Service.READ_V2);
  }

  private void workers(List<ClosedWorld> all) {
    if (workerFails) {
      branch(
          all,
          "the worker tells",
          next -> {
            next.workerFails = false;
            next.order = Order.REST;
            next.post(new Event.Unreadable("v", 0, "EIO"));
          });
    }
    if (pool && !lost && !(state instanceof State.Off && events.isEmpty())) {
      trouble(
          all,
          "format 2 fails",
          next -> {
            next.lost = true;
            next.post(new Event.Failed(LOSS));
          });
    }
    if (!mirrors()) {
      return;
    }
    if (order != Order.REST) {
      if (!whole) {
        branch(all, "copied", next -> next.whole = true);
      }
      if (!workerFails) {
        trouble(all, "format 1 cannot be read", next -> next.workerFails = true);
      }
      trouble(all, "a write fails in format 1", next -> next.whole = false);
    }
    if (order == Order.COMPARE && whole && !verified) {
      branch(all, "compared", next -> next.verified = true);
      trouble(all, "they differ", next -> next.damaged(1));
    }
  }

  private void damaged(int found) {
    whole = false;
    verified = false;
    post(new Event.Mismatch("v", 0, found));
  }

  private void hosts(List<ClosedWorld> all) {
    if (reading) {
      branch(
          all,
          "the host meets damage",
          next -> {
            next.reading = false;
            if (!lost) {
              next.damaged(MigrationMachine.MISMATCHES_MAX);
            }
          });
      return;
    }
    var service = MigrationMachine.service(state);
    if (pool && !row.canceled() && (service == Service.READ_V2 || service == Service.HELD)) {
      trouble(all, "a host reads", next -> next.reading = true);
    }
  }

  private Facts facts() {
    return new Facts(
        state,
        events,
        jobs,
        Optional.ofNullable(wanted),
        row,
        order,
        stuck,
        renewWanted,
        syncWanted,
        heldLately,
        recording,
        pool,
        lost,
        whole,
        verified,
        reading,
        workerFails,
        troubles);
  }

  /** Nothing is left to be done: one format alone, or this process ends. */
  boolean isEnd() {
    return switch (state) {
      case State.Committed(boolean freed) -> freed;
      case State.Canceled(boolean dropped) -> dropped;
      case State.Stopped _ -> true;
      case State.Off _,
          State.Preparing _,
          State.Prepared _,
          State.Reopening _,
          Working _,
          State.Committing _,
          State.Losing _,
          State.Lost _ ->
          false;
    };
  }

  /** Worlds are the same whatever way they were come to. */
  Object key() {
    return facts();
  }
}

package io.bascule.controller.upgrade;

import io.bascule.controller.service.EventService;
import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.upgrade.Action;
import io.bascule.core.upgrade.Availability;
import io.bascule.core.upgrade.CancelRules;
import io.bascule.core.upgrade.Migration;
import io.bascule.core.upgrade.Reconciler;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeEvent;
import io.bascule.core.upgrade.UpgradeMachine;
import io.bascule.core.upgrade.UpgradeMachine.Note;
import io.bascule.core.upgrade.UpgradeMachine.Result;
import io.bascule.core.upgrade.UpgradeState;
import io.bascule.core.upgrade.World;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * Owns the upgrade's record: the one thread that changes it and acts on it.
 *
 * <p>Each turn it takes what was asked for, looks at the world, lets {@link Reconciler} compare it
 * with the goals of the current step, and does the one thing that is next. What the machine makes
 * of an event is stored before anything follows from it. Killed at any point, the next active
 * controller reads the record and goes on: the goals are looked at anew, so nothing depends on what
 * the dead one had in mind.
 */
final class UpgradeThread {
  private static final System.Logger LOG = System.getLogger(UpgradeThread.class.getName());

  /** A request waits for at most one turn, whose actions are bounded at two seconds each. */
  private static final long ASK_SECONDS = 15;

  private static final int MAX_ASKED = 256;

  /** How long after its end an upgrade's effect on hosts is measured. */
  private static final Duration MEASURE_AFTER = Duration.ofSeconds(12);

  private static final String WAITING_ALERT = "upgrade.waiting";
  private static final String QUEUED_ALERT = "upgrade.cancel-waiting";

  private final UpgradeStore store;
  private final Fleet fleet;
  private final HostIo hostIo;
  private final Migration migration;
  private final EventService events;
  private final Clock clock;
  private final ArrayBlockingQueue<Asked<?>> asked = new ArrayBlockingQueue<>(MAX_ASKED);
  private final Thread thread;
  private final Object changes = new Object();
  private final UpgradeAlerts alerts;
  private final Pace pace;
  private final Patience patience;

  private volatile boolean stopping;

  /** This thread has taken its last turn; nobody answers any more. */
  private volatile boolean over;

  private volatile Snapshot snapshot;
  private volatile Optional<UpgradeView.Waiting> waiting = Optional.empty();
  private long changeCount;

  /**
   * Writes acknowledged by this process when the upgrade began, or when this process took it over.
   */
  private long writesAtStart;

  private long writesOfOthers;

  /** The last turn found no space for the record. */
  private boolean full;

  /** The revision at which it was noted that this process leaves. */
  private long leavingNotedAt = -1;

  /** What everybody sees. */
  record Snapshot(Optional<Upgrade> upgrade, Measures measures, World world, long revision) {}

  UpgradeThread(
      UpgradeStore store,
      Fleet fleet,
      HostIo hostIo,
      Migration migration,
      EventService events,
      Clock clock,
      Pace pace) {
    this.store = store;
    this.fleet = fleet;
    this.hostIo = hostIo;
    this.migration = migration;
    this.events = events;
    this.clock = clock;
    this.pace = pace;
    this.patience = new Patience(pace.nanos());
    this.alerts = new UpgradeAlerts(events);
    var stored = store.current();
    var measures = stored.map(UpgradeStore.Stored::measures).orElse(Measures.NONE);
    this.writesOfOthers = measures.writesBefore();
    this.writesAtStart = hostIo.writesAcknowledged();
    var nothing =
        new World(fleet.self(), fleet.release(), Map.of(), fleet.peerReady(), Map.of(), Map.of());
    this.snapshot =
        new Snapshot(
            stored.map(UpgradeStore.Stored::upgrade), measures, nothing, store.row().revision());
    this.thread = Thread.ofPlatform().name("upgrade").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  void stop() {
    stopping = true;
    if (Thread.currentThread() != thread && thread.isAlive()) {
      // Wakes it from its pause; a full queue keeps it awake anyway.
      boolean woken = asked.offer(new Asked<>(_ -> true));
      LOG.log(Level.DEBUG, "the upgrade thread is asked to stop, woken: {0}", woken);
      try {
        thread.join(Duration.ofSeconds(5));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  Snapshot snapshot() {
    return snapshot;
  }

  /** What it waits for that a person should know of. */
  Optional<UpgradeView.Waiting> waiting() {
    return waiting;
  }

  long changeCount() {
    synchronized (changes) {
      return changeCount;
    }
  }

  void awaitChange(long seen, long timeoutMillis) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    synchronized (changes) {
      while (changeCount <= seen) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return;
        }
        changes.wait(left);
      }
    }
  }

  /** Lets this thread do {@code work} with a fresh look at the world, between two actions. */
  <T> T ask(Function<World, T> work) {
    if (Thread.currentThread() == thread) {
      return work.apply(snapshot.world());
    }
    var question = new Asked<>(work);
    if (stopping || !asked.offer(question)) {
      throw leaving();
    }
    if (over) {
      refuseAsked();
    }
    try {
      return question.answer.get(ASK_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("the upgrade thread failed", e);
    } catch (TimeoutException e) {
      throw leaving();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(ErrorCode.NO_ACTIVE, "This controller is stopping. Ask again.");
    }
  }

  private static Refusal leaving() {
    return new Refusal(ErrorCode.NO_ACTIVE, "This controller is handing over. Ask again.");
  }

  /** Whoever still waits for an answer shall ask the next active controller, at once. */
  private void refuseAsked() {
    for (var question = asked.poll(); question != null; question = asked.poll()) {
      question.answer.completeExceptionally(leaving());
    }
  }

  /** What somebody wants of this thread. */
  private final class Asked<T> {
    private final Function<World, T> work;
    private final CompletableFuture<T> answer = new CompletableFuture<>();

    Asked(Function<World, T> work) {
      this.work = work;
    }

    /** A refused wish concerns who asked; a record that is not ours any more, this thread. */
    void run() {
      try {
        look();
        answer.complete(work.apply(snapshot.world()));
      } catch (Check.BrokenInvariant | Error e) {
        answer.completeExceptionally(e);
        throw e;
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
      }
    }
  }

  private void run() {
    long lastTurnNanos = System.nanoTime();
    try {
      while (!stopping) {
        var request = asked.poll(pauseMillis(), TimeUnit.MILLISECONDS);
        if (request != null) {
          request.run();
        }
        // However much is asked for, the upgrade goes on.
        long pausedMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastTurnNanos);
        if (request == null || pausedMillis >= pauseMillis()) {
          turnIfThereIsSpace();
          lastTurnNanos = System.nanoTime();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Fleet.Leaving e) {
      LOG.log(Level.INFO, e.getMessage());
    } catch (RuntimeException e) {
      if (!stopping) {
        // The record is safe; another process goes on from it. This one cannot be trusted with it
        // any more: it ends as every process does that loses a vital thread.
        throw e;
      }
      // state.db is closed under a turn that was still going on; the record is what it was.
      LOG.log(Level.INFO, "the last turn was cut short: {0}", e.getMessage());
    } finally {
      over = true;
      refuseAsked();
    }
  }

  /** Without space for the record nothing is done: the next turn tries the same again. */
  private void turnIfThereIsSpace() {
    try {
      turn();
      full = false;
    } catch (Refusal e) {
      if (e.code() != ErrorCode.NO_SPACE) {
        throw e;
      }
      if (!full) {
        LOG.log(Level.WARNING, "the upgrade waits for space", e);
      }
      full = true;
    }
  }

  private long pauseMillis() {
    return snapshot.upgrade().map(u -> !u.state().ended()).orElse(false)
        ? pace.turnMillis()
        : pace.idleTurnMillis();
  }

  private void turn() {
    migration.follow(snapshot.upgrade());
    look();
    var upgrade = snapshot.upgrade().orElse(null);
    if (upgrade == null) {
      return;
    }
    if (upgrade.state().ended()) {
      // Also those of a process that died before it could.
      alerts.clear(WAITING_ALERT);
      alerts.clear(QUEUED_ALERT);
      measureAfter(upgrade);
      return;
    }
    measureDuring();
    if (upgrade.state() == UpgradeState.PAUSED) {
      waits(Optional.empty());
    }
    if (upgrade.row().canceled() && upgrade.state() != UpgradeState.CANCELING) {
      apply(new UpgradeEvent.CanceledByTakeover(fleet.self(), clock.instant()));
      return;
    }
    if (madeAnew(upgrade)) {
      return;
    }
    if (upgrade.queued().isEmpty()) {
      alerts.clear(QUEUED_ALERT);
    } else if (fireQueued(upgrade)) {
      return;
    }
    if (upgrade.state() == UpgradeState.RUNNING || upgrade.state() == UpgradeState.CANCELING) {
      act(upgrade, Reconciler.next(upgrade, snapshot.world()));
    }
  }

  /** Format 2 cannot be used: on record when this returns. Any thread may call. */
  void recordLoss(Upgrade.Cause cause) {
    var told =
        ask(_ -> {
          var event =
              new UpgradeEvent.FormatTwoInvalid(cause.code(), cause.detail(), clock.instant());
          return apply(event);
        });
    LOG.log(Level.WARNING, "format 2 is given up: {0} ({1})", cause.detail(), told);
  }

  /** Records that format 2 was made anew, if the record does not say so yet. */
  private boolean madeAnew(Upgrade upgrade) {
    if (upgrade.row().v2Invalid() && snapshot.world().formatTwo().valid()) {
      return apply(new UpgradeEvent.FormatTwoMade(clock.instant())) instanceof Result.Changed;
    }
    return false;
  }

  /**
   * The one change of the record that is made while hosts wait: refused unless the commit is what
   * comes next at this very moment. Any thread may call.
   *
   * @throws RuntimeException if nobody knows whether it is recorded
   */
  boolean recordCommit() {
    return ask(world -> {
      var upgrade = snapshot.upgrade().orElseThrow();
      boolean next =
          upgrade.state() == UpgradeState.RUNNING
              && Reconciler.next(upgrade, world) instanceof Action.Commit;
      return next && apply(new UpgradeEvent.Committed(clock.instant())) instanceof Result.Changed;
    });
  }

  /** Starts the queued cancel if its moment has come. */
  private boolean fireQueued(Upgrade upgrade) {
    var answer = CancelRules.availability(upgrade, snapshot.world());
    if (answer.availability() == Availability.AVAILABLE) {
      alerts.clear(QUEUED_ALERT);
      var queued = upgrade.queued().orElseThrow();
      var now = clock.instant();
      apply(
          new UpgradeEvent.CancelStarted(
              new Upgrade.Cancel(
                  queued.by(), now, Optional.of(queued.reason()), queued.comment(), false, false),
              fleet.self(),
              now));
      return true;
    }
    if (answer.availability() == Availability.BLOCKED) {
      alerts.raise(
          QUEUED_ALERT,
          answer.reason().orElse(""),
          "The queued cancel waits: " + answer.reason().orElse(""),
          "Bring the standby ONLINE, or withdraw the cancel.");
    }
    return false;
  }

  private void act(Upgrade upgrade, Action action) {
    var now = clock.instant();
    switch (action) {
      case Action.Wait wait -> waiting(upgrade, wait, wait.why(), now);
      case Action.AllHold hold -> came(new UpgradeEvent.GoalsReached(fleet.self(), now));
      case Action.Failed failed ->
          came(new UpgradeEvent.StepFailed(failed.code(), failed.detail(), failed.mayRetry(), now));
      case Action.StartOver startOver -> came(new UpgradeEvent.RolesChanged(startOver.why(), now));
      case Action.SetSlot _,
          Action.Boot _,
          Action.Settle _,
          Action.Stage _,
          Action.DropSlot _,
          Action.Commit _,
          Action.HandOver _,
          Action.RebootInPlace _ -> {
        try {
          perform(upgrade, action);
          moved();
        } catch (Fleet.Unreachable e) {
          // A goal: it is asked for again in the next turn, and a person is told if that lasts,
          // in whatever words it fails each time.
          var wait = Action.Wait.until(String.valueOf(e.getMessage()));
          waiting(upgrade, wait, action.toString(), now);
        }
      }
    }
  }

  private void came(UpgradeEvent event) {
    apply(event);
    moved();
  }

  private void moved() {
    patience.over();
    goesOn();
  }

  private void goesOn() {
    alerts.clear(WAITING_ALERT);
    waits(Optional.empty());
  }

  private void waits(Optional<UpgradeView.Waiting> now) {
    if (!now.equals(waiting)) {
      waiting = now;
      changed();
    }
  }

  /** Does what the stored record wants, and only as long as it is what this thread believes. */
  private void perform(Upgrade upgrade, Action action) throws Fleet.Unreachable {
    store.check(upgrade);
    String reason = "upgrade " + upgrade.plan().id();
    switch (action) {
      case Action.SetSlot set -> {
        log(upgrade, set.id() + " boots slot " + set.slot() + " next");
        fleet.setSlot(set.id(), set.slot(), set.fallback(), upgrade.plan().id());
      }
      case Action.Boot boot -> {
        log(upgrade, "boot " + boot.id());
        fleet.boot(boot.id(), reason);
      }
      case Action.Settle settle -> fleet.settle(settle.id());
      case Action.Stage stage -> {
        log(upgrade, "stage " + stage.release() + " on " + stage.id());
        fleet.stage(stage.id(), stage.release(), stage.slot(), upgrade.stagingTag());
      }
      case Action.DropSlot drop -> {
        log(upgrade, "empty slot " + drop.slot() + " of " + drop.id());
        fleet.dropSlot(drop.id(), drop.slot());
      }
      case Action.Commit commit -> migration.commit();
      case Action.HandOver handOver -> {
        leave(upgrade, "hand over to " + snapshot.world().standby());
        fleet.handOver(reason);
      }
      case Action.RebootInPlace reboot -> {
        leave(upgrade, "reboot in place: disruption was accepted");
        fleet.rebootInPlace(reason);
      }
      case Action.AllHold _, Action.Wait _, Action.Failed _, Action.StartOver _ ->
          Check.that(false, "%s asks nothing of the fleet", action);
    }
  }

  /**
   * @param what tells one thing waited for from another
   */
  private void waiting(Upgrade upgrade, Action.Wait wait, String what, Instant now) {
    boolean lasts = patience.lasts(upgrade, what + wait.percent());
    if (lasts && wait.mustEnd() && upgrade.state() == UpgradeState.RUNNING) {
      apply(new UpgradeEvent.StepFailed("NOT_JOINING", wait.why() + ", for a minute", false, now));
      return;
    }
    if (wait.needsPerson().isPresent() || lasts) {
      String whatToDo =
          wait.needsPerson()
              .orElse("Look at the logs of both controllers: bascule controller list.");
      alerts.raise(
          WAITING_ALERT,
          upgrade.step().orElseThrow() + what,
          "The upgrade waits at " + upgrade.step().orElseThrow() + ": " + wait.why() + ".",
          whatToDo);
      waits(Optional.of(new UpgradeView.Waiting(wait.why(), whatToDo)));
    } else {
      goesOn();
    }
    apply(new UpgradeEvent.Progressed(wait.percent(), now));
  }

  private static void log(Upgrade upgrade, String what) {
    LOG.log(
        Level.INFO,
        "upgrade {0}, {1} {2}: {3}",
        upgrade.plan().id(),
        upgrade.state(),
        upgrade.step().orElse(null),
        what);
  }

  /** The last thing before this process ends on purpose: what it knows alone is stored. */
  private void leave(Upgrade upgrade, String why) {
    log(upgrade, why);
    // A handover that is refused is tried again in each turn; the history has it once.
    boolean noted = leavingNotedAt == upgrade.revision();
    var note = new Note("controller.leaving", fleet.self() + " reboots: " + why);
    store.save(
        upgrade,
        upgrade,
        counted(),
        noted ? List.of() : List.of(note),
        clock.instant(),
        Optional.empty(),
        0);
    leavingNotedAt = upgrade.revision();
  }

  /** Stores the first state of a new upgrade. */
  void begin(Upgrade upgrade, long overRevision) {
    Check.that(Thread.currentThread() == thread, "only the upgrade thread begins one");
    writesOfOthers = 0;
    writesAtStart = hostIo.writesAcknowledged();
    var measures =
        new Measures(
            hostIo.latencyP99Micros(), Optional.empty(), Optional.empty(), 0, Optional.empty());
    var notes =
        List.of(
            new Note(
                "upgrade.started",
                "upgrade from %s to %s, by %s"
                    .formatted(upgrade.plan().from(), upgrade.plan().to(), upgrade.startedBy())));
    store.begin(upgrade, overRevision, measures, notes);
    show(upgrade, measures);
    tell(notes);
  }

  Result apply(UpgradeEvent event) {
    return apply(event, Optional.empty());
  }

  /** Lets the machine judge the event, stores what comes of it, then shows it. */
  Result apply(UpgradeEvent event, Optional<UpgradeStore.Answered> answered) {
    Check.that(Thread.currentThread() == thread, "only the upgrade thread changes the record");
    var was = snapshot.upgrade().orElseThrow();
    var result = UpgradeMachine.step(was, event);
    if (result instanceof Result.Changed changed) {
      var next = changed.next();
      if (event instanceof UpgradeEvent.Progressed) {
        show(next, snapshot.measures());
        return result;
      }
      var measures = counted();
      if (next.state().ended()) {
        measures = measures.with(receipt(measures));
      }
      store.save(was, next, measures, changed.notes(), event.now(), answered, was.revision());
      show(next, measures);
      tell(changed.notes());
      if (next.state().ended()) {
        goesOn();
        alerts.clear(QUEUED_ALERT);
      }
    }
    return result;
  }

  private HistoryView.Receipt receipt(Measures measures) {
    var world = snapshot.world();
    Map<String, String> versions = new TreeMap<>();
    Map<String, String> slots = new TreeMap<>();
    for (var id : ControllerId.values()) {
      var boot = world.boot(id);
      String number = Integer.toString(id.number());
      versions.put(
          number,
          id == world.self()
              ? world.release().toString()
              : boot.flatMap(ControllerBoot::release).map(Version::toString).orElse("unknown"));
      slots.put(
          number, boot.flatMap(ControllerBoot::runningSlot).map(Enum::name).orElse("unknown"));
    }
    boolean redundant = world.onlineOn(world.standby(), world.release());
    return new HistoryView.Receipt(
        hostIo.verifyVolumes(), measures.writesBefore(), redundant, versions, slots);
  }

  private Measures counted() {
    return snapshot.measures().writes(writesOfOthers + hostIo.writesAcknowledged() - writesAtStart);
  }

  private void tell(List<Note> notes) {
    for (var note : notes) {
      String severity =
          switch (note.what()) {
            case "upgrade.failed", "upgrade.returning" -> "WARNING";
            default -> "INFO";
          };
      events.record(severity, note.what(), note.detail());
    }
  }

  private void measureDuring() {
    var measures = snapshot.measures().during(hostIo.latencyP99Micros());
    if (!measures.equals(snapshot.measures())) {
      show(snapshot.upgrade().orElseThrow(), measures);
    }
  }

  /** Once, a while after the end. */
  private void measureAfter(Upgrade upgrade) {
    var measures = snapshot.measures();
    boolean due =
        measures.afterP99().isEmpty()
            && upgrade.endedAt().orElseThrow().plus(MEASURE_AFTER).isBefore(clock.instant());
    var p99 = due ? hostIo.latencyP99Micros() : Optional.<Long>empty();
    if (p99.isPresent()) {
      var measured = measures.after(p99);
      store.save(upgrade, upgrade, measured, List.of(), clock.instant(), Optional.empty(), 0);
      show(upgrade, measured);
    }
  }

  private void show(Upgrade upgrade, Measures measures) {
    snapshot = new Snapshot(Optional.of(upgrade), measures, snapshot.world(), upgrade.revision());
    changed();
  }

  private void changed() {
    synchronized (changes) {
      changeCount++;
      changes.notifyAll();
    }
  }

  /** Looks at both controllers. What can't be seen is unknown, not a failure. */
  private void look() {
    Map<ControllerId, ControllerBoot> boots = Map.of();
    try {
      boots = fleet.boots();
    } catch (Fleet.Unreachable e) {
      LOG.log(Level.DEBUG, "the chassis does not answer: {0}", e.getMessage());
    }
    Map<ControllerId, Map<Slot, Version>> slots = new EnumMap<>(ControllerId.class);
    Map<ControllerId, World.Staging> stagings = new EnumMap<>(ControllerId.class);
    boolean needsSlots = snapshot.upgrade().map(u -> !u.state().ended()).orElse(false);
    for (var id : ControllerId.values()) {
      if (needsSlots && (id == fleet.self() || fleet.peerReady())) {
        try {
          slots.put(id, fleet.slots(id));
          fleet
              .staging(id)
              .ifPresent(s ->
                  stagings.put(
                      id,
                      new World.Staging(
                          s.tag(), s.release(), s.slot(), s.percent(), s.done(), s.error())));
        } catch (Fleet.Unreachable e) {
          slots.remove(id);
          LOG.log(Level.DEBUG, "{0} does not answer: {1}", id, e.getMessage());
        }
      }
    }
    var world =
        new World(
            fleet.self(),
            fleet.release(),
            boots,
            fleet.peerReady(),
            slots,
            stagings,
            migration.look());
    if (!world.equals(snapshot.world())) {
      var now = snapshot;
      snapshot = new Snapshot(now.upgrade(), now.measures(), world, now.revision());
      changed();
    }
  }
}

package io.bascule.controller.upgrade;

import io.bascule.controller.service.EventService;
import io.bascule.controller.service.UpgradeService;
import io.bascule.controller.state.StateDb;
import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.upgrade.CancelReason;
import io.bascule.core.upgrade.CancelRules;
import io.bascule.core.upgrade.Migration;
import io.bascule.core.upgrade.PausePoint;
import io.bascule.core.upgrade.Plan;
import io.bascule.core.upgrade.Planner;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeEvent;
import io.bascule.core.upgrade.UpgradeMachine;
import io.bascule.core.upgrade.UpgradeMachine.Note;
import io.bascule.core.upgrade.UpgradeMachine.Result;
import io.bascule.core.upgrade.World;
import io.bascule.release.Manifest;
import io.bascule.release.TrustStore;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The upgrade of an active controller: what REST asks for, carried out by the {@link
 * UpgradeThread}, which owns the record. This class holds no state of its own; it may be called by
 * any thread.
 */
public final class Upgrades implements UpgradeService {
  private static final int HISTORY_LIMIT = 200;
  private static final int COMMENT_LIMIT = 2_000;
  private static final int CONFIRM_SECONDS_LIMIT = 24 * 3600;

  private final UpgradeStore store;
  private final UpgradeThread owner;
  private final Prechecks prechecks;
  private final HostIo hostIo;
  private final Migration migration;
  private final Clock clock;

  public Upgrades(
      StateDb db,
      Fleet fleet,
      HostIo hostIo,
      Migration migration,
      EventService events,
      Path packages,
      TrustStore trust,
      Path root,
      Clock clock) {
    this(db, fleet, hostIo, migration, events, packages, trust, root, clock, Pace.USUAL);
  }

  Upgrades(
      StateDb db,
      Fleet fleet,
      HostIo hostIo,
      Migration migration,
      EventService events,
      Path packages,
      TrustStore trust,
      Path root,
      Clock clock,
      Pace pace) {
    this.store = new UpgradeStore(db);
    this.prechecks = new Prechecks(packages, trust, root);
    this.hostIo = hostIo;
    this.clock = clock;
    this.migration = migration;
    this.owner = new UpgradeThread(store, fleet, hostIo, migration, events, clock, pace);
  }

  /** Goes on with what the record says. */
  public void start() {
    owner.start();
  }

  /** Stops between two actions; the next active controller goes on. */
  public void stop() {
    owner.stop();
  }

  /** Format 2 cannot be used: on record when this returns, after at most some seconds. */
  public void recordLoss(Upgrade.Cause cause) {
    owner.recordLoss(cause);
  }

  /**
   * The same before there is anybody who runs the upgrade: only while nobody else can change the
   * record.
   */
  public static void recordLossBefore(StateDb db, Upgrade.Cause cause, Clock clock) {
    var store = new UpgradeStore(db);
    var stored = store.current().orElseThrow();
    var now = clock.instant();
    var event = new UpgradeEvent.FormatTwoInvalid(cause.code(), cause.detail(), now);
    if (UpgradeMachine.step(stored.upgrade(), event) instanceof Result.Changed changed) {
      store.save(
          stored.upgrade(),
          changed.next(),
          stored.measures(),
          changed.notes(),
          now,
          Optional.empty(),
          0);
    }
  }

  /**
   * Records the commit, unless something that must hold before it does not.
   *
   * @throws RuntimeException if nobody knows whether it is recorded
   */
  public boolean recordCommit() {
    return owner.recordCommit();
  }

  /** Pauses the migration for a person to look at it. */
  public void pause(String reason) {
    var told = owner.ask(_ -> owner.apply(new UpgradeEvent.PauseNeeded(reason, clock.instant())));
    System.getLogger(Upgrades.class.getName())
        .log(System.Logger.Level.WARNING, "pause: {0} ({1})", reason, told);
  }

  /** p99 of the latency hosts saw before the upgrade began, in microseconds. */
  public Optional<Long> baselineP99Micros() {
    return owner.snapshot().measures().beforeP99();
  }

  /** What was recorded last; empty when there never was an upgrade. */
  public static Optional<Upgrade> recorded(StateDb db) {
    return new UpgradeStore(db).current().map(UpgradeStore.Stored::upgrade);
  }

  @Override
  public UpgradeView view() {
    var now = owner.snapshot();
    return now.upgrade()
        .map(u ->
            Views.of(
                u,
                now.world(),
                now.measures(),
                hostIo.latencyP99Micros(),
                migration.progress(),
                owner.waiting()))
        .orElseGet(() -> Views.idle(now.revision()));
  }

  @Override
  public UpgradeView.Prechecks dryRun(UpgradeView.Start start) {
    Version to = version(start.version());
    Options options = options(start);
    var unsound = hostIo.unsoundVolumes();
    return owner.ask(world -> {
      refuseWhileRunning("a dry run");
      long counter = store.row().row().rollbackCounter();
      var outcome = prechecks.run(to, world, counter, hostIo.allocatedBytes(), unsound);
      return view(outcome, options, world);
    });
  }

  private UpgradeView.Prechecks view(Prechecks.Outcome outcome, Options options, World world) {
    var slots = Prechecks.runningSlots(world);
    if (slots.isEmpty() || outcome.manifest().isEmpty()) {
      return new UpgradeView.Prechecks(outcome.passed(), outcome.checks(), List.of());
    }
    var plan =
        plan(
            "dry-run",
            world,
            outcome.manifest().get(),
            slots.get(),
            options.tuning().confirmSeconds());
    requirePausePoints(plan, options.pauseAt());
    return new UpgradeView.Prechecks(
        outcome.passed(), outcome.checks(), plan.steps().stream().map(Upgrades::inWords).toList());
  }

  private static String inWords(Plan.Planned step) {
    return step.name()
        + step.controller().map(id -> " on " + id).orElse("")
        + ", about "
        + step.expectedSeconds()
        + " s";
  }

  private Plan plan(
      String id,
      World world,
      Manifest manifest,
      Map<ControllerId, Slot> slots,
      int confirmSeconds) {
    var to = manifest.version();
    long counter = manifest.rollbackCounter();
    return manifest.migration()
        ? Planner.migrating(
            id,
            world.release(),
            to,
            world.self(),
            slots,
            counter,
            Planner.Migration.of(hostIo.allocatedBytes(), confirmSeconds))
        : Planner.rolling(id, world.release(), to, world.self(), slots, counter);
  }

  private record Options(Set<PausePoint> pauseAt, Upgrade.Tuning tuning) {}

  @Override
  public UpgradeView start(UpgradeView.Start start, String by) {
    Version to = version(start.version());
    Options options = options(start);
    var unsound = hostIo.unsoundVolumes();
    return owner.ask(world -> {
      refuseWhileRunning("another upgrade");
      var row = store.row();
      long counter = row.row().rollbackCounter();
      var outcome = prechecks.run(to, world, counter, hostIo.allocatedBytes(), unsound);
      var slots = Prechecks.runningSlots(world);
      if (!outcome.passed() || slots.isEmpty()) {
        throw new Refusal(
            ErrorCode.PRECHECK_FAILED, outcome.failures(), null, view(outcome, options, world));
      }
      var plan =
          plan(
              newId(),
              world,
              outcome.manifest().orElseThrow(),
              slots.get(),
              options.tuning().confirmSeconds());
      requirePausePoints(plan, options.pauseAt());
      Instant now = clock.instant();
      var upgrade =
          UpgradeMachine.begin(
              plan, row.revision(), row.row(), options.pauseAt(), options.tuning(), by, now);
      owner.begin(upgrade, row.revision());
      return view();
    });
  }

  private static void requirePausePoints(Plan plan, Set<PausePoint> wanted) {
    for (var point : wanted) {
      if (plan.find(point.step()).isEmpty()) {
        throw new Refusal(ErrorCode.INVALID_ARGUMENT, PausePoint.notIn(plan, point));
      }
    }
  }

  private String newId() {
    byte[] salt = new byte[2];
    new SecureRandom().nextBytes(salt);
    return "u" + (store.count() + 1) + "-" + HexFormat.of().formatHex(salt);
  }

  private static Version version(String text) {
    try {
      return Version.parse(text);
    } catch (IllegalArgumentException e) {
      throw new Refusal(ErrorCode.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
  }

  private static Options options(UpgradeView.Start start) {
    return new Options(
        start.pauseAt() == null ? Set.of() : Tunings.pausePoints(start.pauseAt()),
        Tunings.apply(
            Upgrade.Tuning.DEFAULT,
            start.priority(),
            start.maxBytesPerSecond(),
            start.confirmSeconds(),
            CONFIRM_SECONDS_LIMIT));
  }

  @Override
  public UpgradeView change(UpgradeView.Change change, String by) {
    var points = change.pauseAt() == null ? null : Tunings.pausePoints(change.pauseAt());
    return owner.ask(_ -> {
      Upgrade upgrade = running();
      Instant now = clock.instant();
      var tuning =
          Tunings.apply(
              upgrade.tuning(),
              change.priority(),
              change.maxBytesPerSecond(),
              null,
              CONFIRM_SECONDS_LIMIT);
      if (points != null) {
        apply(new UpgradeEvent.PausePointsSet(points, by, now), ErrorCode.INVALID_ARGUMENT);
      }
      if (!tuning.equals(upgrade.tuning())) {
        apply(new UpgradeEvent.Tuned(tuning, by, now), ErrorCode.INVALID_ARGUMENT);
      }
      if (change.paused() != null) {
        apply(
            change.paused()
                ? new UpgradeEvent.PauseAsked(by, now)
                : new UpgradeEvent.ResumeAsked(by, now),
            ErrorCode.NOT_PAUSABLE);
      }
      return view();
    });
  }

  private void apply(UpgradeEvent event, ErrorCode otherwise) {
    if (owner.apply(event) instanceof Result.Unchanged unchanged) {
      throw new Refusal(otherwise, unchanged.why());
    }
  }

  private Upgrade running() {
    return owner
        .snapshot()
        .upgrade()
        .filter(upgrade -> !upgrade.state().ended())
        .orElseThrow(() -> new Refusal(ErrorCode.NO_UPGRADE, "No upgrade is running."));
  }

  @Override
  public CancelView preview() {
    return owner.ask(this::preview);
  }

  private CancelView preview(World world) {
    var now = owner.snapshot();
    return now.upgrade()
        .map(upgrade -> Views.preview(upgrade, world))
        .orElseGet(() -> Views.idlePreview(now.revision()));
  }

  @Override
  public CancelView.Answer cancel(CancelView.Request request, String by) {
    CancelReason reason = reason(request.reason());
    String comment = request.comment() == null ? "" : request.comment();
    if (comment.length() > COMMENT_LIMIT) {
      throw new Refusal(
          ErrorCode.INVALID_ARGUMENT,
          "The comment has more than " + COMMENT_LIMIT + " characters.");
    }
    return owner.ask(world -> judged(request, reason, comment, by, world));
  }

  private static CancelReason reason(@Nullable String text) {
    if (text == null) {
      return CancelReason.OTHER;
    }
    try {
      return CancelReason.valueOf(text);
    } catch (IllegalArgumentException e) {
      throw new Refusal(
          ErrorCode.INVALID_ARGUMENT,
          "'" + text + "' is no reason; there are " + List.of(CancelReason.values()) + ".");
    }
  }

  /** The order is the contract's: the recorded outcome, a stale revision, then the table. */
  private CancelView.Answer judged(
      CancelView.Request request, CancelReason reason, String comment, String by, World world) {
    var recorded = store.answer(request.upgradeId(), request.revision());
    if (recorded.isPresent()) {
      return new CancelView.Answer(recorded.get().outcome(), recorded.get().detail());
    }
    var upgrade = owner.snapshot().upgrade().orElse(null);
    if (upgrade == null) {
      throw new Refusal(
          ErrorCode.CANCEL_UNAVAILABLE, "No upgrade is running.", preview(world), null);
    }
    if (!upgrade.plan().id().equals(request.upgradeId())
        || upgrade.revision() != request.revision()) {
      throw new Refusal(
          ErrorCode.REVISION_CHANGED,
          "The upgrade has moved on since you looked: look at the new preview and confirm again.",
          preview(world),
          null);
    }
    boolean accept = Boolean.TRUE.equals(request.acceptDisruption());
    boolean whenPossible = Boolean.TRUE.equals(request.whenPossible());
    Instant now = clock.instant();
    return switch (CancelRules.judge(upgrade, world, accept, whenPossible)) {
      case CancelRules.Verdict.Start start -> {
        var cancel = new Upgrade.Cancel(by, now, Optional.of(reason), comment, accept, false);
        yield answered(
            upgrade,
            new UpgradeEvent.CancelStarted(cancel, world.self(), now),
            new UpgradeStore.Answered(
                "STARTED",
                "The upgrade is being canceled; the appliance returns to "
                    + upgrade.plan().from()
                    + "."));
      }
      case CancelRules.Verdict.Queue queue ->
          answered(
              upgrade,
              new UpgradeEvent.CancelQueued(new Upgrade.Queued(by, now, reason, comment), now),
              new UpgradeStore.Answered("QUEUED", queue.detail()));
      case CancelRules.Verdict.NoEffect noEffect -> {
        store.addNotes(
            upgrade.plan().id(),
            List.of(
                new Note(
                    "cancel.no-effect", "cancel asked for by " + by + ": " + noEffect.detail())),
            now);
        yield new CancelView.Answer("NO_EFFECT", noEffect.detail());
      }
      case CancelRules.Verdict.Blocked blocked -> {
        store.addNotes(
            upgrade.plan().id(),
            List.of(
                new Note("cancel.blocked", "cancel asked for by " + by + ": " + blocked.detail())),
            now);
        throw new Refusal(ErrorCode.CANCEL_BLOCKED, blocked.detail(), preview(world), null);
      }
      case CancelRules.Verdict.Unavailable no ->
          throw new Refusal(ErrorCode.CANCEL_UNAVAILABLE, no.detail(), preview(world), null);
    };
  }

  private CancelView.Answer answered(
      Upgrade upgrade, UpgradeEvent event, UpgradeStore.Answered answer) {
    var result = owner.apply(event, Optional.of(answer));
    Check.that(
        result instanceof Result.Changed,
        "a cancel of %s at %s was judged possible and changed nothing",
        upgrade.plan().id(),
        upgrade.step());
    return new CancelView.Answer(answer.outcome(), answer.detail());
  }

  @Override
  public UpgradeView withdraw(String by) {
    return owner.ask(_ -> {
      running();
      apply(new UpgradeEvent.CancelWithdrawn(by, clock.instant()), ErrorCode.NOT_FOUND);
      return view();
    });
  }

  @Override
  public List<HistoryView> history() {
    return store.history(HISTORY_LIMIT).stream()
        .map(stored -> Views.history(stored.upgrade()))
        .toList();
  }

  @Override
  public HistoryView.Report report(String id) {
    var stored =
        store
            .find(id)
            .orElseThrow(
                () -> new Refusal(ErrorCode.NOT_FOUND, "There is no upgrade '" + id + "'."));
    var measures = stored.measures();
    return new HistoryView.Report(
        Views.history(stored.upgrade()),
        Views.steps(stored.upgrade()),
        store.notes(id),
        new HistoryView.Latency(
            Views.orNull(measures.beforeP99()),
            Views.orNull(measures.duringP99()),
            Views.orNull(measures.afterP99())),
        Views.orNull(measures.receipt()));
  }

  @Override
  public long changeCount() {
    return owner.changeCount();
  }

  @Override
  public void awaitChange(long seen, long timeoutMillis) throws InterruptedException {
    owner.awaitChange(seen, timeoutMillis);
  }

  @Override
  public void refuseWhileRunning(String operation) {
    owner
        .snapshot()
        .upgrade()
        .filter(upgrade -> !upgrade.state().ended())
        .ifPresent(upgrade -> {
          throw new Refusal(
              ErrorCode.UPGRADE_RUNNING,
              "The upgrade to "
                  + upgrade.plan().to()
                  + " is "
                  + upgrade.state()
                  + ": "
                  + operation
                  + " is possible when it has ended (or was canceled).");
        });
  }
}

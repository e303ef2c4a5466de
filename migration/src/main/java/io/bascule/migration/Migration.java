package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Effect;
import io.bascule.core.migration.Event;
import io.bascule.core.migration.Loss;
import io.bascule.core.migration.MigrationMachine;
import io.bascule.core.migration.Migrator;
import io.bascule.core.migration.Phase;
import io.bascule.core.migration.Seen;
import io.bascule.core.migration.Service;
import io.bascule.core.migration.State;
import io.bascule.core.migration.Wanted;
import io.bascule.core.upgrade.Upgrade.Tuning;
import io.bascule.core.volume.Volume;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs {@link MigrationMachine}: one thread feeds it what happened and carries out what it says.
 * What takes long is done by {@link Jobs} and {@link Workers}, which tell their end as an event.
 *
 * <p>What the record wants is a level, not an event: it is compared with the machine's state in
 * every turn, so it may be said as often as one likes. Only a cancel acts at once, on the caller's
 * thread: hosts are served from format 1 alone when {@link #cancel} returns, however busy this
 * thread is.
 */
final class Migration implements Migrator {
  private static final System.Logger LOG = System.getLogger(Migration.class.getName());

  private static final long TURN_MILLIS = 20;

  /** Each thread of the migration has few events on their way; differences are told and dropped. */
  private static final int EVENTS = 4096;

  private static final int JOBS = 64;
  private static final int SYNC_THREADS = 4;

  /** Often enough that a crash costs little copying, seldom enough that hosts do not feel it. */
  private static final long PROVE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final String UNREADABLE = "UNREADABLE";
  private static final long UNREADABLE_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final long HOLD_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long RECORD_AGAIN_MILLIS = 100;
  private static final Duration CLOSE = Duration.ofSeconds(2);

  private final Surroundings around;
  private final ModeSwitch modes = new ModeSwitch();
  private final List<MirroredVolume> volumes = new CopyOnWriteArrayList<>();
  private final ArrayBlockingQueue<Event> events = new ArrayBlockingQueue<>(EVENTS);
  private final ThreadPoolExecutor jobThread = pool("migration-jobs", 1);
  private final ThreadPoolExecutor recorder = pool("migration-record", 1);
  private final ThreadPoolExecutor syncs = pool("migration-sync", SYNC_THREADS);
  private final Jobs jobs;
  private final Workers workers;
  private final Gauge gauge;
  private final Map<UUID, Integer> mismatches = new HashMap<>();
  private final Thread owner;

  private volatile State state = new State.Off();
  private volatile @Nullable Wanted wanted;
  private volatile boolean renewWanted;
  private volatile boolean closing;
  private boolean closed;
  private volatile long provedAtNanos = System.nanoTime();
  private volatile boolean proving;
  private volatile boolean marking;

  private volatile @Nullable Stuck stuck;
  private boolean syncWanted;
  private long heldAtNanos = System.nanoTime() - HOLD_AGAIN_NANOS;

  /** Why it does not go on by itself. */
  private record Stuck(String code, String reason, long atNanos) {}

  Migration(Surroundings around, Supplier<FormatTwo> formatTwos) {
    this(around, formatTwos, FormatTwoGuard.STALL_MILLIS);
  }

  Migration(Surroundings around, Supplier<FormatTwo> formatTwos, long stallMillis) {
    this.around = around;
    this.jobs =
        new Jobs(
            around, formatTwos, modes, volumes, this::post, this::mismatch, syncs, stallMillis);
    var pacer = new Pacer();
    this.workers = new Workers(pacer, this::post);
    this.gauge = new Gauge(around.controller(), jobs, workers, pacer, volumes, this::runJob);
    this.owner = Thread.ofPlatform().name("migration").daemon().start(this::run);
  }

  private static ThreadPoolExecutor pool(String name, int threads) {
    return new ThreadPoolExecutor(
        threads,
        threads,
        0,
        TimeUnit.SECONDS,
        new ArrayBlockingQueue<>(JOBS),
        task -> Thread.ofPlatform().name(name).daemon().unstarted(task));
  }

  // ---- what the controller says

  @Override
  public Volume serve(Volume formatOne) {
    Check.that(modes.present().service() == Service.V1, "a volume is added to a migration");
    var volume = new MirroredVolume(formatOne, modes, this::closing);
    volumes.add(volume);
    return volume;
  }

  /** Volumes are closed one by one at the end; the first one ends all work on them. */
  private void closing(MirroredVolume volume) {
    boolean idle =
        state instanceof State.Off
            || state instanceof State.Canceled
            || state instanceof State.Lost;
    if (idle) {
      volumes.remove(volume); // it may be deleted
    } else if (!(state instanceof State.Committed)) {
      stopWork();
    }
  }

  private synchronized void stopWork() {
    if (closing) {
      return;
    }
    closing = true;
    var open = jobs.poolOrNull();
    if (open != null) {
      open.guard().abandon();
    }
    workers.close();
    try {
      owner.join(CLOSE);
      jobThread.shutdown();
      syncs.shutdown();
      recorder.shutdown();
      if (!jobThread.awaitTermination(CLOSE.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.log(Level.WARNING, "the migration's work does not end; the process takes it along");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void open(Optional<Phase> phase) {
    if (phase.filter(p -> p != Phase.PREPARE).isEmpty()) {
      return; // nothing has begun, or Phase 1 is run again
    }
    try {
      jobs.openMarks();
      modes.set(Service.MARKING);
    } catch (RuntimeException e) {
      // Neither old marks nor new ones: no host may write before that is on record.
      LOG.log(Level.ERROR, "the marks cannot be opened; format 2 is given up", e);
      var loss = Losses.of("opening the marks", e);
      around.record().lose(loss);
      post(new Event.Failed(loss));
      return;
    }
    post(new Event.Opened(phase.get()));
  }

  @Override
  public void aim(Phase phase, boolean paused, Tuning tuning) {
    wanted = new Wanted(phase, paused, false, tuning);
  }

  @Override
  public void commit() {
    var now = wanted;
    wanted = new Wanted(Phase.CONFIRM, false, true, now == null ? Tuning.DEFAULT : now.tuning());
  }

  @Override
  public void cancel() {
    wanted = null;
    modes.cancel();
    workers.rest();
    post(new Event.Cancel());
  }

  @Override
  public void renew() {
    renewWanted = true;
  }

  @Override
  public Status status() {
    var now = stuck;
    return gauge.status(state, now == null ? Optional.empty() : Optional.of(now.reason()));
  }

  @Override
  public synchronized void close() {
    stopWork();
    if (closed) {
      return;
    }
    closed = true;
    var open = jobs.poolOrNull();
    if (open != null) {
      if (isHostsOwn()) {
        open.formatTwo().close();
      } else {
        open.guard().callLong("closing format 2", open.formatTwo()::close);
      }
      open.guard().close();
      volumes.forEach(MirroredVolume::closeMarks);
    }
  }

  /**
   * Whether hosts' data may be in format 2 alone: then it is closed whatever its guard says, for
   * its threads must not outlive this controller's lease.
   */
  private boolean isHostsOwn() {
    return state instanceof State.Committing
        || state instanceof State.Committed
        || state instanceof State.Stopped;
  }

  // ---- the owner's thread

  private void post(Event event) {
    if (!events.offer(event) && !(event instanceof Event.Mismatch)) {
      // Bounded by what each thread can have on its way: a bug, and what is lost is unknown.
      around.controller().stop("the migration's events overflow: " + event);
    }
  }

  private void mismatch(MirroredVolume volume, long offsetBytes) {
    int found;
    synchronized (mismatches) {
      found = mismatches.merge(volume.uuid(), 1, Integer::sum);
    }
    post(new Event.Mismatch(volume.uuid().toString(), offsetBytes, found));
  }

  private void run() {
    try {
      while (!closing) {
        var event = events.poll(TURN_MILLIS, TimeUnit.MILLISECONDS);
        try {
          if (event != null) {
            step(event);
          }
          turn();
        } catch (RuntimeException e) {
          broken(e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A bug of ours: before the commit it costs format 2 (I6), then this process. */
  private void broken(RuntimeException cause) {
    var pool = jobs.poolOrNull();
    boolean decided = state instanceof State.Committed || state instanceof State.Stopped;
    if (pool != null && !pool.guard().isLost() && !decided) {
      pool.guard().lose("running the migration", cause);
    } else if (!closing) {
      LOG.log(Level.ERROR, "the migration failed; this controller stops itself", cause);
      around.controller().stop("the migration failed: " + cause);
    }
  }

  /** What the record wants, and what simply is so, against the state. */
  private void turn() {
    long nowMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    if (state instanceof State.Working) {
      observe(nowMillis);
    }
    var aim = wanted;
    if (aim != null && !isStuck(aim)) {
      aim.next(state, nowMillis).ifPresent(this::step);
    }
    if (renewWanted && (state instanceof State.Lost || state instanceof State.Off)) {
      step(new Event.Renew());
      renewWanted = !(state instanceof State.Preparing);
    }
    gauge.tick(state, wanted == null ? Tuning.DEFAULT : Check.found(wanted, "aim").tuning());
    proveSometimes();
    markDamage();
    syncInTime();
  }

  /** Scrubbing waits for nobody, so what it found is marked from here. */
  private void markDamage() {
    if (jobs.isDamageFound() && !marking) {
      marking = true;
      runJob(() -> {
        try {
          jobs.markDamage();
        } finally {
          marking = false;
        }
      });
    }
  }

  /** Hosts are not held again and again without a breath between. */
  private void syncInTime() {
    if (syncWanted && System.nanoTime() - heldAtNanos >= HOLD_AGAIN_NANOS) {
      syncWanted = false;
      runJob(() -> {
        if (state instanceof State.Committing) {
          jobs.syncBoth();
        }
      });
    }
  }

  private void observe(long nowMillis) {
    var pool = jobs.pool();
    var seen = new Seen(pool.isScanned() && pool.needsCopyBytes() == 0, pool.isVerified());
    seen.ofCopying(state).ifPresent(this::step);
    seen.ofComparing(state).ifPresent(this::step);
    Seen.ofTime(state, nowMillis).ifPresent(this::step);
  }

  /**
   * Whether a person has to look first, which a pause and resume shows. What only could not be read
   * is tried again by itself.
   */
  private boolean isStuck(Wanted aim) {
    var now = stuck;
    if (now == null) {
      return false;
    }
    boolean again =
        aim.paused()
            || (now.code().equals(UNREADABLE)
                && System.nanoTime() - now.atNanos() >= UNREADABLE_AGAIN_NANOS);
    if (!again) {
      return true;
    }
    stuck = null;
    synchronized (mismatches) {
      mismatches.clear();
    }
    if (state instanceof State.Working working && !working.paused()) {
      // So that the next aim at going on begins the work anew.
      step(new Event.Aim(working.phase(), true, 0, 0));
    }
    return false;
  }

  private void step(Event event) {
    var before = state;
    var step = MigrationMachine.step(before, event);
    state = step.state();
    if (before.getClass() != state.getClass() || phaseOf(before) != phaseOf(state)) {
      LOG.log(Level.INFO, "migration: {0} after {1}", state, event);
    }
    step.effects().forEach(this::carryOut);
  }

  private static @Nullable Phase phaseOf(State state) {
    return state instanceof State.Working working ? working.phase() : null;
  }

  private void carryOut(Effect effect) {
    switch (effect) {
      case Effect.Serve(Service service) -> modes.set(service);
      case Effect.Prepare _ -> {
        synchronized (mismatches) {
          mismatches.clear();
        }
        stuck = null;
        runJob(jobs::make);
      }
      case Effect.Scan _ -> runJob(jobs::scan);
      case Effect.Reopen _ -> runJob(jobs::reopen);
      case Effect.Work(boolean compare) -> workers.work(jobs.pool(), compare);
      case Effect.Rest _ -> workers.rest();
      case Effect.Alarm(String code, String text) -> around.controller().alarm(code, text);
      case Effect.AskPause(String code, String reason) -> {
        workers.rest();
        stuck = new Stuck(code, reason, System.nanoTime());
        around.controller().askPause(code, reason);
      }
      case Effect.RecordLoss(Loss loss) -> recorder.execute(() -> record(loss));
      case Effect.DropFormatTwo _ -> {
        needNoMarks(); // a cancel or a loss is on record, else it would not be dropped
        runJob(jobs::drop);
      }
      case Effect.FreeFormatOne _ -> {
        workers.rest();
        runJob(jobs::free);
      }
      case Effect.SyncBoth _ -> syncWanted = true;
      case Effect.Hold _ -> {
        heldAtNanos = System.nanoTime();
        runJob(jobs::hold);
      }
      case Effect.Decide _ -> runJob(jobs::decide);
      case Effect.Stop(String why) -> around.controller().stop(why);
    }
  }

  private void runJob(Runnable job) {
    try {
      jobThread.execute(() -> {
        try {
          job.run();
        } catch (RuntimeException | Error e) {
          // Only what is about format 2 is done here, so it costs format 2.
          var pool = jobs.poolOrNull();
          if (pool == null) {
            LOG.log(Level.ERROR, "the migration's work failed", e);
            post(new Event.Failed(Losses.of("the migration's work", e)));
          } else {
            pool.guard().lose("the migration's work", e);
          }
        }
      });
    } catch (RejectedExecutionException e) {
      if (!closing) {
        throw e;
      }
    }
  }

  /** Until it is on record; hosts are served meanwhile, and their writes leave marks. */
  private void record(Loss loss) {
    while (!closing) {
      try {
        around.record().lose(loss);
        needNoMarks();
        post(new Event.LossRecorded());
        return;
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "the loss of format 2 is not on record yet", e);
        java.util.concurrent.locks.LockSupport.parkNanos(
            TimeUnit.MILLISECONDS.toNanos(RECORD_AGAIN_MILLIS));
      }
    }
  }

  private void needNoMarks() {
    var pool = jobs.poolOrNull();
    if (pool != null) {
      pool.guard().needNoMarks();
    }
  }

  /** Whether the present format 2 is lost. */
  boolean isLost() {
    var pool = jobs.poolOrNull();
    return pool != null && pool.guard().isLost();
  }

  /** Now, on the caller's thread. */
  void prove() {
    LOG.log(Level.DEBUG, "{0} regions are proven clean", jobs.prove());
  }

  private void proveSometimes() {
    if (state instanceof State.Working
        && !proving
        && System.nanoTime() - provedAtNanos >= PROVE_NANOS) {
      proving = true;
      runJob(() -> {
        try {
          var pool = jobs.poolOrNull();
          if (pool != null && !pool.guard().isLost()) {
            LOG.log(Level.DEBUG, "{0} regions are proven clean", jobs.prove());
          }
        } finally {
          provedAtNanos = System.nanoTime();
          proving = false;
        }
      });
    }
  }
}

package io.bascule.migration;

import io.bascule.core.migration.Forecast;
import io.bascule.core.migration.Loss;
import io.bascule.core.migration.MigrationMachine;
import io.bascule.core.migration.Migrator.Controller;
import io.bascule.core.migration.Migrator.Progress;
import io.bascule.core.migration.Migrator.Status;
import io.bascule.core.migration.Phase;
import io.bascule.core.migration.SpaceRule;
import io.bascule.core.migration.State;
import io.bascule.core.migration.Throttle;
import io.bascule.core.upgrade.Upgrade.Tuning;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Measures the migration, sets its pace, minds the space, and says how it goes. Ticked by the
 * migration's thread; the status may be asked for by any.
 */
final class Gauge {
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(Throttle.TICK_MILLIS);
  private static final int SPACE_TICKS = 5;

  private final Controller controller;
  private final Jobs jobs;
  private final Workers workers;
  private final Pacer pacer;
  private final List<MirroredVolume> volumes;
  private final Consumer<Runnable> runJob;

  private long tickedNanos = System.nanoTime();
  private long ticks;
  private long lastCopied;
  private long lastCompared;
  private long lastNeeded;
  private boolean wasWorking;
  private volatile boolean minding;
  private volatile Throttle throttle = Throttle.start(Tuning.DEFAULT, true);
  private volatile Forecast forecast = Forecast.NONE;
  private volatile SpaceRule.Verdict space = SpaceRule.Verdict.ENOUGH;
  private volatile Tuning tuning = Tuning.DEFAULT;

  Gauge(
      Controller controller,
      Jobs jobs,
      Workers workers,
      Pacer pacer,
      List<MirroredVolume> volumes,
      Consumer<Runnable> runJob) {
    this.controller = controller;
    this.jobs = jobs;
    this.workers = workers;
    this.pacer = pacer;
    this.volumes = volumes;
    this.runJob = runJob;
  }

  /** Nothing, unless a tick has passed. */
  void tick(State state, Tuning now) {
    boolean working = state instanceof State.Working w && !w.paused();
    boolean begins = working && !wasWorking;
    if (!begins && System.nanoTime() - tickedNanos < TICK_NANOS) {
      return;
    }
    tickedNanos = System.nanoTime();
    wasWorking = working;
    tuning = now;
    if (begins) {
      throttle = throttle.again(now, controller.hostP99Micros().isPresent());
      pacer.set(throttle.bytesPerSecond(), 0);
    }
    measure(working && !begins, now);
    // Paused, too: hosts' writes go to both.
    if (state instanceof State.Working && ticks++ % SPACE_TICKS == 0 && !minding) {
      minding = true;
      runJob.accept(this::mindSpace);
    }
  }

  private void measure(boolean counts, Tuning now) {
    long copied = workers.copiedBytes() - lastCopied;
    long compared = workers.comparedBytes() - lastCompared;
    lastCopied += copied;
    lastCompared += compared;
    var pool = jobs.poolOrNull();
    long needed = pool == null ? 0 : pool.needsCopyBytes();
    long remarked = Math.max(0, needed - lastNeeded + copied);
    lastNeeded = needed;
    if (counts) {
      var sample =
          new Throttle.Sample(
              controller.hostP99Micros(), controller.baselineP99Micros(), copied + compared);
      throttle = throttle.next(now, sample);
      pacer.set(throttle.bytesPerSecond(), throttle.grantBytes());
      forecast = forecast.next(copied + compared, remarked);
    }
  }

  private void mindSpace() {
    try {
      lookForSpace();
    } finally {
      minding = false;
    }
  }

  private void lookForSpace() {
    var pool = jobs.poolOrNull();
    if (pool == null || pool.guard().isLost()) {
      return;
    }
    var free = pool.guard().ask("looking for space", pool.formatTwo()::freeBytes);
    if (free == null) {
      return;
    }
    space = SpaceRule.judge(free, allocatedBytes());
    workers.copyingRests(space != SpaceRule.Verdict.ENOUGH);
    if (space == SpaceRule.Verdict.GIVE_UP) {
      pool.guard()
          .lose(new Loss(Loss.FULL, "only " + free + " bytes are free; format 1 needs them"));
    }
  }

  private long allocatedBytes() {
    return volumes.stream().mapToLong(MirroredVolume::allocatedBytes).sum();
  }

  Status status(State state, Optional<String> stuck) {
    var phases = phases(state);
    boolean paused = state instanceof State.Working working && working.paused();
    var left = left(state, phases);
    Optional<Loss> lost =
        switch (state) {
          case State.Losing losing -> Optional.of(losing.loss());
          case State.Lost was -> Optional.of(was.loss());
          default -> Optional.empty();
        };
    return new Status(
        state,
        MigrationMachine.reached(state),
        lost,
        phases,
        paused ? 0 : (long) forecast.copyBytesPerSecond(),
        paused ? Optional.empty() : forecast.eta(left),
        stuck.or(() -> note(left)));
  }

  private Optional<String> note(Forecast.Left left) {
    return switch (space) {
      case ENOUGH -> forecast.warning(left).or(() -> throttle.report());
      case COPYING_RESTS, GIVE_UP ->
          Optional.of("Copying rests: what is left of the space is kept for format 1.");
    };
  }

  private Forecast.Left left(State state, List<Progress> phases) {
    if (!(state instanceof State.Working)) {
      return new Forecast.Left(0, 0, 0, 0);
    }
    var copy = phases.get(Phase.COPY.number() - 1);
    var compare = phases.get(Phase.VERIFY.number() - 1);
    return new Forecast.Left(
        copy.doneBytes() + compare.doneBytes(),
        copy.totalBytes() - copy.doneBytes(),
        compare.totalBytes() - compare.doneBytes(),
        confirmSecondsLeft(state));
  }

  private long confirmSecondsLeft(State state) {
    if (state instanceof State.Working working && working.confirmUntilMillis().isPresent()) {
      long left =
          working.confirmUntilMillis().get() - TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
      return Math.clamp(left / 1000, 0, tuning.confirmSeconds());
    }
    return tuning.confirmSeconds();
  }

  private List<Progress> phases(State state) {
    var pool = jobs.poolOrNull();
    long total = allocatedRounded();
    var phases = new ArrayList<Progress>();
    int present = number(state);
    for (var phase : Phase.values()) {
      long done = phase.number() < present ? total : 0;
      if (phase.number() == present && pool != null) {
        done =
            switch (phase) {
              case PREPARE -> total * scannedPercent(pool) / 100;
              case COPY -> Math.clamp(total - pool.needsCopyBytes(), 0, total);
              case VERIFY -> total * comparedPercent(pool) / 100;
              case CONFIRM -> total * confirmedPercent(state) / 100;
            };
      }
      phases.add(new Progress(phase, percent(phase, present, done, total), done, total));
    }
    return phases;
  }

  private static int percent(Phase phase, int present, long done, long total) {
    if (phase.number() < present) {
      return 100;
    }
    return total == 0 ? 0 : (int) (done * 100 / total);
  }

  private long allocatedRounded() {
    return (allocatedBytes() + Regions.BYTES - 1) / Regions.BYTES * Regions.BYTES;
  }

  private static int number(State state) {
    return switch (state) {
      case State.Off _, State.Losing _, State.Lost _, State.Canceled _, State.Stopped _ -> 0;
      case State.Preparing _ -> Phase.PREPARE.number();
      case State.Prepared _ -> Phase.COPY.number();
      case State.Reopening(Phase phase) -> phase.number();
      case State.Working working -> working.phase().number();
      case State.Committing _ -> Phase.CONFIRM.number();
      case State.Committed _ -> Phase.CONFIRM.number() + 1;
    };
  }

  private static long scannedPercent(Pool pool) {
    long scanned = 0;
    long all = 0;
    for (var part : pool.parts()) {
      scanned += part.mirror().marks().scannedRegions();
      all += part.mirror().marks().regions();
    }
    return all == 0 ? 0 : scanned * 100 / all;
  }

  private static long comparedPercent(Pool pool) {
    long compared = 0;
    long all = 0;
    for (var part : pool.parts()) {
      long regions = part.mirror().marks().regions();
      compared += part.comparer().isClean() ? regions : part.comparer().comparedRegions();
      all += regions;
    }
    return all == 0 ? 0 : compared * 100 / all;
  }

  private long confirmedPercent(State state) {
    long all = tuning.confirmSeconds();
    return all == 0 ? 100 : 100 - confirmSecondsLeft(state) * 100 / all;
  }
}

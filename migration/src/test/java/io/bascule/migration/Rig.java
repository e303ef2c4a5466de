package io.bascule.migration;

import static org.awaitility.Awaitility.await;

import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.Loss;
import io.bascule.core.migration.Migrator;
import io.bascule.core.migration.Phase;
import io.bascule.core.migration.State;
import io.bascule.core.upgrade.Upgrade.Priority;
import io.bascule.core.upgrade.Upgrade.Tuning;
import io.bascule.core.volume.Volume;
import io.bascule.store.v1.VolumeStoreV1;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An appliance around a migration: disks in memory, a record, hosts. */
final class Rig implements AutoCloseable {
  static final int BLOCKS = 8192; // 4 MiB, 64 regions
  static final Tuning QUICK = new Tuning(Priority.FINISH_SOONER, Optional.empty(), 0);

  final MemoryDirectory one = new MemoryDirectory();
  final MemoryDirectory two = new MemoryDirectory();
  final FakeFormatTwo.Faults faults = new FakeFormatTwo.Faults();
  final Row row = new Row();
  private volatile int processes;
  private volatile int deadUpTo;
  private final boolean realPool;
  final List<UUID> ids = new ArrayList<>();
  final List<Oracle> oracles = new ArrayList<>();
  final List<String> alarms = new CopyOnWriteArrayList<>();
  final List<String> pauses = new CopyOnWriteArrayList<>();
  final List<Volume> volumes = new ArrayList<>();
  UUID bootId = UUID.randomUUID();
  long stallMillis = 1_000;

  /** The real format 2 only; without it there is enough for several segments. */
  volatile boolean compress = true;

  volatile int volumesThatDoNotOpen;
  volatile boolean freed;
  volatile String stopped = "";
  private VolumeStoreV1 store;
  Migration migration;

  /** The last one made, if format 2 is the real one. */
  volatile @Nullable PooledFormatTwo pooled;

  /** The state row; its methods are one transaction each. */
  static final class Row implements Migrator.Record {
    boolean canceled;
    boolean committed;
    boolean invalid;
    final AtomicReference<Loss> loss = new AtomicReference<>();
    volatile Runnable beforeLoss = () -> {};

    /** What is answered to a commit; if empty, what is so. */
    volatile Supplier<Optional<Decision>> answer = Optional::empty;

    @Override
    public void lose(Loss cause) {
      beforeLoss.run();
      synchronized (this) {
        if (!canceled && !committed) {
          invalid = true;
          loss.compareAndSet(null, cause);
        }
      }
    }

    @Override
    public Decision commit() {
      var other = answer.get();
      return other.isPresent() ? other.get() : decide();
    }

    private synchronized Decision decide() {
      if (canceled || invalid) {
        return Decision.REFUSED;
      }
      committed = true;
      return Decision.COMMITTED;
    }

    /** Whether the cancel won. */
    synchronized boolean cancel() {
      if (committed) {
        return false;
      }
      canceled = true;
      return true;
    }

    /** A new upgrade begins, or format 2 was made anew. */
    synchronized void begin() {
      canceled = false;
      invalid = false;
    }

    synchronized boolean isCanceled() {
      return canceled;
    }

    synchronized boolean isCommitted() {
      return committed;
    }

    synchronized boolean isInvalid() {
      return invalid;
    }
  }

  Rig(int volumeCount) {
    this(volumeCount, false);
  }

  /**
   * @param realPool whether format 2 is the real one
   */
  Rig(int volumeCount, boolean realPool) {
    this.realPool = realPool;
    store = new VolumeStoreV1(one.open());
    for (int i = 0; i < volumeCount; i++) {
      var id = UUID.randomUUID();
      ids.add(id);
      oracles.add(new Oracle(BLOCKS));
      store.create(id, (long) BLOCKS * Oracle.BLOCK);
    }
    migration = start(Optional.empty());
  }

  private Migration start(Optional<Phase> phase) {
    volumes.clear();
    int now = ++processes;
    alarms.clear();
    var made =
        new Migration(
            new Migrator.Surroundings(
                two.open(), two.open(), bootId, new RowOf(now), new Around(now)),
            () -> {
              if (!realPool) {
                return new FakeFormatTwo(two.open(), faults);
              }
              pooled = new PooledFormatTwo(two.open(), now, bootId, compress);
              return pooled;
            },
            stallMillis);
    for (var id : ids) {
      volumes.add(made.serve(store.open(id)));
    }
    made.open(phase);
    return made;
  }

  /** Data that lies there from before the migration. */
  Rig filled(long seed) {
    var random = new Random(seed);
    for (int v = 0; v < volumes.size(); v++) {
      for (int i = 0; i < 40; i++) {
        oracles.get(v).change(volumes.get(v), random, 300);
      }
    }
    return this;
  }

  void reach(Phase last) {
    for (var phase : Phase.values()) {
      migration.aim(phase, false, QUICK);
      awaitReached(phase);
      if (phase == last) {
        return;
      }
    }
  }

  /** As {@link #reach}, but of the last phase only its begin. */
  void enter(Phase last, Tuning tuning) {
    if (last != Phase.PREPARE) {
      reach(Phase.of(last.number() - 1));
    }
    migration.aim(last, false, tuning);
  }

  void awaitReached(Phase phase) {
    until(
        () -> migration.status().reached().filter(p -> p.number() >= phase.number()).isPresent(),
        phase.toString());
  }

  void commit() {
    migration.commit();
    until(() -> migration.status().state() instanceof State.Committed, "commit");
  }

  void tryCommit() {
    migration.commit();
  }

  /** Clears what marks can be cleared now: what was written just before stays for one proof. */
  void proveAll() {
    migration.prove();
    migration.prove();
  }

  long acknowledged() {
    return oracles.stream().mapToLong(Oracle::acknowledged).sum();
  }

  void cancel() {
    if (!row.cancel()) {
      throw new AssertionError("the cancel came too late");
    }
    migration.cancel();
  }

  static void until(BooleanSupplier condition, String what) {
    await(what)
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(2))
        .until(condition::getAsBoolean);
  }

  /**
   * The process dies: its writes are in the page cache. The next one opens format 1 and goes on.
   */
  /** The row as one process reaches it: not any more once that is dead. */
  private final class RowOf implements Migrator.Record {
    private final int process;

    RowOf(int process) {
      this.process = process;
    }

    private void requireAlive() {
      if (process <= deadUpTo) {
        throw new IllegalStateException("process " + process + " is dead");
      }
    }

    @Override
    public void lose(Loss cause) {
      requireAlive();
      row.lose(cause);
    }

    @Override
    public Decision commit() {
      requireAlive();
      return row.commit();
    }
  }

  void restart(Optional<Phase> phase, long nextStallMillis) {
    die();
    stallMillis = nextStallMillis;
    store = new VolumeStoreV1(one.open());
    migration = start(phase);
  }

  void die() {
    deadUpTo = processes;
    one.processDies();
    two.processDies();
    migration.close();
  }

  void powerFails(Random random) {
    deadUpTo = processes;
    one.powerFails(random);
    two.powerFails(random);
    migration.close();
    bootId = UUID.randomUUID();
  }

  /** What a 1.2.2 would see: format 1 and nothing else. */
  void verifyFormatOneAlone() {
    die();
    var alone = new VolumeStoreV1(one.open());
    for (int v = 0; v < ids.size(); v++) {
      try (var volume = alone.open(ids.get(v))) {
        oracles.get(v).verify(volume);
      }
    }
  }

  /** Both formats, behind the back of the migration. */
  void verifyFormatTwoAlone() {
    die();
    if (realPool) {
      verifyPoolAlone();
      return;
    }
    var alone = new VolumeStoreV1(two.open());
    for (int v = 0; v < ids.size(); v++) {
      try (var volume = alone.open(ids.get(v))) {
        oracles.get(v).verify(volume);
      }
    }
  }

  private void verifyPoolAlone() {
    try (var alone = new PooledFormatTwo(two.open(), processes + 1, bootId, compress)) {
      alone.open();
      for (int v = 0; v < ids.size(); v++) {
        oracles.get(v).verify(alone.openVolume(ids.get(v)));
      }
    }
  }

  void verifyServed() {
    for (int v = 0; v < ids.size(); v++) {
      oracles.get(v).verify(volumes.get(v));
    }
  }

  @Override
  public void close() {
    migration.close();
  }

  private final class Around implements Migrator.Controller {
    private final int process;

    Around(int process) {
      this.process = process;
    }

    @Override
    public OptionalLong hostP99Micros() {
      return OptionalLong.empty();
    }

    @Override
    public OptionalLong baselineP99Micros() {
      return OptionalLong.empty();
    }

    @Override
    public OptionalInt volumes() {
      return OptionalInt.of(ids.size() + volumesThatDoNotOpen);
    }

    @Override
    public void alarm(String code, String text) {
      if (process == processes) {
        alarms.add(code + ": " + text);
      }
    }

    @Override
    public void askPause(String code, String reason) {
      pauses.add(code + ": " + reason);
    }

    @Override
    public void freeFormatOne() {
      var disk = one.open();
      disk.list().forEach(disk::delete);
      freed = true;
    }

    @Override
    public void stop(String why) {
      stopped = why;
    }
  }
}

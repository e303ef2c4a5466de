package io.bascule.sim.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.volume.Directory;
import io.bascule.sim.world.Tape.Op;
import io.bascule.sim.world.Tape.Sync;
import io.bascule.sim.world.Tape.SyncNames;
import io.bascule.store.v2.PoolChecker;
import io.bascule.store.v2.PoolSettings;
import io.bascule.store.v2.VolumePool;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Format 2 after every crash of {@link CrashStates}: a pool is made, its volumes are created,
 * written, trimmed, resized, snapshotted, rolled back and deleted, over several segments, with
 * checkpoints, cleaning, a kill and a close between, and the pool is destroyed. Each state is
 * looked at as {@code volume check} does, which must find nothing wrong, then opened and read; what
 * is acknowledged is there after a kill; after a loss of power what is flushed, and of the rest a
 * beginning.
 *
 * <p>And so once more from some of these states: the machine stops again while the pool is opened,
 * or soon after.
 *
 * <p>In {@code ./check} these are three thousand states and some hundreds of a second crash, with
 * --all some twenty thousand each.
 */
class FormatTwoCrashTest {
  private static final boolean ALL = Boolean.getBoolean("bascule.check.all");
  private static final int KIB = 1 << 10;
  private static final int BLOCK = 4 * KIB;
  private static final int SIZE = 48 * BLOCK + 512;
  private static final int SEGMENT_BYTES = 512 * KIB;
  private static final UUID ONE = new UUID(2, 1);
  private static final UUID TWO = new UUID(2, 2);
  private static final UUID SNAPSHOT = new UUID(2, 3);
  private static final UUID CLONE = new UUID(2, 4);

  private static PoolSettings settings(int boot) {
    return PoolSettings.DEFAULT
        .withSegmentBytes(SEGMENT_BYTES)
        .withCompress(false)
        .withBackground(false)
        .withKernelBoot(new UUID(7, boot));
  }

  private static Map<UUID, byte[]> contents(Directory directory, int boot, long epoch) {
    var pool = VolumePool.open(directory, settings(boot), epoch);
    try {
      assertThat(pool.findings()).as("findings").isEmpty();
      Map<UUID, byte[]> volumes = new HashMap<>();
      for (var info : pool.list()) {
        try (var volume = pool.open(info.uuid())) {
          var content = ByteBuffer.allocate((int) volume.sizeBytes());
          volume.read(0, content);
          volumes.put(info.uuid(), content.array());
        }
      }
      return volumes;
    } finally {
      pool.abandon();
    }
  }

  @Test
  void shouldHoldWhatWasPromisedInEveryState() {
    var run = new Run(new Tape());
    run.work(ALL ? 4 : 1);
    int states = run.states(ALL ? 9 : 5).judgeAll();
    System.out.printf(
        "format 2: %d states of a crash after %d operations%n", states, run.tape.position());
    assertThat(states).isGreaterThan(ALL ? 10_000 : 1_000);
  }

  /** The second crash: of a machine that has just begun to recover from the first. */
  @Test
  void shouldHoldItWhenTheMachineStopsAgain() {
    var run = new Run(new Tape());
    run.work(1);
    int places = ALL ? 40 : 2;
    int states = 0;
    for (int i = 0; i < places; i++) {
      int position = run.made + (run.going - run.made) * (i + 1) / (places + 1);
      states += stopAgain(run, position, i % 2 == 0);
    }
    System.out.printf("format 2: %d states of a second crash%n", states);
    assertThat(states).isGreaterThan(ALL ? 2_000 : 100);
  }

  private static int stopAgain(Run first, int position, boolean unsynced) {
    var there = first.states(1).at(position, unsynced);
    var volumes = contents(Tape.from(there), first.boot + 1, first.epoch);
    first.ledger.check(position, true, volumes, true);
    var again = new Run(Tape.from(there), volumes);
    again.epoch = first.epoch;
    again.boot = first.boot + 1;
    try {
      again.workAfterwards(volumes);
      return again.states(4).judgeAll();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("after a first crash at operation " + position, e);
    }
  }

  /** The test can fail: disks that say a sync was done and do it not. */
  @Test
  void shouldFindADiskThatDoesNotSync() {
    assertFound(op -> op instanceof Sync sync && sync.name().endsWith(".segment"));
    assertFound(op -> op instanceof Sync sync && sync.name().endsWith(".checkpoint"));
    assertFound(op -> op instanceof SyncNames sync && sync.only().isEmpty());
    // Renamed before its content is on stable storage.
    assertFound(op -> op instanceof Sync sync && sync.renamed());
  }

  private static void assertFound(Predicate<Op> ignored) {
    var broken = new Run(new Tape(ignored));
    broken.work(1);
    assertThatThrownBy(() -> broken.states(1).judgeAll())
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("power lost");
  }

  /** One life of a pool on a disk. */
  private static final class Run {
    final Tape tape;
    final Ledger ledger;
    long epoch = 1;

    /** Of the machine, since it was switched on. */
    int boot = 1;

    /** Operations before the pool is there, and before it begins to go. */
    int made;

    int going = Integer.MAX_VALUE;

    Run(Tape tape) {
      this(tape, Map.of());
    }

    /**
     * @param volumes what the pool on the tape holds
     */
    Run(Tape tape, Map<UUID, byte[]> volumes) {
      this.tape = tape;
      this.ledger = new Ledger(tape, volumes);
    }

    CrashStates states(int subsetsOf) {
      return new CrashStates(tape, subsetsOf, ALL, ledger::promised, this::judge);
    }

    private VolumePool pool() {
      return VolumePool.open(tape, settings(boot), epoch);
    }

    void workAfterwards(Map<UUID, byte[]> volumes) {
      var opened = new VolumePool[1];
      epoch++;
      ledger.did("open", () -> opened[0] = pool());
      var pool = opened[0];
      if (volumes.containsKey(ONE)) {
        try (var one = pool.open(ONE)) {
          ledger.write(one, BLOCK, 2 * BLOCK);
          ledger.flushed(ONE, one::flush);
          ledger.write(one, 0, BLOCK);
        }
      }
      ledger.did("checkpoint", pool::checkpoint);
      ledger.did("close", pool::close);
    }

    void work(int rounds) {
      var pool = VolumePool.create(tape, settings(boot), epoch);
      made = tape.position();
      ledger.did("create the pool", () -> {});
      create(pool, ONE, SIZE);
      create(pool, TWO, BLOCK);
      for (int round = 0; round < rounds; round++) {
        pool = writeAndTrim(pool);
        pool = takeSnapshots(pool);
        pool = fillSegments(pool);
        pool = dieAndGoOn(pool);
      }
      ledger.did("close", pool::close);
      going = tape.position();
      VolumePool.destroy(tape);
    }

    private VolumePool writeAndTrim(VolumePool pool) {
      try (var one = pool.open(ONE);
          var two = pool.open(TWO)) {
        ledger.write(one, 0, 2 * BLOCK);
        ledger.write(one, BLOCK - 512, 1024);
        ledger.through(two, 0, BLOCK);
        ledger.write(one, 8 * BLOCK, 512);
        ledger.write(one, SIZE - 512, 512);
        ledger.flushed(ONE, one::flush);
        ledger.write(one, 4 * BLOCK, 3 * BLOCK);
        ledger.trim(one, 5 * BLOCK, BLOCK + 512);
        ledger.write(two, 512, 512);
        ledger.did("checkpoint", pool::checkpoint);
        ledger.write(one, 20 * BLOCK, BLOCK);
      }
      return pool;
    }

    private VolumePool takeSnapshots(VolumePool pool) {
      ledger.put("snapshot", SNAPSHOT, ledger.content(ONE), () -> pool.snapshot(ONE, SNAPSHOT));
      try (var one = pool.open(ONE)) {
        ledger.write(one, 0, 3 * BLOCK);
      }
      ledger.put("clone", CLONE, ledger.content(SNAPSHOT), () -> pool.clone(SNAPSHOT, CLONE));
      ledger.put("rollback", ONE, ledger.content(SNAPSHOT), () -> pool.rollback(ONE, SNAPSHOT));
      try (var one = pool.open(ONE);
          var clone = pool.open(CLONE)) {
        ledger.write(one, BLOCK, BLOCK);
        ledger.write(clone, BLOCK, BLOCK);
      }
      int larger = ledger.content(TWO).length + BLOCK;
      ledger.grew(TWO, larger, () -> pool.resize(TWO, larger));
      ledger.did("checkpoint", pool::checkpoint);
      ledger.deleted(SNAPSHOT, () -> pool.delete(SNAPSHOT));
      return pool;
    }

    /** More than a segment, most of it overwritten, so that there is something to clean. */
    private VolumePool fillSegments(VolumePool pool) {
      try (var one = pool.open(ONE)) {
        for (int i = 0; i < 5; i++) {
          ledger.write(one, 0, 40 * BLOCK);
        }
        ledger.flushed(ONE, one::flush);
        ledger.write(one, 40 * BLOCK, 8 * BLOCK);
      }
      ledger.did("checkpoint", pool::checkpoint);
      ledger.did("clean", () -> pool.clean(256 * KIB));
      try (var one = pool.open(ONE)) {
        ledger.write(one, 0, BLOCK);
      }
      ledger.did("checkpoint", pool::checkpoint);
      ledger.deleted(CLONE, () -> pool.delete(CLONE));
      return pool;
    }

    private VolumePool dieAndGoOn(VolumePool pool) {
      try (var one = pool.open(ONE)) {
        ledger.write(one, 9 * BLOCK, BLOCK);
        ledger.write(one, 10 * BLOCK, 512);
      }
      pool.abandon();
      epoch++;
      var next = new VolumePool[1];
      ledger.did("open", () -> next[0] = pool());
      try (var one = next[0].open(ONE)) {
        ledger.write(one, 10 * BLOCK, BLOCK);
        ledger.flushed(ONE, one::flush);
        ledger.write(one, 11 * BLOCK, BLOCK);
      }
      ledger.did("close", next[0]::close);
      epoch++;
      ledger.did("open", () -> next[0] = pool());
      return next[0];
    }

    private void create(VolumePool pool, UUID uuid, int size) {
      ledger.put("create", uuid, new byte[size], () -> pool.create(uuid, size));
    }

    private void judge(Directory found, int position, boolean power) {
      int now = power ? boot + 1 : boot;
      boolean partly = position < made || position > going;
      if (!VolumePool.exists(found)) {
        assertThat(partly).as("there is no pool").isTrue();
        return;
      }
      if (!partly) {
        var findings = PoolChecker.check(found, new UUID(7, now)).findings();
        assertThat(findings).as("volume check").isEmpty();
      }
      var volumes = contents(found, now, epoch);
      ledger.check(position, power, volumes, power);
    }
  }
}

package io.bascule.sim.world;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.sim.rt.Report;
import io.bascule.sim.rt.Sim;
import io.bascule.sim.rt.SimProcess;
import io.bascule.store.v2.PoolSettings;
import io.bascule.store.v2.VolumePool;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A day in the life of a pool of format 2: hosts overwrite its volume again and again, most of it
 * in a tenth of the blocks, many times what the pool holds. Its cleaning keeps it within its
 * capacity, nobody meets a full pool, and what was written is there, also for the next process.
 */
public final class CleaningDay implements io.bascule.sim.rt.Stage.Play {
  private static final int MIB = 1 << 20;
  private static final int CAPACITY_BYTES = 24 * MIB;
  private static final int VOLUME_BYTES = 10 * MIB;
  private static final int WRITE_BLOCKS = 32;
  private static final long DAY_NANOS = 24L * 3_600 * 1_000_000_000;
  private static final int HOSTS = 2;

  /** Of checkpoints, beside the segments. */
  private static final long BESIDE_BYTES = 6L * MIB;

  private @Nullable Violation violation;
  private long writes;
  private long mostBytes;
  private int over;

  public CleaningDay() {}

  @Override
  public Report run(long seed, String others, @Nullable Consumer<String> trace) {
    var sim = new Sim(seed);
    if (trace != null) {
      sim.trace(trace);
    }
    violation = null;
    writes = 0;
    mostBytes = 0;
    over = 0;
    var process = new SimProcess("pool");
    sim.onUncaught((where, e) -> {
      fail(new Violation("cleaning", Appliance.told(e)));
      sim.end();
    });
    sim.start(process, "day", () -> day(sim, process));
    try {
      boolean ended = sim.run();
      var found = violation;
      return new Report(
          seed,
          found != null ? found.oracle() : ended ? "" : "the-run-comes-to-an-end",
          found == null ? "" : String.valueOf(found.getMessage()),
          "%d MiB written to a pool of %d MiB, at most %.1f MiB on the disk"
              .formatted(
                  writes * WRITE_BLOCKS * Blocks.BYTES / MIB,
                  CAPACITY_BYTES / MIB,
                  (double) mostBytes / MIB),
          sim.choices(),
          sim.nowNanos() / 1_000_000,
          sim.traceHash(),
          sim.foreignWakeups(),
          writes,
          0,
          0,
          "");
    } finally {
      sim.close();
    }
  }

  private void fail(Violation found) {
    violation = violation == null ? found : violation;
  }

  private void day(Sim sim, SimProcess process) {
    try {
      live(sim, process);
    } catch (Violation e) {
      fail(e);
    }
    sim.end();
  }

  private void live(Sim sim, SimProcess process) {
    var disk = new Disk(sim.dice().fork());
    var settings =
        PoolSettings.DEFAULT
            .withSegmentBytes(MIB)
            .withCapacityBytes(CAPACITY_BYTES)
            .withCheckpointBytes(8 * MIB)
            .withCompress(false)
            .withScrubBytesPerSecond(0);
    var uuid = new UUID(4, 2);
    var history = new History("pool", VOLUME_BYTES / Blocks.BYTES);
    var pool = VolumePool.create(disk.directory("v2"), settings, 1);
    pool.create(uuid, VOLUME_BYTES);
    var volume = pool.open(uuid);
    long until = System.nanoTime() + DAY_NANOS;
    for (int i = 0; i < HOSTS; i++) {
      int host = i;
      sim.start(process, "host" + i, () -> overwrite(sim, disk, volume, history, host, until));
    }
    while (over < HOSTS && violation == null) {
      LockSupport.parkNanos(60_000_000_000L);
    }
    check(volume, history);
    volume.close();
    pool.close();
    var again = VolumePool.open(disk.directory("v2"), settings, 2);
    var reopened = again.open(uuid);
    check(reopened, history);
    reopened.close();
    again.close();
  }

  private void overwrite(Sim sim, Disk disk, Volume volume, History history, int host, long until) {
    var dice = sim.dice().fork();
    var buffer = ByteBuffer.allocate(WRITE_BLOCKS * Blocks.BYTES);
    long places = history.blockCount() / WRITE_BLOCKS / HOSTS;
    long value = 4L * (host + 1); // such do not compress
    try {
      while (System.nanoTime() < until && violation == null) {
        long place = dice.oneIn(10) ? dice.below(places) : dice.below(places / 10);
        long first = (place * HOSTS + host) * WRITE_BLOCKS;
        value += 4L * HOSTS;
        buffer.clear();
        Blocks.fill(buffer, value, first);
        var write = history.begin(first, WRITE_BLOCKS, value);
        volume.write(first * Blocks.BYTES, buffer.flip(), false);
        history.acknowledged(write, false);
        if (dice.oneIn(50)) {
          long begun = history.now();
          volume.flush();
          history.flushed(begun);
        }
        writes++;
        mostBytes = Math.max(mostBytes, disk.usedBytes());
        if (disk.usedBytes() > CAPACITY_BYTES + BESIDE_BYTES) {
          fail(new Violation("cleaning-holds-its-bound", disk.usedBytes() + " bytes are in use"));
        }
        LockSupport.parkNanos(dice.below(4_000_000_000L));
      }
    } catch (StoreException e) {
      fail(new Violation("cleaning-holds-its-bound", String.valueOf(e)));
    } finally {
      over++;
    }
  }

  private static void check(Volume volume, History history) {
    var found = ByteBuffer.allocate(WRITE_BLOCKS * Blocks.BYTES);
    for (long first = 0; first < history.blockCount(); first += WRITE_BLOCKS) {
      found.clear();
      volume.read(first * Blocks.BYTES, found);
      history.read(first, found.flip(), history.now(), "read-what-was-written");
    }
  }
}

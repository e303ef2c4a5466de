package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** Cleaning beside hosts that write, in a pool that is nearly full. */
class CleaningTest {
  private static final int MIB = 1 << 20;
  private static final int BLOCK = 4096;
  private static final UUID ID = new UUID(2, 1);

  /** What a writer put into a block: which block, and how often it was written. */
  private static ByteBuffer tagged(int block, int count) {
    var data = ByteBuffer.allocateDirect(BLOCK);
    long x = block * 1_000_003L + count;
    while (data.hasRemaining()) {
      data.putLong(x);
      x = x * 6364136223846793005L + 1442695040888963407L;
    }
    return data.flip();
  }

  /**
   * Skewed overwrites of a volume of 32 MiB in a pool of 64 MiB, many times its size: the space
   * stays in its bound, nobody meets a full pool, and every block reads as last written, also after
   * reopening.
   */
  @Test
  void shouldHoldItsSpaceUnderSkewedOverwrites() throws Exception {
    int blocks = 32 * MIB / BLOCK;
    int[] counts = new int[blocks];
    var disk = new DiskDouble();
    var settings =
        PoolSettings.DEFAULT
            .withSegmentBytes(MIB)
            .withCapacityBytes(64 * MIB)
            .withCheckpointBytes(16 * MIB);
    var pool = VolumePool.create(disk, settings, 1);
    pool.create(ID, 32 * MIB);
    int threads = 3;
    try (var volume = pool.open(ID);
        var executor = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < blocks; i++) {
        volume.write((long) i * BLOCK, tagged(i, 0), false);
      }
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int thread = t;
        tasks.add(() -> overwrite(volume, counts, thread, threads));
      }
      for (var done : executor.invokeAll(tasks)) {
        done.get();
      }
      expect(volume, counts);
      assertThat(disk.list().stream().mapToLong(disk::length).sum())
          .as("with checkpoints")
          .isLessThan(80 * MIB);
      assertThat(pool.space().usedBytes()).isLessThanOrEqualTo(64 * MIB);
    }
    pool.close();
    assertThat(PoolChecker.check(disk, PoolSettings.NO_BOOT).findings()).isEmpty();
    try (var again = VolumePool.open(disk, settings, 2);
        var volume = again.open(ID)) {
      expect(volume, counts);
    }
  }

  /** A pool that does not compress does not when it cleans either. */
  @Test
  void shouldNotCompressWhatItMovesUnlessItMay() {
    for (boolean compress : new boolean[] {true, false}) {
      var settings =
          PoolSettings.DEFAULT.withSegmentBytes(MIB).withCompress(compress).withBackground(false);
      var pool = VolumePool.create(new DiskDouble(), settings, 1);
      int bytes = 8 * MIB;
      pool.create(ID, bytes);
      var same = ByteBuffer.allocate(BLOCK).putLong(0, 7);
      try (var volume = pool.open(ID)) {
        // Every fourth block of each segment stays; random at first, so that there are segments.
        for (int block = 0; block < bytes / BLOCK; block++) {
          volume.write(
              (long) block * BLOCK, block % 4 == 0 ? same.duplicate() : tagged(block, 0), false);
        }
        for (int block = 0; block < bytes / BLOCK; block++) {
          if (block % 4 != 0) {
            volume.trim((long) block * BLOCK, BLOCK);
          }
        }
        pool.checkpoint();
        while (pool.clean(bytes) > 0) {
          pool.checkpoint();
        }
        if (compress) {
          assertThat(pool.space().usedBytes()).isLessThan(bytes / 4);
        } else {
          assertThat(pool.space().usedBytes()).isGreaterThanOrEqualTo(bytes / 4);
        }
      }
      pool.close();
    }
  }

  /** Each thread has its own blocks; nine of ten writes go to a tenth of them. */
  private static boolean overwrite(Volume volume, int[] counts, int thread, int threads) {
    var random = new Random(thread);
    int own = counts.length / threads;
    for (int i = 0; i < 20_000; i++) {
      int range = random.nextInt(10) > 0 ? own / 10 : own;
      int block = random.nextInt(range) * threads + thread;
      volume.write((long) block * BLOCK, tagged(block, ++counts[block]), false);
    }
    return true;
  }

  private static void expect(Volume volume, int[] counts) {
    for (int i = 0; i < counts.length; i++) {
      var found = ByteBuffer.allocate(BLOCK);
      volume.read((long) i * BLOCK, found);
      assertThat(found.flip()).as("block %d", i).isEqualTo(tagged(i, counts[i]));
    }
  }

  /** A pool that really is full says so, and goes on once something is trimmed. */
  @Test
  void shouldRefuseWhatDoesNotFitAndGoOn() {
    var disk = new DiskDouble();
    var settings =
        PoolSettings.DEFAULT.withSegmentBytes(MIB).withCapacityBytes(24 * MIB).withCompress(false);
    var pool = VolumePool.create(disk, settings, 1);
    pool.create(ID, 64 * MIB);
    try (var volume = pool.open(ID)) {
      int written = 0;
      try {
        for (; written < 64 * MIB / BLOCK; written++) {
          volume.write((long) written * BLOCK, tagged(written, 0), false);
        }
      } catch (StoreException.Full e) {
        assertThat(e).hasMessageContaining("no room");
      }
      assertThat((long) written * BLOCK).isBetween(14L * MIB, 24L * MIB);
      expect(volume, new int[written]);
      volume.trim(0, (long) (written / 2) * BLOCK);
      for (int i = 0; i < written / 4; i++) {
        volume.write((long) i * BLOCK, tagged(i, 1), false);
      }
    }
    pool.close();
  }
}

package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SnapshotTest {
  private static final int MIB = 1 << 20;
  private static final int BLOCK = 4096;
  private static final UUID ID = new UUID(3, 0);
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT.withSegmentBytes(MIB).withCheckpointBytes(4 * MIB);

  private final DiskDouble disk = new DiskDouble();
  private VolumePool pool = VolumePool.create(disk, SETTINGS, 1);

  @AfterEach
  void close() {
    pool.close();
  }

  private static ByteBuffer block(long tag) {
    var data = ByteBuffer.allocateDirect(BLOCK);
    while (data.hasRemaining()) {
      data.putLong(tag);
    }
    return data.flip();
  }

  private static long tag(Volume volume, long block) {
    var data = ByteBuffer.allocate(BLOCK);
    volume.read(block * BLOCK, data);
    for (int i = 0; i < BLOCK; i += 8) {
      assertThat(data.getLong(i)).isEqualTo(data.getLong(0));
    }
    return data.getLong(0);
  }

  /**
   * Each thread's write n goes to its block n mod 64: a snapshot has all up to one n, none after.
   */
  @Test
  void shouldBeOneMomentWhileHostsWrite() throws Exception {
    int threads = 3;
    int blocks = 64;
    pool.create(ID, 16 * MIB);
    var snapshots = new ArrayList<UUID>();
    var done = new AtomicBoolean();
    try (var volume = pool.open(ID);
        var executor = Executors.newFixedThreadPool(threads)) {
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int thread = t;
        tasks.add(() -> {
          for (long n = 1; !done.get(); n++) {
            long at = thread * 1024L + n % blocks;
            volume.write(at * BLOCK, block(n), n % 100 == 0);
          }
          return true;
        });
      }
      var running = tasks.stream().map(executor::submit).toList();
      for (int i = 0; i < 12; i++) {
        var snapshot = new UUID(3, i + 1);
        pool.snapshot(ID, snapshot);
        snapshots.add(snapshot);
        if (i % 3 == 2) {
          pool.delete(snapshots.remove(0));
        }
      }
      done.set(true);
      for (var task : running) {
        task.get();
      }
    }
    for (int opening = 0; opening < 2; opening++) {
      for (var id : snapshots) {
        try (var snapshot = pool.open(id)) {
          for (int t = 0; t < threads; t++) {
            expectPrefix(snapshot, t * 1024L, blocks);
          }
        }
      }
      pool.close();
      pool = VolumePool.open(disk, SETTINGS, 2 + opening);
    }
    assertThat(PoolChecker.check(disk, PoolSettings.NO_BOOT).findings()).isEmpty();
  }

  private static void expectPrefix(Volume snapshot, long from, int blocks) {
    long last = 0;
    for (int i = 0; i < blocks; i++) {
      last = Math.max(last, tag(snapshot, from + i));
    }
    for (int i = 0; i < blocks; i++) {
      long expected = last - Math.floorMod(last - i, (long) blocks);
      assertThat(tag(snapshot, from + i)).isEqualTo(Math.max(0, expected));
    }
  }

  @Test
  void shouldShareAndGiveBackSpace() {
    pool.create(ID, 64 * MIB);
    var snapshot = new UUID(3, 1);
    var clone = new UUID(3, 2);
    try (var volume = pool.open(ID)) {
      for (long i = 0; i < 2048; i++) {
        volume.write(i * BLOCK, block(i + 1), false);
      }
      long before = pool.space().usedBytes();
      pool.snapshot(ID, snapshot);
      pool.clone(snapshot, clone);
      assertThat(pool.space().usedBytes() - before).isLessThan(4 * MIB);
      assertThat(pool.list()).extracting(VolumeInfo::writable).containsExactly(true, false, true);
      assertThat(pool.list().get(2).source()).contains(snapshot);
      volume.write(0, block(7777), false);
      try (var writable = pool.open(clone);
          var frozen = pool.open(snapshot)) {
        writable.write(BLOCK, block(8888), false);
        assertThat(tag(volume, 0)).isEqualTo(7777);
        assertThat(tag(volume, 1)).isEqualTo(2);
        assertThat(tag(writable, 0)).isEqualTo(1);
        assertThat(tag(writable, 1)).isEqualTo(8888);
        assertThat(tag(frozen, 0)).isEqualTo(1);
        assertThat(tag(frozen, 1)).isEqualTo(2);
        assertThatThrownBy(() -> frozen.write(0, block(1), false))
            .isInstanceOf(StoreException.Io.class)
            .hasMessageContaining("read-only");
        assertThatThrownBy(() -> frozen.trim(0, BLOCK)).isInstanceOf(StoreException.Io.class);
      }
    }
    pool.delete(ID); // a clone outlives what it was made from
    pool.delete(snapshot);
    pool.checkpoint();
    try (var writable = pool.open(clone)) {
      assertThat(tag(writable, 0)).isEqualTo(1);
      assertThat(tag(writable, 2047)).isEqualTo(2048);
    }
    pool.delete(clone);
    pool.checkpoint();
    assertThat(pool.space().allocatedBytes()).isZero();
    assertThat(pool.space().usedBytes()).isLessThan(4 * MIB);
  }

  @Test
  void shouldRollBack() {
    pool.create(ID, 4 * MIB);
    var snapshot = new UUID(3, 1);
    var stranger = new UUID(3, 9);
    pool.create(stranger, 4 * MIB);
    try (var volume = pool.open(ID)) {
      volume.write(0, block(1), false);
      pool.snapshot(ID, snapshot);
      volume.write(0, block(2), false);
      volume.write(5 * BLOCK, block(3), false);
      pool.resize(ID, 3000L * MIB);
      volume.write(2999L * MIB, block(4), false);
    }
    assertThatThrownBy(() -> pool.rollback(ID, stranger)).isInstanceOf(StoreException.Io.class);
    assertThatThrownBy(() -> pool.rollback(snapshot, ID)).isInstanceOf(StoreException.Io.class);
    pool.rollback(ID, snapshot);
    for (int opening = 0; opening < 2; opening++) {
      try (var volume = pool.open(ID)) {
        assertThat(volume.sizeBytes()).isEqualTo(3000L * MIB);
        assertThat(tag(volume, 0)).isEqualTo(1);
        assertThat(tag(volume, 5)).isZero();
        assertThat(tag(volume, 2999L * MIB / BLOCK)).isZero();
      }
      pool.close();
      pool = VolumePool.open(disk, SETTINGS, 2 + opening);
    }
  }

  /** A host's last write may still be on its way when its volume is closed under it. */
  @Test
  void shouldLetNoWriteThroughAfterARollback() throws Exception {
    int blocks = 64;
    pool.create(ID, 4 * MIB);
    try (var volume = pool.open(ID)) {
      for (long i = 0; i < blocks; i++) {
        volume.write(i * BLOCK, block(1), false);
      }
    }
    var snapshot = new UUID(3, 1);
    pool.snapshot(ID, snapshot);
    try (var executor = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 20; round++) {
        var volume = pool.open(ID);
        List<Callable<StoreException>> tasks = List.of(() -> late(volume), () -> late(volume));
        var running = tasks.stream().map(executor::submit).toList();
        while (tag(volume, blocks - 1) == 1) {
          Thread.onSpinWait();
        }
        volume.close();
        pool.rollback(ID, snapshot);
        for (var task : running) {
          assertThat(task.get()).hasMessageContaining("closed");
        }
        try (var again = pool.open(ID)) {
          for (long i = 0; i < blocks; i++) {
            assertThat(tag(again, i)).isEqualTo(1);
          }
        }
      }
    }
  }

  /** Writes until it may not any more. */
  private static StoreException late(Volume volume) {
    for (long n = 2; ; n++) {
      try {
        volume.write((n % 2 == 0 ? 63 : n % 63) * BLOCK, block(n), false);
      } catch (StoreException e) {
        return e;
      }
    }
  }
}

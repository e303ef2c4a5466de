package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.platform.LocalDirectory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pool on real files. */
class VolumePoolTest {
  private static final int MIB = 1 << 20;
  private static final UUID ID = UUID.fromString("01234567-89ab-4cde-8f01-23456789abcd");
  private static final UUID OTHER = UUID.fromString("11234567-89ab-4cde-8f01-23456789abcd");
  private static final PoolSettings SMALL =
      PoolSettings.DEFAULT.withSegmentBytes(MIB).withCheckpointBytes(8 * MIB);

  @TempDir Path folder;
  private VolumePool pool;

  @BeforeEach
  void create() {
    pool = VolumePool.create(LocalDirectory.open(folder), SMALL, 1);
  }

  @AfterEach
  void close() {
    pool.close();
  }

  private void reopen() {
    pool.close();
    pool = VolumePool.open(LocalDirectory.open(folder), SMALL, 1);
  }

  private static byte[] bytes(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] read(Volume volume, long offset, int length) {
    var buffer = ByteBuffer.allocate(length);
    volume.read(offset, buffer);
    return buffer.array();
  }

  @Test
  void shouldKeepWhatWasWritten() {
    pool.create(ID, MIB);
    try (var volume = pool.open(ID)) {
      volume.write(512, ByteBuffer.wrap(bytes(2048, 1)), true);
      volume.write(8192, ByteBuffer.wrap(new byte[100 * 1024]), false);
      volume.write(200 * 1024, ByteBuffer.wrap(bytes(300 * 1024, 2)), false);
      check(volume);
    }
    reopen();
    assertThat(pool.findings()).isEmpty();
    try (var volume = pool.open(ID)) {
      assertThat(volume.uuid()).isEqualTo(ID);
      assertThat(volume.sizeBytes()).isEqualTo(MIB);
      check(volume);
    }
  }

  private static void check(Volume volume) {
    assertThat(read(volume, 512, 2048)).isEqualTo(bytes(2048, 1));
    assertThat(read(volume, 0, 512)).containsOnly(0);
    assertThat(read(volume, 8192, 100 * 1024)).containsOnly(0);
    assertThat(read(volume, 200 * 1024, 300 * 1024)).isEqualTo(bytes(300 * 1024, 2));
    assertThat(volume.extents(0, MIB))
        .containsExactly(
            new Volume.Extent(0, 4096),
            new Volume.Extent(8192, 100 * 1024),
            new Volume.Extent(200 * 1024, 300 * 1024));
    assertThat(volume.allocatedBytes()).isEqualTo(4096 + 400 * 1024);
  }

  @Test
  void shouldKnowItsVolumes() {
    pool.create(ID, MIB);
    pool.create(OTHER, 2 * MIB);
    assertThatThrownBy(() -> pool.create(ID, MIB)).isInstanceOf(StoreException.Io.class);
    reopen();
    assertThat(pool.list()).extracting(VolumeInfo::uuid).containsExactly(ID, OTHER);
    assertThat(pool.list()).extracting(VolumeInfo::sizeBytes).containsExactly(MIB + 0L, 2L * MIB);
    pool.delete(ID);
    pool.delete(ID);
    assertThatThrownBy(() -> pool.open(ID)).isInstanceOf(StoreException.Io.class);
    reopen();
    assertThat(pool.list()).extracting(VolumeInfo::uuid).containsExactly(OTHER);
    pool.create(ID, MIB);
  }

  @Test
  void shouldRefuseWhatIsNoRange() {
    pool.create(ID, MIB);
    try (var volume = pool.open(ID)) {
      for (long[] range :
          new long[][] {{-512, 512}, {1, 512}, {0, 511}, {MIB, 512}, {MIB - 512, 1024}}) {
        var data = ByteBuffer.allocate((int) range[1]);
        assertThatThrownBy(() -> volume.read(range[0], data))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> volume.write(range[0], data, false))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> volume.trim(range[0], range[1]))
            .isInstanceOf(IllegalArgumentException.class);
      }
      volume.read(MIB, ByteBuffer.allocate(0));
    }
    for (long size : new long[] {0, -512, 1000, (1L << 50) + 512}) {
      assertThatThrownBy(() -> pool.create(UUID.randomUUID(), size))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldGrowOpenAndClosed() {
    pool.create(ID, MIB + 512);
    try (var volume = pool.open(ID)) {
      volume.write(MIB, ByteBuffer.wrap(bytes(512, 1)), false);
      pool.resize(ID, 2000L * MIB);
      volume.write(2000L * MIB - 512, ByteBuffer.wrap(bytes(512, 2)), false);
      assertThat(read(volume, MIB, 1024)).startsWith(bytes(512, 1)).endsWith(new byte[512]);
    }
    pool.resize(ID, 3000L * MIB);
    reopen();
    try (var volume = pool.open(ID)) {
      assertThat(volume.sizeBytes()).isEqualTo(3000L * MIB);
      assertThat(read(volume, 2000L * MIB - 512, 512)).isEqualTo(bytes(512, 2));
      assertThat(read(volume, 2000L * MIB, 512)).containsOnly(0);
    }
    assertThatThrownBy(() -> pool.resize(ID, MIB)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldRefuseAnOlderEpochAndASecondPool() {
    pool.close();
    var directory = LocalDirectory.open(folder);
    VolumePool.open(directory, SMALL, 7).close();
    assertThatThrownBy(() -> VolumePool.open(directory, SMALL, 6))
        .isInstanceOf(StoreException.Io.class);
    assertThatThrownBy(() -> VolumePool.create(directory, SMALL, 8))
        .isInstanceOf(StoreException.Io.class);
    VolumePool.destroy(directory);
    assertThat(directory.list()).isEmpty();
    assertThat(VolumePool.exists(directory)).isFalse();
    pool = VolumePool.create(directory, SMALL, 8);
    assertThat(pool.list()).isEmpty();
  }

  /** Compare and write from many threads: as many succeed as the counter says. */
  @Test
  void shouldKeepAtomicOperationsApart() throws Exception {
    pool.create(ID, 4 * MIB);
    long offset = MIB - 512;
    try (var volume = pool.open(ID);
        var threads = Executors.newFixedThreadPool(4)) {
      var tasks = new ArrayList<Callable<Boolean>>();
      for (int t = 0; t < 4; t++) {
        tasks.add(() -> {
          for (int i = 0; i < 200; i++) {
            volume.atomically(
                offset,
                1024,
                locked -> {
                  var block = ByteBuffer.wrap(read(locked, offset, 1024));
                  block.putLong(0, block.getLong(0) + 1);
                  locked.write(offset, block, false);
                  return true;
                });
            volume.write(offset + 1024, ByteBuffer.allocate(512), false);
          }
          return true;
        });
      }
      for (var done : threads.invokeAll(tasks)) {
        done.get();
      }
      assertThat(ByteBuffer.wrap(read(volume, offset, 512)).getLong()).isEqualTo(800);
    }
  }

  /**
   * Writers with overlapping writes: every 512-byte block is wholly of one write, and the same when
   * read again after reopening.
   */
  @Test
  void shouldKeepConcurrentWritesWhole() throws Exception {
    pool.create(ID, 2 * MIB);
    byte[] seen;
    try (var volume = pool.open(ID);
        var threads = Executors.newFixedThreadPool(6)) {
      var tasks = new ArrayList<Callable<Boolean>>();
      for (int t = 0; t < 6; t++) {
        int thread = t;
        tasks.add(() -> {
          var random = new Random(thread);
          for (int i = 0; i < 300; i++) {
            long from = random.nextInt(4096) * 512L;
            int blocks = (int) Math.min(1 + random.nextInt(128), (2 * MIB - from) / 512);
            var data = ByteBuffer.allocateDirect(blocks * 512);
            long tag = thread * 1000L + i + 1;
            while (data.hasRemaining()) {
              data.putLong(tag);
            }
            volume.write(from, data.flip(), i % 50 == 0);
            checkWhole(read(volume, from, blocks * 512));
          }
          return true;
        });
      }
      for (var done : threads.invokeAll(tasks)) {
        done.get();
      }
      seen = read(volume, 0, 2 * MIB);
      checkWhole(seen);
    }
    reopen();
    try (var volume = pool.open(ID)) {
      assertThat(read(volume, 0, 2 * MIB)).isEqualTo(seen);
    }
  }

  private static void checkWhole(byte[] data) {
    var buffer = ByteBuffer.wrap(data);
    for (int block = 0; block < data.length; block += 512) {
      long tag = buffer.getLong(block);
      for (int i = 8; i < 512; i += 8) {
        if (buffer.getLong(block + i) != tag) {
          throw new AssertionError(
              "block %d is of writes %d and %d"
                  .formatted(block / 512, tag, buffer.getLong(block + i)));
        }
      }
    }
  }

  @Test
  void shouldMissAFileThatIsRemovedWhileItIsOpen() throws Exception {
    pool.create(ID, 4 * MIB);
    try (var volume = pool.open(ID)) {
      volume.write(0, ByteBuffer.wrap(bytes(3 * MIB, 1)), false);
      pool.checkpoint();
      pool.checkFiles();
      for (String end : List.of(".segment", ".checkpoint")) {
        for (var name :
            LocalDirectory.open(folder).list().stream().filter(n -> n.endsWith(end)).toList()) {
          var aside = folder.resolve("aside");
          Files.move(folder.resolve(name), aside);
          assertThat(read(volume, 0, 3 * MIB)).isEqualTo(bytes(3 * MIB, 1));
          assertThatThrownBy(pool::checkFiles)
              .isInstanceOf(StoreException.Corrupt.class)
              .hasMessageContaining(name + " is missing");
          Files.move(aside, folder.resolve(name));
          pool.checkFiles();
        }
      }
    }
  }

  @Test
  void shouldFreeSegmentsThatHoldNothing() {
    pool.create(ID, 8 * MIB);
    try (var volume = pool.open(ID)) {
      for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 8; i++) {
          volume.write(i * MIB, ByteBuffer.wrap(bytes(MIB, round * 8 + i)), false);
        }
      }
      pool.checkpoint();
      pool.checkpoint();
      assertThat(pool.space().usedBytes()).isLessThan(14 * MIB);
      for (int i = 0; i < 8; i++) {
        assertThat(read(volume, i * MIB, MIB)).isEqualTo(bytes(MIB, 24 + i));
      }
      volume.trim(0, 8 * MIB);
      assertThat(volume.allocatedBytes()).isZero();
    }
    pool.checkpoint();
    assertThat(pool.space().usedBytes()).isLessThan(4 * MIB);
    assertThat(List.of(pool.space().garbageBytes())).doesNotContain(-1L);
  }
}

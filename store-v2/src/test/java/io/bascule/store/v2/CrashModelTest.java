package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations on a few volumes, snapshots and clones against plain arrays, with cleaning,
 * kills, losses of power, clean closes and checkpoints in between. After a kill everything
 * acknowledged must be there; after a loss of power at least everything flushed, and of the rest a
 * prefix of what was done.
 */
class CrashModelTest {
  private static final int MIB = 1 << 20;
  private static final int BLOCK = Volume.BLOCK_BYTES;
  private static final int SIZE = 3 * MIB + BLOCK;

  static List<Long> seeds() {
    long first = Long.getLong("bascule.check.seed", 1);
    int count = Boolean.getBoolean("bascule.check.all") ? 300 : 12;
    var seeds = new ArrayList<Long>();
    for (int i = 0; i < count; i++) {
      seeds.add(first + i);
    }
    return seeds;
  }

  /** What a volume held after each operation since the last flush. */
  private static final class Model {
    byte[] now = new byte[SIZE];

    /** Ranges changed since the last flush with what they held before: newest last. */
    final List<byte[]> before = new ArrayList<>();

    final List<Integer> at = new ArrayList<>();

    void change(int from, byte[] data) {
      before.add(Arrays.copyOfRange(now, from, from + data.length));
      at.add(from);
      System.arraycopy(data, 0, now, from, data.length);
    }

    void flushed() {
      before.clear();
      at.clear();
    }

    /**
     * Whether {@code found} is the content after some of the operations, all earlier ones done. The
     * last one may be there in part: of each block the old content or the new.
     */
    boolean isPrefix(byte[] found) {
      byte[] after = now.clone();
      for (int i = before.size() - 1; i >= 0; i--) {
        byte[] then = after.clone();
        System.arraycopy(before.get(i), 0, then, at.get(i), before.get(i).length);
        if (isBetween(then, after, found)) {
          return true;
        }
        after = then;
      }
      return Arrays.equals(after, found);
    }

    private static boolean isBetween(byte[] then, byte[] after, byte[] found) {
      for (int i = 0; i < SIZE; i += BLOCK) {
        if (!Arrays.equals(found, i, i + BLOCK, then, i, i + BLOCK)
            && !Arrays.equals(found, i, i + BLOCK, after, i, i + BLOCK)) {
          return false;
        }
      }
      return true;
    }
  }

  private final Map<UUID, Model> models = new HashMap<>();
  private final Map<UUID, Volume> volumes = new HashMap<>();

  /** What each snapshot holds, and the first volume of each one's family. */
  private final Map<UUID, byte[]> snapshots = new HashMap<>();

  private final Map<UUID, UUID> families = new HashMap<>();
  private Random random = new Random();
  private DiskDouble disk = new DiskDouble();
  private VolumePool pool;
  private long epoch = 1;

  CrashModelTest() {
    pool = VolumePool.create(disk, settings(), epoch);
  }

  private static PoolSettings settings() {
    return PoolSettings.DEFAULT.withSegmentBytes(MIB).withBackground(false);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void shouldHoldWhatWasPromised(long seed) {
    random = new Random(seed);
    for (int i = 0; i < 2; i++) {
      var uuid = new UUID(random.nextLong(), random.nextLong());
      pool.create(uuid, SIZE);
      models.put(uuid, new Model());
      families.put(uuid, uuid);
      volumes.put(uuid, pool.open(uuid));
    }
    for (int step = 0; step < 250; step++) {
      try {
        step();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed + " step " + step, e);
      }
    }
    crash(false);
    shouldGiveAllSpaceBack();
    pool.abandon();
  }

  private void shouldGiveAllSpaceBack() {
    volumes.values().forEach(Volume::close);
    models.keySet().forEach(pool::delete);
    snapshots.keySet().forEach(pool::delete);
    pool.checkpoint();
    assertThat(pool.space().allocatedBytes()).isZero();
    for (var segment : pool.segments().list()) {
      assertThat(pool.segments().liveBlocks(segment.slot)).as(segment.name).isZero();
    }
    assertThat(pool.space().usedBytes()).isLessThan(3 * MIB);
  }

  private void step() {
    var uuid = models.keySet().stream().sorted().toList().get(random.nextInt(models.size()));
    var volume = Check.found(volumes.get(uuid), "volume");
    var model = Check.found(models.get(uuid), "model");
    switch (random.nextInt(28)) {
      case 0 -> {
        volume.flush();
        models.values().forEach(Model::flushed);
      }
      case 1 -> {
        pool.checkpoint();
        models.values().forEach(Model::flushed);
      }
      case 2 -> {
        if (random.nextInt(3) == 0) {
          reopen();
        }
      }
      case 3 -> {
        if (random.nextInt(3) == 0) {
          crash(random.nextBoolean());
        }
      }
      case 4, 5, 6 -> {
        int from = random.nextInt(SIZE / BLOCK) * BLOCK;
        int length = Math.min(SIZE - from, random.nextInt(1 << random.nextInt(12)) * BLOCK);
        if (random.nextBoolean()) {
          volume.trim(from, length);
        } else {
          volume.zero(from, length);
        }
        model.change(from, new byte[length]);
      }
      case 7, 8, 9, 10, 11 -> check(volume, model);
      case 24 -> pool.clean(random.nextInt(2 * MIB));
      case 25 -> snapshot(uuid, model);
      case 26 -> {
        if (random.nextBoolean()) {
          rollback(uuid, volume, model);
        }
      }
      case 27 -> delete();
      default -> {
        int from = random.nextInt(SIZE / BLOCK) * BLOCK;
        int blocks = 1 + random.nextInt(1 << random.nextInt(10));
        if (random.nextInt(3) == 0) { // as hosts mostly do
          from = from / 4096 * 4096;
          blocks = (blocks + 7) / 8 * 8;
        }
        byte[] data = data(Math.min(SIZE - from, blocks * BLOCK));
        boolean fua = random.nextInt(20) == 0;
        volume.write(from, buffer(data), fua);
        model.change(from, data);
        if (fua) {
          models.values().forEach(Model::flushed);
        }
      }
    }
  }

  private void snapshot(UUID source, Model model) {
    var uuid = new UUID(random.nextLong(), random.nextLong());
    if (snapshots.size() < 4 && random.nextInt(3) > 0) {
      pool.snapshot(source, uuid);
      snapshots.put(uuid, model.now.clone());
    } else if (models.size() < 4) {
      boolean ofSnapshot = !snapshots.isEmpty() && random.nextBoolean();
      var from = ofSnapshot ? snapshots.keySet().stream().sorted().toList().getFirst() : source;
      pool.clone(from, uuid);
      var clone = new Model();
      clone.now = ofSnapshot ? snapshots.getOrDefault(from, clone.now).clone() : model.now.clone();
      models.put(uuid, clone);
      volumes.put(uuid, pool.open(uuid));
      families.put(uuid, Check.found(families.get(from), "family"));
    } else {
      return;
    }
    families.putIfAbsent(uuid, Check.found(families.get(source), "family"));
    models.values().forEach(Model::flushed);
  }

  private void rollback(UUID uuid, Volume volume, Model model) {
    for (var snapshot : snapshots.keySet().stream().sorted().toList()) {
      if (Check.found(families.get(snapshot), "family").equals(families.get(uuid))) {
        volume.close();
        pool.rollback(uuid, snapshot);
        model.now = snapshots.getOrDefault(snapshot, model.now).clone();
        volumes.put(uuid, pool.open(uuid));
        models.values().forEach(Model::flushed);
        return;
      }
    }
  }

  private void delete() {
    if (snapshots.size() > 1 && random.nextBoolean()) {
      var uuid = snapshots.keySet().stream().sorted().toList().getLast();
      pool.delete(uuid);
      snapshots.remove(uuid);
    } else if (models.size() > 2) {
      var uuid = models.keySet().stream().sorted().toList().getFirst();
      Check.found(volumes.remove(uuid), "volume").close();
      pool.delete(uuid);
      models.remove(uuid);
    } else {
      return;
    }
    models.values().forEach(Model::flushed);
  }

  private ByteBuffer buffer(byte[] data) {
    return switch (random.nextInt(3)) {
      case 0 -> ByteBuffer.wrap(data);
      case 1 -> ByteBuffer.wrap(data).asReadOnlyBuffer();
      default -> ByteBuffer.allocateDirect(data.length).put(data).flip();
    };
  }

  /** Some of it compresses. */
  private byte[] data(int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    if (random.nextBoolean()) {
      for (int i = 0; i < length; i++) {
        if (i % 64 >= 16) {
          data[i] = 7;
        }
      }
    }
    return data;
  }

  private void check(Volume volume, Model model) {
    int from = random.nextInt(SIZE / BLOCK) * BLOCK;
    int length = Math.min(SIZE - from, random.nextInt(1 << random.nextInt(13)) * BLOCK);
    var found = ByteBuffer.allocate(length);
    if (random.nextBoolean() || volume.tryRead(from, found) == Volume.WOULD_BLOCK) {
      volume.read(from, found.clear());
    }
    if (!found.flip().equals(ByteBuffer.wrap(model.now, from, length))) {
      throw new AssertionError("%d bytes at %d are wrong".formatted(length, from));
    }
  }

  private static byte[] all(Volume volume) {
    var found = ByteBuffer.allocate(SIZE);
    volume.read(0, found);
    return found.array();
  }

  private void reopen() {
    volumes.values().forEach(Volume::close);
    pool.close();
    pool = VolumePool.open(disk, settings(), epoch);
    assertThat(pool.findings()).isEmpty();
    models.values().forEach(Model::flushed); // a clean close is a flush
    openVolumes();
  }

  private void openVolumes() {
    assertThat(pool.list()).hasSize(models.size() + snapshots.size());
    snapshots.forEach((uuid, content) -> {
      try (var volume = pool.open(uuid)) {
        assertThat(Arrays.equals(all(volume), content)).as("snapshot").isTrue();
      }
    });
    for (var uuid : models.keySet()) {
      var volume = pool.open(uuid);
      volumes.put(uuid, volume);
      assertThat(Arrays.equals(all(volume), Check.found(models.get(uuid), "model").now)).isTrue();
    }
  }

  private void crash(boolean power) {
    var next = power ? disk.losePower(random) : disk.kill();
    pool.abandon();
    disk = next;
    epoch++;
    pool = VolumePool.open(disk, settings(), epoch);
    if (power) {
      for (var uuid : models.keySet()) {
        var model = Check.found(models.get(uuid), "model");
        byte[] found;
        try (var volume = pool.open(uuid)) {
          found = all(volume);
        } catch (StoreException e) {
          throw new AssertionError("after a loss of power", e);
        }
        assertThat(model.isPrefix(found)).as("flushed, and a prefix of the rest").isTrue();
        model.now = found;
        model.flushed();
      }
    } else {
      assertThat(pool.findings()).isEmpty();
    }
    openVolumes();
  }
}

package io.bascule.store.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeCheck.Trouble;
import io.bascule.platform.LocalDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeStoreV1Test {
  private static final long MIB = 1 << 20;
  private static final UUID ID = UUID.fromString("01234567-89ab-4cde-8f01-23456789abcd");

  @TempDir Path folder;
  private FaultyDirectory directory;
  private VolumeStoreV1 store;

  @BeforeEach
  void open() {
    reopen();
  }

  private void reopen() {
    directory = new FaultyDirectory(LocalDirectory.open(folder));
    store = new VolumeStoreV1(directory);
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
    store.create(ID, MIB);
    try (var volume = store.open(ID)) {
      volume.write(512, ByteBuffer.wrap(bytes(2048, 1)), true);
    }
    reopen();
    try (var volume = store.open(ID)) {
      assertThat(volume.uuid()).isEqualTo(ID);
      assertThat(volume.sizeBytes()).isEqualTo(MIB);
      assertThat(read(volume, 512, 2048)).isEqualTo(bytes(2048, 1));
      assertThat(read(volume, 0, 512)).containsOnly(0);
    }
  }

  @Test
  void shouldKnowItsVolumes() {
    var other = UUID.randomUUID();
    store.create(ID, MIB);
    store.create(other, MIB);
    assertThat(store.list()).containsExactlyInAnyOrder(ID, other);
    assertThat(store.orphans(List.of(other))).containsExactly(ID);
    assertThatThrownBy(() -> store.create(ID, MIB)).isInstanceOf(StoreException.Io.class);
    store.delete(ID);
    store.delete(ID);
    assertThat(store.list()).containsExactly(other);
    assertThatThrownBy(() -> store.open(ID)).isInstanceOf(StoreException.Io.class);
    store.create(ID, MIB);
  }

  @Test
  void shouldRefuseWhatIsNoRange() {
    store.create(ID, MIB);
    try (var volume = store.open(ID)) {
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
      assertThatThrownBy(() -> volume.trim(512, Long.MAX_VALUE - 511))
          .isInstanceOf(IllegalArgumentException.class);
      volume.read(MIB, ByteBuffer.allocate(0));
    }
    for (long size : new long[] {0, -512, 1000, (1L << 50) + 512}) {
      assertThatThrownBy(() -> store.create(UUID.randomUUID(), size))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldGrowOpenAndClosed() {
    store.create(ID, MIB);
    try (var volume = store.open(ID)) {
      store.grow(ID, 2 * MIB);
      assertThat(volume.sizeBytes()).isEqualTo(2 * MIB);
      volume.write(2 * MIB - 512, ByteBuffer.wrap(bytes(512, 2)), false);
    }
    store.grow(ID, 3 * MIB);
    try (var volume = store.open(ID)) {
      assertThat(volume.sizeBytes()).isEqualTo(3 * MIB);
      assertThat(read(volume, 2 * MIB - 512, 512)).isEqualTo(bytes(512, 2));
      assertThat(read(volume, 2 * MIB, 512)).containsOnly(0);
    }
    assertThatThrownBy(() -> store.grow(ID, MIB)).isInstanceOf(IllegalArgumentException.class);
  }

  /** Random operations against a plain array. */
  @Test
  void shouldBehaveLikeAnArray() {
    int size = 64 * 1024 + 512;
    long seed = 99;
    var random = new Random(seed);
    byte[] model = new byte[size];
    store.create(ID, size);
    try (var volume = store.open(ID)) {
      for (int round = 0; round < 3000; round++) {
        int from = random.nextInt(size / 512) * 512;
        int length = Math.min(size - from, random.nextInt(40) * 512);
        switch (random.nextInt(4)) {
          case 0 -> {
            volume.trim(from, length);
            Arrays.fill(model, from, from + length, (byte) 0);
          }
          case 1 -> {
            volume.zero(from, length);
            Arrays.fill(model, from, from + length, (byte) 0);
          }
          case 2 -> {
            byte[] data = bytes(length, round);
            volume.write(from, ByteBuffer.wrap(data), false);
            System.arraycopy(data, 0, model, from, length);
          }
          default -> {
            var direct = ByteBuffer.allocateDirect(length);
            if (volume.tryRead(from, direct) == Volume.WOULD_BLOCK) {
              assertThat(direct.position()).isZero();
              volume.read(from, direct);
            }
            assertThat(direct.flip())
                .as("seed %d round %d", seed, round)
                .isEqualTo(ByteBuffer.wrap(model, from, length));
          }
        }
      }
      assertThat(read(volume, 0, size)).isEqualTo(model);
      volume.trim(0, size);
      volume.flush();
      // The last, half block of a file may stay.
      assertThat(volume.allocatedBytes()).isLessThanOrEqualTo(VolumeV1.HOLE_BYTES);
      assertThat(volume.extents(0, size - 512)).isEmpty();
    }
  }

  @Test
  void shouldNotAllocateForTrimmedEdges() {
    store.create(ID, MIB);
    try (var volume = store.open(ID)) {
      volume.trim(512, MIB - 1024);
      volume.flush();
      assertThat(volume.allocatedBytes()).isZero();
    }
  }

  /** Compare and write from many threads: as many succeed as the counter says. */
  @Test
  void shouldKeepAtomicOperationsApart() throws Exception {
    store.create(ID, 4 * MIB);
    long offset = MIB - 512; // two stripes
    try (var volume = store.open(ID);
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
      for (Future<Boolean> done : threads.invokeAll(tasks)) {
        done.get();
      }
      assertThat(ByteBuffer.wrap(read(volume, offset, 512)).getLong()).isEqualTo(800);
      assertThatThrownBy(() ->
              volume.atomically(
                  0,
                  512,
                  locked -> {
                    locked.write(512, ByteBuffer.allocate(512), false);
                    return true;
                  }))
          .hasMessageContaining("atomic operation");
    }
  }

  @Test
  void shouldNeverTakeAFailedSyncForASuccess() {
    store.create(ID, MIB);
    try (var volume = store.open(ID)) {
      volume.write(0, ByteBuffer.wrap(bytes(512, 5)), false);
      directory.syncFails = true;
      assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
      directory.syncFails = false;
      int syncs = directory.syncs;
      assertThatThrownBy(volume::flush).hasMessageContaining("suspect");
      assertThat(directory.syncs).as("no second sync").isEqualTo(syncs);
      assertThatThrownBy(() -> volume.write(0, ByteBuffer.allocate(512), false))
          .hasMessageContaining("suspect");
      assertThatThrownBy(() -> volume.trim(0, 512)).hasMessageContaining("suspect");
      assertThat(read(volume, 0, 512)).isEqualTo(bytes(512, 5));
      assertThat(store.isSuspect(ID)).isTrue();
      store.grow(ID, 2 * MIB);
    }
    reopen();
    assertThat(store.isSuspect(ID)).isTrue();
    try (var volume = store.open(ID)) {
      assertThatThrownBy(volume::flush).hasMessageContaining("suspect");
      assertThat(read(volume, 0, 512)).isEqualTo(bytes(512, 5));
    }
    store.accept(ID);
    try (var volume = store.open(ID)) {
      volume.write(0, ByteBuffer.allocate(512), true);
    }
  }

  @Test
  void shouldWriteAnOpenVolumeAgainOnceAPersonAcceptsIt() {
    store.create(ID, MIB);
    try (var volume = store.open(ID)) {
      directory.syncFails = true;
      assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
      directory.syncFails = false;
      assertThat(troubles(store.check(ID))).containsExactly(Trouble.SUSPECT);
      store.accept(ID);
      assertThat(troubles(store.check(ID))).isEmpty();
      volume.write(0, ByteBuffer.allocate(512), true);
      directory.syncFails = true;
      assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
      assertThat(troubles(store.check(ID))).as("a later failure").containsExactly(Trouble.SUSPECT);
      directory.syncFails = false;
    }
  }

  @Test
  void shouldLookWithoutChangingAnything() {
    store.create(ID, MIB);
    assertThat(troubles(CheckV1.volume(directory, ID))).isEmpty();
    assertThat(store.check(ID).sizeBytes()).hasValue(MIB);
    assertThat(CheckV1.strays(directory, List.of(ID))).isEmpty();
    assertThat(CheckV1.strays(directory, List.of())).containsExactly("volume " + ID);
    var other = UUID.randomUUID();
    assertThat(troubles(CheckV1.volume(directory, other)))
        .containsExactly(Trouble.HEADER_MISSING, Trouble.DATA_MISSING);
    try (var stray = directory.create(other + ".data")) {
      stray.write(0, ByteBuffer.wrap(bytes(512, 1)));
    }
    assertThat(CheckV1.strays(directory, List.of(ID))).containsExactly("file " + other + ".data");

    try (var data = directory.open(ID + ".data")) {
      data.setLength(MIB / 2);
    }
    assertThat(troubles(CheckV1.volume(directory, ID))).containsExactly(Trouble.DATA_SHORT);
    directory.delete(ID + ".data");
    assertThat(troubles(CheckV1.volume(directory, ID))).containsExactly(Trouble.DATA_MISSING);
    directory.replace(ID + ".header", new byte[64]);
    var before = directory.list();
    assertThat(troubles(CheckV1.volume(directory, ID)))
        .containsExactly(Trouble.HEADER_CORRUPT, Trouble.DATA_MISSING);
    assertThat(CheckV1.strays(directory, List.of(ID))).hasSize(1);
    assertThat(directory.list()).isEqualTo(before);
  }

  private static List<Trouble> troubles(VolumeCheck check) {
    return check.findings().stream().map(VolumeCheck.Finding::trouble).toList();
  }

  /** A failure is told once, and not again to the next who asks. */
  @Test
  void shouldNotLetAGrowSwallowAFailedSync() {
    var closed = UUID.randomUUID();
    store.create(ID, MIB);
    store.create(closed, MIB);
    try (var volume = store.open(ID)) {
      volume.write(0, ByteBuffer.wrap(bytes(512, 7)), false);
      directory.syncFails = true;
      assertThatThrownBy(() -> store.grow(ID, 2 * MIB)).isInstanceOf(StoreException.Io.class);
      assertThatThrownBy(() -> store.grow(closed, 2 * MIB)).isInstanceOf(StoreException.Io.class);
      directory.syncFails = false;
      assertThatThrownBy(volume::flush).hasMessageContaining("suspect");
    }
    assertThat(store.isSuspect(ID)).isTrue();
    assertThat(store.isSuspect(closed)).isTrue();
  }

  /** One sync is told of the failure; it has not said so yet when the other one is asked for. */
  @Test
  void shouldNotLetAFlushPassWhileAnotherFails() {
    store.create(ID, MIB);
    try (var volume = store.open(ID)) {
      volume.write(0, ByteBuffer.wrap(bytes(512, 8)), false);
      var answer = new AtomicReference<Throwable>();
      var other = new Thread(() -> answer.set(catchThrowable(volume::flush)));
      directory.onSync =
          () -> {
            directory.onSync = () -> {};
            other.start();
            await()
                .until(
                    other::getState,
                    state -> state == Thread.State.WAITING || state == Thread.State.TERMINATED);
            throw new StoreException.Io("cannot sync", new IOException("Input/output error"));
          };
      assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
      await().until(other::getState, state -> state == Thread.State.TERMINATED);
      assertThat(answer.get()).hasMessageContaining("suspect");
    }
  }

  /** A slow disk must not keep others off the range. */
  @Test
  void shouldNotHoldTheRangeWhileAnAtomicWriteSyncs() {
    store.create(ID, MIB);
    try (var volume = store.open(ID);
        var threads = Executors.newSingleThreadExecutor()) {
      int syncs = directory.syncs;
      directory.onSync =
          () ->
              CompletableFuture.runAsync(
                      () -> volume.write(512, ByteBuffer.wrap(bytes(512, 10)), false), threads)
                  .orTimeout(5, TimeUnit.SECONDS)
                  .join();
      volume.atomically(
          0,
          512,
          locked -> {
            locked.write(0, ByteBuffer.wrap(bytes(512, 9)), true);
            return true;
          });
      assertThat(directory.syncs).isEqualTo(syncs + 1);
      assertThat(read(volume, 0, 512)).isEqualTo(bytes(512, 9));
      assertThat(read(volume, 512, 512)).isEqualTo(bytes(512, 10));
    }
  }

  @Test
  void shouldNotSuspectAVolumeForBeingClosed() {
    store.create(ID, MIB);
    var volume = store.open(ID);
    volume.close();
    assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
    assertThat(store.isSuspect(ID)).isFalse();
  }

  /** Killed before any change of any operation: the old state or the new one, nothing else. */
  @Test
  void shouldHoldTheOldOrTheNewStateWhenKilled() throws IOException {
    survive("create", _ -> {}, s -> s.create(ID, MIB), "none", "1048576");
    survive("grow", s -> s.create(ID, MIB), s -> s.grow(ID, 2 * MIB), "1048576", "2097152");
    survive("delete", this::createFilled, s -> s.delete(ID), "1048576 filled", "none");
  }

  private void createFilled(VolumeStoreV1 fresh) {
    fresh.create(ID, MIB);
    try (var volume = fresh.open(ID)) {
      volume.write(4096, ByteBuffer.wrap(bytes(4096, 6)), true);
    }
  }

  private void survive(
      String name,
      Consumer<VolumeStoreV1> before,
      Consumer<VolumeStoreV1> operation,
      String oldState,
      String newState)
      throws IOException {
    boolean ended = false;
    for (int n = 0; !ended; n++) {
      assertThat(n).as("the operation ends").isLessThan(20);
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      reopen();
      before.accept(store);
      directory.dieBeforeChange(n);
      try {
        operation.accept(store);
        ended = true;
      } catch (FaultyDirectory.Killed e) {
        assertThat(ended).isFalse();
      }
      reopen();
      assertThat(state())
          .as("%s killed before change %d", name, n)
          .isIn(ended ? List.of(newState) : List.of(oldState, newState));
      assertThat(store.strays()).isEmpty();
      operationAgain(operation, newState);
    }
  }

  private String state() throws IOException {
    if (store.list().isEmpty()) {
      try (var files = Files.list(folder)) {
        return files.findAny().isEmpty() ? "none" : "leftovers";
      }
    }
    try (var volume = store.open(ID)) {
      boolean filled = !volume.extents(0, volume.sizeBytes()).isEmpty();
      if (filled) {
        assertThat(read(volume, 4096, 4096)).isEqualTo(bytes(4096, 6));
      }
      assertThat(Files.size(folder.resolve(ID + ".data"))).isEqualTo(volume.sizeBytes());
      return volume.sizeBytes() + (filled ? " filled" : "");
    }
  }

  private void operationAgain(Consumer<VolumeStoreV1> operation, String newState)
      throws IOException {
    if (!state().equals(newState)) {
      operation.accept(store);
    }
    assertThat(state()).isEqualTo(newState);
  }

  @Test
  void shouldNeverTouchDataWithoutAHeader() throws IOException {
    createFilled(store);
    Files.delete(folder.resolve(ID + ".header"));
    reopen();
    assertThat(store.list()).isEmpty();
    assertThat(store.strays()).containsExactly(ID + ".data");
    assertThat(Files.size(folder.resolve(ID + ".data"))).isEqualTo(MIB);
  }

  @Test
  void shouldOpenTheOthersWhenOneHeaderIsDamaged() throws IOException {
    var other = UUID.randomUUID();
    createFilled(store);
    store.create(other, MIB);
    Files.writeString(folder.resolve(ID + ".header"), "rubbish");
    reopen();
    assertThat(store.list()).containsExactlyInAnyOrder(ID, other);
    assertThatThrownBy(() -> store.open(ID)).isInstanceOf(StoreException.Corrupt.class);
    store.open(other).close();
    assertThat(Files.exists(folder.resolve(ID + ".data"))).isTrue();
  }

  @Test
  void shouldSayWhenDataIsMissing() throws IOException {
    createFilled(store);
    try (var data = FileChannel.open(folder.resolve(ID + ".data"), StandardOpenOption.WRITE)) {
      data.truncate(8192);
    }
    assertThatThrownBy(() -> store.open(ID)).isInstanceOf(StoreException.Corrupt.class);
  }
}

package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.store.v2.HookedDirectory.Call;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Failures that meet at the same moment, and what still runs when a pool is left. */
@ExtendWith(Quiet.class)
class TroubleTest {
  private static final int MIB = 1 << 20;
  private static final UUID ID = new UUID(1, 1);
  private static final long SOON_SECONDS = 10;
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT.withSegmentBytes(MIB).withBackground(false).withCompress(false);

  private final DiskDouble disk = new DiskDouble();
  private final HookedDirectory hooked = new HookedDirectory(disk);
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void end() {
    threads.shutdown();
  }

  private static ByteBuffer data(int bytes, long seed) {
    byte[] data = new byte[bytes];
    new Random(seed).nextBytes(data);
    return ByteBuffer.wrap(data);
  }

  private static byte[] read(Volume volume, long offset, int length) {
    var buffer = ByteBuffer.allocate(length);
    volume.read(offset, buffer);
    return buffer.array();
  }

  private static void hold(CountDownLatch latch) {
    try {
      assertThat(latch.await(SOON_SECONDS, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private CompletableFuture<Void> beside(Runnable work) {
    return CompletableFuture.runAsync(work, threads);
  }

  /** Who tries a read, and has to wait for it then, reads into the same buffer. */
  @Test
  void shouldReadAllOfItAfterATryThatFailed() {
    try (var pool = VolumePool.create(hooked, SETTINGS, 1)) {
      pool.create(ID, 8 * MIB);
      try (var volume = pool.open(ID)) {
        var data = data(128 * 1024, 4);
        volume.write(0, data.duplicate(), false);
        for (int failing = 1; failing <= 5; failing++) {
          var calls = new AtomicInteger(failing);
          var into = ByteBuffer.allocateDirect(data.capacity());
          hooked.hook =
              (call, name) -> {
                if (call == Call.READ && calls.decrementAndGet() == 0) {
                  throw new StoreException.Io(name, new IOException("for this test"));
                }
              };
          assertThat(volume.tryRead(0, into)).isEqualTo(Volume.WOULD_BLOCK);
          hooked.hook = (_, _) -> {};
          assertThat(into.position()).isZero();
          assertThat(into.limit()).isEqualTo(data.capacity());
          volume.read(0, into);
          assertThat(into.flip()).isEqualTo(data);
        }
      }
    }
  }

  /** A flush that is cut off by the end says nothing about the disk. */
  @Test
  void shouldNotBeSuspectBecauseItWasAbandonedInASync() throws Exception {
    var pool = VolumePool.create(hooked, SETTINGS, 1);
    pool.create(ID, 8 * MIB);
    var volume = pool.open(ID);
    volume.write(0, data(8192, 1), false);
    var syncing = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    hooked.hook =
        (call, name) -> {
          if (call == Call.SYNC && Names.segmentSerial(name).isPresent()) {
            syncing.countDown();
            hold(go);
          }
        };
    var flush = beside(volume::flush);
    hold(syncing);
    pool.abandon();
    go.countDown();
    assertThatThrownBy(() -> flush.get(SOON_SECONDS, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class);
    hooked.hook = (_, _) -> {};
    var next = VolumePool.open(hooked, SETTINGS, 2);
    assertThat(next.isSuspect()).isFalse();
    next.abandon();
  }

  /** The next opening writes there: nobody of this one may, however slow the disk is. */
  @Test
  void shouldNotBeAbandonedBeforeAWriteUnderWayHasEnded() throws Exception {
    var pool = VolumePool.create(hooked, SETTINGS, 1);
    pool.create(ID, 8 * MIB);
    var volume = pool.open(ID);
    var writing = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    hooked.hook =
        (call, name) -> {
          if (call == Call.WRITE && Names.segmentSerial(name).isPresent()) {
            writing.countDown();
            hold(go);
          }
        };
    var write = beside(() -> volume.write(0, data(8192, 1), false));
    hold(writing);
    var abandoned = beside(pool::abandon);
    assertThatThrownBy(() -> abandoned.get(300, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    go.countDown();
    abandoned.get(SOON_SECONDS, TimeUnit.SECONDS);
    write.get(SOON_SECONDS, TimeUnit.SECONDS);
    assertThatThrownBy(() -> volume.write(0, data(4096, 2), false))
        .isInstanceOf(StoreException.Io.class);
    assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
    var next = VolumePool.open(hooked, SETTINGS, 2);
    assertThat(next.isSuspect()).isFalse();
    try (var again = next.open(ID)) {
      assertThat(read(again, 0, 8192)).isEqualTo(data(8192, 1).array());
    }
    next.abandon();
  }

  /** A pool that cannot make a checkpoint is opened again and again. */
  @Test
  void shouldOpenASuspectPoolAnyNumberOfTimes() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, MIB);
    try (var volume = pool.open(ID)) {
      volume.write(0, data(4096, 1), true);
      volume.write(0, data(4096, 2), false);
      disk.syncFails = true;
      assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
      disk.syncFails = false;
    }
    pool.abandon();
    for (int i = 0; i < 3 * Superblock.ENDS_MAX; i++) {
      var again = VolumePool.open(disk, SETTINGS, 2);
      assertThat(again.isSuspect()).isTrue();
      try (var volume = again.open(ID)) {
        assertThat(read(volume, 0, 4096)).isEqualTo(data(4096, 2).array());
      }
      again.abandon();
    }
  }

  /** Until there is room for a checkpoint the pool may refuse, but it is not lost. */
  @Test
  void shouldOpenAFullPoolAgainWhenThereIsRoom() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, 8 * MIB);
    pool.abandon();
    byte[] content = new byte[0];
    long was = disk.capacityBytes;
    for (int i = 0; i < 3 * Superblock.ENDS_MAX; i++) {
      try {
        pool = VolumePool.open(disk, SETTINGS, 2);
        try (var volume = pool.open(ID)) {
          volume.write(0, data(4096, i), false);
          content = data(4096, i).array();
          disk.capacityBytes = was - disk.freeBytes() + 100;
          assertThatThrownBy(pool::checkpoint).isInstanceOf(StoreException.class);
          if (i < Superblock.ENDS_MAX - 2) {
            disk.capacityBytes = was;
          }
        }
        pool.abandon();
      } catch (StoreException.Full e) {
        assertThat(i).isGreaterThanOrEqualTo(Superblock.ENDS_MAX - 2);
      }
    }
    disk.capacityBytes = was;
    pool = VolumePool.open(disk, SETTINGS, 2);
    try (var volume = pool.open(ID)) {
      assertThat(read(volume, 0, 4096)).isEqualTo(content);
    }
    pool.abandon();
  }

  /** Blocks the log's leader in its next write to a segment, and says what comes later. */
  private final class Leader {
    final CountDownLatch writing = new CountDownLatch(1);
    final CountDownLatch go = new CountDownLatch(1);
    final AtomicInteger writes = new AtomicInteger();
    volatile Runnable afterwards = () -> {};

    void block() {
      hooked.hook =
          (call, name) -> {
            if (call != Call.WRITE || Names.segmentSerial(name).isEmpty()) {
              return;
            }
            if (writes.getAndIncrement() == 0) {
              writing.countDown();
              hold(go);
            } else {
              afterwards.run();
            }
          };
    }
  }

  /** Runs the work in a thread and comes back once that thread waits for another. */
  private CompletableFuture<Void> besideUntilItWaits(Runnable work) {
    var done = new CompletableFuture<Void>();
    var thread =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                work.run();
                done.complete(null);
              } catch (Throwable e) {
                done.completeExceptionally(e);
              }
            });
    await().until(() -> thread.getState() == Thread.State.WAITING);
    return done;
  }

  /** Writers that wait for room in a batch, which nobody will write any more. */
  @Test
  void shouldTellAllWhoWaitThatThePoolIsSuspect() {
    var pool = VolumePool.create(hooked, SETTINGS, 1);
    pool.create(ID, 16 * MIB);
    var volume = pool.open(ID);
    volume.write(0, data(4096, 1), false);
    var leader = new Leader();
    leader.block();
    var writes = new ArrayList<CompletableFuture<Void>>();
    writes.add(beside(() -> volume.write(0, data(4096, 2), false)));
    hold(leader.writing);
    for (int i = 1; i <= 3; i++) {
      long at = i * 2L * MIB;
      writes.add(besideUntilItWaits(() -> volume.write(at, data(3 * MIB / 2, at), false)));
    }
    disk.syncFails = true;
    assertThatThrownBy(pool::flush).isInstanceOf(StoreException.Io.class);
    leader.go.countDown();
    await().atMost(SOON_SECONDS, TimeUnit.SECONDS).until(() -> allDone(writes));
    pool.abandon();
  }

  private static boolean allDone(List<CompletableFuture<Void>> futures) {
    return futures.stream().allMatch(CompletableFuture::isDone);
  }

  /** An error that is no exception, as a lack of memory, in the thread that writes for others. */
  @Test
  void shouldNotAcknowledgeWhatItsLeaderCouldNotWrite() {
    var pool = VolumePool.create(hooked, SETTINGS, 1);
    pool.create(ID, MIB);
    var volume = pool.open(ID);
    // With zeros behind it, so that what follows is one write.
    volume.write(0, data(4096, 0), false);
    var leader = new Leader();
    leader.afterwards =
        () -> {
          throw new OutOfMemoryError("as a test wants it");
        };
    leader.block();
    var first = beside(() -> volume.write(0, data(4096, 1), false));
    hold(leader.writing);
    var writes = new ArrayList<CompletableFuture<Void>>();
    for (int i = 1; i <= 3; i++) {
      long at = i * 4096L;
      writes.add(besideUntilItWaits(() -> volume.write(at, data(4096, at), false)));
    }
    leader.go.countDown();
    await().atMost(SOON_SECONDS, TimeUnit.SECONDS).until(() -> allDone(writes));
    assertThat(first).succeedsWithin(1, TimeUnit.SECONDS);
    assertThat(writes).allMatch(CompletableFuture::isCompletedExceptionally);
    pool.abandon();
  }

  /** The kernel tells of a failed writeback once: here to the thread that seals a segment. */
  @Test
  void shouldNotFlushWhatAnotherThreadWasToldIsLost() throws Exception {
    var pool = VolumePool.create(hooked, SETTINGS.withBackground(true), 1);
    pool.create(ID, 8 * MIB);
    var volume = pool.open(ID);
    var sealing = new CountDownLatch(1);
    var flushed = new CountDownLatch(1);
    hooked.hook =
        (call, name) -> {
          if (call == Call.SYNC
              && Names.segmentSerial(name).isPresent()
              && Thread.currentThread().getName().equals("bascule-v2-seal")
              && sealing.getCount() > 0
              && disk.length(name) > SegmentHeader.BYTES) {
            sealing.countDown();
            try {
              boolean _ = flushed.await(300, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            throw new StoreException.Io("cannot sync " + name, new IOException("I/O error"));
          }
        };
    for (int i = 0; i < 10; i++) {
      volume.write(i * 128L * 1024, data(128 * 1024, i), false);
    }
    hold(sealing);
    try {
      assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
    } finally {
      flushed.countDown();
      pool.abandon();
    }
  }

  /** Others took the space the pool counted on: that is told, not tried again without a breath. */
  @Test
  void shouldRefuseWritesSoonWhileTheDiskHasNoRoom() {
    var pool = VolumePool.create(hooked, SETTINGS.withBackground(true), 1);
    pool.create(ID, 8 * MIB);
    try (var volume = pool.open(ID)) {
      volume.write(0, data(4096, 1), false);
      var tries = new AtomicInteger();
      hooked.hook =
          (call, name) -> {
            if (call == Call.WRITE && Names.segmentSerial(name).isPresent()) {
              tries.incrementAndGet();
              throw new StoreException.Full("no room", new IOException("not for hosts"));
            }
          };
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> volume.write(0, data(4096, 2), false))
            .isInstanceOf(StoreException.Full.class);
      }
      assertThat(tries.get()).isLessThan(30);
      assertThat(read(volume, 0, 4096)).isEqualTo(data(4096, 1).array());

      hooked.hook = (_, _) -> {};
      volume.write(0, data(4096, 3), false);
      assertThat(read(volume, 0, 4096)).isEqualTo(data(4096, 3).array());
    }
    assertThat(pool.isSuspect()).isFalse();
    pool.close();
  }

  /** What makes room in the end may use the reserve, whatever else asks at the same moment. */
  @Test
  void shouldTrimOnAFullPoolBesideAWriteThatFindsNoRoom() {
    var pool = VolumePool.create(disk, SETTINGS.withCapacityBytes(8 * MIB), 1);
    pool.create(ID, 64 * MIB);
    var volume = pool.open(ID);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 64; i++) {
                volume.write(i * 512L * 1024, data(512 * 1024, i), false);
              }
            })
        .isInstanceOf(StoreException.Full.class);
    var leading = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var leader =
        beside(() ->
            pool.log()
                .exclusively(() -> {
                  leading.countDown();
                  hold(go);
                }));
    hold(leading);
    var write = besideUntilItWaits(() -> volume.write(32 * MIB, data(MIB / 4, 1), false));
    var trim = besideUntilItWaits(() -> volume.trim(0, MIB));
    go.countDown();
    assertThat(leader).succeedsWithin(SOON_SECONDS, TimeUnit.SECONDS);
    assertThat(write)
        .failsWithin(SOON_SECONDS, TimeUnit.SECONDS)
        .withThrowableThat()
        .withCauseInstanceOf(StoreException.Full.class);
    assertThat(trim).succeedsWithin(SOON_SECONDS, TimeUnit.SECONDS);
    assertThat(read(volume, 0, MIB)).containsOnly(0);
    assertThat(read(volume, MIB, MIB / 2)).isEqualTo(data(MIB / 2, 2).array());
    pool.abandon();
    var again = VolumePool.open(disk, SETTINGS, 2);
    try (var reread = again.open(ID)) {
      assertThat(read(reread, 0, MIB)).containsOnly(0);
    }
    again.abandon();
  }

  private static void checkpointOf(VolumePool pool, Superblock before) {
    await()
        .atMost(SOON_SECONDS, TimeUnit.SECONDS)
        .until(() -> pool.checkpointer().superblock().checkpoint() > before.checkpoint());
  }

  /** What a takeover replays is bounded by records as well: many small writes are few bytes. */
  @Test
  void shouldMakeACheckpointAfterSoManyRecords() {
    var settings = SETTINGS.withBackground(true).withCheckpointRecords(1000);
    var pool = VolumePool.create(disk, settings, 1);
    pool.create(ID, 8 * MIB);
    var before = pool.checkpointer().superblock();
    try (var volume = pool.open(ID)) {
      for (int i = 0; i < 1000; i++) {
        volume.trim(i % 100 * 4096L, 4096);
      }
      checkpointOf(pool, before);
    }
    pool.close();
  }

  /** What one process replayed the next must not replay again, however little hosts write. */
  @Test
  void shouldCountWhatItReplayedForItsNextCheckpoint() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, 8 * MIB);
    try (var volume = pool.open(ID)) {
      for (int i = 0; i < 1000; i++) {
        volume.trim(i % 100 * 4096L, 4096);
      }
    }
    pool.abandon();
    var next = VolumePool.open(disk, SETTINGS, 2);
    assertThat(next.checkpointer().logRecords()).isEqualTo(1001);
    assertThat(next.checkpointer().logBytes()).isEqualTo(1001 * 512);
    next.checkpoint();
    assertThat(next.checkpointer().logRecords()).isZero();
    next.abandon();

    var settings = SETTINGS.withBackground(true).withCheckpointRecords(500);
    var full = VolumePool.open(disk, settings, 3);
    var before = full.checkpointer().superblock();
    try (var volume = full.open(ID)) {
      for (int i = 0; i < 300; i++) {
        volume.trim(i % 100 * 4096L, 4096);
      }
    }
    full.abandon();
    var more = VolumePool.open(disk, settings, 4);
    try (var volume = more.open(ID)) {
      for (int i = 0; i < 300; i++) {
        volume.trim(i % 100 * 4096L, 4096);
      }
      checkpointOf(more, before);
    }
    more.close();
  }

  /** As it is done beside others: nothing stays. */
  @Test
  void shouldLeaveNothingOfAWarmUp() {
    PoolWarmUp.run(disk);
    assertThat(disk.list()).isEmpty();
  }

  /** What a checkpoint that failed has written is not in the way of the next. */
  @Test
  void shouldLeaveNothingOfACheckpointThatFailed() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, 64 * MIB);
    try (var volume = pool.open(ID)) {
      for (int i = 0; i < 1000; i++) {
        volume.write(i * 40960L, data(4096, i), false);
      }
      long was = disk.capacityBytes;
      disk.capacityBytes = was - disk.freeBytes() + 10_000;
      long free = disk.freeBytes();
      var files = disk.list();
      for (int i = 0; i < 5; i++) {
        assertThatThrownBy(pool::checkpoint).isInstanceOf(StoreException.Full.class);
        assertThat(disk.list()).isEqualTo(files);
        assertThat(disk.freeBytes()).isEqualTo(free);
      }
      disk.capacityBytes = was;
      pool.checkpoint();
      pool.checkpoint();
      assertThat(PoolChecker.check(disk.copy(), PoolSettings.NO_BOOT).findings()).isEmpty();
      pool.abandon();
    }
    var again = VolumePool.open(disk, SETTINGS, 2);
    try (var volume = again.open(ID)) {
      for (int i = 0; i < 1000; i++) {
        assertThat(Arrays.equals(read(volume, i * 40960L, 4096), data(4096, i).array())).isTrue();
      }
    }
    again.abandon();
  }

  /** What a crash adds to segments of the checkpoint takes space, too. */
  @Test
  void shouldKnowItsSizeAfterACrash() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, 8 * MIB);
    try (var volume = pool.open(ID)) {
      volume.write(0, data(8192, 1), true);
      pool.checkpoint();
      volume.write(MIB, data(3 * MIB / 2, 2), true);
    }
    pool.abandon();
    var again = VolumePool.open(disk, SETTINGS, 2);
    long bytes =
        disk.list().stream()
            .filter(name -> Names.segmentSerial(name).isPresent())
            .mapToLong(disk::length)
            .sum();
    assertThat(again.space().usedBytes()).isEqualTo(bytes);
    again.abandon();
  }

  private static final int LEAF_BYTES = Leaves.BLOCKS * UnitCodec.BLOCK_BYTES;
  private static final int LEAVES = 32;
  private static final int RUNS = 100;

  private List<String> checkpoints() {
    return disk.list().stream().filter(n -> Names.checkpointNumber(n).isPresent()).toList();
  }

  /** A pool, left, whose next checkpoint empties the file of an earlier one. */
  private void fillCheckpoints() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, (long) LEAVES * LEAF_BYTES);
    try (var volume = pool.open(ID)) {
      for (int run = 0; run < RUNS; run++) {
        for (long leaf = 0; leaf < LEAVES; leaf++) {
          long at = leaf * LEAF_BYTES + run * 8192L;
          volume.write(at, data(4096, at), false);
        }
      }
      pool.checkpoint();
      for (int i = 1; !pool.checkpointer().isEmptyingDue(); i++) {
        for (long leaf = (i - 1) % LEAVES; leaf < LEAVES; leaf++) {
          volume.write(leaf * LEAF_BYTES, data(4096, leaf * LEAF_BYTES), false);
        }
        pool.checkpoint();
        assertThat(i).as("they pile up").isLessThan(100);
      }
    }
    pool.abandon();
  }

  private List<Long> wrong(Volume volume) {
    var wrong = new ArrayList<Long>();
    for (long leaf = 0; leaf < LEAVES; leaf++) {
      for (int run = 0; run < RUNS; run++) {
        long at = leaf * LEAF_BYTES + run * 8192L;
        try {
          if (!Arrays.equals(read(volume, at, 4096), data(4096, at).array())) {
            wrong.add(at);
          }
        } catch (StoreException e) {
          wrong.add(at);
        }
      }
    }
    return wrong;
  }

  /** What a page says is read while the page moves to another file. */
  @Test
  void shouldReadWhileACheckpointEmptiesTheFileOfAnother() {
    fillCheckpoints();
    var pool = VolumePool.open(hooked, SETTINGS, 2);
    var before = checkpoints();
    var volume = pool.open(ID);
    var wrong = new ArrayList<Long>();
    hooked.hook =
        (call, name) -> {
          if (call == Call.WRITE
              && Names.checkpointNumber(name).isPresent()
              && disk.length(name) >= Page.FILE_BYTES) {
            hooked.hook = (_, _) -> {};
            beside(() -> wrong.addAll(wrong(volume))).join();
          }
        };
    pool.checkpoint();
    assertThat(checkpoints()).doesNotContainSequence(before);
    assertThat(wrong).isEmpty();
    assertThat(wrong(volume)).isEmpty();
    pool.abandon();
  }

  /** What is known in memory is not asked of a disk that has forgotten it. */
  @Test
  void shouldEmptyAFileOfACheckpointInWhichANodeIsDamaged() {
    fillCheckpoints();
    var pool = VolumePool.open(disk, SETTINGS, 2);
    var entry = Check.found(pool.index().find(ID), "the volume");
    var node = Check.found(entry.tree.nodes[0], "its only node");
    String name = Names.checkpoint(node.file);
    disk.flip(name, (int) node.offset + 30, 2);
    pool.checkpoint();
    assertThat(disk.exists(name)).as("it was the one to be emptied").isFalse();
    pool.abandon();
    assertThat(PoolChecker.check(disk.copy(), PoolSettings.NO_BOOT).findings()).isEmpty();
  }
}

package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.store.v2.HookedDirectory.Call;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What keeps a pool in order goes on beside what is wrong in one place, and stops when it is left.
 */
@ExtendWith(Quiet.class)
class KeeperTest {
  private static final int MIB = 1 << 20;
  private static final UUID ID = new UUID(1, 1);
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final int BLOCKS = 12 * MIB / UnitCodec.BLOCK_BYTES;
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT
          .withSegmentBytes(MIB)
          .withBackground(false)
          .withCompress(false)
          .withCheckpointRecords(1)
          .withScrubBytesPerSecond(0);

  /** More than a quarter of what the segments take: with so much cleaning goes on. */
  private static final long DUE_BYTES = 5L * MIB;

  private final DiskDouble disk = new DiskDouble();
  private final HookedDirectory hooked = new HookedDirectory(disk);
  private VolumePool pool;
  private Volume volume;

  /** Half of each segment is garbage. */
  @BeforeEach
  void fill() {
    pool = VolumePool.create(hooked, SETTINGS, 1);
    pool.create(ID, 64 * MIB);
    volume = pool.open(ID);
    for (int block = 0; block < BLOCKS; block++) {
      write(block, 1);
    }
    for (int block = 0; block < BLOCKS; block += 2) {
      write(block, 2);
    }
    pool.checkpoint();
  }

  private void write(int block, int version) {
    volume.write((long) block * UnitCodec.BLOCK_BYTES, data(block, version), false);
  }

  private static ByteBuffer data(int block, int version) {
    byte[] data = new byte[UnitCodec.BLOCK_BYTES];
    new Random((long) block << 8 | version).nextBytes(data);
    return ByteBuffer.wrap(data);
  }

  private String firstSegment() {
    return disk.list().stream()
        .filter(name -> Names.segmentSerial(name).isPresent())
        .findFirst()
        .orElseThrow();
  }

  /** Half of what it holds is in use. */
  private String breakOne() {
    String bad = firstSegment();
    hooked.hook =
        (call, name) -> {
          if (call == Call.READ && name.equals(bad)) {
            throw new StoreException.Io(name, new IOException("Input/output error"));
          }
        };
    return bad;
  }

  @Test
  void shouldCleanTheOthersAndMakeCheckpoints() {
    var keeper = new Keeper(pool);
    String bad = breakOne();
    assertThat(pool.space().garbageBytes()).isGreaterThan(DUE_BYTES);
    for (int turn = 0; turn < 20; turn++) {
      write(1, turn);
      keeper.turn();
      assertThat(pool.checkpointer().logRecords()).as("behind the checkpoint").isZero();
    }
    assertThat(pool.space().garbageBytes()).isLessThan(DUE_BYTES);
    assertThat(disk.exists(bad)).as("it holds what may be readable again").isTrue();
    hooked.hook = (_, _) -> {};
    for (int block = 2; block < BLOCKS; block++) {
      var read = ByteBuffer.allocate(UnitCodec.BLOCK_BYTES);
      volume.read((long) block * UnitCodec.BLOCK_BYTES, read);
      assertThat(read.flip()).isEqualTo(data(block, block % 2 == 0 ? 2 : 1));
    }
    pool.abandon();
  }

  /** What a host meets is known at once, and no longer once it was written anew. */
  @Test
  void shouldKnowWhatAReadMeetsUntilItIsWrittenAnew() {
    assertThat(pool.scrub().findings()).isEmpty();
    for (var segment : pool.segments().list()) {
      for (int at = 8192; at < disk.length(segment.name); at += 4096) {
        disk.flip(segment.name, at, 3);
      }
    }
    var block = ByteBuffer.allocate(UnitCodec.BLOCK_BYTES);
    long offset = 7L * UnitCodec.BLOCK_BYTES;
    assertThatThrownBy(() -> volume.read(offset, block)).isInstanceOf(StoreException.Corrupt.class);
    assertThat(pool.scrubReport().findings())
        .singleElement()
        .satisfies(met -> {
          assertThat(met.volume()).contains(ID);
          assertThat(met.what()).isEqualTo("block 7 does not fit its checksum");
        });
    for (int again = 0; again < BLOCKS; again++) {
      write(again, 3);
    }
    assertThat(pool.scrub().findings()).isEmpty();
    pool.abandon();
  }

  @Test
  void shouldScrubTheOthers() {
    String bad = breakOne();
    var report = pool.scrub();
    assertThat(report.findings()).isNotEmpty().allMatch(f -> f.file().equals(bad));
    long seen = report.blocksVerified();
    hooked.hook = (_, _) -> {};
    assertThat(pool.scrub().blocksVerified() - seen).isGreaterThan(BLOCKS);
    pool.abandon();
  }

  @Test
  void shouldScrubAndCleanTheOthersWhenAFileIsGone() {
    pool.abandon();
    pool = VolumePool.open(hooked, SETTINGS, 2);
    String bad = firstSegment();
    disk.delete(bad);
    assertThat(pool.scrub().findings()).isNotEmpty().allMatch(f -> f.file().equals(bad));
    assertThat(pool.space().garbageBytes()).isGreaterThan(DUE_BYTES);
    var keeper = new Keeper(pool);
    for (int turn = 0; turn < 20; turn++) {
      keeper.turn();
    }
    assertThat(pool.space().garbageBytes()).isLessThan(DUE_BYTES);
    pool.abandon();
  }

  /** Checkpoints are what gives segments back that hold nothing any more. */
  @Test
  void shouldMakeACheckpointThoughCleaningFindsNoRoom() {
    var keeper = new Keeper(pool);
    write(1, 3);
    hooked.hook =
        (call, name) -> {
          if (call == Call.WRITE && Names.segmentSerial(name).isPresent()) {
            throw new StoreException.Full("no room", new IOException("not for cleaning"));
          }
        };
    keeper.turn();
    assertThat(pool.checkpointer().logRecords()).as("behind the checkpoint").isZero();
    hooked.hook = (_, _) -> {};
    pool.abandon();
  }

  /** Hosts wait for it in a handover: what was deleted may be large. */
  @Test
  void shouldNotGiveAllSpaceBackBeforeItIsLeft() {
    var other = new UUID(1, 2);
    int leaves = 2_000;
    long leafBytes = (long) Leaves.BLOCKS * UnitCodec.BLOCK_BYTES;
    pool.create(other, leaves * leafBytes);
    try (var large = pool.open(other)) {
      for (int leaf = 0; leaf < leaves; leaf++) {
        large.write(leaf * leafBytes, data(leaf, 1), false);
      }
    }
    pool.checkpoint();
    pool.abandon();
    pool = VolumePool.open(hooked, SETTINGS.withBackground(true), 2);
    var left = new CompletableFuture<CompletableFuture<Void>>();
    var read = new AtomicInteger();
    hooked.hook =
        (call, name) -> {
          if (call == Call.READ
              && Names.checkpointNumber(name).isPresent()
              && read.incrementAndGet() == 1) {
            left.complete(besideUntilItWaits(pool::abandon));
          }
        };
    pool.delete(other);
    assertThat(left).succeedsWithin(SOON);
    assertThat(left.join()).succeedsWithin(SOON);
    assertThat(read.get()).isLessThan(leaves / 2);
    hooked.hook = (_, _) -> {};
    pool = VolumePool.open(hooked, SETTINGS, 3);
    pool.checkpoint();
    assertThat(pool.reap()).isFalse();
    pool.abandon();
    assertThat(PoolChecker.check(disk.copy(), PoolSettings.NO_BOOT).findings()).isEmpty();
  }

  private static CompletableFuture<Void> besideUntilItWaits(Runnable work) {
    var done = new CompletableFuture<Void>();
    var thread =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              work.run();
              done.complete(null);
            });
    await().until(() -> thread.getState() == Thread.State.WAITING);
    return done;
  }
}

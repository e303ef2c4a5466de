package io.bascule.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class WritebackTest {
  private static final long START = 1_000;
  private static final long LIMIT = 4_000;

  @TempDir Path folder;
  private final AtomicLong dirty = new AtomicLong(Long.MAX_VALUE);
  private final Writeback writeback = new Writeback(dirty::get, START, LIMIT, Writeback.UNIT_BYTES);

  /** A disk that writes a byte for each permit. */
  private static final class Disk implements Writeback.Source {
    final AtomicLong written = new AtomicLong();
    final AtomicLong reached = new AtomicLong();
    final Semaphore permits = new Semaphore(0);

    @Override
    public long begin() {
      return written.getAndSet(0);
    }

    @Override
    public void writeOut(long bytes, Writeback.Progress progress) {
      for (long left = bytes; left > 0; left -= 500) {
        int piece = (int) Math.min(500, left);
        permits.acquireUninterruptibly(piece);
        reached.addAndGet(piece);
        progress.done(piece);
      }
    }

    void write(Writeback writeback, long bytes) {
      writeback.wrote(this, bytes, written.getAndAdd(bytes) == 0);
    }
  }

  private static long millis(Runnable work) {
    long began = System.nanoTime();
    work.run();
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
  }

  @Test
  void shouldLeaveALittleToTheKernel() {
    var disk = new Disk();
    disk.write(writeback, START - 1);
    assertThat(writeback.outstandingBytes()).isEqualTo(START - 1);
    disk.permits.release(1_000_000);
    assertThat(disk.reached).hasValue(0);
  }

  @Test
  void shouldBeginToWriteOutBeforeAnybodyWaits() {
    var disk = new Disk();
    assertThat(millis(() -> disk.write(writeback, LIMIT - 1))).isLessThan(Writeback.WAIT_MILLIS);
    disk.permits.release(10_000);
    await().until(() -> disk.reached.get() == LIMIT - 1);
    await().until(() -> writeback.outstandingBytes() == 0);
  }

  @Test
  void shouldLetAWriterWaitUntilThereIsLessButNotForEver() {
    var disk = new Disk();
    long waited = millis(() -> disk.write(writeback, 2 * LIMIT));
    assertThat(waited).as("the disk stands still").isGreaterThanOrEqualTo(Writeback.WAIT_MILLIS);
    Thread.ofVirtual().start(() -> disk.permits.release((int) LIMIT + 1_000));
    disk.write(writeback, 1);
    assertThat(writeback.outstandingBytes()).isGreaterThan(0);
    disk.permits.release(1_000_000);
    await().until(() -> writeback.outstandingBytes() < START);
    assertThat(millis(() -> disk.write(writeback, 1))).isLessThan(Writeback.WAIT_MILLIS);
  }

  @Test
  void shouldNotMindWhoWritesTheSamePagesAgainAndAgain() {
    dirty.set(START - 1);
    var disk = new Disk();
    for (int i = 0; i < 100; i++) {
      assertThat(millis(() -> disk.write(writeback, LIMIT))).isLessThan(Writeback.WAIT_MILLIS);
    }
    await().until(() -> writeback.outstandingBytes() < START);
    assertThat(disk.reached).hasValue(0);
  }

  @Test
  void shouldKnowHowMuchIsDirtyHere() {
    assertThat(Writeback.dirtyOfMachine()).isBetween(0L, 1L << 50);
  }

  @Test
  void shouldWriteOutRealFilesAndCloseThemMeanwhile() throws Exception {
    var real = new Writeback(() -> Long.MAX_VALUE, 1 << 20, 4 << 20, 1 << 20);
    var directory = LocalDirectory.open(folder, FreeSpace.ALL, real);
    byte[] piece = new byte[1 << 20];
    new Random(1).nextBytes(piece);
    for (int round = 0; round < 3; round++) {
      String name = "f" + round;
      try (var file = directory.create(name)) {
        file.setLength(1L << 30);
        for (int i = 0; i < 32; i++) {
          file.write((i * 37L % 1_000) << 20, ByteBuffer.wrap(piece));
        }
        if (round == 1) {
          file.sync();
        }
      }
      assertThat(Files.size(folder.resolve(name))).isEqualTo(1L << 30);
      await().until(() -> real.outstandingBytes() == 0);
    }
    try (var file = directory.open("f0")) {
      var read = ByteBuffer.allocate(piece.length);
      file.read(31L * 37 % 1_000 << 20, read);
      assertThat(read.array()).isEqualTo(piece);
    }
  }

  @Test
  void shouldNameEachUnitOfAFileThatWasWritten() {
    var units = new DirtyUnits(1 << 20);
    long unit = units.unitBytes();
    units.add(0, 512);
    units.add(3 * unit - 512, 1024);
    units.add(units.periodBytes() + 7 * unit, 1);
    int[] taken = units.takeAll();
    assertThat(units.offsets(taken, 8 * unit)).containsExactly(0, 2 * unit, 3 * unit, 7 * unit);
    assertThat(units.offsets(taken, 2 * unit)).containsExactly(0);
    assertThat(units.offsets(taken, units.periodBytes() + 3 * unit))
        .containsExactly(
            0, 2 * unit, 3 * unit, 7 * unit, units.periodBytes(), units.periodBytes() + 2 * unit);
    assertThat(units.offsets(units.takeAll(), 8 * unit)).isEmpty();
  }
}

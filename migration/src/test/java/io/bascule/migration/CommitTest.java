package io.bascule.migration;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.Phase;
import io.bascule.core.migration.State;
import io.bascule.core.volume.StoreException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The commit, and what keeps it waiting; the space and its end. */
class CommitTest {
  private static boolean isWorking(Rig rig) {
    return rig.migration.status().state() instanceof State.Working;
  }

  @Test
  void shouldLetHostsGoOnWhileTheSyncIsTooSlow() {
    try (var rig = new Rig(1).filled(1)) {
      rig.reach(Phase.CONFIRM);
      var slow = new AtomicInteger();
      rig.faults.before =
          call -> {
            // Slower than writes may be held, but no stall.
            if (call.equals("sync")) {
              slow.incrementAndGet();
              LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(400));
            }
          };
      try (var hosts = new Hosts(rig, 3, 1, e -> false)) {
        rig.migration.commit();
        Rig.until(() -> slow.get() >= 4, "it tries again");
        hosts.check();
        assertThat(rig.row.isCommitted()).isFalse();
        rig.faults.before = call -> {};
        Rig.until(() -> rig.migration.status().state() instanceof State.Committed, "the commit");
      }
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** The object hosts had from the beginning is the volume of format 2 from then on. */
  @Test
  void shouldBeTheVolumeOfFormatTwoAfterTheCommit() {
    try (var rig = new Rig(2, true).filled(7)) {
      rig.reach(Phase.CONFIRM);
      rig.commit();
      Rig.until(() -> rig.freed, "format 1 is freed");
      var volume = rig.volumes.getFirst();
      rig.oracles.getFirst().change(volume, 7, 0, 64, true);
      volume.flush();
      assertThat(volume.sizeBytes()).isEqualTo((long) Rig.BLOCKS * Oracle.BLOCK);
      assertThat(volume.allocatedBytes()).isPositive();
      assertThat(volume.extents(0, volume.sizeBytes())).isNotEmpty();
      volume.close();
      var other = rig.volumes.getLast();
      rig.oracles.getLast().verify(other);
      rig.verifyFormatTwoAlone();
    }
  }

  /** It would be lost with the process, and format 1 be free by then. */
  @Test
  void shouldNotCommitWhatIsInAFileThatWasRemoved() {
    try (var rig = new Rig(1).filled(5)) {
      rig.reach(Phase.CONFIRM);
      rig.faults.before = FakeFormatTwo.Faults.fails("checkFiles");
      rig.migration.commit();
      Rig.until(() -> rig.migration.status().state() instanceof State.Lost, "format 2 is lost");
      assertThat(rig.row.isCommitted()).isFalse();
      rig.verifyServed();
      rig.verifyFormatOneAlone();
    }
  }

  /** Whoever waits for the record's answer holds hosts; if there is none the process ends. */
  @Test
  void shouldStopWhenNobodyKnowsTheAnswer() {
    try (var rig = new Rig(1).filled(2)) {
      rig.reach(Phase.CONFIRM);
      rig.row.answer = () -> Optional.of(Decision.UNKNOWN);
      rig.migration.commit();
      Rig.until(() -> !rig.stopped.isEmpty(), "the process ends");
      assertThat(rig.migration.status().state()).isInstanceOf(State.Stopped.class);
      rig.verifyServed();
      rig.verifyFormatOneAlone(); // both hold everything, whatever the record says
      rig.verifyFormatTwoAlone();
    }
  }

  @Test
  void shouldGoOnWhenTheRecordRefuses() {
    try (var rig = new Rig(1).filled(3)) {
      rig.reach(Phase.CONFIRM);
      var asked = new AtomicInteger();
      rig.row.answer =
          () -> asked.incrementAndGet() < 3 ? Optional.of(Decision.REFUSED) : Optional.empty();
      try (var hosts = new Hosts(rig, 3, 3, e -> false)) {
        rig.commit();
      }
      assertThat(asked).hasValue(3);
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Damage that is met during the sync is mended, and the commit begins again beside that sync. */
  @Test
  void shouldBeginTheCommitAgainWhileTheSpoiledOneStillSyncs() {
    try (var rig = new Rig(1).filled(13)) {
      rig.reach(Phase.CONFIRM);
      var met = new AtomicBoolean();
      var syncs = new AtomicInteger();
      var syncing = new CountDownLatch(1);
      var synced = new CountDownLatch(1);
      rig.faults.before =
          call -> {
            if (call.equals("sync") && syncs.incrementAndGet() == 1) {
              syncing.countDown();
              await(synced);
            }
            boolean reads = call.equals("tryRead") || call.equals("read");
            if (reads && syncs.get() == 1 && !met.get()) {
              met.set(call.equals("read"));
              throw new StoreException.Corrupt("checksum");
            }
          };
      rig.tryCommit();
      await(syncing);
      rig.volumes.getFirst().read(0, java.nio.ByteBuffer.allocate(512));
      Rig.until(() -> !rig.alarms.isEmpty(), "the damage is told");
      Rig.until(
          () -> rig.migration.status().state() instanceof State.Committing, "it begins again");
      synced.countDown();
      Rig.until(() -> rig.migration.status().state() instanceof State.Committed, "the commit");
      assertThat(rig.row.isInvalid()).isFalse();
      assertThat(rig.stopped).isEmpty();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** It gets its data from format 1, which is freed only then; the controller serves on. */
  @Test
  void shouldServeOnWhenAReadFromBeforeTheCommitMeetsDamageAfterIt() throws InterruptedException {
    try (var rig = new Rig(1).filled(14)) {
      rig.restart(Optional.empty(), 60_000);
      rig.reach(Phase.CONFIRM);
      var met = new AtomicBoolean();
      var reading = new CountDownLatch(1);
      var committed = new CountDownLatch(1);
      rig.faults.before =
          call -> {
            if (call.equals("tryRead") && !met.get()) {
              throw new StoreException.Corrupt("checksum");
            }
            if (call.equals("read") && met.compareAndSet(false, true)) {
              reading.countDown();
              await(committed);
              throw new StoreException.Corrupt("checksum");
            }
          };
      var host = Thread.ofPlatform().name("host").start(rig::verifyServed);
      await(reading);
      rig.commit();
      assertThat(rig.freed).isFalse();
      committed.countDown();
      host.join();
      Rig.until(() -> rig.freed, "format 1 is freed");
      Rig.until(
          () -> rig.migration.status().state() instanceof State.Committed(boolean freed) && freed,
          "that is heard");
      assertThat(rig.stopped).isEmpty();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** A failure of format 2 while the record is asked counts only if the answer is no. */
  @Test
  void shouldNotServeFromFormatOneOnceTheRecordMaySayCommitted() throws InterruptedException {
    try (var rig = new Rig(1).filled(4)) {
      rig.reach(Phase.CONFIRM);
      var asked = new CountDownLatch(1);
      var answer = new CountDownLatch(1);
      rig.row.answer =
          () -> {
            asked.countDown();
            try {
              answer.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return Optional.empty();
          };
      try (var hosts = new Hosts(rig, 3, 4, e -> false)) {
        rig.migration.commit();
        asked.await();
        rig.faults.before = FakeFormatTwo.Faults.fails("tryRead");
        rig.volumes.getFirst().tryRead(0, java.nio.ByteBuffer.allocate(512)); // from format 1
        assertThat(rig.migration.isLost()).isTrue();
        rig.faults.before = call -> {};
        long writes = rig.acknowledged();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        assertThat(rig.acknowledged() - writes).as("writes while held").isLessThanOrEqualTo(3);
        answer.countDown();
        Rig.until(() -> rig.migration.status().state() instanceof State.Committed, "the commit");
      }
      assertThat(rig.row.isInvalid()).isFalse();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** Its threads must not outlive the lease, whatever befell the guard around the commit. */
  @Test
  void shouldCloseFormatTwoAfterACommitInWhichItFailed() {
    try (var rig = new Rig(1).filled(4)) {
      rig.reach(Phase.CONFIRM);
      rig.row.answer =
          () -> {
            rig.faults.before = FakeFormatTwo.Faults.fails("tryRead");
            rig.volumes.getFirst().tryRead(0, java.nio.ByteBuffer.allocate(512));
            rig.faults.before = call -> {};
            return Optional.empty();
          };
      rig.commit();
      assertThat(rig.migration.isLost()).isTrue();
      rig.faults.closed = false;
      rig.migration.close();
      assertThat(rig.faults.closed).isTrue();
    }
  }

  @Test
  void shouldRestWhileSpaceIsLowAndGiveUpBeforeItEnds() {
    try (var rig = new Rig(1).filled(5)) {
      rig.two.freeBytes = 200L << 20;
      rig.migration.aim(Phase.PREPARE, false, Rig.QUICK);
      rig.awaitReached(Phase.PREPARE);
      rig.migration.aim(Phase.COPY, false, CancelTest.SLOW);
      Rig.until(() -> isWorking(rig) && rig.migration.status().note().isPresent(), "it rests");
      assertThat(rig.migration.status().note().orElseThrow()).contains("space");
      rig.two.freeBytes = 1L << 40;
      Rig.until(() -> rig.migration.status().note().isEmpty(), "it goes on");
      rig.two.freeBytes = 50L << 20;
      Rig.until(() -> rig.row.isInvalid(), "format 2 is given up");
      rig.verifyServed();
      rig.verifyFormatOneAlone();
    }
  }

  /** What cannot be opened cannot be copied, and would be gone with format 1. */
  @Test
  void shouldNotMigrateWithoutEveryVolume() {
    try (var rig = new Rig(1).filled(8)) {
      rig.volumesThatDoNotOpen = 1;
      rig.migration.aim(Phase.PREPARE, false, Rig.QUICK);
      Rig.until(() -> rig.row.isInvalid(), "Phase 1 fails");
      assertThat(requireNonNull(rig.row.loss.get()).detail())
          .contains("only 1 of 2 volumes are open");
      rig.verifyServed();
    }
    try (var rig = new Rig(1).filled(9)) {
      rig.reach(Phase.CONFIRM);
      rig.volumesThatDoNotOpen = 1; // it does not open any more after a takeover
      rig.restart(Optional.of(Phase.CONFIRM), 1000);
      Rig.until(() -> rig.row.isInvalid(), "format 2 is given up");
      rig.verifyServed();
      rig.verifyFormatOneAlone();
    }
  }

  @Test
  void shouldRestWhilePaused() {
    try (var rig = new Rig(1).filled(6)) {
      rig.reach(Phase.PREPARE);
      rig.migration.aim(Phase.COPY, true, Rig.QUICK);
      Rig.until(() -> isWorking(rig), "Phase 2 begins");
      try (var hosts = new Hosts(rig, 2, 6, e -> false)) {
        Rig.until(() -> rig.acknowledged() > 400, "hosts write");
        assertThat(rig.migration.status().reached()).contains(Phase.PREPARE);
        assertThat(rig.migration.status().eta()).isEmpty();
        rig.migration.aim(Phase.COPY, false, Rig.QUICK);
        rig.awaitReached(Phase.COPY);
      }
      rig.verifyServed();
    }
  }
}

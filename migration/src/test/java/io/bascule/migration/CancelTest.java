package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Phase;
import io.bascule.core.migration.State;
import io.bascule.core.upgrade.Upgrade.Priority;
import io.bascule.core.upgrade.Upgrade.Tuning;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A cancel in each phase, and against the commit, while hosts work. */
class CancelTest {
  static final Tuning SLOW = new Tuning(Priority.HOST_FIRST, Optional.of(8L << 20), 3600);

  @ParameterizedTest
  @EnumSource(Phase.class)
  void shouldLoseNothing(Phase phase) {
    try (var rig = new Rig(2).filled(phase.number())) {
      try (var hosts = new Hosts(rig, 4, phase.number(), e -> false)) {
        rig.enter(phase, SLOW);
        Rig.until(
            () ->
                rig.migration.status().state() instanceof State.Working w && w.phase() == phase
                    || phase == Phase.PREPARE,
            phase + " begins");
        rig.cancel();
        hosts.check();
        Rig.until(() -> rig.migration.status().state().equals(new State.Canceled(true)), "dropped");
      }
      assertThat(rig.two.list()).isEmpty();
      rig.verifyServed();
      rig.verifyFormatOneAlone();
    }
  }

  @Test
  void shouldMigrateAgainAfterACancel() {
    try (var rig = new Rig(1).filled(7)) {
      try (var hosts = new Hosts(rig, 3, 7, e -> false)) {
        rig.reach(Phase.COPY);
        rig.cancel();
        Rig.until(() -> rig.migration.status().state().equals(new State.Canceled(true)), "dropped");
        rig.row.begin();
        rig.reach(Phase.CONFIRM);
        rig.commit();
      }
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** On a disk that stands still: once the cancel is on record nobody needs the mark (I6). */
  @Test
  void shouldFreeAWriteThatWaitsForItsMark() throws InterruptedException {
    try (var rig = new Rig(1).filled(3)) {
      rig.reach(Phase.CONFIRM);
      rig.proveAll();
      var stuck = new CountDownLatch(1);
      var waits = new CountDownLatch(1);
      var standsStill = FakeFormatTwo.Faults.stalls("mark", stuck);
      rig.two.beforeWrite =
          () -> {
            if (Thread.currentThread().getName().startsWith("marks-")) {
              waits.countDown();
              standsStill.accept("mark");
            }
          };
      var write =
          CompletableFuture.runAsync(
              () -> rig.oracles.getFirst().change(rig.volumes.getFirst(), 7, 0, 8, false),
              work -> Thread.ofPlatform().start(work));
      assertThat(waits.await(60, TimeUnit.SECONDS)).isTrue();
      rig.cancel();
      try {
        // A second until the stall is noticed; half a minute if the record of a loss is waited for.
        assertThat(write).succeedsWithin(Duration.ofSeconds(20));
      } finally {
        stuck.countDown();
      }
      Rig.until(() -> rig.migration.status().state().equals(new State.Canceled(true)), "dropped");
      rig.verifyServed();
      rig.verifyFormatOneAlone();
    }
  }

  /** For real, with threads: in virtual time it is the machine's test. */
  @Test
  void shouldLetExactlyOneOfCancelAndCommitWin() throws InterruptedException {
    int rounds = Boolean.getBoolean("bascule.check.all") ? 60 : 4;
    var random = new Random(Long.getLong("bascule.check.seed", 11));
    for (int round = 0; round < rounds; round++) {
      try (var rig = new Rig(1).filled(round)) {
        try (var hosts = new Hosts(rig, 2, round, e -> false)) {
          rig.reach(Phase.CONFIRM);
          long pauseMicros = random.nextInt(120_000);
          var cancel =
              Thread.ofPlatform()
                  .start(() -> {
                    java.util.concurrent.locks.LockSupport.parkNanos(pauseMicros * 1000);
                    if (rig.row.cancel()) {
                      rig.migration.cancel();
                    }
                  });
          rig.tryCommit();
          cancel.join();
          Rig.until(
              () ->
                  rig.migration.status().state() instanceof State.Committed
                      || rig.migration.status().state() instanceof State.Canceled,
              "an end");
          hosts.check();
        }
        boolean committed = rig.migration.status().state() instanceof State.Committed;
        assertThat(committed).isEqualTo(rig.row.isCommitted()).isNotEqualTo(rig.row.isCanceled());
        rig.verifyServed();
        if (committed) {
          rig.verifyFormatTwoAlone();
        } else {
          rig.verifyFormatOneAlone();
        }
      }
    }
  }
}

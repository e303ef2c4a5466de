package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.Phase;
import io.bascule.core.migration.State;
import io.bascule.core.upgrade.Upgrade.Priority;
import io.bascule.core.upgrade.Upgrade.Tuning;
import io.bascule.core.volume.StoreException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever format 2 does, in whatever phase: no host meets an error before the commit (I6). */
class FaultTest {
  private static final Tuning LONG =
      new Tuning(Priority.FINISH_SOONER, Optional.of(8L << 20), 3600);

  static Stream<Arguments> everyFaultInEveryPhase() {
    var cases = new ArrayList<Arguments>();
    for (var phase : List.of(Phase.COPY, Phase.VERIFY, Phase.CONFIRM)) {
      for (String call : List.of("write", "trim", "sync")) {
        cases.add(Arguments.of(phase, call, "fails"));
      }
      cases.add(Arguments.of(phase, "write", "full"));
      cases.add(Arguments.of(phase, "write", "bug"));
      cases.add(Arguments.of(phase, "write", "stalls"));
      cases.add(Arguments.of(phase, "marks", "full"));
    }
    cases.add(Arguments.of(Phase.VERIFY, "extents", "fails"));
    cases.add(Arguments.of(Phase.VERIFY, "read", "fails"));
    cases.add(Arguments.of(Phase.VERIFY, "read", "stalls"));
    cases.add(Arguments.of(Phase.CONFIRM, "read", "fails"));
    cases.add(Arguments.of(Phase.CONFIRM, "read", "stalls"));
    cases.add(Arguments.of(Phase.CONFIRM, "tryRead", "fails"));
    for (String call : List.of("create", "createVolume", "openVolume")) {
      cases.add(Arguments.of(Phase.PREPARE, call, "fails"));
    }
    cases.add(Arguments.of(Phase.PREPARE, "marks", "full"));
    // Each takes about a second: a sample of them, another one with each seed.
    Collections.shuffle(cases, new Random(Long.getLong("bascule.check.seed", 3)));
    return cases.stream().limit(Boolean.getBoolean("bascule.check.all") ? cases.size() : 6);
  }

  @ParameterizedTest(name = "{0}: {1} {2}")
  @MethodSource("everyFaultInEveryPhase")
  void shouldNeverBeAnErrorAtAHost(Phase phase, String call, String how) {
    var until = new CountDownLatch(1);
    try (var rig = new Rig(1).filled(3)) {
      rig.restart(Optional.empty(), 500);
      try (var hosts = new Hosts(rig, 4, 3, e -> false)) {
        if (call.equals("extents")) {
          rig.reach(Phase.COPY);
          set(rig, call, how, until); // Phase 3 begins with this call
          rig.migration.aim(phase, false, LONG);
        } else if (phase != Phase.PREPARE) {
          rig.enter(phase, LONG);
          Rig.until(
              () -> rig.migration.status().state() instanceof State.Working w && w.phase() == phase,
              phase + " begins");
        }
        set(rig, call, how, until);
        if (call.equals("sync")) {
          rig.proveAll(); // it would come by itself in some seconds
        }
        if (phase == Phase.PREPARE) {
          rig.migration.aim(Phase.PREPARE, false, LONG);
        }
        Rig.until(() -> rig.row.isInvalid(), "the loss is on record");
        Rig.until(
            () -> rig.migration.status().state() instanceof State.Lost lost && lost.dropped(),
            "dropped");
        hosts.check();
        assertThat(TimeUnit.NANOSECONDS.toMillis(hosts.longestNanos)).isLessThan(20_000);
      } finally {
        until.countDown();
      }
      assertThat(rig.stopped).isEmpty();
      rig.verifyServed();
      rig.verifyFormatOneAlone();
    }
  }

  private static void set(Rig rig, String call, String how, CountDownLatch until) {
    if (call.equals("marks")) {
      rig.two.writesLeft = 0;
      return;
    }
    Consumer<String> fault =
        switch (how) {
          case "fails" -> FakeFormatTwo.Faults.fails(call);
          case "full" -> FakeFormatTwo.Faults.full(call);
          case "stalls" -> FakeFormatTwo.Faults.stalls(call, until);
          default ->
              name -> {
                if (name.equals(call)) {
                  io.bascule.core.Check.that(false, "a bug");
                }
              };
        };
    rig.faults.before = fault;
  }

  /** Between the loss and its record a crash must find marks for everything written meanwhile. */
  @Test
  void shouldLeaveMarksUntilTheLossIsOnRecord() {
    try (var rig = new Rig(1).filled(5)) {
      rig.reach(Phase.VERIFY);
      rig.proveAll();
      var never = new CountDownLatch(1);
      rig.row.beforeLoss =
          () -> {
            try {
              never.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          };
      rig.faults.before = FakeFormatTwo.Faults.fails("write");
      var random = new Random(5);
      for (int i = 0; i < 50; i++) {
        rig.oracles.getFirst().change(rig.volumes.getFirst(), random, 40);
      }
      rig.faults.before = call -> {};
      rig.die();
      never.countDown();
      rig.row.beforeLoss = () -> {};
      rig.row.begin(); // it never came to be recorded
      rig.restart(Optional.of(Phase.VERIFY), 1000);
      rig.migration.aim(Phase.VERIFY, false, Rig.QUICK);
      rig.awaitReached(Phase.VERIFY);
      rig.migration.aim(Phase.CONFIRM, false, Rig.QUICK);
      rig.awaitReached(Phase.CONFIRM);
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
      assertThat(rig.alarms).isEmpty();
    }
  }

  /** Once the loss is on record: a new format 2, up to its commit. */
  private static void beginAgain(Rig rig) {
    Rig.until(() -> rig.row.isInvalid(), "the loss is on record");
    rig.faults.before = call -> {};
    rig.migration.renew();
    Rig.until(() -> rig.migration.status().state() instanceof State.Prepared, "a new format 2");
    rig.row.begin();
    for (var phase : List.of(Phase.COPY, Phase.VERIFY, Phase.CONFIRM)) {
      rig.migration.aim(phase, false, Rig.QUICK);
      rig.awaitReached(phase);
    }
    rig.commit();
  }

  /** A volume differs where it was compared, so often that a person is asked. */
  private static void differThreeTimes(Rig rig) {
    rig.oracles.getFirst().change(rig.volumes.getFirst(), 7, 0, Rig.BLOCKS, false);
    rig.reach(Phase.COPY);
    for (int i = 0; i < 3; i++) {
      rig.two.flip(rig.ids.getFirst() + ".data", (10 * i + 2) * Regions.BYTES);
    }
    rig.migration.aim(Phase.VERIFY, false, Rig.QUICK);
    Rig.until(() -> !rig.pauses.isEmpty(), "a person is asked");
  }

  @Test
  void shouldBeginAgainAfterALoss() {
    try (var rig = new Rig(2).filled(6)) {
      try (var hosts = new Hosts(rig, 3, 6, e -> false)) {
        rig.reach(Phase.VERIFY);
        rig.faults.before = FakeFormatTwo.Faults.fails("write");
        beginAgain(rig);
      }
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  @Test
  void shouldFindAndRepairWhatDiffers() {
    try (var rig = new Rig(1).filled(8)) {
      rig.reach(Phase.COPY);
      rig.two.flip(rig.ids.getFirst() + ".data", 3 * Regions.BYTES + 77);
      rig.migration.aim(Phase.VERIFY, false, Rig.QUICK);
      rig.awaitReached(Phase.VERIFY);
      assertThat(rig.alarms).singleElement().asString().contains("byte " + 3 * Regions.BYTES);
      rig.migration.aim(Phase.CONFIRM, false, Rig.QUICK);
      rig.awaitReached(Phase.CONFIRM);
      rig.verifyServed();
      rig.commit();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  @Test
  void shouldAskForAPersonWhenAVolumeDiffersAgainAndAgain() {
    try (var rig = new Rig(1)) {
      differThreeTimes(rig);
      assertThat(rig.pauses.getFirst()).contains("MISMATCHES");
    }
  }

  /** What a person was asked to look at went with the format 2 that differed. */
  @Test
  void shouldGoOnWithANewFormatTwoThoughTheLastOneDiffered() {
    try (var rig = new Rig(1)) {
      differThreeTimes(rig);
      rig.faults.before = FakeFormatTwo.Faults.fails("write");
      var random = new Random(7);
      for (int i = 0; i < 50; i++) {
        rig.oracles.getFirst().change(rig.volumes.getFirst(), random, 40);
      }
      beginAgain(rig);
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** A write that fails in format 1 may undo a phase that the record took for over. */
  @Test
  void shouldGoOnWithAPhaseThatTheRecordIsAheadOf() {
    try (var rig = new Rig(1).filled(9)) {
      rig.reach(Phase.PREPARE);
      rig.migration.aim(Phase.COPY, true, Rig.QUICK);
      Rig.until(
          () -> rig.migration.status().state() instanceof State.Working w && w.paused(),
          "Phase 2 rests");
      rig.migration.aim(Phase.VERIFY, false, Rig.QUICK);
      rig.awaitReached(Phase.VERIFY);
      rig.verifyServed();
    }
  }

  /** Damage that format 2 notices itself while hosts read from it. */
  @Test
  void shouldRepairDamageThatAHostMeets() {
    try (var rig = new Rig(1).filled(10)) {
      rig.reach(Phase.CONFIRM);
      var damaged = new AtomicBoolean(true);
      rig.faults.before =
          call -> {
            if (call.equals("tryRead")
                || (call.equals("read") && damaged.compareAndSet(true, false))) {
              throw new StoreException.Corrupt("checksum");
            }
          };
      rig.verifyServed();
      rig.faults.before = call -> {};
      Rig.until(() -> !rig.alarms.isEmpty(), "the alarm");
      rig.awaitReached(Phase.CONFIRM);
      rig.commit();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
      assertThat(rig.row.isInvalid()).isFalse();
    }
  }

  private static Consumer<String> damagedOnce(AtomicBoolean met) {
    return call -> {
      if (!met.get() && (call.equals("tryRead") || call.equals("read"))) {
        met.set(call.equals("read"));
        throw new StoreException.Corrupt("checksum");
      }
    };
  }

  /** A copy that nobody has compared: the next process compares, as this one would have. */
  @Test
  void shouldCompareAgainAfterATakeoverWhatWasFoundDamaged() {
    try (var rig = new Rig(1).filled(11)) {
      rig.oracles.getFirst().change(rig.volumes.getFirst(), 3, 0, Rig.BLOCKS, false);
      rig.reach(Phase.CONFIRM);
      rig.migration.aim(Phase.CONFIRM, true, Rig.QUICK);
      rig.proveAll(); // or everything would be copied again
      Rig.until(
          () -> rig.migration.status().state() instanceof State.Working w && w.paused(), "paused");
      var met = new AtomicBoolean();
      rig.faults.before = damagedOnce(met);
      rig.verifyServed();
      rig.faults.before = call -> {};
      assertThat(met).isTrue();
      rig.restart(Optional.of(Phase.CONFIRM), 1000);
      // What only a comparison finds, this store being without checksums.
      rig.two.flip(rig.ids.getFirst() + ".data", 5 * Regions.BYTES + 9);
      rig.migration.aim(Phase.CONFIRM, false, Rig.QUICK);
      rig.awaitReached(Phase.CONFIRM);
      rig.commit();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
      assertThat(rig.row.isInvalid()).isFalse();
    }
  }

  /**
   * While the record is asked: if it says no, the region is copied and compared before the next.
   */
  @Test
  void shouldCommitOnlyWhatIsWholeAgain() {
    try (var rig = new Rig(1).filled(12)) {
      rig.restart(Optional.empty(), 60_000);
      rig.reach(Phase.CONFIRM);
      var met = new AtomicBoolean();
      var asked = new AtomicInteger();
      var compare = new CountDownLatch(1);
      rig.row.answer =
          () -> {
            if (asked.incrementAndGet() > 1) {
              return Optional.empty();
            }
            rig.faults.before = damagedOnce(met);
            rig.verifyServed();
            rig.faults.before = FakeFormatTwo.Faults.stalls("extents", compare);
            return Optional.of(Decision.REFUSED);
          };
      try {
        rig.tryCommit();
        Rig.until(
            () ->
                rig.migration.status().state() instanceof State.Working w
                    && w.copied()
                    && !w.verified(),
            "it is compared first");
      } finally {
        compare.countDown();
      }
      rig.commit();
      assertThat(met).isTrue();
      assertThat(asked).hasValue(2);
      assertThat(rig.row.isInvalid()).isFalse();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }
}

package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Phase;
import io.bascule.core.migration.State;
import io.bascule.core.upgrade.Upgrade.Priority;
import io.bascule.core.upgrade.Upgrade.Tuning;
import io.bascule.core.volume.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The process dies, or the machine's power fails, in each phase, while hosts write. */
class CrashTest {
  private static final Tuning LONG =
      new Tuning(Priority.FINISH_SOONER, Optional.of(6L << 20), 3600);
  private static final boolean ALL = Boolean.getBoolean("bascule.check.all");
  private static final long SEED = Long.getLong("bascule.check.seed", 17);

  static Stream<Arguments> phases() {
    var cases = new ArrayList<Arguments>();
    int seeds = ALL ? 20 : 1;
    for (var phase : List.of(Phase.COPY, Phase.VERIFY, Phase.CONFIRM)) {
      for (int i = 0; i < seeds; i++) {
        cases.add(Arguments.of(phase, SEED + i));
      }
    }
    return cases.stream();
  }

  static void crash(Rig rig, Phase phase, long seed) {
    var hosts = new Hosts(rig, 4, seed, e -> e instanceof StoreException.Io);
    rig.enter(phase, LONG);
    Rig.until(
        () -> rig.migration.status().state() instanceof State.Working w && w.phase() == phase,
        phase + " begins");
    long writes = rig.acknowledged();
    Rig.until(() -> rig.acknowledged() > writes + 200, "hosts write");
    rig.die();
    hosts.close();
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("phases")
  void shouldHoldEverythingInFormatOneAlone(Phase phase, long seed) {
    try (var rig = new Rig(1).filled(seed)) {
      crash(rig, phase, seed);
      rig.verifyFormatOneAlone();
    }
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("phases")
  void shouldGoOnInTheNextProcess(Phase phase, long seed) {
    try (var rig = new Rig(1).filled(seed)) {
      crash(rig, phase, seed);
      rig.restart(Optional.of(phase), 1000);
      rig.verifyServed();
      try (var hosts = new Hosts(rig, 3, seed + 1, e -> false)) {
        for (var next : Phase.values()) {
          if (next.number() >= phase.number()) {
            rig.migration.aim(next, false, Rig.QUICK);
            rig.awaitReached(next);
          }
        }
        rig.commit();
      }
      assertThat(rig.alarms).isEmpty();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** A crash in the process after the crash, again and again, and no difference without a mark. */
  @Test
  void shouldGoOnAfterManyCrashes() {
    try (var rig = new Rig(1).filled(SEED)) {
      rig.reach(Phase.VERIFY);
      for (int round = 0; round < (ALL ? 20 : 4); round++) {
        var hosts = new Hosts(rig, 4, SEED + round, e -> e instanceof StoreException.Io);
        long writes = rig.acknowledged();
        Rig.until(() -> rig.acknowledged() > writes + 100, "hosts write");
        if (round % 2 == 0) {
          rig.proveAll();
        }
        rig.die();
        hosts.close();
        rig.restart(Optional.of(Phase.CONFIRM), 1000);
        rig.migration.aim(Phase.CONFIRM, false, LONG);
        Rig.until(
            () -> rig.migration.status().state() instanceof State.Working, "format 2 is open");
        rig.verifyServed(); // from format 2 where nothing is marked
      }
    }
  }

  /** What was flushed is in format 1, and format 2 is copied again as a whole. */
  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("phases")
  void shouldSurvivePowerLoss(Phase phase, long seed) {
    try (var rig = new Rig(1)) {
      rig.filled(seed);
      rig.reach(phase == Phase.CONFIRM ? Phase.CONFIRM : Phase.of(phase.number() - 1));
      rig.migration.aim(phase, false, LONG);
      var random = new Random(seed);
      for (int i = 0; i < 60; i++) {
        rig.oracles.getFirst().change(rig.volumes.getFirst(), random, 100);
      }
      rig.volumes.getFirst().flush();
      rig.powerFails(random);
      rig.restart(Optional.of(phase), 1000);
      rig.verifyServed();
      for (var next : Phase.values()) {
        if (next.number() >= phase.number()) {
          rig.migration.aim(next, false, Rig.QUICK);
          rig.awaitReached(next);
        }
      }
      rig.verifyServed();
      rig.commit();
      assertThat(rig.alarms).isEmpty();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }
}

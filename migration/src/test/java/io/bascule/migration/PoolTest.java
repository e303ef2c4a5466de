package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Check;
import io.bascule.core.migration.Phase;
import io.bascule.core.migration.State;
import io.bascule.core.volume.StoreException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The migration to the real format 2. */
class PoolTest {
  private static final long SEED = Long.getLong("bascule.check.seed", 21);

  @Test
  void shouldMigrateWhileHostsWork() {
    try (var rig = new Rig(2, true).filled(SEED)) {
      try (var hosts = new Hosts(rig, 4, SEED, e -> false)) {
        rig.reach(Phase.CONFIRM);
        rig.commit();
        Rig.until(() -> rig.freed, "format 1 is freed");
        hosts.check();
      }
      assertThat(rig.alarms).isEmpty();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Phase.class,
      names = {"COPY", "VERIFY", "CONFIRM"})
  void shouldLoseNothingInACancel(Phase phase) {
    try (var rig = new Rig(1, true).filled(SEED)) {
      try (var hosts = new Hosts(rig, 3, SEED, e -> false)) {
        rig.enter(phase, CancelTest.SLOW);
        Rig.until(
            () -> rig.migration.status().state() instanceof State.Working w && w.phase() == phase,
            phase + " begins");
        rig.cancel();
        Rig.until(() -> rig.migration.status().state().equals(new State.Canceled(true)), "dropped");
      }
      assertThat(rig.two.list()).isEmpty();
      rig.verifyServed();
      rig.verifyFormatOneAlone();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Phase.class,
      names = {"COPY", "VERIFY", "CONFIRM"})
  void shouldGoOnAfterACrash(Phase phase) {
    try (var rig = new Rig(1, true).filled(SEED)) {
      CrashTest.crash(rig, phase, SEED);
      rig.restart(Optional.of(phase), 1000);
      goOn(rig, phase);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Phase.class,
      names = {"COPY", "VERIFY", "CONFIRM"})
  void shouldGoOnAfterPowerLoss(Phase phase) {
    try (var rig = new Rig(1, true).filled(SEED)) {
      var hosts = new Hosts(rig, 3, SEED, e -> e instanceof StoreException);
      rig.enter(phase, CancelTest.SLOW);
      Rig.until(
          () -> rig.migration.status().state() instanceof State.Working w && w.phase() == phase,
          phase + " begins");
      hosts.close();
      rig.volumes.getFirst().flush();
      rig.powerFails(new Random(SEED));
      rig.restart(Optional.of(phase), 1000);
      goOn(rig, phase);
    }
  }

  /** One flipped bit is one difference, though more is read at once. */
  @Test
  void shouldRepairAFlippedBitWithoutAskingAPerson() {
    try (var rig = new Rig(1, true)) {
      rig.oracles.getFirst().change(rig.volumes.getFirst(), 7, 0, Rig.BLOCKS, false);
      rig.reach(Phase.COPY);
      flipABit(rig);
      rig.migration.aim(Phase.VERIFY, false, Rig.QUICK);
      rig.awaitReached(Phase.VERIFY);
      assertThat(rig.alarms).singleElement().asString().contains("differs between the formats");
      assertThat(rig.pauses).isEmpty();
      rig.migration.aim(Phase.CONFIRM, false, Rig.QUICK);
      rig.awaitReached(Phase.CONFIRM);
      rig.commit();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  /** Also what no host reads, after it was compared. */
  @Test
  void shouldCopyAgainWhatScrubbingFinds() {
    try (var rig = new Rig(1, true)) {
      rig.compress = false;
      rig.oracles.getFirst().change(rig.volumes.getFirst(), 7, 0, Rig.BLOCKS, false);
      rig.reach(Phase.CONFIRM);
      flipABit(rig);
      assertThat(Check.found(rig.pooled, "pool").pool().scrub().findings())
          .as("what nobody copies again")
          .isEmpty();
      rig.commit();
      assertThat(rig.alarms).singleElement().asString().contains("differs between the formats");
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }

  private static void flipABit(Rig rig) {
    String longest =
        rig.two.list().stream()
            .filter(name -> name.endsWith(".segment"))
            .max(Comparator.comparingInt(rig.two::length))
            .orElseThrow();
    rig.two.flip(longest, rig.two.length(longest) / 8);
  }

  private static void goOn(Rig rig, Phase phase) {
    rig.verifyServed();
    try (var hosts = new Hosts(rig, 3, SEED + 1, e -> false)) {
      for (var next : List.of(Phase.COPY, Phase.VERIFY, Phase.CONFIRM)) {
        if (next.number() >= phase.number()) {
          rig.migration.aim(next, false, Rig.QUICK);
          rig.awaitReached(next);
        }
      }
      rig.commit();
    }
    assertThat(rig.alarms).isEmpty();
    assertThat(rig.row.isInvalid()).isFalse();
    rig.verifyServed();
    rig.verifyFormatTwoAlone();
  }
}

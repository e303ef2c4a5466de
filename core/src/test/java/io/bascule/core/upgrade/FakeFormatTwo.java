package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Version;
import java.util.Optional;

/**
 * Format 2 in the enclosure of a {@link FakeAppliance}, and the work on it by whichever controller
 * is active. What is done of a phase survives a crash; what was under way begins again.
 *
 * <p>Checked at every tick: it is dropped only when the record says that it does not count, and no
 * release but the new one touches it otherwise.
 */
final class FakeFormatTwo {
  private static final int PHASE_TICKS = 12;

  private boolean present;
  private int phasesDone;
  private int ticks;
  private boolean broken;

  /** A write to format 2 fails: noticed at the next tick of whoever is active. */
  void breakNow() {
    broken = present;
  }

  /** The process that worked on it is gone. */
  void forget() {
    ticks = 0;
    broken = false;
  }

  boolean present() {
    return present;
  }

  int phasesDone() {
    return phasesDone;
  }

  World.FormatTwo view(Upgrade record, boolean knows) {
    return new World.FormatTwo(
        knows,
        present,
        present && !record.row().v2Invalid(),
        phasesDone,
        Math.min(99, 100 * ticks / PHASE_TICKS),
        Optional.empty());
  }

  /**
   * One tick of work by the active controller, which runs {@code release}.
   *
   * @return what it found out, to be recorded
   */
  Optional<UpgradeEvent> work(Upgrade record, Version release, java.time.Instant now) {
    var row = record.row();
    if (row.canceled()) {
      drop();
      return Optional.empty();
    }
    if (!release.equals(record.plan().to())) {
      assertThat(record.step().flatMap(StepName::phase))
          .as("%s serves in mid-migration without canceling it", release)
          .isEmpty();
      return Optional.empty();
    }
    if (row.committed()) {
      assertThat(phasesDone).as("phases done when committed").isEqualTo(4);
      return Optional.empty();
    }
    if (broken) {
      broken = false;
      return Optional.of(new UpgradeEvent.FormatTwoInvalid("V2_FAILED", "a write failed", now));
    }
    int phase = record.step().flatMap(StepName::phase).orElse(0);
    if (phase == 0 || record.state() != UpgradeState.RUNNING) {
      return Optional.empty();
    }
    if (row.v2Invalid()) {
      drop();
      present = true;
      phasesDone = 1;
      return Optional.of(new UpgradeEvent.FormatTwoMade(now));
    }
    present = true;
    ticks++;
    if (ticks >= PHASE_TICKS && phasesDone < phase) {
      phasesDone++;
      ticks = 0;
    }
    return Optional.empty();
  }

  private void drop() {
    present = false;
    phasesDone = 0;
    ticks = 0;
  }
}

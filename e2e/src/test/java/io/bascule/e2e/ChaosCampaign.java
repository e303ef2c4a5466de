package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Upgrades, cancels and faults in an order that a seed gives, on real appliances one after the
 * other, until the minutes are over; two hosts write and verify all the while. {@code
 * ./bascule-chaos} runs it; it is no part of ./check.
 */
class ChaosCampaign {
  private static final long MINUTES = Long.getLong("bascule.chaos.minutes", 10);
  private static final long SEED = Long.getLong("bascule.chaos.seed", System.nanoTime() & 0xffffff);

  /** Where everything lies, for whoever cleans up if this process is killed. */
  private static final String FOLDER = System.getProperty("bascule.chaos.folder", "");

  @TempDir Path ownFolder;

  @Test
  void shouldLoseNothing() throws IOException {
    var folder = FOLDER.isEmpty() ? ownFolder : Path.of(FOLDER);
    var tally = new ChaosTally(SEED);
    tally.tell("seed %d, %d minutes", SEED, MINUTES);
    if (SteppedClock.in(folder).isEmpty()) {
      tally.tell("no steps of the clock: there is no C compiler (Debian: gcc, libc6-dev)");
    }
    long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
    var random = new Random(SEED);
    try (var disk = OwnDisk.mount(folder)) {
      while (System.nanoTime() - end < 0) {
        try (var life = ChaosLife.begin(disk, folder, random, tally)) {
          life.run(end);
        }
        tally.lives++;
      }
    } catch (RuntimeException | AssertionError | IOException e) {
      tally.tell("FAILED: %s", e);
      throw e;
    } finally {
      tally.report();
    }
    assertThat(tally.faults()).as("faults injected").isPositive();
  }
}

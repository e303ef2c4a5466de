package io.bascule.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.sim.rt.Defect;
import io.bascule.sim.rt.Report;
import io.bascule.sim.rt.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A sample of the simulator's runs; {@code ./bascule-sim} plays as many as one has time for. */
class SimulationTest {
  private static final boolean ALL = Boolean.getBoolean("bascule.check.all");

  /** Seeds within which the defects are found that every ./check plants. */
  private static final int SOON = 10;

  private static final long SEED = Long.getLong("bascule.check.seed", 1);

  /** Warm for all tests of this JVM: the classes of the product are loaded and compiled once. */
  private static final Stage APPLIANCE = new Stage(Simulator.APPLIANCE, List.of());

  /**
   * The same seeds in every ./check, which so tells the same of the same sources; others in every
   * ./check --all and in {@code ./bascule-sim}.
   */
  private static long first() {
    return ALL ? Math.floorMod(SEED, 1_000_000L) * 10_000 : 1;
  }

  private static Report good(Stage stage, String play, long seed) {
    var report = stage.run(seed, null);
    assertThat(report.verdict())
        .as("%s%n%s%nreplay: ./bascule-sim %s--replay %d", report, report.detail(), play, seed)
        .isEmpty();
    assertThat(report.foreign()).as("%s", report).isZero();
    return report;
  }

  @Test
  void shouldHoldWhateverTheSeed() {
    long began = Simulator.cpuNanos();
    int seeds = ALL ? 3_000 : 200;
    Map<String, Integer> outcomes = new TreeMap<>();
    for (long seed = first(); seed < first() + seeds; seed++) {
      outcomes.merge(good(APPLIANCE, "", seed).outcome(), 1, Integer::sum);
    }
    System.out.printf(
        "simulated %d seeds from %d: %.0f a minute of a processor; %s%n",
        seeds, first(), seeds / ((Simulator.cpuNanos() - began) / 60e9), outcomes);
    // Of everything that may happen something did.
    assertThat(outcomes.keySet()).anyMatch(outcome -> outcome.endsWith("COMPLETED"));
    assertThat(outcomes.keySet()).anyMatch(outcome -> outcome.endsWith("CANCELED"));
    assertThat(outcomes.keySet()).anyMatch(outcome -> outcome.endsWith("FAILED"));
  }

  @Test
  void shouldReplayASeedToTheSameEvents() {
    for (long seed = first(); seed < first() + 10; seed++) {
      var once = APPLIANCE.run(seed, null);
      assertThat(APPLIANCE.run(seed, null)).isEqualTo(once);
    }
  }

  /** Told or not, and by classes that were just loaded. */
  @Test
  void shouldReplayASeedWhileItIsTold() {
    List<String> told = new ArrayList<>();
    var once = APPLIANCE.run(first(), null);
    var again = new Stage(Simulator.APPLIANCE, List.of()).run(first(), told::add);
    assertThat(again).isEqualTo(once);
    assertThat(told).hasSizeGreaterThan(100);
  }

  @Test
  void shouldLetExactlyOneOfCancelAndCommitWin() {
    var races = new Stage(Simulator.RACE, List.of());
    int seeds = ALL ? 1_000 : 40;
    Map<String, Integer> outcomes = new TreeMap<>();
    for (long seed = first(); seed < first() + seeds; seed++) {
      outcomes.merge(good(races, "--race ", seed).outcome(), 1, Integer::sum);
    }
    System.out.printf("%d races of a cancel with the commit: %s%n", seeds, outcomes);
    assertThat(outcomes.keySet()).anyMatch(outcome -> outcome.contains("COMPLETED"));
    assertThat(outcomes.keySet()).anyMatch(outcome -> outcome.contains("CANCELED after STARTED"));
  }

  @Test
  void shouldHoldItsSpaceForADayOfOverwrites() {
    var day = new Stage(Simulator.CLEANING_DAY, List.of());
    System.out.println(good(day, "--cleaning-day ", first()).outcome());
  }

  /** The checks can fail: deliberate defects, each where it is known to be found. */
  @Test
  void shouldFindDeliberateDefects() {
    var known = Defects.known();
    var soon = known.stream().filter(one -> one.seed() < SOON).toList();
    var chosen =
        ALL
            ? known
            : List.of(
                soon.get((int) Math.floorMod(first(), (long) soon.size())),
                soon.get((int) Math.floorMod(first() + 1, (long) soon.size())));
    for (var one : chosen) {
      assertThat(isFound(one.defect())).as("%s is found", one.defect()).isTrue();
    }
  }

  private static boolean isFound(Defect defect) {
    var broken = new Stage(Defects.play(defect), List.of(defect));
    for (long seed = 1; seed <= (ALL ? 300 : 3 * SOON); seed++) {
      if (!broken.run(seed, null).isGood()) {
        return true;
      }
    }
    return false;
  }

  /** The document has the table as it was printed, and every defect there is stands in it. */
  @Test
  void shouldTellOfEveryDefectWhatFindsIt() throws IOException {
    assertThat(Defects.known().stream().map(Defects.Known::defect))
        .containsExactlyElementsOf(Defects.ALL);
    var document = Files.readAllLines(Path.of("../docs/simulation.md"));
    int header = document.indexOf("| defect | found by | seed | events |");
    assertThat(
            document.subList(header + 2, document.size()).stream().takeWhile(row -> !row.isBlank()))
        .containsExactlyElementsOf(Defects.TABLE.lines().toList());
  }
}

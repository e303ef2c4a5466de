package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.e2e.Migrating.Kind;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * libiscsi's conformance tests through the real controller: what they find on format 1 they find
 * while each phase of the migration is held by a pause point, and on format 2. Each phase in
 * ./check --all.
 */
class ConformanceTest {
  private static final int MINUTES = 4;

  /** All phases on one appliance in ./check --all. */
  static Stream<List<String>> phases() {
    var sample = Migrating.sample(Kind.CONFORMANCE, List.of("1", "2", "3", "4")).sorted().toList();
    return sample.isEmpty() ? Stream.empty() : Stream.of(sample);
  }

  /**
   * Asks for the status of an unaligned block and wants the next aligned one: no answer that is
   * true passes where a physical block is eight logical ones.
   */
  private static final String WRONG_TEST = "GetLBAStatus.UnmapSingle";

  /**
   * What the output tells of one test, in this order, or the next suite. "[FAILED]" is what a
   * command says that the test repeats, as after a unit attention; the outcome has no brackets.
   */
  private static final Pattern TOLD =
      Pattern.compile("Suite: (\\S+)|Test: (\\S+) \\.\\.\\.|(passed|(?<!\\[)FAILED|\\[SKIPPED])");

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("phases")
  void shouldFindInAPhaseAndOnFormatTwoWhatIsFoundOnFormatOne(List<String> phases) {
    try (var appliance = Appliance.create("conformance", "--release", "1.2.2")) {
      appliance.volume("cu", "64M");
      appliance.anyHost();
      appliance.addPackage("2.0.1");
      var formatOne = conformance(appliance);
      assertThat(formatOne).hasSizeGreaterThan(100);
      assertThat(formatOne.values()).contains("passed");
      assertThat(failed(formatOne)).containsExactly(WRONG_TEST);

      Migrating.start(appliance, "phase-" + String.join(",phase-", phases), 1);
      for (String phase : phases) {
        Migrating.awaitPausedAt(appliance, "PHASE_" + phase);
        assertThat(conformance(appliance)).as("held at phase %s", phase).isEqualTo(formatOne);
        appliance.bascule("upgrade", "resume").ok();
      }
      appliance.awaitState("COMPLETED");
      assertThat(conformance(appliance)).as("on format 2").isEqualTo(formatOne);
    }
  }

  /** Each test's name and whether it passed, was skipped, or FAILED. */
  private static Map<String, String> conformance(Appliance appliance) {
    var result =
        Commands.run(MINUTES * 60, "iscsi-test-cu", "-d", "-v", "-t", "SCSI", appliance.url("cu"));
    var found = new TreeMap<String, String>();
    var suite = "";
    var test = "";
    boolean skipped = false;
    Matcher told = TOLD.matcher(result.out());
    while (told.find()) {
      if (told.group(1) != null) {
        suite = told.group(1);
      } else if (told.group(2) != null) {
        test = suite + "." + told.group(2);
        skipped = false;
      } else if (told.group(3).equals("[SKIPPED]")) {
        skipped = true;
      } else if (!test.isEmpty()) {
        String outcome = told.group(3);
        found.put(test, skipped && outcome.equals("passed") ? "skipped" : outcome);
        test = "";
      }
    }
    return found;
  }

  private static List<String> failed(Map<String, String> outcomes) {
    return outcomes.keySet().stream().filter(it -> "FAILED".equals(outcomes.get(it))).toList();
  }
}

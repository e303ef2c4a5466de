package io.bascule.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.sim.rt.Report;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The simulator's runs are played by a rule here: what violates, and how long that takes. */
class ShrinkerTest {
  private static final String KNOBS =
      "path=WHOLE,volumes=2,volumeKib=1000,hosts=3,blows=4,powerLoss=true,faults=FULL,operators=2";

  private static Map<String, String> parsed(String knobs) {
    return Arrays.stream(knobs.split(",", -1))
        .map(one -> one.split("=", 2))
        .collect(Collectors.toMap(one -> one[0], one -> one[1]));
  }

  private static Report report(long seed, String knobs, String verdict, long events) {
    return new Report(seed, verdict, "", "", events, 0, 0, 0, 0, 0, 0, knobs);
  }

  /** Needs both volumes, a blow and an even seed; another oracle objects without hosts to spare. */
  private static Report play(long seed, String knobs) {
    var all = parsed(knobs);
    int hosts = Integer.parseInt(String.valueOf(all.get("hosts")));
    int blows = Integer.parseInt(String.valueOf(all.get("blows")));
    boolean violated = seed % 2 == 0 && blows > 0 && "2".equals(all.get("volumes"));
    return report(
        seed, knobs, !violated ? "" : hosts > 1 ? "wanted" : "another", 1_000L * hosts + blows);
  }

  @Test
  void shouldKeepWhatTheViolationNeeds() {
    var shrinker = new Shrinker(ShrinkerTest::play, play(8, KNOBS));

    var small = shrinker.shrunk();

    assertThat(small.verdict()).isEqualTo("wanted");
    assertThat(parsed(small.knobs()))
        .isEqualTo(
            parsed(
                "path=PHASES,volumes=2,volumeKib=64,hosts=2,blows=1,powerLoss=false,faults=NONE,"
                    + "operators=0"));
    assertThat(small.choices()).isEqualTo(2_001);
    assertThat(play(small.seed(), small.knobs())).isEqualTo(small);
    assertThat(shrinker.runs()).isLessThan(500);
  }

  @Test
  void shouldLeaveARunThatCannotBeSmaller() {
    var violated = report(1, "volumes=2,hosts=1", "wanted", 10);
    var shrinker = new Shrinker((seed, knobs) -> report(seed, knobs, "", 1), violated);

    assertThat(shrinker.shrunk()).isEqualTo(violated);
  }
}

package io.bascule.sim;

import io.bascule.sim.rt.Report;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Makes a violated run smaller: fewer blows, faults, hosts, operators, smaller volumes, a shorter
 * story. What is left violates the same oracle. Each knob is turned down as far as that holds, for
 * the seed or one of those that follow it: with other knobs it is another run in any case.
 */
final class Shrinker {
  /** Seeds that a smaller run is looked for with, for each knob and at the end. */
  private static final int SEEDS = 12;

  private static final int SEEDS_AT_LAST = 100;
  private static final long PAGE_KIB = 4;

  /** Plays a seed with these knobs. */
  interface Runs {
    Report run(long seed, String knobs);
  }

  private final Runs stage;
  private Report best;
  private int runs;

  Shrinker(Runs stage, Report violated) {
    this.stage = stage;
    this.best = violated;
  }

  int runs() {
    return runs;
  }

  /** The smallest run that was found. */
  Report shrunk() {
    boolean smaller = true;
    while (smaller) {
      smaller = false;
      for (String knob : List.copyOf(parsed(best.knobs()).keySet())) {
        smaller |= turnDown(knob);
      }
    }
    long seed = best.seed();
    for (int i = 1; i <= SEEDS_AT_LAST; i++) {
      boolean _ = isViolatedWith(seed + i, best.knobs(), best.choices());
    }
    return best;
  }

  private boolean turnDown(String knob) {
    boolean any = false;
    for (String value : below(knob, parsed(best.knobs()).getOrDefault(knob, ""))) {
      var knobs = parsed(best.knobs());
      knobs.put(knob, value);
      if (isViolated(inWords(knobs))) {
        any = true;
        break;
      }
    }
    return any;
  }

  private boolean isViolated(String knobs) {
    long seed = best.seed();
    long eventsMax = best.choices();
    for (int i = 0; i < SEEDS; i++) {
      if (isViolatedWith(seed + i, knobs, eventsMax)) {
        return true;
      }
    }
    return false;
  }

  /** Whether that violates the same oracle, within so many events; then it is the best so far. */
  private boolean isViolatedWith(long seed, String knobs, long eventsMax) {
    runs++;
    var report = stage.run(seed, knobs);
    boolean smaller = report.verdict().equals(best.verdict()) && report.choices() <= eventsMax;
    if (smaller) {
      best = report;
    }
    return smaller;
  }

  /** What is less than that, least first. */
  private static List<String> below(String knob, String value) {
    return switch (knob) {
      case "blows", "operators" -> numbers(value, 0);
      case "volumes", "hosts", "confirmSeconds" -> numbers(value, 1);
      case "volumeKib" -> numbers(value, 64);
      case "troubleMillis" -> numbers(value, 1_000);
      case "powerLoss", "deepBlows", "badRelease" ->
          value.equals("true") ? List.of("false") : List.of();
      case "faults" -> value.equals("NONE") ? List.of() : List.of("NONE");
      case "path" -> value.equals("WHOLE") ? List.of("PHASES") : List.of();
      default -> List.of();
    };
  }

  /** The least, and half of the way to it; whole pages where it is volumes. */
  private static List<String> numbers(String value, long least) {
    long now = Long.parseLong(value);
    if (now <= least) {
      return List.of();
    }
    long half = (least + now) / 2;
    long step = least >= PAGE_KIB ? PAGE_KIB : 1;
    return List.of(Long.toString(least), Long.toString(half / step * step));
  }

  private static Map<String, String> parsed(String knobs) {
    var parsed = new LinkedHashMap<String, String>();
    for (String one : knobs.split(",", -1)) {
      int at = one.indexOf('=');
      parsed.put(one.substring(0, at), one.substring(at + 1));
    }
    return parsed;
  }

  private static String inWords(Map<String, String> knobs) {
    return knobs.entrySet().stream()
        .map(one -> one.getKey() + "=" + one.getValue())
        .collect(Collectors.joining(","));
  }
}

package io.bascule.e2e;

import io.bascule.host.load.LoadReport;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a campaign has done so far; tells each thing as it happens. Of the campaign's thread. */
final class ChaosTally {
  private final long seed;
  private final long startedNanos = System.nanoTime();
  private final Map<String, Integer> faults = new TreeMap<>();
  private final Map<String, Integer> actions = new TreeMap<>();
  private final Map<String, Integer> ends = new TreeMap<>();
  private long writes;
  private long blocksVerified;
  private long wrongBlocks;
  private long errors;
  private long outsideWrites;
  private double longestPauseMillis;
  int lives;

  ChaosTally(long seed) {
    this.seed = seed;
  }

  @SuppressWarnings("AnnotateFormatMethod")
  void tell(String format, Object... arguments) {
    long seconds = (System.nanoTime() - startedNanos) / 1_000_000_000;
    System.out.printf("%3d:%02d  ", seconds / 60, seconds % 60);
    System.out.printf(Locale.ROOT, format + "%n", arguments);
  }

  void fault(String what) {
    faults.merge(what, 1, Integer::sum);
    tell("fault   %s", what);
  }

  void action(String what) {
    actions.merge(what, 1, Integer::sum);
    tell("action  %s", what);
  }

  void ended(String how) {
    ends.merge(how, 1, Integer::sum);
    tell("        %s", how);
  }

  int faults() {
    return faults.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** The host of a life, which is over. */
  void add(LoadReport host, long piecesOfTheOther) {
    writes += host.writesAcknowledged();
    blocksVerified += host.blocksVerified();
    wrongBlocks += host.wrongBlocks();
    errors += host.errors();
    outsideWrites += piecesOfTheOther;
    var pause = host.longestPause();
    longestPauseMillis = Math.max(longestPauseMillis, pause == null ? 0 : pause.millis());
  }

  void report() {
    tell("%d appliances, seed %d", lives, seed);
    System.out.println("  upgrades ended         " + ends);
    System.out.println("  done by administrators " + actions);
    System.out.println("  faults                 " + faults() + " " + faults);
    System.out.printf(
        Locale.ROOT,
        "  writes acknowledged    %,d, and %,d of QEMU%n"
            + "  blocks verified        %,d%n"
            + "  lost or wrong blocks   %d%n"
            + "  I/O errors             %d%n"
            + "  longest host pause     %.0f ms%n",
        writes,
        outsideWrites,
        blocksVerified,
        wrongBlocks,
        errors,
        longestPauseMillis);
  }
}

package io.bascule.sim;

import io.bascule.sim.rt.Defect;
import io.bascule.sim.rt.Report;
import io.bascule.sim.rt.Stage;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The command: plays seeds, replays one, or lets the deliberate defects be found. */
public final class Simulator {
  static final String APPLIANCE = "io.bascule.sim.world.Play";
  static final String RACE = "io.bascule.sim.world.Race";
  static final String CLEANING_DAY = "io.bascule.sim.world.CleaningDay";
  private static final int USAGE = 2;

  private Simulator() {}

  /** What was asked for. */
  private static final class Wishes {
    long seed = 1;
    long seeds = Long.MAX_VALUE;
    double minutes = Double.POSITIVE_INFINITY;
    boolean replay;
    boolean shrink;
    String knobs = "";
    boolean defects;
    boolean keepGoing;
    boolean twice;
    String defect = "";
    String play = APPLIANCE;
  }

  public static void main(String[] arguments) {
    Wishes wishes;
    try {
      wishes = parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println(
          "usage: bascule-sim [--race | --cleaning-day] [--seed S] [--seeds N] [--minutes M]\n"
              + "                   [--keep-going] [--twice]\n"
              + "       bascule-sim [--race | --cleaning-day] --replay S [--defect NAME] [--knobs K]\n"
              + "       bascule-sim [--race] --shrink S [--defect NAME]\n"
              + "       bascule-sim --defects [--defect NAME] [--seed S] [--seeds N]");
      System.exit(USAGE);
      return;
    }
    boolean good;
    if (wishes.defects) {
      good = findDefects(wishes);
    } else if (wishes.replay) {
      good = replay(wishes);
    } else if (wishes.shrink) {
      good = shrink(wishes);
    } else {
      good = play(wishes);
    }
    System.exit(good ? 0 : 1);
  }

  private static Wishes parse(String[] arguments) {
    var wishes = new Wishes();
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--seed" -> wishes.seed = Long.parseLong(value(arguments, ++i));
        case "--seeds" -> wishes.seeds = Long.parseLong(value(arguments, ++i));
        case "--minutes" -> wishes.minutes = Double.parseDouble(value(arguments, ++i));
        case "--replay" -> {
          wishes.replay = true;
          wishes.seed = Long.parseLong(value(arguments, ++i));
        }
        case "--shrink" -> {
          wishes.shrink = true;
          wishes.seed = Long.parseLong(value(arguments, ++i));
        }
        case "--knobs" -> wishes.knobs = value(arguments, ++i);
        case "--defects" -> wishes.defects = true;
        case "--defect" -> wishes.defect = value(arguments, ++i);
        case "--race" -> wishes.play = RACE;
        case "--cleaning-day" -> {
          wishes.play = CLEANING_DAY;
          wishes.seeds = 1;
        }
        case "--twice" -> wishes.twice = true;
        case "--keep-going" -> wishes.keepGoing = true;
        default -> throw new IllegalArgumentException("what is " + arguments[i] + "?");
      }
    }
    if (wishes.seeds == Long.MAX_VALUE && wishes.minutes == Double.POSITIVE_INFINITY) {
      wishes.seeds = wishes.defects ? 400 : 200;
    }
    return wishes;
  }

  private static String value(String[] arguments, int at) {
    if (at >= arguments.length) {
      throw new IllegalArgumentException(arguments[at - 1] + " wants a value");
    }
    return arguments[at];
  }

  private static boolean play(Wishes wishes) {
    var stage = new Stage(wishes.play, List.of());
    long began = System.nanoTime();
    long bad = 0;
    long played = 0;
    long events = 0;
    for (long seed = wishes.seed;
        played < wishes.seeds && minutesSince(began) < wishes.minutes;
        seed++) {
      var report = stage.run(seed, wishes.knobs, null);
      if (wishes.twice && stage.run(seed, wishes.knobs, null).hash() != report.hash()) {
        System.out.println("NOT THE SAME RUN TWICE: seed " + seed);
        bad++;
      }
      played++;
      events += report.choices();
      tell(report, wishes);
      if (!report.isGood()) {
        bad++;
        if (!wishes.keepGoing) {
          break;
        }
      }
    }
    double cpuMinutes = cpuNanos() / 60e9;
    System.out.printf(
        Locale.ROOT,
        "%d seeds, %d violated, %d events; %.1f minutes, %.2f of the processor: %.0f seeds a"
            + " minute of it%n",
        played,
        bad,
        events,
        minutesSince(began),
        cpuMinutes,
        played / cpuMinutes);
    return bad == 0;
  }

  private static double minutesSince(long nanos) {
    return (System.nanoTime() - nanos) / 60e9;
  }

  static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static void tell(Report report, Wishes wishes) {
    System.out.println(report);
    if (!report.isGood()) {
      System.out.println("    " + report.detail());
      System.out.println(
          "    replay: ./bascule-sim %s--replay %d%s%s   (commit %s)"
              .formatted(
                  wishes.play.equals(RACE) ? "--race " : "",
                  report.seed(),
                  wishes.knobs.isEmpty() ? "" : " --knobs " + wishes.knobs,
                  wishes.defect.isEmpty() ? "" : " --defect " + wishes.defect,
                  System.getProperty("bascule.sim.commit", "unknown")));
    }
  }

  private static boolean shrink(Wishes wishes) {
    var stage = new Stage(wishes.play, chosen(wishes));
    var violated = stage.run(wishes.seed, wishes.knobs, null);
    tell(violated, wishes);
    if (violated.isGood()) {
      return true;
    }
    var shrinker = new Shrinker((seed, knobs) -> stage.run(seed, knobs, null), violated);
    var small = shrinker.shrunk();
    wishes.knobs = small.knobs();
    System.out.printf(Locale.ROOT, "shrunk in %d runs to:%n", shrinker.runs());
    tell(small, wishes);
    return false;
  }

  /** Twice, to be compared line by line. */
  private static boolean replay(Wishes wishes) {
    var stage = new Stage(wishes.play, chosen(wishes));
    List<String> lines = new ArrayList<>();
    var first = stage.run(wishes.seed, wishes.knobs, lines::add);
    List<String> again = new ArrayList<>();
    var second = stage.run(wishes.seed, wishes.knobs, again::add);
    lines.forEach(System.out::println);
    tell(first, wishes);
    for (int i = 0; i < Math.min(lines.size(), again.size()); i++) {
      if (!lines.get(i).equals(again.get(i))) {
        System.out.println("first different, line " + (i + 1) + ":");
        System.out.println(lines.get(i) + "\n" + again.get(i));
        break;
      }
    }
    if (first.hash() != second.hash()) {
      System.out.printf("NOT THE SAME RUN: %016x, then %016x%n", first.hash(), second.hash());
      return false;
    }
    System.out.println("the same " + second.choices() + " events twice");
    return second.isGood();
  }

  private static List<Defect> chosen(Wishes wishes) {
    return wishes.defect.isEmpty() ? List.of() : List.of(Defects.named(wishes.defect));
  }

  /** The table of docs/simulation.md. */
  private static boolean findDefects(Wishes wishes) {
    var wanted = wishes.defect.isEmpty() ? Defects.ALL : chosen(wishes);
    boolean all = true;
    for (var defect : wanted) {
      var stage = new Stage(Defects.play(defect), List.of(defect));
      boolean ofRace = Defects.play(defect).equals(RACE);
      long seed = wishes.seed;
      long events = 0;
      Report found = null;
      while (found == null && seed < wishes.seed + wishes.seeds) {
        var report = stage.run(seed++, null);
        events += report.choices();
        found = report.isGood() ? null : report;
      }
      all &= found != null;
      System.out.printf(
          Locale.ROOT,
          "| `%s` | %s | %s | %,d |%n",
          defect,
          found == null
              ? stage.planted().isEmpty() ? "NOT PLANTED" : "**not found**"
              : "`" + found.verdict() + "`",
          found == null ? "-" : found.seed() + (ofRace ? " of `--race`" : ""),
          events);
      if (found != null) {
        System.err.println("    " + defect + ": " + found.detail());
      }
    }
    return all;
  }
}

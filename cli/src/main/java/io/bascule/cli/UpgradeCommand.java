package io.bascule.cli;

import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Style;
import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Times;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.upgrade.PausePoint;
import io.bascule.core.upgrade.Upgrade;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bascule upgrade}. */
@Command(
    name = "upgrade",
    description = "Start, watch, pause and cancel an upgrade.",
    subcommands = {
      UpgradeCommand.Start.class,
      UpgradeCommand.ShowStatus.class,
      UpgradeCommand.Pause.class,
      UpgradeCommand.Resume.class,
      UpgradeCommand.SetOptions.class,
      UpgradeCancelCommand.class,
      UpgradeCommand.History.class,
      UpgradeCommand.Report.class
    },
    footer = {"", "Example: bascule upgrade start 1.2.2 --watch"})
final class UpgradeCommand extends GroupCommand {

  /** Where an upgrade may be told to stop. */
  private static final List<String> PAUSE_POINTS =
      Stream.of(PausePoint.values()).map(PausePoint::label).toList();

  private static final List<String> PRIORITIES =
      Stream.of(Upgrade.Priority.values()).map(Enum::name).toList();

  /** What a shell offers. */
  static final class PausePoints extends Words {
    PausePoints() {
      super(PAUSE_POINTS);
    }
  }

  /** What a shell offers. */
  static final class Priorities extends Words {
    Priorities() {
      super(PRIORITIES);
    }
  }

  private static @Nullable List<String> pausePoints(
      ApplianceCommand command, @Nullable List<String> typed) {
    if (typed == null) {
      return null;
    }
    for (String point : typed) {
      if (!PAUSE_POINTS.contains(point)) {
        throw command.usage(
            "'" + point + "' is no pause point; there are " + String.join(", ", PAUSE_POINTS));
      }
    }
    return typed;
  }

  private static @Nullable String priority(ApplianceCommand command, @Nullable String typed) {
    if (typed == null) {
      return null;
    }
    String name = typed.toUpperCase(Locale.ROOT).replace('-', '_');
    if (!PRIORITIES.contains(name)) {
      throw command.usage(
          "'" + typed + "' is no priority; there are " + String.join(", ", PRIORITIES));
    }
    return name;
  }

  @Command(
      name = "start",
      description = "Upgrade the appliance to a release while hosts keep doing I/O.",
      footer = {
        "",
        "Example: bascule upgrade start 1.2.2 --watch",
        "         bascule upgrade start 1.2.2 --dry-run"
      })
  static final class Start extends ApplianceCommand {
    @Parameters(paramLabel = "VERSION", description = "A release that was added as a package.")
    private String version;

    @Option(names = "--dry-run", description = "Make every check and touch nothing.")
    private boolean dryRun;

    @Option(
        names = "--pause-at",
        split = ",",
        paramLabel = "P",
        completionCandidates = PausePoints.class,
        description = "Stop as these begin: handover, once-active, phase-1 .. phase-4, commit.")
    private @Nullable List<String> pauseAt;

    @Option(
        names = "--priority",
        paramLabel = "P",
        completionCandidates = Priorities.class,
        description = "Of a data migration: HOST_FIRST (default), BALANCED, FINISH_SOONER.")
    private @Nullable String priority;

    @Option(
        names = "--max-rate",
        paramLabel = "RATE",
        description = "Of a data migration, in bytes per second, like 50M.")
    private @Nullable String maxRate;

    @Option(
        names = "--confirm-time",
        paramLabel = "S",
        description = "Of a data migration: seconds of Phase 4 (default 60).")
    private @Nullable Integer confirmSeconds;

    @Option(
        names = "--watch",
        description = "Show its progress until it ends or is paused; 1 if a person must look.")
    private boolean watch;

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      var client = client();
      var request =
          new UpgradeView.Start(
              version,
              dryRun,
              pausePoints(this, pauseAt),
              priority(this, priority),
              maxRate == null ? null : size(maxRate),
              confirmSeconds);
      String body;
      try {
        body = client.change("POST", "/upgrade", request);
      } catch (Refused e) {
        if (!appliance.json()) {
          e.prechecks().ifPresent(prechecks -> showChecks(prechecks, screen));
        }
        throw e;
      }
      if (appliance.json()) {
        screen.line(body);
        return dryRun
            ? passed(Json.read(UpgradeView.Prechecks.class, body), screen)
            : ExitCode.DONE;
      }
      if (dryRun) {
        var prechecks = Json.read(UpgradeView.Prechecks.class, body);
        showChecks(prechecks, screen);
        return passed(prechecks, screen);
      }
      var upgrade = Json.read(UpgradeView.class, body);
      screen.line(
          "Upgrade %s from %s to %s has begun."
              .formatted(upgrade.id(), upgrade.from(), upgrade.to()));
      if (!watch) {
        screen.line("`bascule upgrade status --watch` shows its progress.");
        return ExitCode.DONE;
      }
      return UpgradeWatch.run(client, screen, upgrade);
    }

    private static int passed(UpgradeView.Prechecks prechecks, Screen screen) {
      if (prechecks.passed()) {
        return ExitCode.DONE;
      }
      var failed = prechecks.checks().stream().filter(check -> !check.passed());
      return refused(
          screen,
          "the upgrade would not start: "
              + failed.map(UpgradeView.Precheck::detail).collect(Collectors.joining(" ")));
    }

    private static void showChecks(UpgradeView.Prechecks prechecks, Screen screen) {
      var table = new Table("CHECK", "", "");
      for (var check : prechecks.checks()) {
        var mark =
            check.passed()
                ? new Table.Cell("passed", Style.GREEN)
                : new Table.Cell("not passed", Style.RED);
        String remedy = check.passed() || check.remedy() == null ? "" : " " + check.remedy();
        table.row(check.name(), mark, check.detail() + remedy);
      }
      screen.table(table, "");
      if (prechecks.passed() && !prechecks.plan().isEmpty()) {
        screen.line();
        screen.line("The plan");
        int number = 1;
        for (String step : prechecks.plan()) {
          screen.line("  " + number++ + ". " + step);
        }
        screen.line("Nothing was touched.");
      }
    }
  }

  @Command(
      name = "status",
      description = "Show the running upgrade, or the last one.",
      footer = {"", "Example: bascule upgrade status --watch"})
  static final class ShowStatus extends ApplianceCommand {
    @Option(
        names = "--watch",
        description = "Show its progress until it ends or is paused; 1 if a person must look.")
    private boolean watch;

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      var client = client();
      String body = client.get("/upgrade");
      if (appliance.json()) {
        screen.line(body);
        return ExitCode.DONE;
      }
      var upgrade = Json.read(UpgradeView.class, body);
      if (watch && !UpgradeScreen.isOver(upgrade)) {
        return UpgradeWatch.run(client, screen, upgrade);
      }
      screen.lines(UpgradeScreen.details(upgrade, screen));
      return ExitCode.DONE;
    }
  }

  /** A change of the running upgrade. */
  abstract static class ChangeCommand extends ApplianceCommand {
    abstract UpgradeView.Change change();

    abstract String said(UpgradeView upgrade);

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      String body = client().change("PATCH", "/upgrade", change());
      screen.line(appliance.json() ? body : said(Json.read(UpgradeView.class, body)));
      return ExitCode.DONE;
    }
  }

  @Command(
      name = "pause",
      description = "Stop a migration where it is, until `upgrade resume`.",
      footer = {
        "",
        "The rolling part (both controllers rebooting) stops at pause points alone: set one ahead",
        "with `upgrade set --pause-at`. A pause changes nothing about the cancel: `upgrade status`",
        "says whether it is possible now.",
        "",
        "Example: bascule upgrade pause"
      })
  static final class Pause extends ChangeCommand {
    @Override
    UpgradeView.Change change() {
      return new UpgradeView.Change(true, null, null, null);
    }

    @Override
    String said(UpgradeView upgrade) {
      return "The upgrade is %s at %s.".formatted(upgrade.state(), upgrade.step());
    }
  }

  @Command(
      name = "resume",
      description = "Let a paused upgrade go on.",
      footer = {"", "Example: bascule upgrade resume"})
  static final class Resume extends ChangeCommand {
    @Override
    UpgradeView.Change change() {
      return new UpgradeView.Change(false, null, null, null);
    }

    @Override
    String said(UpgradeView upgrade) {
      return "The upgrade is %s at %s.".formatted(upgrade.state(), upgrade.step());
    }
  }

  @Command(
      name = "set",
      description = "Change where a running upgrade pauses and how fast it migrates.",
      footer = {"", "Example: bascule upgrade set --pause-at once-active"})
  static final class SetOptions extends ChangeCommand {
    @Option(
        names = "--pause-at",
        split = ",",
        paramLabel = "P",
        completionCandidates = PausePoints.class,
        description = "Stop as these begin; 'none' for nowhere.")
    private @Nullable List<String> pauseAt;

    @Option(
        names = "--priority",
        paramLabel = "P",
        completionCandidates = Priorities.class,
        description = "HOST_FIRST, BALANCED or FINISH_SOONER.")
    private @Nullable String priority;

    @Option(
        names = "--max-rate",
        paramLabel = "R",
        description = "Bytes per second, like 50M; 0 lifts the cap.")
    private @Nullable String maxRate;

    @Override
    UpgradeView.Change change() {
      if (pauseAt == null && priority == null && maxRate == null) {
        throw usage("set what? --pause-at, --priority or --max-rate");
      }
      boolean nowhere = pauseAt != null && pauseAt.equals(List.of("none"));
      return new UpgradeView.Change(
          null,
          nowhere ? List.of() : pausePoints(this, pauseAt),
          priority(this, priority),
          maxRate == null ? null : size(maxRate));
    }

    @Override
    String said(UpgradeView upgrade) {
      return "Pauses at: %s. Priority: %s. Rate: %s."
          .formatted(
              upgrade.pauseAt().isEmpty() ? "nowhere" : String.join(", ", upgrade.pauseAt()),
              ControllerTable.orDash(upgrade.priority()),
              upgrade.maxBytesPerSecond() == null
                  ? "not limited"
                  : Sizes.rate(upgrade.maxBytesPerSecond()));
    }
  }

  @Command(
      name = "history",
      description = "List every upgrade there was, newest first.",
      footer = {"", "Example: bascule upgrade history"})
  static final class History extends ApplianceCommand {
    @Override
    int run(Screen screen) throws NotReachable, Refused {
      String body = client().get("/upgrades");
      if (appliance.json()) {
        screen.line(body);
        return ExitCode.DONE;
      }
      var upgrades = Json.readList(HistoryView.class, body);
      if (upgrades.isEmpty()) {
        screen.line("There was no upgrade yet.");
        return ExitCode.DONE;
      }
      var table = new Table("ID", "FROM", "TO", "STATE", "STARTED", ">TOOK", "BY", "WHY");
      for (var upgrade : upgrades) {
        table.row(
            upgrade.id(),
            upgrade.from(),
            upgrade.to(),
            Table.state(upgrade.state()),
            Times.instant(upgrade.startedAt()),
            Times.between(upgrade.startedAt(), upgrade.endedAt()),
            upgrade.startedBy(),
            why(upgrade));
      }
      screen.table(table, "");
      return ExitCode.DONE;
    }

    private static String why(HistoryView upgrade) {
      if (upgrade.cause() != null) {
        return upgrade.cause().code();
      }
      if (upgrade.cancelReason() == null) {
        return "";
      }
      return withComment(upgrade.cancelReason(), upgrade.cancelComment());
    }
  }

  private static String withComment(String reason, @Nullable String comment) {
    return comment == null || comment.isBlank() ? reason : reason + ": " + comment;
  }

  @Command(
      name = "report",
      description = "Show one upgrade in full, with its receipt.",
      footer = {
        "",
        "Example: bascule upgrade report $(bascule upgrade history | awk 'NR==2{print $1}')"
      })
  static final class Report extends ApplianceCommand {
    @Parameters(paramLabel = "ID", description = "From `bascule upgrade history`.")
    private String id;

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      String body = client().get("/upgrades/" + encoded(id) + "/report");
      if (appliance.json()) {
        screen.line(body);
        return ExitCode.DONE;
      }
      show(Json.read(HistoryView.Report.class, body), screen);
      return ExitCode.DONE;
    }

    private static void show(HistoryView.Report report, Screen screen) {
      var upgrade = report.upgrade();
      screen.line(
          "Upgrade %s: %s -> %s  %s"
              .formatted(
                  upgrade.id(),
                  upgrade.from(),
                  upgrade.to(),
                  screen.styled(Style.ofState(upgrade.state()), upgrade.state())));
      screen.line(
          "Started %s by %s, took %s"
              .formatted(
                  Times.instant(upgrade.startedAt()),
                  upgrade.startedBy(),
                  Times.between(upgrade.startedAt(), upgrade.endedAt())));
      if (upgrade.cancelReason() != null) {
        screen.line(
            "Canceled because " + withComment(upgrade.cancelReason(), upgrade.cancelComment()));
      }
      if (upgrade.cause() != null) {
        screen.line("Cause " + upgrade.cause().detail() + " [" + upgrade.cause().code() + "]");
      }
      screen.line();
      screen.table(UpgradeScreen.steps(report.steps()), "  ");
      screen.line();
      var events = new Table("AT", "WHAT", "");
      report.events().forEach(e -> events.row(Times.instant(e.at()), e.what(), e.detail()));
      screen.table(events, "  ");
      var latency = report.hostLatency();
      if (latency != null) {
        screen.line();
        screen.line(
            "  Host latency p99: before %s, during %s, after %s"
                .formatted(
                    Times.micros(latency.beforeP99Micros()),
                    Times.micros(latency.duringP99Micros()),
                    Times.micros(latency.afterP99Micros())));
      }
      var receipt = report.receipt();
      if (receipt != null) {
        screen.line();
        screen.line("  Receipt");
        screen.line(
            "    volumes found sound  " + receipt.volumesVerified() + " (headers and sizes)");
        screen.line("    writes acknowledged  " + receipt.writesAcknowledged());
        screen.line("    redundant            " + (receipt.redundant() ? "yes" : "no"));
        screen.line("    versions             " + byController(receipt.versions()));
        screen.line("    slots                " + byController(receipt.slots()));
      }
    }

    private static String byController(Map<String, String> values) {
      var words = new java.util.ArrayList<String>();
      new TreeMap<>(values).forEach((id, value) -> words.add(id + ": " + value));
      return String.join(", ", words);
    }
  }
}

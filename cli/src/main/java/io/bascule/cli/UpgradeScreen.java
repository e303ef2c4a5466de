package io.bascule.cli;

import io.bascule.cli.screen.Bar;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Style;
import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Times;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.upgrade.UpgradeMachine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How an upgrade and its cancel look: the same lines for a glance and for a live view. */
final class UpgradeScreen {
  /** Where what is said stands, beside its label. */
  static final int LABEL_WIDTH = 16;

  private UpgradeScreen() {}

  /** {@code 1.2.1 -> 1.2.2 RUNNING 63 % STAGE_ONCE_ACTIVE up to 20 s left}. */
  static String headline(UpgradeView upgrade, Screen screen) {
    var line = new StringBuilder();
    line.append(upgrade.from()).append(" -> ").append(upgrade.to()).append("  ");
    line.append(screen.styled(Style.ofState(upgrade.state()), upgrade.state()));
    if (!isOver(upgrade)) {
      line.append("  ").append(upgrade.percent()).append(" %");
      if (upgrade.step() != null) {
        line.append("  ").append(upgrade.step());
      }
      line.append(eta(upgrade, "  "));
    }
    return line.toString();
  }

  /** Where it is paused and why, in a few words. */
  static String paused(UpgradeView upgrade) {
    String step = upgrade.step();
    String reason = upgrade.pausedReason();
    if (reason == null) {
      return "at " + step;
    }
    if (reason.startsWith(UpgradeMachine.AT_PAUSE_POINT)) {
      return "at " + step + ", a pause point";
    }
    return reason.startsWith(UpgradeMachine.PAUSED_BY)
        ? "in " + step + " by " + reason.substring(UpgradeMachine.PAUSED_BY.length())
        : "in " + step + ": " + reason;
  }

  /** Nothing happens any more. */
  static boolean isOver(UpgradeView upgrade) {
    return switch (upgrade.state()) {
      case "IDLE", "COMPLETED", "CANCELED", "FAILED" -> true;
      default -> false;
    };
  }

  /** Everything there is to see of it. */
  static List<String> details(UpgradeView upgrade, Screen screen) {
    var lines = new ArrayList<String>();
    if (upgrade.state().equals("IDLE")) {
      lines.add("No upgrade has been started. `bascule upgrade start VERSION` begins one.");
      return lines;
    }
    lines.add("Upgrade " + headline(upgrade, screen));
    if (!isOver(upgrade)) {
      lines.add(Bar.of(upgrade.percent(), screen));
    }
    lines.add("");
    for (String line : steps(upgrade.steps()).lines(screen.colours())) {
      lines.add("  " + line);
    }
    var phases = phases(upgrade);
    if (!phases.isEmpty()) {
      lines.add("");
      lines.addAll(phases);
    }
    lines.add("");
    lines.addAll(below(upgrade, screen));
    return lines;
  }

  /** The same where there is little room: the step of now, the others counted. */
  static List<String> brief(UpgradeView upgrade, Screen screen) {
    var lines = new ArrayList<String>();
    lines.add("Upgrade " + headline(upgrade, screen));
    if (!isOver(upgrade)) {
      lines.add(Bar.of(upgrade.percent(), screen));
    }
    var others = new TreeMap<String, Integer>();
    for (var step : upgrade.steps()) {
      switch (step.state()) {
        case "RUNNING", "UNDOING", "FAILED" -> {
          String where = step.controller() == null ? "" : " on controller " + step.controller();
          String how = step.error() != null ? step.error() : step.percent() + " %";
          String state = screen.styled(Style.ofState(step.state()), step.state());
          lines.add("  Step          " + step.name() + where + "  " + state + "  " + how);
        }
        default -> others.merge(step.state(), 1, Integer::sum);
      }
    }
    if (!others.isEmpty()) {
      lines.add(
          "  Other steps   "
              + others.entrySet().stream()
                  .map(entry -> entry.getValue() + " " + entry.getKey())
                  .collect(Collectors.joining(", ")));
    }
    lines.addAll(phases(upgrade));
    lines.addAll(below(upgrade, screen));
    return lines;
  }

  private static List<String> phases(UpgradeView upgrade) {
    var migration = upgrade.migration();
    if (migration == null) {
      return List.of();
    }
    return migration.phases().stream()
        .map(phase ->
            String.format(
                Locale.ROOT,
                "  Phase %d %-8s %3d %%  %s of %s",
                phase.number(),
                phase.name(),
                phase.percent(),
                Sizes.format(phase.bytesDone()),
                Sizes.format(phase.bytesTotal())))
        .toList();
  }

  private static List<String> below(UpgradeView upgrade, Screen screen) {
    var lines = new ArrayList<String>();
    var latency = upgrade.hostLatency();
    if (latency != null && latency.currentP99Micros() != null) {
      lines.add(
          "  Host latency  p99 "
              + Times.micros(latency.currentP99Micros())
              + ", before the upgrade "
              + Times.micros(latency.baselineP99Micros()));
    }
    if (upgrade.pausedReason() != null) {
      lines.add("  Paused        " + paused(upgrade));
    }
    if (upgrade.waiting() != null) {
      lines.add("  Waits         " + upgrade.waiting().why());
      lines.add("                " + upgrade.waiting().whatToDo());
    }
    if (upgrade.cause() != null) {
      lines.add(
          "  Cause         " + upgrade.cause().detail() + " [" + upgrade.cause().code() + "]");
    }
    lines.addAll(cancel(upgrade.cancel(), screen));
    return lines;
  }

  private static List<String> cancel(UpgradeView.Cancel cancel, Screen screen) {
    var lines = new ArrayList<String>();
    String availability = cancel.availability();
    lines.add(
        "  Cancel        "
            + screen.styled(Style.ofState(availability), availability)
            + (cancel.reason() == null ? "" : ": " + cancel.reason()));
    if (cancel.nextCancelPoint() != null) {
      lines.add("                next cancel point: " + cancel.nextCancelPoint());
    }
    for (String guard : guards(cancel.guards(), screen)) {
      lines.add("                " + guard);
    }
    var queued = cancel.queued();
    if (queued != null) {
      lines.add("                queued by " + queued.by() + " at " + Times.instant(queued.at()));
    }
    return lines;
  }

  private static List<String> guards(List<UpgradeView.Guard> guards, Screen screen) {
    var lines = new ArrayList<String>();
    for (var guard : guards) {
      String holds =
          guard.holds()
              ? screen.styled(Style.GREEN, "holds")
              : screen.styled(Style.YELLOW, "does not hold");
      lines.add("guard " + guard.name() + " " + holds + ": " + guard.detail());
    }
    return lines;
  }

  static Table steps(List<UpgradeView.Step> steps) {
    var table = new Table("STEP", "CONTROLLER", "STATE", ">TIME", "");
    for (var step : steps) {
      boolean running = step.state().equals("RUNNING") || step.state().equals("UNDOING");
      table.row(
          step.name(),
          step.controller() == null ? "" : step.controller().toString(),
          Table.state(step.state()),
          step.endedAt() == null ? "" : Times.between(step.startedAt(), step.endedAt()),
          step.error() != null ? step.error() : running ? step.percent() + " %" : "");
    }
    return table;
  }

  /** What a confirmed cancel would do. */
  static List<String> preview(CancelView preview, boolean withReason, Screen screen) {
    var lines = new ArrayList<String>();
    String availability = preview.availability();
    if (preview.upgradeId() == null) {
      lines.add("No upgrade is running.");
      return lines;
    }
    lines.add(
        "Cancel of upgrade "
            + preview.upgradeId()
            + ", revision "
            + preview.revision()
            + ": "
            + screen.styled(Style.ofState(availability), availability));
    if (withReason && preview.reason() != null) {
      lines.add("  " + preview.reason());
    }
    if (!preview.steps().isEmpty()) {
      lines.add("");
      lines.add("  What will happen");
      int number = 1;
      for (String step : preview.steps()) {
        lines.add("  " + number++ + ". " + step);
      }
    }
    Long pause = preview.expectedHostPauseMillis();
    Long seconds = preview.expectedSeconds();
    boolean happens = !availability.equals("NO_EFFECT");
    if (happens && (pause != null || seconds != null)) {
      lines.add("");
    }
    if (happens && pause != null) {
      lines.add(
          pause == 0 ? "  Hosts do not pause" : "  Hosts pause for about     " + pause + " ms");
    }
    if (happens && seconds != null) {
      lines.add("  Redundant again in about  " + Times.duration(Duration.ofSeconds(seconds)));
    }
    if (!preview.guards().isEmpty()) {
      lines.add("");
      for (String guard : guards(preview.guards(), screen)) {
        lines.add("  " + guard);
      }
    }
    return lines;
  }

  static String eta(UpgradeView upgrade, String before) {
    if (upgrade.state().equals("PAUSED")) {
      return "";
    }
    var eta = upgrade.etaSeconds();
    return eta == null ? "" : before + Times.left(eta.low(), eta.high());
  }
}

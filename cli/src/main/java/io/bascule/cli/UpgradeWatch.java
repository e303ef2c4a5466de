package io.bascule.cli;

import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.LiveView;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Wrapped;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.upgrade.UpgradeMachine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Follows an upgrade: a view that changes in place on a terminal, otherwise one line for each
 * change. It rides out every handover, and ends with the upgrade; leaving it changes nothing.
 */
final class UpgradeWatch {
  /**
   * Both controllers may boot at once (an accepted disruption, a power cut): a boot has 30 s, and
   * three attempts.
   */
  static final Duration PATIENCE = Duration.ofSeconds(100);

  private static final int POLL_MILLIS = 200;

  private UpgradeWatch() {}

  /** Until it ends, or is paused: 0 unless it FAILED, or rests until a person has looked. */
  static int run(ApplianceClient client, Screen screen, UpgradeView upgrade)
      throws NotReachable, Refused {
    var last = follow(client, screen, upgrade, true);
    if (last.state().equals("FAILED")) {
      return ExitCode.FAILED;
    }
    String reason = last.pausedReason();
    boolean needsAPerson =
        last.state().equals("PAUSED") && reason != null && !UpgradeMachine.isOrderedPause(reason);
    return needsAPerson ? ExitCode.FAILED : ExitCode.DONE;
  }

  /** Until it ends, paused or not. */
  static UpgradeView untilOver(ApplianceClient client, Screen screen, UpgradeView upgrade)
      throws NotReachable, Refused {
    return follow(client, screen, upgrade, false);
  }

  private static UpgradeView follow(
      ApplianceClient client, Screen screen, UpgradeView first, boolean endsPaused)
      throws NotReachable, Refused {
    var patient = client.patient(PATIENCE);
    var upgrade = first;
    try (var live = LiveView.on(screen)) {
      String said = "";
      while (true) {
        if (screen.terminal()) {
          var appliance = patient.get("/appliance", ApplianceView.class);
          live.show(picture(upgrade, appliance, screen, LiveView.rows(), LiveView.columns()));
        } else {
          String line = plain(upgrade);
          if (!line.equals(said)) {
            screen.line(line);
            said = line;
          }
        }
        if (UpgradeScreen.isOver(upgrade) || (endsPaused && upgrade.state().equals("PAUSED"))) {
          return upgrade;
        }
        sleep();
        var next = patient.get("/upgrade", UpgradeView.class);
        if (!Objects.equals(next.id(), first.id())) {
          return upgrade; // somebody has started another one: this one is over
        }
        upgrade = next;
      }
    }
  }

  /** Everything; on a screen that has no room for it, what matters most. */
  static List<String> picture(
      UpgradeView upgrade, ApplianceView appliance, Screen screen, int rows, int columns) {
    var full = new ArrayList<>(UpgradeScreen.details(upgrade, screen));
    full.add("");
    full.addAll(controllers(appliance, screen, columns));
    var fitting = Wrapped.lines(full, columns, UpgradeScreen.LABEL_WIDTH);
    if (fitting.size() <= rows) {
      return fitting;
    }
    var brief = new ArrayList<>(UpgradeScreen.brief(upgrade, screen));
    brief.addAll(controllers(appliance, screen, columns));
    return Wrapped.lines(brief, columns, UpgradeScreen.LABEL_WIDTH);
  }

  private static List<String> controllers(ApplianceView appliance, Screen screen, int columns) {
    var table = indented(ControllerTable.of(appliance.controllers()), screen);
    return table.stream().allMatch(line -> Wrapped.visible(line) <= columns)
        ? table
        : indented(ControllerTable.brief(appliance.controllers()), screen);
  }

  private static List<String> indented(Table table, Screen screen) {
    return table.lines(screen.colours()).stream().map(line -> "  " + line).toList();
  }

  /** What is worth a line of its own: the step and how it is. Percents alone are not. */
  private static String plain(UpgradeView upgrade) {
    if (upgrade.state().equals("PAUSED")) {
      return "PAUSED  " + UpgradeScreen.paused(upgrade);
    }
    var line = new StringBuilder(upgrade.state());
    for (var step : upgrade.steps()) {
      boolean current = step.name().equals(upgrade.step());
      if (current || step.state().equals("UNDOING")) {
        line.append("  ").append(step.name());
        if (step.controller() != null) {
          line.append(" on controller ").append(step.controller());
        }
        line.append(' ').append(step.state());
        if (step.error() != null) {
          line.append(": ").append(step.error());
        }
      }
    }
    if (upgrade.cause() != null) {
      line.append("  ").append(upgrade.cause().detail());
    }
    return line.toString();
  }

  private static void sleep() throws NotReachable {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NotReachable("interrupted");
    }
  }
}

package io.bascule.cli;

import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Style;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.UpgradeView;
import picocli.CommandLine.Command;

/** {@code bascule status}. */
@Command(
    name = "status",
    description = "Show the appliance: health, controllers, alerts, a running upgrade.",
    footer = {"", "Example: bascule status"})
final class StatusCommand extends ApplianceCommand {
  @Override
  int run(Screen screen) throws NotReachable, Refused {
    var client = client();
    String body = client.get("/appliance");
    if (appliance.json()) {
      screen.line(body);
      return ExitCode.DONE;
    }
    var view = io.bascule.cli.client.Json.read(ApplianceView.class, body);
    var upgrade = client.get("/upgrade", UpgradeView.class);
    var alerts = client.list("/alerts", AlertView.class);

    screen.line(
        screen.styled(Style.BOLD, view.name())
            + "  "
            + view.version()
            + "  "
            + screen.styled(Style.ofState(view.health()), view.health())
            + (view.redundant() ? ", redundant" : ", not redundant"));
    screen.line("  " + view.healthDetail());
    screen.line();
    screen.table(ControllerTable.of(view.controllers()), "  ");
    screen.line();
    screen.line("  Target   " + view.target());
    screen.line("  Portals  " + portals(view.portals()));
    if (!upgrade.state().equals("IDLE")) {
      screen.line("  Upgrade  " + UpgradeScreen.headline(upgrade, screen));
    }
    for (var alert : alerts) {
      if (alert.clearedAt() == null) {
        screen.line(
            "  "
                + screen.styled(Style.ofState(alert.severity()), "Alert")
                + "    "
                + alert.message()
                + " "
                + alert.whatToDo());
      }
    }
    return ExitCode.DONE;
  }

  private static String portals(ApplianceView.Portals portals) {
    return portals.floating() + " (floating), " + String.join(", ", portals.fixed()) + " (fixed)";
  }
}

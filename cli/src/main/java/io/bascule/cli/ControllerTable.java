package io.bascule.cli;

import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Times;
import io.bascule.core.api.ApplianceView;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Both controllers, a line each. */
final class ControllerTable {
  private ControllerTable() {}

  static Table of(List<ApplianceView.Controller> controllers) {
    return table(controllers, true);
  }

  /** The same for a narrow screen: without the time. */
  static Table brief(List<ApplianceView.Controller> controllers) {
    return table(controllers, false);
  }

  private static Table table(List<ApplianceView.Controller> controllers, boolean since) {
    var columns =
        new ArrayList<>(
            List.of("CONTROLLER", "ROLE", "STATUS", "VERSION", "RUNS", "SLOT A", "SLOT B"));
    if (since) {
      columns.add("SINCE");
    }
    var table = new Table(columns.toArray(String[]::new));
    for (var controller : controllers) {
      var cells =
          new ArrayList<Object>(
              List.of(
                  controller.id(),
                  Table.state(orDash(controller.role())),
                  Table.state(controller.status()),
                  orDash(controller.version()),
                  orDash(controller.runningSlot()),
                  orDash(controller.slots().get("A")),
                  orDash(controller.slots().get("B"))));
      if (since) {
        cells.add(Times.instant(controller.since()));
      }
      table.row(cells.toArray());
    }
    return table;
  }

  static String orDash(@Nullable String text) {
    return text == null || text.isEmpty() ? "-" : text;
  }
}

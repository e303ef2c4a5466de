package io.bascule.cli;

import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Times;
import io.bascule.core.api.ApplianceView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Both controllers, a line each. */
final class ControllerTable {
  private ControllerTable() {}

  static Table of(List<ApplianceView.Controller> controllers) {
    var table =
        new Table("CONTROLLER", "ROLE", "STATUS", "VERSION", "RUNS", "SLOT A", "SLOT B", "SINCE");
    for (var controller : controllers) {
      table.row(
          controller.id(),
          Table.state(orDash(controller.role())),
          Table.state(controller.status()),
          orDash(controller.version()),
          orDash(controller.runningSlot()),
          orDash(controller.slots().get("A")),
          orDash(controller.slots().get("B")),
          Times.instant(controller.since()));
    }
    return table;
  }

  /** The same for a narrow screen. */
  static Table brief(List<ApplianceView.Controller> controllers) {
    var table = new Table("CONTROLLER", "ROLE", "STATUS", "VERSION", "RUNS", "SLOT A", "SLOT B");
    for (var controller : controllers) {
      table.row(
          controller.id(),
          Table.state(orDash(controller.role())),
          Table.state(controller.status()),
          orDash(controller.version()),
          orDash(controller.runningSlot()),
          orDash(controller.slots().get("A")),
          orDash(controller.slots().get("B")));
    }
    return table;
  }

  static String orDash(@Nullable String text) {
    return text == null || text.isEmpty() ? "-" : text;
  }
}

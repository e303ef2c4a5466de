package io.bascule.cli.demo;

import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Times;
import io.bascule.core.api.ApplianceView;
import io.bascule.host.load.LoadReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What happened, when, and what the host felt of it: the table at the end. */
final class Ledger {
  private record Event(String name, Duration took, String result) {}

  private final List<Event> events = new ArrayList<>();

  /** An event of the name of a window of the load. */
  void add(String name, Duration took, String result) {
    events.add(new Event(name, took, result));
  }

  Table events(LoadReport report) {
    var table = new Table("EVENT", ">HOST PAUSE", ">HOST P99", ">HOST I/OS", ">TOOK", "AFTERWARDS");
    for (var event : events) {
      var window = report.window(event.name());
      table.row(
          event.name(),
          window == null ? "-" : millis(window.longestPauseMillis()),
          window == null ? "-" : millis(window.latency().p99Micros() / 1000.0),
          window == null ? "-" : number(window.ios()),
          Times.duration(event.took()),
          event.result());
    }
    return table;
  }

  static Table totals(LoadReport report, ApplianceView appliance) {
    var table = new Table("", "");
    table.row("writes acknowledged", number(report.writesAcknowledged()));
    table.row("blocks verified", number(report.blocksVerified()));
    table.row("full verifications", number(report.fullVerifications()));
    table.row("lost or wrong blocks", number(report.wrongBlocks()));
    table.row("I/O errors", number(report.errors()));
    table.row("host reconnects", number(report.reconnects()));
    for (var controller : appliance.controllers()) {
      table.row(
          "controller " + controller.id(),
          "%s %s, release %s from slot %s (A: %s, B: %s)"
              .formatted(
                  controller.role(),
                  controller.status(),
                  controller.version(),
                  controller.runningSlot(),
                  orEmpty(controller.slots().get("A")),
                  orEmpty(controller.slots().get("B"))));
    }
    return table;
  }

  private static String orEmpty(@org.jspecify.annotations.Nullable String version) {
    return version == null ? "empty" : version;
  }

  static String millis(double millis) {
    return String.format(Locale.ROOT, millis < 10 ? "%.1f ms" : "%.0f ms", millis);
  }

  static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}

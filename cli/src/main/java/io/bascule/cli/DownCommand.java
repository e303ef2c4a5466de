package io.bascule.cli;

import io.bascule.cli.client.Bodies;
import io.bascule.cli.client.Json;
import io.bascule.cli.local.LocalAppliance;
import io.bascule.cli.screen.FileReason;
import io.bascule.cli.screen.Screen;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bascule down}. */
@Command(
    name = "down",
    description = "Stop the appliance on this machine: both controllers, then the chassis.",
    footer = {"", "Example: bascule down"})
final class DownCommand implements Callable<Integer> {
  /** Each controller gets 9 s to stop by itself, one after the other. */
  private static final Duration PATIENCE = Duration.ofSeconds(25);

  @Mixin private DataOptions data = new DataOptions();

  @Option(names = "--json", description = "Print JSON instead of sentences.")
  private boolean json;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    var screen = Screen.system(spec.commandLine().getOut(), spec.commandLine().getErr());
    var appliance = new LocalAppliance(Layout.of(data.path()));
    try {
      if (!appliance.exists()) {
        screen.error("not reachable: there is no appliance in " + data.path());
        return ExitCode.NOT_REACHABLE;
      }
      if (!appliance.isRunning() && !appliance.hasControllers()) {
        return told(screen, "NOT_RUNNING", List.of());
      }
      var done = new ArrayList<String>();
      if (!appliance.isRunning()) {
        done.add("Its chassis is gone; its controllers are stopped by their records.");
      }
      done.addAll(appliance.stop(PATIENCE));
      return told(screen, "STOPPED", done);
    } catch (IOException e) {
      screen.error("failed: " + FileReason.of(e));
      return ExitCode.FAILED;
    }
  }

  private int told(Screen screen, String outcome, List<String> detail) {
    if (json) {
      screen.line(Json.write(new Bodies.Down(data.path().toString(), outcome, detail)));
    } else if (outcome.equals("STOPPED")) {
      detail.forEach(line -> screen.line("  " + line));
      screen.line("Stopped.");
    } else {
      screen.line("The appliance in " + data.path() + " is not running.");
    }
    return ExitCode.DONE;
  }
}

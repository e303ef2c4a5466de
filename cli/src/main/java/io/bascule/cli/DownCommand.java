package io.bascule.cli;

import io.bascule.cli.local.LocalAppliance;
import io.bascule.cli.screen.Screen;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
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

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "${env:BASCULE_DATA:-bascule-data}",
      description = "The appliance's folder (BASCULE_DATA; else ./bascule-data).")
  private Path data = Path.of("bascule-data");

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    var screen = Screen.system(spec.commandLine().getOut(), spec.commandLine().getErr());
    var appliance = new LocalAppliance(Layout.of(data));
    try {
      if (!appliance.exists()) {
        screen.error("not reachable: there is no appliance in " + data);
        return ExitCode.NOT_REACHABLE;
      }
      if (!appliance.isRunning() && !appliance.hasControllers()) {
        screen.line("The appliance in " + data + " is not running.");
        return ExitCode.DONE;
      }
      if (!appliance.isRunning()) {
        screen.line("Its chassis is gone; its controllers are stopped by their records.");
      }
      appliance.stop(PATIENCE).forEach(line -> screen.line("  " + line));
      screen.line("Stopped.");
      return ExitCode.DONE;
    } catch (IOException e) {
      screen.error("failed: " + e.getMessage());
      return ExitCode.FAILED;
    }
  }
}

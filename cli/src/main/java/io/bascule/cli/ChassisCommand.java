package io.bascule.cli;

import io.bascule.cli.chassis.ChassisProcess;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bascule chassis}: is the chassis of an appliance. For {@code up} and for systemd. */
@Command(
    name = "chassis",
    hidden = true,
    description = "Be the chassis of an appliance that exists: boot and watch its controllers.")
final class ChassisCommand implements Callable<Integer> {
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
  public Integer call() throws IOException, InterruptedException {
    // Before the first logger: the chassis' log is all that tells afterwards what it did.
    System.setProperty("bascule.log.level", "INFO");
    var layout = Layout.of(data);
    var err = spec.commandLine().getErr();
    if (!java.nio.file.Files.isDirectory(layout.enclosure())) {
      err.println("failed: there is no appliance in " + layout.root());
      return ExitCode.FAILED;
    }
    if (!ChassisProcess.run(layout)) {
      err.println("refused: another chassis of " + layout.root() + " runs");
      return ExitCode.REFUSED;
    }
    return ExitCode.DONE;
  }
}

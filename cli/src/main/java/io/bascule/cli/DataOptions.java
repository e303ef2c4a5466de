package io.bascule.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where the appliance's data lies: what every command for an appliance may be told. */
final class DataOptions {
  /** Where it lies when nobody says otherwise. */
  static final Path USUAL = Path.of("bascule-data");

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "${env:BASCULE_DATA:-bascule-data}",
      description = "The appliance's folder (BASCULE_DATA; else ./bascule-data).")
  private Path data = USUAL;

  Path path() {
    return data;
  }

  /** What to add to a command that is told to somebody, so that it means this appliance. */
  String forCommands() {
    return data.equals(USUAL) ? "" : " --data " + data;
  }
}

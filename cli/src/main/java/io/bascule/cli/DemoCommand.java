package io.bascule.cli;

import io.bascule.cli.demo.Demo;
import io.bascule.cli.screen.Screen;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bascule demo}. */
@Command(
    name = "demo",
    description = "The whole story on this machine: upgrade, cancel, kill -9, while a host writes.",
    footer = {
      "",
      "Takes under three minutes, needs no privileges, uses loopback only, leaves nothing behind.",
      "Exit code 0 only if nothing was lost, no I/O failed and every state was as told.",
      "",
      "Example: bascule demo --keep"
    })
final class DemoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--keep",
      description = "Leave the appliance running at the end, and say how to reach it.")
  private boolean keep;

  @Option(
      names = "--ports-from",
      hidden = true,
      defaultValue = "0",
      description = "Look for free ports from here on.")
  private int portsFrom;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Override
  public Integer call() {
    var screen = Screen.system(spec.commandLine().getOut(), spec.commandLine().getErr());
    var home = Path.of(System.getProperty("bascule.home", ".")).toAbsolutePath();
    var demo =
        new Demo(
            screen,
            home,
            keep,
            portsFrom,
            (args, out) -> BasculeCommand.commandLine().setOut(out).setErr(out).execute(args));
    return demo.run() ? ExitCode.DONE : ExitCode.FAILED;
  }
}

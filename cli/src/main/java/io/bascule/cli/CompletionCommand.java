package io.bascule.cli;

import io.bascule.cli.screen.Screen;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bascule completion}. */
@Command(
    name = "completion",
    description = "Print a script that completes commands and options in bash and zsh.",
    footer = {"", "Example: source <(./bascule completion)"})
final class CompletionCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Override
  public void run() {
    var out = spec.commandLine().getOut();
    var screen = Screen.system(out, spec.commandLine().getErr());
    screen.line(AutoComplete.bash("bascule", spec.root().commandLine()));
  }
}

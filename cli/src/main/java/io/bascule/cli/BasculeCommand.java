package io.bascule.cli;

import io.bascule.host.HostloadCommand;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The root of the command line: it only knows its subcommands. */
@Command(
    name = "bascule",
    description = "A dual-controller iSCSI appliance whose upgrade can be canceled under load.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = BasculeCommand.OfThisBuild.class,
    subcommands = {
      DemoCommand.class,
      UpCommand.class,
      DownCommand.class,
      StatusCommand.class,
      VolumeCommand.class,
      SnapshotCommand.class,
      HostCommand.class,
      PackageCommand.class,
      UpgradeCommand.class,
      ControllerCommand.class,
      HostloadCommand.class,
      CompletionCommand.class,
      ChassisCommand.class,
    },
    footer = {
      "",
      "`bascule COMMAND --help` explains one.",
      "Exit codes: 0 done, 1 failed, 2 usage, 3 refused or no effect, 4 appliance not reachable.",
    })
public final class BasculeCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Option(names = "--version", versionHelp = true, description = "Show the version of this tool.")
  private boolean version;

  /** Of the command line, which belongs to no release of the appliance. */
  static final class OfThisBuild implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = BasculeCommand.class.getPackage().getImplementationVersion();
      return new String[] {
        "bascule " + (version == null ? "(not packaged)" : version),
        "The command line works with every release; `bascule status` shows the appliance's own."
      };
    }
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Which command?");
  }

  /** The command line with all its commands. */
  public static CommandLine commandLine() {
    return commandLine(CommandLine.defaultFactory());
  }

  /** The command line with all its commands, made by {@code factory}. */
  static CommandLine commandLine(CommandLine.IFactory factory) {
    return new CommandLine(BasculeCommand.class, factory)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(false)
        .setUsageHelpWidth(100)
        .setExecutionStrategy(BasculeCommand::execute)
        .setParameterExceptionHandler(BasculeCommand::usage);
  }

  /** {@code --help} behind a word that is no command explains nothing about that word. */
  private static int execute(ParseResult parsed) {
    for (var result : parsed.asCommandLineList()) {
      var unmatched = result.getParseResult().unmatched();
      if (!unmatched.isEmpty()) {
        throw new CommandLine.UnmatchedArgumentException(result, unmatched);
      }
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  /** A sentence and where to read more; a page of options would hide it. */
  private static int usage(ParameterException mistake, String[] args) {
    var command = mistake.getCommandLine();
    var err = command.getErr();
    err.println(inWords(mistake));
    CommandLine.UnmatchedArgumentException.printSuggestions(mistake, err);
    err.println("`" + command.getCommandSpec().qualifiedName() + " --help` explains it.");
    err.flush();
    return ExitCode.USAGE;
  }

  private static String inWords(ParameterException mistake) {
    if (!(mistake instanceof CommandLine.UnmatchedArgumentException unmatched)
        || unmatched.isUnknownOption()) {
      return String.valueOf(mistake.getMessage());
    }
    var command = mistake.getCommandLine();
    String word = unmatched.getUnmatched().getFirst();
    String name = command.getCommandSpec().qualifiedName();
    String known =
        command.getSubcommands().entrySet().stream()
            .filter(entry -> !entry.getValue().getCommandSpec().usageMessage().hidden())
            .map(Map.Entry::getKey)
            .collect(Collectors.joining(", "));
    return known.isEmpty()
        ? "`" + name + "` does not know what to do with '" + word + "'"
        : "'" + word + "' is no command of `" + name + "`; there are " + known;
  }

  /** Runs one command; its exit code is the process'. */
  public static void main(String[] args) {
    // What the logging system has to say of its own start is nothing for a user.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    int code = commandLine().execute(args);
    System.out.flush();
    System.err.flush();
    end(code);
  }

  /**
   * Ends by {@code halt}: {@code System.exit} looks for a logger first, and setting the logging up
   * takes longer than most commands. No command leaves work to a shutdown hook when it returns; but
   * after a signal the hooks run already, and are waited for.
   */
  private static void end(int code) {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {}, "none"));
    } catch (IllegalStateException e) {
      System.exit(code); // on the way out already: this waits for the hooks
    }
    Runtime.getRuntime().halt(code);
  }
}

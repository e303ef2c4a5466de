package io.bascule.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.cli.screen.Screen;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;

/**
 * What a user types and sees, as text: the command, its output (standard error marked with an
 * exclamation mark), what the server was asked, the exit code. Compared with the committed one;
 * {@code -Dgolden.update=true} writes it anew.
 */
final class Transcript {
  private static final Path GOLDEN = Path.of("src/test/resources/io/bascule/cli/golden");

  private final StringBuilder text = new StringBuilder();
  private boolean terminal;
  private String typed = "";

  /** Somebody sits there and types this. */
  Transcript atTerminal(String typed) {
    this.terminal = true;
    this.typed = typed;
    return this;
  }

  /** Runs one command against the recorded appliance. */
  int run(RecordedAppliance appliance, String... args) {
    var all = new String[args.length + 4];
    System.arraycopy(args, 0, all, 0, args.length);
    all[args.length] = "--url";
    all[args.length + 1] = appliance.url();
    all[args.length + 2] = "--token";
    all[args.length + 3] = RecordedAppliance.TOKEN;
    int before = appliance.requests().size();
    int exit = execute(args, all);
    List<String> asked = appliance.requests();
    for (String request : asked.subList(before, asked.size())) {
      if (!request.startsWith("GET ")) {
        text.append("> ").append(request).append('\n');
      }
    }
    return end(exit);
  }

  /** Runs one command as it is. */
  int runAlone(String... args) {
    return end(execute(args, args));
  }

  private int end(int exit) {
    text.append("exit ").append(exit).append("\n\n");
    return exit;
  }

  private int execute(String[] shown, String[] args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var console = new PrintWriter(out);
    var keyboard =
        new BufferedReader(new StringReader(typed)) {
          @Override
          public String readLine() throws IOException {
            String line = super.readLine();
            if (line != null) {
              console.println(line); // as a terminal echoes it
            }
            return line;
          }
        };
    var screen = new Screen(console, new PrintWriter(err), keyboard, terminal, terminal, false);
    var commands =
        BasculeCommand.commandLine(
                new CommandLine.IFactory() {
                  @Override
                  public <K> K create(Class<K> type) throws Exception {
                    return type == ApplianceOptions.class
                        ? type.cast(new ApplianceOptions(screen))
                        : CommandLine.defaultFactory().create(type);
                  }
                })
            .setOut(screen.out())
            .setErr(screen.err());
    int exit = commands.execute(args);
    text.append("$ bascule ").append(String.join(" ", shown)).append('\n');
    text.append(out.toString().replaceAll("\u001b\\[[0-9;?]*[A-Za-z]", ""));
    if (!text.toString().endsWith("\n")) {
      text.append('\n');
    }
    err.toString().lines().forEach(line -> text.append("! ").append(line).append('\n'));
    return exit;
  }

  /** All of it, so far. */
  String text() {
    return text.toString();
  }

  /** It is as committed. */
  void matches(String name) throws IOException {
    Path file = GOLDEN.resolve(name + ".txt");
    String now = text.toString().stripTrailing() + "\n";
    if (Boolean.getBoolean("golden.update")) {
      Files.createDirectories(GOLDEN);
      Files.writeString(file, now);
    }
    assertThat(now)
        .as("%s (-Dgolden.update=true writes it anew)", file)
        .isEqualTo(Files.readString(file));
  }
}

package io.bascule.cli;

import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Table;
import io.bascule.core.api.HostView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bascule host}. */
@Command(
    name = "host",
    description = "Say which initiators may use which volumes.",
    subcommands = {HostCommand.Add.class, HostCommand.ListAll.class, HostCommand.Remove.class},
    footer = {"", "Example: bascule host add web --iqn iqn.1993-08.org.debian:01:abc --volume db"})
final class HostCommand extends GroupCommand {

  @Command(
      name = "add",
      description = "Let an initiator use volumes: those named, or all.",
      footer = {
        "",
        "Without --volume the host may use every volume, also those created later.",
        "",
        "Example: bascule host add web --iqn iqn.1993-08.org.debian:01:abc --volume db",
        "         bascule host add any --iqn '*'"
      })
  static final class Add extends ApplianceCommand {
    /** A secret has at most 255 characters; more is the wrong file. */
    private static final int MAX_SECRET_FILE_BYTES = 1024;

    @Parameters(paramLabel = "NAME", description = "A name of your choice.")
    private String name;

    @Option(
        names = "--iqn",
        required = true,
        paramLabel = "IQN",
        description = "The initiator's name; '*' is any (off loopback only with CHAP).")
    private String iqn = "";

    @Option(names = "--chap-user", paramLabel = "USER", description = "Ask for CHAP.")
    private @Nullable String chapUser;

    @Option(
        names = "--chap-secret-file",
        paramLabel = "FILE",
        description = "The secret, 12 to 255 characters, in the file's first line.")
    private @Nullable Path chapSecretFile;

    @Option(
        names = "--volume",
        paramLabel = "VOLUME",
        arity = "1..*",
        description = "Only these volumes; without it all, present and future.")
    private @Nullable List<String> volumes;

    @Override
    int run(Screen screen) throws NotReachable, Refused, IOException {
      if ((chapUser == null) != (chapSecretFile == null)) {
        throw usage("--chap-user and --chap-secret-file go together");
      }
      var host = new HostView.Create(name, iqn, chapUser, secret(), volumes);
      return tell(
          screen,
          client().change("POST", "/hosts", host),
          HostView.class,
          view ->
              screen.line(
                  "Host '%s' (%s) may use %s"
                      .formatted(
                          view.name(),
                          view.iqn().equals("*") ? "any initiator" : view.iqn(),
                          volumes(view))));
    }

    private @Nullable String secret() throws IOException {
      if (chapSecretFile == null) {
        return null;
      }
      if (!Files.isRegularFile(chapSecretFile)) {
        throw usage(
            Files.exists(chapSecretFile)
                ? chapSecretFile + " is no file"
                : "there is no file " + chapSecretFile);
      }
      if (Files.size(chapSecretFile) > MAX_SECRET_FILE_BYTES) {
        throw usage(chapSecretFile + " is too large for a CHAP secret");
      }
      var lines = Files.readAllLines(chapSecretFile);
      if (lines.isEmpty() || lines.getFirst().isBlank()) {
        throw usage(chapSecretFile + " is empty");
      }
      return lines.getFirst().strip();
    }
  }

  @Command(
      name = "list",
      description = "List the hosts; secrets are never shown.",
      footer = {"", "Example: bascule host list"})
  static final class ListAll extends ApplianceCommand {
    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return tellAll(
          screen,
          client().get("/hosts"),
          HostView.class,
          "No hosts: no initiator sees a volume. `bascule host add` lets one in.",
          new Table("NAME", "IQN", "CHAP USER", "VOLUMES"),
          host ->
              new Object[] {
                host.name(), host.iqn(), ControllerTable.orDash(host.chapUser()), volumes(host)
              });
    }
  }

  @Command(
      name = "remove",
      description = "Take an initiator's access away; its sessions end.",
      footer = {"", "Example: bascule host remove web"})
  static final class Remove extends ApplianceCommand {
    @Parameters(paramLabel = "NAME", description = "The host.")
    private String name;

    @Option(names = "--yes", description = "Don't ask.")
    private boolean yes;

    @Override
    int run(Screen screen) throws NotReachable, Refused, IOException {
      requireAnswer("remove", yes, screen);
      var client = client();
      if (!yes) {
        screen.line("Host '" + name + "' loses its sessions at once; its I/O ends with errors.");
        if (!screen.confirm("Remove it?")) {
          screen.line("Nothing was removed.");
          return ExitCode.FAILED;
        }
      }
      String body = client.change("DELETE", "/hosts/" + encoded(name), null);
      return tellDone(screen, body, "Removed host '" + name + "'");
    }
  }

  private static String volumes(HostView host) {
    if (host.volumes().isEmpty()) {
      return "no volumes";
    }
    return host.volumes().equals(List.of("*")) ? "all volumes" : String.join(", ", host.volumes());
  }
}

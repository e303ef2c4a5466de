package io.bascule.cli;

import io.bascule.cli.client.Bodies;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Bar;
import io.bascule.cli.screen.FileReason;
import io.bascule.cli.screen.LiveView;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Times;
import io.bascule.core.Version;
import io.bascule.core.api.PackageView;
import io.bascule.platform.Layout;
import io.bascule.release.Manifest;
import io.bascule.release.ReleasePackage;
import io.bascule.release.TrustStore;
import io.bascule.release.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bascule package}. */
@Command(
    name = "package",
    description = "Add, list and verify release packages.",
    subcommands = {
      PackageCommand.Add.class,
      PackageCommand.ListAll.class,
      PackageCommand.Verify.class
    },
    footer = {"", "Example: bascule package add bascule-1.2.2.pkg"})
final class PackageCommand extends GroupCommand {

  private static boolean isReadable(Path file) {
    return Files.isRegularFile(file) && Files.isReadable(file);
  }

  private static String unreadable(Path file) {
    if (Files.isDirectory(file)) {
      return file + " is a folder; name the package file in it";
    }
    return file
        + (Files.exists(file) ? " cannot be read" : ": there is no such file")
        + "; the build makes releases/VERSION/target/bascule-VERSION.pkg";
  }

  @Command(
      name = "add",
      description = "Upload a release; the appliance keeps it if its signature is good.",
      footer = {"", "Example: bascule package add bascule-1.2.2.pkg"})
  static final class Add extends ApplianceCommand {
    @Parameters(paramLabel = "FILE", description = "A release package.")
    private Path file;

    @Override
    int run(Screen screen) throws NotReachable, Refused, IOException {
      if (!isReadable(file)) {
        return refused(screen, unreadable(file));
      }
      var before = client().list("/packages", PackageView.class);
      String body = upload(screen);
      if (appliance.json()) {
        screen.line(body);
        return ExitCode.DONE;
      }
      var release = Json.read(PackageView.class, body);
      if (before.stream().anyMatch(held -> held.version().equals(release.version()))) {
        screen.line(
            "Release " + release.version() + " is there already, the same bytes: nothing to add");
        return ExitCode.DONE;
      }
      screen.line(
          "Added release %s (%s); it can be installed on %s"
              .formatted(
                  release.version(),
                  Sizes.format(release.sizeBytes()),
                  String.join(", ", release.from())));
      return ExitCode.DONE;
    }

    private String upload(Screen screen) throws NotReachable, Refused, IOException {
      long total = Files.size(file);
      var client = client();
      if (appliance.json()) {
        return client.upload("/packages", file, sent -> {});
      }
      try (var live = LiveView.on(screen)) {
        int[] shown = {-1};
        return client.upload(
            "/packages",
            file,
            sent -> {
              int percent = (int) (sent * 100 / Math.max(1, total));
              if (percent != shown[0]) {
                shown[0] = percent;
                live.show(
                    List.of(
                        Bar.of(percent, screen)
                            + "  "
                            + Sizes.format(sent)
                            + " of "
                            + Sizes.format(total)));
              }
            });
      }
    }
  }

  @Command(
      name = "list",
      description = "List the releases the appliance holds.",
      footer = {"", "Example: bascule package list"})
  static final class ListAll extends ApplianceCommand {
    @Override
    int run(Screen screen) throws NotReachable, Refused {
      String body = client().get("/packages");
      if (appliance.json()) {
        screen.line(body);
        return ExitCode.DONE;
      }
      var releases = Json.readList(PackageView.class, body);
      if (releases.isEmpty()) {
        screen.line("No packages. `bascule package add FILE` uploads one.");
        return ExitCode.DONE;
      }
      var table = new Table("VERSION", "INSTALLS ON", "MIGRATES", ">SIZE", "ADDED", "SHA-256");
      for (var release : releases) {
        table.row(
            release.version(),
            release.from().isEmpty() ? "new appliances" : String.join(", ", release.from()),
            release.migrates() ? "yes" : "no",
            Sizes.format(release.sizeBytes()),
            Times.instant(release.addedAt()),
            release.sha256().substring(0, Math.min(16, release.sha256().length())));
      }
      screen.table(table, "");
      return ExitCode.DONE;
    }
  }

  @Command(
      name = "verify",
      description = "Verify a package here: signature and every byte; nothing is uploaded.",
      footer = {"", "Example: bascule package verify bascule-1.2.2.pkg"})
  static final class Verify implements Callable<Integer> {
    @Mixin private DataOptions data = new DataOptions();
    @Spec private CommandSpec spec;

    @Option(names = "--json", description = "Print JSON instead of a sentence.")
    private boolean json;

    @Option(
        names = {"-h", "--help"},
        usageHelp = true,
        description = "Show this help.")
    private boolean help;

    @Parameters(paramLabel = "FILE", description = "A release package.")
    private Path file;

    @Option(
        names = "--trust",
        paramLabel = "DIR",
        description = "Trusted keys; else the appliance's own, else those of the build.")
    private @Nullable Path trust;

    @Override
    public Integer call() {
      var screen = Screen.system(spec.commandLine().getOut(), spec.commandLine().getErr());
      try {
        return run(screen);
      } catch (IOException e) {
        screen.error("failed: " + FileReason.of(e));
        return ExitCode.FAILED;
      }
    }

    private int run(Screen screen) throws IOException {
      if (!isReadable(file)) {
        return refused(screen, "UNREADABLE", unreadable(file));
      }
      return switch (ReleasePackage.verify(file, TrustStore.load(trustFolder()))) {
        case Verdict.Accepted accepted -> accepted(screen, accepted.manifest());
        case Verdict.Refused no -> refused(screen, no.reason().name(), no.detail());
      };
    }

    private int refused(Screen screen, String reason, String detail) {
      if (json) {
        screen.line(Json.write(new Bodies.Verified(false, null, null, reason, detail)));
      }
      return ApplianceCommand.refused(screen, detail + " [" + reason + "]");
    }

    private int accepted(Screen screen, Manifest manifest) {
      var from = manifest.from().stream().map(Version::toString).toList();
      if (json) {
        String version = manifest.version().toString();
        screen.line(Json.write(new Bodies.Verified(true, version, from, null, null)));
        return ExitCode.DONE;
      }
      screen.line(
          "%s is release %s, signed by a trusted key, every byte as signed; %s"
              .formatted(
                  file.getFileName(),
                  manifest.version(),
                  from.isEmpty()
                      ? "it starts a new appliance"
                      : "it can be installed on "
                          + from.stream().collect(Collectors.joining(", "))));
      return ExitCode.DONE;
    }

    private Path trustFolder() {
      if (trust != null) {
        return trust;
      }
      var own = Layout.of(data.path()).trust();
      if (Files.isDirectory(own)) {
        return own;
      }
      String home = System.getProperty("bascule.home", ".");
      return Path.of(home).resolve("releases/target/trust");
    }
  }
}

package io.bascule.cli;

import io.bascule.cli.client.Access;
import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.Bodies;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.OutcomeUnknown;
import io.bascule.cli.client.Refused;
import io.bascule.cli.local.LocalAppliance;
import io.bascule.cli.local.NotPossible;
import io.bascule.cli.local.Readiness;
import io.bascule.cli.local.Releases;
import io.bascule.cli.local.StateWatch;
import io.bascule.cli.screen.FileReason;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Style;
import io.bascule.core.Version;
import io.bascule.core.api.ApplianceView;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bascule up}. */
@Command(
    name = "up",
    description = "Start the appliance on this machine; create it on first use.",
    footer = {
      "",
      "Stays in the foreground and stops the appliance on Ctrl-C, unless --detach is given.",
      "Examples: bascule up --detach",
      "          bascule up --data /srv/two --iscsi-port 4260 --management-port 9443"
    })
final class UpCommand implements Callable<Integer> {
  private static final String NAME_SHAPE = "[a-z0-9][a-z0-9.-]{0,62}";

  /** Two boot deadlines: a controller may fall back once on the way. */
  private static final Duration BOOT_PATIENCE = Duration.ofSeconds(75);

  /** The active answers at once; right after the boot its web server may still be starting. */
  private static final Duration LINK_PATIENCE = Duration.ofSeconds(10);

  private static final Duration STOP_PATIENCE = Duration.ofSeconds(25);
  private static final long WATCH_MILLIS = 300;

  @Mixin private DataOptions data = new DataOptions();

  @Option(
      names = "--release",
      paramLabel = "V",
      description = "The release of a new appliance (1.2.1).")
  private @Nullable String release;

  @Option(names = "--detach", description = "Return once it is up, and leave it running.")
  private boolean detach;

  @Option(
      names = "--json",
      description = "Print JSON once it is up, instead of sentences on the way.")
  private boolean json;

  @Option(
      names = "--iscsi-port",
      paramLabel = "P",
      description = "The floating iSCSI port (3260); P+1 and P+2 are the controllers' own.")
  private @Nullable Integer iscsiPort;

  @Option(
      names = "--management-port",
      paramLabel = "Q",
      description = "The floating management port (8443); Q+1 and Q+2 likewise.")
  private @Nullable Integer managementPort;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The name of a new appliance (bascule).")
  private @Nullable String name;

  @Option(
      names = "--address",
      paramLabel = "A",
      description = "The loopback address to listen on (127.0.0.1); elsewhere through SSH.")
  private @Nullable String address;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    var screen = Screen.system(spec.commandLine().getOut(), spec.commandLine().getErr());
    try {
      return run(screen);
    } catch (NotPossible e) {
      screen.error("refused: " + e.getMessage());
      return ExitCode.REFUSED;
    } catch (IOException e) {
      screen.error("failed: " + FileReason.of(e));
      return ExitCode.FAILED;
    } catch (Json.Unreadable e) {
      screen.error("failed: " + e.getMessage());
      return ExitCode.FAILED;
    }
  }

  private int run(Screen screen) throws NotPossible, IOException, InterruptedException {
    var appliance = new LocalAppliance(Layout.of(data.path()));
    long startedNanos = System.nanoTime();
    boolean isNew = !appliance.exists();
    if (isNew) {
      create(screen, appliance);
    } else if (appliance.isRunning()) {
      requireNothingNew(appliance.settings());
      say(screen, "The appliance in " + data.path() + " is already running.");
      var watch = new StateWatch(line -> say(screen, "  " + line));
      var readiness = appliance.awaitReady(null, BOOT_PATIENCE, watch);
      return report(screen, appliance, readiness, startedNanos, false, false);
    } else {
      prepare(screen, appliance);
    }
    say(screen, "Starting the chassis");
    var chassis = appliance.start();
    var watch = new StateWatch(line -> say(screen, "  " + line));
    var readiness = appliance.awaitReady(chassis, BOOT_PATIENCE, watch);
    int code = report(screen, appliance, readiness, startedNanos, true, isNew);
    if (detach || code != ExitCode.DONE) {
      return code;
    }
    return stay(screen, appliance, watch);
  }

  private void create(Screen screen, LocalAppliance appliance)
      throws NotPossible, IOException, InterruptedException {
    var settings = wanted(new ApplianceSettings("bascule", "127.0.0.1", 3260, 8443));
    var version = version();
    LocalAppliance.requireFreePorts(settings);
    var _ = Releases.ofHome().file(version);
    say(
        screen,
        "Creating appliance '%s' in %s at release %s"
            .formatted(settings.name(), appliance.layout().root(), version));
    appliance.create(settings, version, line -> say(screen, "  " + line));
  }

  /** Nothing of it runs with a chassis; perhaps its controllers do. */
  private void prepare(Screen screen, LocalAppliance appliance) throws NotPossible, IOException {
    var settings = appliance.settings();
    if (appliance.hasControllers()) {
      requireNothingNew(settings);
      say(screen, "Its chassis is gone, its controllers serve on: a new chassis adopts them.");
      return;
    }
    requireItsOwn(settings);
    var moved = wanted(settings);
    LocalAppliance.requireFreePorts(moved);
    if (!moved.equals(settings)) {
      appliance.move(moved);
      say(screen, "It listens on " + moved.address() + " and other ports from now on.");
    }
  }

  /** What `up` never changes of an appliance, running or not. */
  private void requireItsOwn(ApplianceSettings settings) throws NotPossible {
    if (release != null) {
      throw new NotPossible(
          "the appliance in "
              + data.path()
              + " exists; `bascule upgrade start` changes its release");
    }
    if (name != null && !name.equals(settings.name())) {
      throw new NotPossible(
          "the appliance in " + data.path() + " is named '" + settings.name() + "'");
    }
  }

  private void requireNothingNew(ApplianceSettings settings) throws NotPossible {
    requireItsOwn(settings);
    if (!wanted(settings).equals(settings)) {
      throw new NotPossible(
          "the appliance in "
              + data.path()
              + " is running at another address or on other ports; stop it with `bascule down`"
              + " first");
    }
  }

  private ApplianceSettings wanted(ApplianceSettings now) throws NotPossible {
    String chosen = name == null ? now.name() : name;
    if (!chosen.matches(NAME_SHAPE)) {
      throw usage("--name takes lower-case letters, digits, '.' and '-', not '" + chosen + "'");
    }
    return new ApplianceSettings(
        chosen,
        loopback(address == null ? now.address() : address),
        port("--iscsi-port", iscsiPort, now.iscsiPort()),
        port("--management-port", managementPort, now.managementPort()));
  }

  /** Checked before anything is made: a controller could not open its management there. */
  private static String loopback(String address) throws NotPossible {
    try {
      if (InetAddress.getByName(address).isLoopbackAddress()) {
        return address;
      }
    } catch (UnknownHostException e) {
      throw new NotPossible("'" + address + "' is no address of this machine");
    }
    throw new NotPossible(
        "management on "
            + address
            + " would need TLS, which is not offered yet: tokens must not cross a network in the"
            + " clear. Use a loopback address (--address 127.0.0.1) and reach it through SSH");
  }

  private int port(String option, @Nullable Integer chosen, int now) {
    int port = chosen == null ? now : chosen;
    if (port < 1 || port > 65_533) {
      throw usage(option + " takes 1 to 65533, not " + port);
    }
    return port;
  }

  private Version version() {
    try {
      return Version.parse(release == null ? "1.2.1" : release);
    } catch (IllegalArgumentException e) {
      throw usage("--release: " + e.getMessage());
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private int report(
      Screen screen,
      LocalAppliance appliance,
      Readiness readiness,
      long startedNanos,
      boolean started,
      boolean created)
      throws IOException {
    String warning = null;
    switch (readiness) {
      case Readiness.Broken broken -> {
        screen.error("failed: nobody serves: " + broken.why());
        return ExitCode.FAILED;
      }
      case Readiness.NotReady late -> {
        screen.error(
            "failed: not up after %d s: %s; `bascule status` shows it"
                .formatted(BOOT_PATIENCE.toSeconds(), late.what()));
        return ExitCode.FAILED;
      }
      case Readiness.Serving serving -> {
        screen.error("warning: not redundant: " + serving.warning());
        warning = serving.warning();
      }
      case Readiness.Redundant _ -> {}
    }
    if (json) {
      screen.line(Json.write(view(screen, appliance, warning)));
      return ExitCode.DONE;
    }
    if (started) {
      double seconds = (System.nanoTime() - startedNanos) / 1e9;
      screen.line(String.format(Locale.ROOT, "Up after %.1f s.", seconds));
    }
    screen.line();
    addresses(screen, appliance);
    if (created) {
      next(screen);
    }
    return ExitCode.DONE;
  }

  private Bodies.Up view(Screen screen, LocalAppliance appliance, @Nullable String warning)
      throws IOException {
    var settings = appliance.settings();
    String at = settings.address() + ":";
    return new Bodies.Up(
        data.path().toString(),
        settings.name(),
        warning == null,
        warning,
        signIn(screen, appliance),
        settings.target(),
        new ApplianceView.Portals(
            at + settings.iscsiPort(),
            List.of(at + (settings.iscsiPort() + 1), at + (settings.iscsiPort() + 2))));
  }

  private void addresses(Screen screen, LocalAppliance appliance) throws IOException {
    var settings = appliance.settings();
    screen.line("  Console  " + screen.styled(Style.BOLD, signIn(screen, appliance)));
    screen.line("  Target   " + settings.target());
    screen.line(
        "  Portals  %s:%d (floating), %s:%d, %s:%d (fixed)"
            .formatted(
                settings.address(),
                settings.iscsiPort(),
                settings.address(),
                settings.iscsiPort() + 1,
                settings.address(),
                settings.iscsiPort() + 2));
  }

  private void next(Screen screen) {
    screen.line();
    screen.line("Next: bascule volume create v1 --size 10G" + data.forCommands());
    screen.line("      bascule host add any --iqn '*' --volume v1" + data.forCommands());
    screen.line("      bascule status" + data.forCommands());
  }

  /** The link signs one person in, once; without it there is still the address. */
  private String signIn(Screen screen, LocalAppliance appliance) throws IOException {
    try {
      var access = Access.find(null, null, appliance.layout().root());
      var client = new ApplianceClient(access).patient(LINK_PATIENCE);
      return Json.read(SignInLink.class, newLink(client)).url();
    } catch (NotReachable | Refused | OutcomeUnknown e) {
      screen.error("warning: no sign-in link: " + e.getMessage());
      return Json.read(
              Access.AccessFile.class, java.nio.file.Files.readString(appliance.layout().access()))
          .url();
    }
  }

  /** A handover may break the connection; a code that nobody saw harms nothing. */
  private static String newLink(ApplianceClient client) throws NotReachable, Refused {
    try {
      return client.change("POST", "/sign-in-links", null);
    } catch (OutcomeUnknown e) {
      return client.change("POST", "/sign-in-links", null);
    }
  }

  /** A line on the way; with --json standard output holds the JSON alone. */
  private void say(Screen screen, String line) {
    if (!json) {
      screen.line(line);
    }
  }

  // ---- the foreground

  private int stay(Screen screen, LocalAppliance appliance, StateWatch watch)
      throws IOException, InterruptedException {
    var ended = new AtomicBoolean();
    var stop = new Thread(() -> stopOnSignal(screen, appliance, ended), "stop-appliance");
    Runtime.getRuntime().addShutdownHook(stop);
    // Only now: who reads this line may press it at once.
    say(screen, "");
    say(screen, "Ctrl-C stops the appliance.");
    while (appliance.isRunning()) {
      appliance.state().ifPresent(watch::see);
      Thread.sleep(WATCH_MILLIS);
    }
    ended.set(true);
    if (appliance.hasControllers()) {
      screen.error("failed: the chassis is gone; its controllers serve on. `bascule up` again.");
      return ExitCode.FAILED;
    }
    say(screen, "The appliance was stopped.");
    return ExitCode.DONE;
  }

  private void stopOnSignal(Screen screen, LocalAppliance appliance, AtomicBoolean ended) {
    if (ended.get()) {
      return;
    }
    say(screen, "Stopping the appliance");
    try {
      appliance.stop(STOP_PATIENCE).forEach(line -> say(screen, "  " + line));
      say(screen, "Stopped.");
    } catch (IOException e) {
      screen.error("failed: " + FileReason.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      screen.error("failed: interrupted while stopping");
    }
  }
}

package io.bascule.cli.local;

import io.bascule.cli.BasculeCommand;
import io.bascule.cli.chassis.ChassisClient;
import io.bascule.cli.chassis.ChassisProcess;
import io.bascule.cli.client.Access;
import io.bascule.cli.client.Json;
import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** An appliance on this machine, by its data directory. Used by one thread. */
public final class LocalAppliance {
  private static final int LOG_LINES = 5;
  private static final long POLL_MILLIS = 100;

  private final Layout layout;

  public LocalAppliance(Layout layout) {
    this.layout = layout;
  }

  public Layout layout() {
    return layout;
  }

  /** Whether it has been created. */
  public boolean exists() {
    return Files.exists(layout.settings());
  }

  public ApplianceSettings settings() throws IOException {
    return ApplianceSettings.load(layout.settings());
  }

  /** Whether a chassis runs. */
  public boolean isRunning() throws IOException {
    return Files.isDirectory(layout.chassis())
        && ChassisProcess.presence(layout) == ChassisProcess.Presence.RUNNING;
  }

  /**
   * Creates it, if its ports are free.
   *
   * @param progress told a line for each step
   * @throws NotPossible if something stands in the way; nothing was created then
   */
  public void create(ApplianceSettings settings, Version release, Consumer<String> progress)
      throws NotPossible, IOException, InterruptedException {
    requireFreePorts(settings);
    new NewAppliance(layout, settings, Releases.ofHome(), release, progress).create();
  }

  /** Moves a stopped appliance to other ports or another address; keeps all other settings. */
  public void move(ApplianceSettings to) throws IOException {
    var access = Json.read(Access.AccessFile.class, Files.readString(layout.access()));
    var kept =
        Files.readAllLines(layout.settings()).stream()
            .filter(line -> !line.matches("(name|address|iscsi\\.port|management\\.port)\\s*=.*"))
            .toList();
    to.store(layout.settings());
    Files.writeString(
        layout.settings(),
        Files.readString(layout.settings())
            + kept.stream().map(l -> l + "\n").reduce("", String::concat));
    NewAppliance.writeAccess(layout, to, access.token());
  }

  /** Fails with a line for each port that somebody else has. */
  public static void requireFreePorts(ApplianceSettings settings) throws NotPossible {
    var problems = Ports.problems(settings);
    if (!problems.isEmpty()) {
      throw new NotPossible(String.join("\n", problems));
    }
  }

  /** Whether controllers run, with or without a chassis. */
  public boolean hasControllers() throws IOException {
    return !ChassisProcess.controllers(layout).isEmpty();
  }

  /** Starts a chassis, which adopts what already runs. */
  public Process start() throws IOException {
    return ChassisProcess.start(layout, chassisCommand());
  }

  private List<String> chassisCommand() {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // It does little, for a long time, and must not be in the way.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m"));
    command.add("--enable-native-access=ALL-UNNAMED");
    for (String name :
        List.of(
            "bascule.home",
            "bascule.boot.deadline.millis",
            "bascule.boot.hang.millis",
            "bascule.boot.stable.millis")) {
      String value = System.getProperty(name);
      if (value != null) {
        command.add("-D" + name + "=" + value);
      }
    }
    command.add("-cp");
    command.add(classPath());
    command.add(BasculeCommand.class.getName());
    command.addAll(List.of("chassis", "--data", layout.root().toString()));
    return command;
  }

  /** This process' own, for one that works in another folder. */
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** What the chassis knows; empty while none answers. */
  public Optional<Map<ControllerId, ControllerBoot>> state() {
    try (var client = ChassisClient.connect(layout)) {
      return Optional.of(client.state());
    } catch (IOException e) {
      return Optional.empty(); // the caller knows how long to go on asking
    }
  }

  /**
   * Waits until one controller is active and the other has settled.
   *
   * @param chassis the process that was just started, if one was
   * @param watch tells each change
   * @return what came of it
   */
  public Readiness awaitReady(@Nullable Process chassis, Duration patience, StateWatch watch)
      throws IOException, InterruptedException {
    long untilNanos = System.nanoTime() + patience.toNanos();
    Readiness readiness = new Readiness.NotReady("the chassis does not answer");
    while (System.nanoTime() < untilNanos) {
      var state = state();
      if (state.isPresent()) {
        watch.see(state.get());
        readiness = Readiness.of(state.get());
        if (readiness.isFinal()) {
          return readiness;
        }
      } else if (chassis != null && !chassis.isAlive()) {
        return new Readiness.Broken("the chassis ended at once:\n" + chassisLogEnd());
      }
      Thread.sleep(POLL_MILLIS);
    }
    return readiness;
  }

  /**
   * Stops both controllers and the chassis; waits for the end.
   *
   * @return what was done, a line each
   */
  public List<String> stop(Duration patience) throws IOException, InterruptedException {
    if (!isRunning()) {
      return ChassisProcess.stopWithoutChassis(layout);
    }
    try (var client = ChassisClient.connect(layout)) {
      client.down();
    } catch (IOException e) {
      return ChassisProcess.stopWithoutChassis(layout);
    }
    long untilNanos = System.nanoTime() + patience.toNanos();
    while (isRunning()) {
      if (System.nanoTime() > untilNanos) {
        return ChassisProcess.stopWithoutChassis(layout);
      }
      Thread.sleep(POLL_MILLIS);
    }
    return List.of("controller 0: stopped", "controller 1: stopped");
  }

  private String chassisLogEnd() throws IOException {
    var log = ChassisProcess.logFile(layout);
    if (Files.notExists(log)) {
      return "(it wrote nothing)";
    }
    var lines = Files.readAllLines(log);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }
}

package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.bascule.cli.chassis.ChassisClient;
import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * A real appliance: chassis and two controllers as processes of their own, in a folder of its own,
 * on ports of its own. Everything goes through the command line, the REST API and signals, as a
 * user or a fault would.
 */
final class Appliance implements AutoCloseable {
  private static final AtomicInteger NEXT_PORT =
      // Apart from those of other runs on this machine.
      new AtomicInteger(21_000 + (int) (ProcessHandle.current().pid() % 100) * 80);
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  final Path data;
  final int iscsiPort;
  final int managementPort;

  /** What its chassis is started with, and inherits to the controllers. */
  private final Map<String, String> environment;

  private Appliance(Path data, Map<String, String> environment, int iscsiPort, int managementPort) {
    this.data = data;
    this.environment = environment;
    this.iscsiPort = iscsiPort;
    this.managementPort = managementPort;
  }

  /** A new appliance at 1.2.1, up and redundant. */
  static Appliance create(String name, String... upOptions) {
    try {
      Path folder = Files.createDirectories(Path.of("target", "appliances").toAbsolutePath());
      return createIn(folder, name, upOptions);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same in a folder of its own, on a file system of its own perhaps. */
  static Appliance createIn(Path folder, String name, String... upOptions) {
    return createIn(folder, name, Map.of(), upOptions);
  }

  /** The same with more in the environment of its processes. */
  static Appliance createIn(
      Path folder, String name, Map<String, String> environment, String... upOptions) {
    try {
      Path data = Files.createTempDirectory(folder, name + "-");
      var appliance = new Appliance(data, environment, freePorts(), freePorts());
      appliance.up(upOptions);
      return appliance;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The first of three free ports in a row. */
  private static int freePorts() {
    for (int i = 0; i < 200; i++) {
      int port = NEXT_PORT.getAndAdd(4);
      if (free(port) && free(port + 1) && free(port + 2)) {
        return port;
      }
    }
    throw new AssertionError("no free ports");
  }

  private static boolean free(int port) {
    try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  void up(String... options) {
    var arguments =
        new ArrayList<>(
            List.of(
                "up",
                "--detach",
                "--iscsi-port",
                Integer.toString(iscsiPort),
                "--management-port",
                Integer.toString(managementPort)));
    arguments.addAll(List.of(options));
    bascule(environment, arguments.toArray(String[]::new)).ok();
  }

  /** A shorter patience of the chassis with a booting controller; its successor adopts them. */
  void setBootDeadline(long millis) throws IOException {
    Files.writeString(
        Layout.of(data).settings(),
        "boot.deadline.millis=" + millis + "\n",
        java.nio.file.StandardOpenOption.APPEND);
    killChassis();
    up();
  }

  /** Runs {@code bascule ARGUMENTS --data THIS}. */
  Commands.Result bascule(String... arguments) {
    return bascule(Map.of(), arguments);
  }

  private Commands.Result bascule(Map<String, String> more, String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.add("--data");
    all.add(data.toString());
    return Commands.run(120, more, Commands.bascule(all.toArray(String[]::new)));
  }

  Api api() {
    return api(0);
  }

  /** The API on the floating port (0) or on a fixed one (1, 2). */
  Api api(int portOffset) {
    try {
      var access = Api.parse(Files.readString(Layout.of(data).access()));
      return new Api(
          "http://127.0.0.1:" + (managementPort + portOffset), String.valueOf(access.get("token")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** GET {@code path} on whichever controller answers; waits over a handover. */
  Api.Answer get(String path) {
    var answer =
        new Object() {
          Api.Answer value = new Api.Answer(0, "");
        };
    eventually(
        "GET " + path,
        () -> {
          try {
            answer.value = api().get(path);
            return answer.value.status() == 200;
          } catch (IOException e) {
            return false;
          }
        });
    return answer.value;
  }

  Api.Answer upgrade() {
    return get("/upgrade");
  }

  String state() {
    return upgrade().text("state");
  }

  String availability() {
    return upgrade().text("cancel.availability");
  }

  /** Waits for a condition, generously: a busy machine is no failure. */
  void eventually(String what, BooleanSupplier condition) {
    eventually(PATIENCE, what, condition);
  }

  void eventually(Duration patience, String what, BooleanSupplier condition) {
    await(what).atMost(patience).pollInterval(Duration.ofMillis(20)).until(condition::getAsBoolean);
  }

  void awaitState(String... states) {
    eventually("upgrade in " + List.of(states), () -> List.of(states).contains(state()));
  }

  /** Waits until the upgrade is at that step; false if it ended before that was seen. */
  boolean awaitStep(String state, String step) {
    var seen =
        new Object() {
          boolean step;
        };
    eventually(
        state + " at " + step,
        () -> {
          var now = upgrade();
          seen.step = now.text("step").equals(step) && now.text("state").equals(state);
          return seen.step
              || List.of("COMPLETED", "CANCELED", "FAILED").contains(now.text("state"));
        });
    return seen.step;
  }

  void awaitRedundant(String version) {
    eventually(
        "redundant on " + version,
        () -> {
          var now = get("/appliance");
          return Boolean.TRUE.equals(now.at("redundant"))
              && version.equals(now.at("controllers.0.version"))
              && version.equals(now.at("controllers.1.version"));
        });
  }

  /** Cancels what the upgrade is now, as the API wants it. */
  Api.Answer cancel(String more) throws IOException {
    var now = upgrade();
    return api()
        .post(
            "/upgrade/cancel",
            "{\"upgradeId\":\"%s\",\"revision\":%d%s}"
                .formatted(now.text("id"), now.number("revision"), more));
  }

  Map<ControllerId, ControllerBoot> boots() {
    try (var chassis = ChassisClient.connect(Layout.of(data))) {
      return chassis.state();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Optional<ControllerId> active() {
    return boots().values().stream()
        .filter(boot -> boot.role().equals(Optional.of(Role.ACTIVE)) && boot.pid() != 0)
        .map(ControllerBoot::id)
        .findFirst();
  }

  ControllerId awaitActive() {
    eventually("an active controller", () -> active().isPresent());
    return active().orElseThrow();
  }

  long pid(ControllerId id) {
    long pid = java.util.Objects.requireNonNull(boots().get(id)).pid();
    assertThat(pid).as("pid of %s", id).isPositive();
    return pid;
  }

  void kill(ControllerId id) {
    signal("KILL", pid(id));
  }

  static void signal(String signal, long pid) {
    Commands.run(10, "kill", "-" + signal, Long.toString(pid));
  }

  /** {@code kill -9} of the chassis alone. */
  void killChassis() {
    signal("KILL", chassisPid());
    eventually("the chassis is gone", () -> findChassis().isEmpty());
  }

  long chassisPid() {
    return findChassis().orElseThrow(() -> new AssertionError("no chassis runs for " + data));
  }

  boolean chassisRuns() {
    return findChassis().isPresent();
  }

  private Optional<Long> findChassis() {
    return find(arguments -> arguments.contains("chassis"));
  }

  /** The controller's process, if there is one just now; needs no chassis. */
  Optional<Long> process(ControllerId id) {
    String number = Integer.toString(id.number());
    return find(arguments -> {
      int at = arguments.indexOf("--controller");
      return at >= 0 && at + 1 < arguments.size() && arguments.get(at + 1).equals(number);
    });
  }

  private Optional<Long> find(Predicate<List<String>> which) {
    try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        var arguments = arguments(process);
        if (arguments.contains(data.toString()) && which.test(arguments)) {
          return Optional.of(Long.parseLong(process.getFileName().toString()));
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whoever says of itself that it is active; needs no chassis. */
  Optional<ControllerId> saysActive() {
    for (var id : ControllerId.values()) {
      try {
        if (api(1 + id.number()).healthz().text().contains("\"ACTIVE\"")) {
          return Optional.of(id);
        }
      } catch (IOException e) {
        continue; // It reboots.
      }
    }
    return Optional.empty();
  }

  private static List<String> arguments(Path process) {
    try {
      return List.of(
          Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1).split("\0"));
    } catch (IOException e) {
      return List.of(); // It has just ended.
    }
  }

  /** {@code iscsi://} address of a volume through the floating portal. */
  String url(String volume) {
    var now = get("/volumes/" + volume);
    return "iscsi://127.0.0.1:" + iscsiPort + "/" + now.text("target") + "/" + now.number("lun");
  }

  void volume(String name, String size) {
    bascule("volume", "create", name, "--size", size).ok();
  }

  void anyHost() {
    bascule("host", "add", "any", "--iqn", "*").ok();
  }

  void addPackage(String version) {
    bascule("package", "add", Commands.release(version).toString()).ok();
  }

  @Override
  public void close() {
    var down = bascule("down");
    if (System.getProperty("bascule.e2e.keep") == null) {
      Commands.run(60, "rm", "-rf", data.toString());
    }
    assertThat(down.exit()).as("%s", down).isZero();
  }
}

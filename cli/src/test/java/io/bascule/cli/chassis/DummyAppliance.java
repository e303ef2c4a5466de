package io.bascule.cli.chassis;

import static org.awaitility.Awaitility.await;

import io.bascule.cli.BasculeCommand;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import io.bascule.platform.ProcessIdentity;
import io.bascule.release.PackageComposer;
import io.bascule.release.ReleasePackage;
import io.bascule.release.TrustStore;
import io.bascule.release.Verdict;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * An appliance on disk whose slots hold signed packages of the {@link DummyController}, with a real
 * chassis process. Closing it kills everything that is left.
 */
public final class DummyAppliance implements AutoCloseable {
  public static final Duration PATIENCE = Duration.ofSeconds(30);

  final Layout layout;
  private @Nullable Process chassis;

  private DummyAppliance(Layout layout) {
    this.layout = layout;
  }

  /** {@code settings}: lines of appliance.conf, for times. */
  static DummyAppliance create(Path folder, String settings) throws Exception {
    var layout = Layout.of(folder.resolve("data"));
    Files.createDirectories(layout.enclosure());
    Files.writeString(layout.settings(), settings);
    var appliance = new DummyAppliance(layout);
    appliance.fillSlots(folder);
    return appliance;
  }

  private void fillSlots(Path folder) throws Exception {
    composeReleases(folder, layout.trust());
    for (var slot : Slot.values()) {
      var file = packageFile(folder, slot == Slot.A ? "1.2.1" : "1.2.2");
      for (var id : ControllerId.values()) {
        var verdict =
            ReleasePackage.unpack(
                file, TrustStore.load(layout.trust()), layout.slot(id, slot), _ -> {});
        if (!(verdict instanceof Verdict.Accepted)) {
          throw new IOException("slot not filled: " + verdict);
        }
      }
    }
  }

  private static Path packageFile(Path folder, String version) {
    return folder.resolve(version).resolve("target").resolve("bascule-" + version + ".pkg");
  }

  /** Makes packages 1.2.1 and 1.2.2 as the build would, {@code folder} being its releases/. */
  public static void composeReleases(Path folder, Path trust) throws Exception {
    Files.createDirectories(folder);
    var jars =
        String.join(
            ":",
            jar(folder, "core.jar", codeSource(ControllerId.class)),
            jar(folder, "platform.jar", codeSource(Layout.class)),
            jar(folder, "dummy.jar", codeSource(DummyController.class)));
    for (String version : List.of("1.2.1", "1.2.2")) {
      var description = folder.resolve("release-" + version + ".properties");
      Files.writeString(
          description,
          """
          version=%s
          from=
          without=
          migration=false
          rollbackCounter=1
          mainClass=%s
          jvmArgs=-Xmx32m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED
          capabilities=
          notes=
          """
              .formatted(version, DummyController.class.getName()));
      PackageComposer.main(
          new String[] {
            description.toString(),
            jars,
            folder.resolve("signing").toString(),
            trust.toString(),
            String.valueOf(packageFile(folder, version).getParent())
          });
    }
  }

  private static Path codeSource(Class<?> type) throws URISyntaxException {
    URI source = type.getProtectionDomain().getCodeSource().getLocation().toURI();
    return Path.of(source);
  }

  private static String jar(Path folder, String name, Path classes) throws IOException {
    if (!Files.isDirectory(classes)) {
      return classes.toString();
    }
    var file = folder.resolve(name);
    try (var out = new JarOutputStream(Files.newOutputStream(file));
        var files = Files.walk(classes)) {
      for (Path path : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(path).toString()));
        Files.copy(path, out);
      }
    }
    return file.toString();
  }

  void behave(ControllerId id, Slot slot, String behaviour) throws IOException {
    Files.writeString(DummyController.behaviourFile(layout, id, slot), behaviour);
  }

  void startChassis() throws IOException {
    chassis =
        ChassisProcess.start(
            layout,
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                BasculeCommand.class.getName(),
                "chassis",
                "--data",
                layout.root().toString()));
  }

  Process chassis() {
    var running = chassis;
    if (running == null) {
      throw new IllegalStateException("no chassis was started");
    }
    return running;
  }

  /** SIGKILL for the chassis alone. */
  void killChassis() {
    chassis().destroyForcibly();
    chassis().onExit().join();
  }

  ControllerBoot state(ControllerId id) throws IOException {
    try (var client = ChassisClient.connect(layout)) {
      var state = client.state().get(id);
      if (state == null) {
        throw new IOException("no state of " + id);
      }
      return state;
    }
  }

  Frame ask(String type, Object... fields) throws IOException {
    try (var client = ChassisClient.connect(layout)) {
      return client.request(Frame.of(type, fields));
    }
  }

  /** Waits until the chassis says so of that controller. */
  ControllerBoot awaitState(ControllerId id, String what, Predicate<ControllerBoot> expected) {
    try {
      return await(id + " " + what)
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(20))
          .ignoreExceptionsInstanceOf(IOException.class)
          .until(() -> state(id), expected);
    } catch (org.awaitility.core.ConditionTimeoutException e) {
      throw new AssertionError(log(), e);
    }
  }

  String log() {
    try {
      var text = new StringBuilder(Files.readString(ChassisProcess.logFile(layout)));
      for (var id : ControllerId.values()) {
        var console = layout.log(id).resolve("console.log");
        if (Files.exists(console)) {
          text.append(id).append(" console:\n").append(Files.readString(console));
        }
      }
      return text.toString();
    } catch (IOException e) {
      return "no log: " + e;
    }
  }

  @Override
  public void close() throws IOException {
    var running = chassis;
    if (running != null) {
      running.destroyForcibly();
      running.onExit().join();
    }
    for (var id : ControllerId.values()) {
      for (ProcessIdentity left : Strays.of(layout, id)) {
        left.kill();
        await().atMost(PATIENCE).until(() -> !left.isAlive());
      }
    }
    Files.deleteIfExists(layout.chassisSocket());
    Files.deleteIfExists(layout.sockets());
  }
}

package io.bascule.controller.runtime;

import static org.awaitility.Awaitility.await;

import io.bascule.controller.Main;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A data directory as {@code up} makes one, and its two controllers as real processes, without a
 * chassis. Closing it kills what still runs.
 */
final class TestAppliance implements AutoCloseable {
  /** Nothing here takes a second on an idle machine; a shared one can be twenty times slower. */
  static final Duration LONG = Duration.ofSeconds(90);

  private static final String TOKEN = "token-of-the-test";

  final Layout layout;
  private final ApplianceSettings settings;
  private final Map<ControllerId, Process> processes = new HashMap<>();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  TestAppliance(Path root, String release, int firstPort) throws Exception {
    this.layout = Layout.of(root);
    this.settings = new ApplianceSettings("test", "127.0.0.1", firstPort, firstPort + 4);
    Files.createDirectories(layout.trust());
    settings.store(layout.settings());
    Files.writeString(layout.accessTokenHash(), sha256(TOKEN.getBytes(StandardCharsets.UTF_8)));
    byte[] key = KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic().getEncoded();
    Files.writeString(
        layout.trust().resolve("test.pem"),
        "-----BEGIN PUBLIC KEY-----\n"
            + Base64.getEncoder().encodeToString(key)
            + "\n-----END PUBLIC KEY-----\n");
    for (var id : ControllerId.values()) {
      writeSlot(layout.slot(id, Slot.A), release);
    }
  }

  /** The name of its iSCSI target. */
  String target() {
    return settings.target();
  }

  private void writeSlot(Path folder, String release) throws Exception {
    byte[] jar = {1, 2, 3};
    Files.createDirectories(folder.resolve("lib"));
    Files.write(folder.resolve("lib/nothing.jar"), jar);
    byte[] manifest =
        """
        {"format":1,"version":"%s","from":[],"migration":false,"rollbackCounter":1,
         "mainClass":"io.bascule.controller.Main","jvmArgs":[],"capabilities":[],
         "files":[{"path":"lib/nothing.jar","sizeBytes":3,"sha256":"%s"}],"notes":""}
        """
            .formatted(release, sha256(jar))
            .getBytes(StandardCharsets.UTF_8);
    Files.write(folder.resolve("manifest.json"), manifest);
    Files.writeString(folder.resolve("complete"), sha256(manifest) + "\n");
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  /** Starts the controller's process, with more options for its JVM. */
  Process start(ControllerId id, String... jvmOptions) throws IOException {
    Path log = Files.createDirectories(layout.log(id));
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of(jvmOptions));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "--data",
            layout.root().toString(),
            "--controller",
            Integer.toString(id.number()),
            "--slot",
            "A"));
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.resolve("console.log").toFile()))
            .start();
    processes.put(id, process);
    return process;
  }

  Process process(ControllerId id) {
    return Objects.requireNonNull(processes.get(id), () -> id + " was never started");
  }

  /** Sends a signal by name. */
  void signal(ControllerId id, String name) throws Exception {
    var kill = new ProcessBuilder("kill", "-" + name, Long.toString(process(id).pid())).start();
    if (kill.waitFor() != 0) {
      throw new IllegalStateException(id + " could not be sent " + name);
    }
  }

  /** The exit code, once the process has ended. */
  int exitOf(ControllerId id) throws InterruptedException {
    if (!process(id).waitFor(LONG.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException(id + " did not end; its log:\n" + log(id));
    }
    return process(id).exitValue();
  }

  void awaitActive(ControllerId id) {
    try {
      await(id + " is active")
          .atMost(LONG)
          .pollInterval(Duration.ofMillis(50))
          .until(() -> health(id).contains("\"ACTIVE\""));
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(id + " is not active; its log:\n" + log(id), e);
    }
  }

  /**
   * Waits until the active controller says that the other one would take over, and that one answers
   * itself.
   */
  void awaitRedundant(ControllerId active) {
    await("management of the standby")
        .atMost(LONG)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> health(active.other()).contains("\"STANDBY\""));
    await("redundant")
        .atMost(LONG)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> get(active, "/api/v1/appliance").contains("\"redundant\":true"));
  }

  String health(ControllerId id) {
    return request(id, "GET", "/healthz", "").orElse("");
  }

  String get(ControllerId id, String path) {
    return request(id, "GET", path, "").orElse("");
  }

  String post(ControllerId id, String path, String json) {
    return request(id, "POST", path, json).orElse("");
  }

  /** Empty while nobody listens. */
  private Optional<String> request(ControllerId id, String method, String path, String json) {
    var request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://127.0.0.1:" + (settings.managementPort() + 1 + id.number()) + path))
            .timeout(Duration.ofSeconds(10))
            .header("Authorization", "Bearer " + TOKEN)
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(json))
            .build();
    try {
      return Optional.of(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
    } catch (ConnectException e) {
      return Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // It died while it answered.
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  String log(ControllerId id) {
    try {
      Path file = layout.log(id).resolve("controller.log");
      return Files.exists(file) ? Files.readString(file) : "(none)";
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  List<String> logLines(ControllerId id, String containing) {
    return log(id).lines().filter(line -> line.contains(containing)).toList();
  }

  @Override
  public void close() throws IOException {
    processes.values().forEach(Process::destroyForcibly);
    processes.values().forEach(process -> process.onExit().join());
    http.close();
    WarmUp.remove(layout.sockets());
  }
}

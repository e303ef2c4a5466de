package io.bascule.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.bascule.cli.chassis.ChassisProcess;
import io.bascule.cli.chassis.DummyAppliance;
import io.bascule.cli.client.Bodies;
import io.bascule.cli.client.Json;
import io.bascule.core.ControllerId;
import io.bascule.platform.Layout;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code up} and {@code down} as processes, with controllers as processes. */
@Timeout(180)
final class UpDownTest {
  @TempDir Path folder;
  private Layout layout;
  private int port;

  @BeforeEach
  void makeReleases() throws Exception {
    layout = Layout.of(folder.resolve("data"));
    port = freePorts();
    var releases = folder.resolve("home").resolve("releases");
    DummyAppliance.composeReleases(releases, releases.resolve("target").resolve("trust"));
  }

  @AfterEach
  void killWhatIsLeft() throws IOException {
    if (!Files.exists(layout.root())) {
      return;
    }
    var chassis = ChassisProcess.identity(layout);
    if (chassis.isPresent()) {
      chassis.get().kill();
    }
    for (var process : ChassisProcess.controllers(layout)) {
      process.kill();
      await().atMost(DummyAppliance.PATIENCE).until(() -> !process.isAlive());
    }
    Files.deleteIfExists(layout.chassisSocket());
    Files.deleteIfExists(layout.sockets());
  }

  @Test
  void shouldCreateStartAdoptAndStop() throws Exception {
    var up = bascule(upDetached());
    assertThat(up.code).as(up.text).isZero();
    assertThat(up.text)
        .contains("Creating appliance 'bascule'", "Release 1.2.1 is verified", "Up after ")
        .contains("http://dummy/sign-in?code=c0de")
        .contains("iqn.2026-11.io.bascule:bascule")
        .contains("127.0.0.1:" + port + " (floating)");
    for (Path file : List.of(layout.access(), layout.accessTokenHash())) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
    for (Path folder :
        List.of(
            layout.enclosure(),
            layout.controller(ControllerId.CONTROLLER_0),
            layout.controller(ControllerId.CONTROLLER_1),
            layout.chassis())) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
          .as("%s", folder)
          .isEqualTo("rwx------");
    }
    assertThat(layout.packages().resolve("bascule-1.2.1.pkg")).exists();

    var again = bascule("up");
    assertThat(again.code).as(again.text).isZero();
    assertThat(again.text).contains("is already running", "code=c0de");
    var other = bascule("up", "--iscsi-port", Integer.toString(port + 10));
    assertThat(other.code).as(other.text).isEqualTo(3);
    assertThat(other.text).contains("on other ports; stop it with `bascule down` first");
    // No help: a stopped one does not change its release, either.
    var newer = bascule("up", "--release", "1.2.2");
    assertThat(newer.code).as(newer.text).isEqualTo(3);
    assertThat(newer.text).contains("`bascule upgrade start` changes its release");

    var before = ChassisProcess.controllers(layout);
    ChassisProcess.identity(layout).orElseThrow().kill();
    await()
        .atMost(DummyAppliance.PATIENCE)
        .until(() -> ChassisProcess.presence(layout) == ChassisProcess.Presence.NONE);
    var adopted = bascule("up", "--detach");
    assertThat(adopted.code).as(adopted.text).isZero();
    assertThat(adopted.text).contains("its controllers serve on: a new chassis adopts them");
    assertThat(ChassisProcess.controllers(layout)).containsExactlyInAnyOrderElementsOf(before);

    var up3 = Json.read(Bodies.Up.class, bascule("up", "--json").text);
    assertThat(up3.redundant()).isTrue();
    assertThat(up3.consoleUrl()).endsWith("/sign-in?code=c0de");
    assertThat(up3.portals().floating()).isEqualTo("127.0.0.1:" + port);
    assertThat(up3.portals().fixed())
        .containsExactly("127.0.0.1:" + (port + 1), "127.0.0.1:" + (port + 2));

    // A controller's, which it leaves when it is killed.
    Files.createFile(layout.peerSocket());
    Path sockets = layout.sockets();
    var down = bascule("down");
    assertThat(down.code).as(down.text).isZero();
    assertThat(sockets).doesNotExist();
    assertThat(down.text).contains("Stopped.");
    assertThat(ChassisProcess.controllers(layout)).isEmpty();
    assertThat(bascule("down").text).contains("is not running");
    var idle = Json.read(Bodies.Down.class, bascule("down", "--json").text);
    assertThat(idle.outcome()).isEqualTo("NOT_RUNNING");
  }

  @Test
  void shouldStopTheApplianceWithTheForegroundCommand() throws Exception {
    var arguments = new ArrayList<>(List.of(upDetached()));
    arguments.remove("--detach");
    var process = start(arguments.toArray(String[]::new));
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      var seen = new StringBuilder();
      String line;
      do {
        line = reader.readLine();
        seen.append(line).append('\n');
      } while (line != null && !line.contains("Ctrl-C stops the appliance"));
      assertThat(line).as(seen.toString()).isNotNull();
      // Like Ctrl-C, which a process in the background would not see.
      ProcessIdentity.of(process.pid()).orElseThrow().signal(ProcessIdentity.SIGTERM);
      while (line != null) {
        line = reader.readLine();
        seen.append(line).append('\n');
      }
      assertThat(seen).contains("Stopped.");
    }
    assertThat(process.waitFor()).isEqualTo(143);
    assertThat(ChassisProcess.controllers(layout)).isEmpty();
    assertThat(ChassisProcess.presence(layout)).isEqualTo(ChassisProcess.Presence.NONE);
  }

  @Test
  void shouldCreateNothingWhenAPortIsTaken() throws Exception {
    try (var taken = new ServerSocket(port + 1, 1, InetAddress.getLoopbackAddress())) {
      var up = bascule(upDetached());
      assertThat(up.code).isEqualTo(3);
      assertThat(up.text)
          .contains(
              "refused: port " + taken.getLocalPort() + " on 127.0.0.1 (iSCSI, of controller 0)")
          .contains("--iscsi-port");
    }
    assertThat(layout.root()).doesNotExist();
  }

  @Test
  void shouldCreateNothingWhereManagementCouldNotListen() throws Exception {
    var arguments = new ArrayList<>(List.of(upDetached()));
    arguments.addAll(List.of("--address", "0.0.0.0"));
    var up = bascule(arguments.toArray(String[]::new));
    assertThat(up.code).as(up.text).isEqualTo(3);
    assertThat(up.text).contains("refused: management on 0.0.0.0 would need TLS", "127.0.0.1");
    assertThat(layout.root()).doesNotExist();
  }

  @Test
  void shouldLeaveAFolderAloneThatIsNoAppliance() throws Exception {
    Files.createDirectories(layout.root());
    Files.writeString(layout.root().resolve("thesis.tex"), "\\begin{document}");
    var up = bascule(upDetached());
    assertThat(up.code).isEqualTo(3);
    assertThat(up.text).contains("is neither empty nor an appliance");
    assertThat(layout.root().toFile().list()).containsExactly("thesis.tex");
  }

  @Test
  void shouldBeginAnewAfterACreationThatWasCutOff() throws Exception {
    Files.createDirectories(layout.trust());
    Files.writeString(layout.trust().resolve("half.pem"), "-----BEGIN");
    Files.createFile(layout.root().resolve(".creating"));
    var up = bascule(upDetached());
    assertThat(up.code).as(up.text).isZero();
    assertThat(layout.trust().resolve("half.pem")).doesNotExist();
  }

  private String[] upDetached() {
    return new String[] {
      "up",
      "--detach",
      "--iscsi-port",
      Integer.toString(port),
      "--management-port",
      Integer.toString(port + 3)
    };
  }

  private record Ran(int code, String text) {}

  private Ran bascule(String... arguments) throws Exception {
    var process = start(arguments);
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ran(process.waitFor(), text);
  }

  private Process start(String... arguments) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-Dbascule.home=" + folder.resolve("home"),
                "-cp",
                System.getProperty("java.class.path"),
                BasculeCommand.class.getName()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("BASCULE_DATA", layout.root().toString());
    return builder.start();
  }

  /** Six in a row that are free now. */
  private static int freePorts() throws IOException {
    for (int first = 13_300; first < 13_400; first += 6) {
      int free = 0;
      for (int i = 0; i < 6; i++) {
        try (var _ = new ServerSocket(first + i, 1, InetAddress.getLoopbackAddress())) {
          free++;
        } catch (java.net.BindException e) {
          break;
        }
      }
      if (free == 6) {
        return first;
      }
    }
    throw new IOException("no six free ports");
  }
}

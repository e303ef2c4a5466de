package io.bascule.cli.chassis;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.link.Frame;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import io.bascule.platform.OfdLock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A controller that is real towards its chassis and does nothing else: it takes the lease or stands
 * by, dials the chassis, and answers pings. What it does beyond that is read from the file {@code
 * DIR/behaviour.N.SLOT}, once at its start: {@code crash}, {@code mute} (never dials), {@code
 * never-online}, {@code die-once-online}.
 */
final class DummyController {
  private static final int REBOOT_EXIT_CODE = 64;

  private final Layout layout;
  private final ControllerId id;
  private final String behaviour;
  private final String release;
  private final AtomicBoolean active = new AtomicBoolean();

  private DummyController(Layout layout, ControllerId id, Slot slot) throws IOException {
    this.layout = layout;
    this.id = id;
    var file = behaviourFile(layout, id, slot);
    behaviour = Files.exists(file) ? Files.readString(file).strip() : "";
    release = slot == Slot.A ? "1.2.1" : "1.2.2";
  }

  static Path behaviourFile(Layout layout, ControllerId id, Slot slot) {
    return layout.root().resolve("behaviour." + id.number() + "." + slot);
  }

  /** Written by a test to make the controller reboot on its own. */
  static Path rebootOrder(Layout layout, ControllerId id) {
    return layout.root().resolve("reboot." + id.number());
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("--warm-up")) {
      return;
    }
    var layout = Layout.of(Path.of(args[1]));
    var id = ControllerId.of(Integer.parseInt(args[3]));
    var slot = Slot.valueOf(args[5]);
    System.out.println("dummy " + id + " from slot " + slot);
    new DummyController(layout, id, slot).run();
  }

  private void giveOutLinks() throws IOException {
    if (!Files.readString(layout.settings()).contains("management.port")) {
      return;
    }
    var settings = ApplianceSettings.load(layout.settings());
    var address = new InetSocketAddress(settings.address(), settings.managementPort());
    var server = HttpServer.create(address, 0);
    server.createContext(
        "/api/v1/sign-in-links",
        exchange -> {
          boolean known =
              String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"))
                  .startsWith("Bearer ");
          byte[] body =
              "{\"code\":\"c0de\",\"url\":\"http://dummy/sign-in?code=c0de\"}".getBytes(UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.sendResponseHeaders(known ? 201 : 401, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  private void run() throws IOException, InterruptedException {
    if (behaviour.equals("crash")) {
      throw new IllegalStateException("the flux capacitor is missing");
    }
    try (var lease = OfdLock.open(layout.lease())) {
      active.set(lease.tryLock());
      Thread.ofPlatform().daemon().start(this::talk);
      boolean serving = false;
      while (true) {
        active.set(lease.tryLock());
        if (active.get() && !serving) {
          serving = true;
          giveOutLinks();
        }
        if (Files.deleteIfExists(rebootOrder(layout, id))) {
          Files.writeString(layout.intent(id), "REBOOT by order");
          System.exit(REBOOT_EXIT_CODE);
        }
        Thread.sleep(10);
      }
    }
  }

  private void talk() {
    while (!behaviour.equals("mute")) {
      try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(layout.chassisSocket()))) {
        answerPings(channel);
      } catch (IOException e) {
        // No chassis: it serves on, and dials again.
      }
      java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
    }
  }

  private void answerPings(SocketChannel channel) throws IOException {
    var out = Channels.newOutputStream(channel);
    var in = Channels.newInputStream(channel);
    hello().writeTo(out);
    while (true) {
      var ping = Frame.readFrom(in);
      boolean online = !behaviour.equals("never-online");
      Frame.of(
              ChassisProtocol.PONG,
              "seq",
              ping.text("seq"),
              "role",
              active.get() ? "ACTIVE" : "STANDBY",
              "status",
              online ? "ONLINE" : "RECOVERING",
              "release",
              release)
          .writeTo(out);
      if (behaviour.equals("die-once-online")) {
        System.err.println("Error: no more of this");
        Runtime.getRuntime().halt(3);
      }
    }
  }

  private Frame hello() {
    return Frame.of(
        ChassisProtocol.HELLO,
        "protocol",
        ChassisProtocol.VERSION,
        "kind",
        "controller",
        "controller",
        id.number(),
        "pid",
        ProcessHandle.current().pid(),
        "release",
        release);
  }
}

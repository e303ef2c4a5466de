package io.bascule.controller.runtime;

import io.bascule.controller.catalog.Catalog;
import io.bascule.controller.catalog.Catalog.HostEntry;
import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.catalog.StoreV1;
import io.bascule.controller.event.Events;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.rest.RestServer;
import io.bascule.controller.rest.RestSettings;
import io.bascule.controller.state.Claim;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import io.bascule.iscsi.IscsiTarget;
import io.bascule.iscsi.PortalSpec;
import io.bascule.iscsi.TargetSettings;
import io.bascule.platform.LocalDirectory;
import io.bascule.platform.OfdLock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Does once, in a folder of its own, what a promotion does: so that the classes are loaded, linked
 * and run before hosts wait for them, and are in the archive when one is being made.
 */
public final class WarmUp {
  private WarmUp() {}

  /** Uses and removes {@code folder}. */
  public static void run(Path folder) throws IOException {
    try {
      Files.createDirectories(folder);
      store(folder);
      target();
    } finally {
      remove(folder);
    }
  }

  private static void store(Path folder) throws IOException {
    try (var lock = OfdLock.open(folder.resolve("lease"))) {
      lock.tryLock();
      var claim =
          new Claim(
              ControllerId.CONTROLLER_0, new Version(0, 0, 0), Claim.Migrations.UNKNOWN, false);
      var taken = StateDb.take(folder.resolve("state.db"), claim, CrashHandler::stop);
      if (taken instanceof Taken.Granted(StateDb db, boolean _)) {
        try (db) {
          new Events(db).record("INFO", "warm-up", "warm-up");
          var store = new StoreV1(LocalDirectory.open(Files.createDirectory(folder.resolve("v1"))));
          try (var volume = store.create(UUID.randomUUID(), 1 << 20)) {
            volume.write(0, ByteBuffer.allocateDirect(4096), true);
            volume.tryRead(0, ByteBuffer.allocateDirect(4096));
          }
        }
      }
    }
    var catalog =
        new Catalog(
            List.of(new VolumeEntry(UUID.randomUUID(), "v", 0, 1 << 20, "s")),
            List.of(new HostEntry("h", "*", null, null, List.of("*"))));
    Catalog.fromJson(new PeerLink.Pushed(catalog.toJson(), "").catalogJson());
  }

  private static void target() throws IOException {
    try (var target = new IscsiTarget(new TargetSettings("iqn.2026-11.io.bascule:warm-up"))) {
      target.open(new PortalSpec(anyPort(), 1, false)).close();
    }
  }

  /** What only a run for the archive does: the management server, on a port of its own. */
  public static void management() throws IOException, InterruptedException {
    var rest =
        new RestServer(
            new RestSettings(ControllerId.CONTROLLER_0, anyPort(), 1),
            Optional::empty,
            Optional::empty);
    rest.start();
    try (var client = HttpClient.newHttpClient()) {
      var address = rest.fixedAddress();
      for (String path : List.of("/healthz", "/")) {
        client.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort() + path))
                .build(),
            HttpResponse.BodyHandlers.ofByteArray());
      }
    } finally {
      rest.stop();
    }
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  /** Removes a folder with all that is in it. */
  public static void remove(Path folder) throws IOException {
    if (Files.notExists(folder)) {
      return;
    }
    try (var tree = Files.walk(folder)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}

package io.bascule.controller.runtime;

import io.bascule.controller.catalog.Catalog;
import io.bascule.controller.catalog.Hosts;
import io.bascule.controller.catalog.Volumes;
import io.bascule.controller.event.Events;
import io.bascule.controller.rest.RestServer;
import io.bascule.controller.rest.RestSettings;
import io.bascule.controller.state.Claim;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.api.HostView;
import io.bascule.core.storage.StorageProvider;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import io.bascule.platform.LocalDirectory;
import io.bascule.platform.OfdLock;
import io.bascule.store.v1.StoreV1;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Does once, in a folder of its own, what a promotion does: so that the classes are loaded, linked
 * and run before hosts wait for them, and are in the archive when one is being made.
 */
public final class WarmUp {
  private WarmUp() {}

  /** Uses and removes {@code folder}. */
  public static void run(Path folder) throws IOException {
    LogSetup.warmingUp(true);
    try {
      Files.createDirectories(folder.resolve("v1"));
      try (var lock = OfdLock.open(folder.resolve("lease"))) {
        lock.tryLock();
        promote(folder);
      }
    } finally {
      LogSetup.warmingUp(false);
      remove(folder);
    }
  }

  /**
   * The same for what a newer release has beyond format 1; takes some seconds, beside others. Uses
   * and removes {@code folder}.
   */
  public static void newerFormats(Path folder) throws IOException {
    var newer = ServiceLoader.load(StorageProvider.class).findFirst();
    if (newer.isEmpty()) {
      return;
    }
    try {
      newer.get().warmUp(LocalDirectory.open(folder));
    } finally {
      remove(folder);
    }
  }

  private static void promote(Path folder) throws IOException {
    var release = new Version(0, 0, 0);
    var id = ControllerId.CONTROLLER_0;
    var settings =
        new NodeSettings(
            Layout.of(folder),
            id,
            Slot.A,
            release,
            List.of(),
            new ApplianceSettings("warm-up", "127.0.0.1", 0, 0));
    var claim = new Claim(id, release, Claim.Migrations.UNKNOWN, false);
    var taken = StateDb.take(folder.resolve("state.db"), claim, CrashHandler::stop);
    if (taken instanceof Taken.Granted(StateDb db, boolean _)) {
      try (db;
          var target = new TargetSide(settings)) {
        serve(folder, settings, db, target);
      }
    }
  }

  private static void serve(Path folder, NodeSettings settings, StateDb db, TargetSide target)
      throws IOException {
    var events = new Events(db);
    var store = new StoreV1(LocalDirectory.open(folder.resolve("v1")));
    var around = new Alone(settings.appliance().target());
    var first = new Volumes(db, store, events, around);
    first.open();
    first.create("v", 1 << 20, "warm-up");
    first.close();
    var volumes = new Volumes(db, store, events, around);
    volumes.open();
    var hosts = new Hosts(db, events, true, () -> {});
    hosts.create(new HostView.Create("any", "*", null, null, null), "warm-up");
    var catalog = Catalog.fromJson(new Catalog(volumes.entries(), hosts.entries()).toJson());
    target.showActive(catalog, volumes::opened);
    WarmHost.visit(target.openFloating(), settings.appliance().target());
    target.drain(100);
    volumes.close();
  }

  /** A controller without surroundings. */
  private record Alone(String target) implements Volumes.Surroundings {
    @Override
    public void refuseWhileUpgrading(String operation) {}

    @Override
    public void changed() {}

    @Override
    public List<String> usersOf(String volume) {
      return List.of();
    }

    @Override
    public List<String> portals() {
      return List.of();
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

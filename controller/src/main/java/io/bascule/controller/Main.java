package io.bascule.controller;

import io.bascule.controller.catalog.OfflineCheck;
import io.bascule.controller.runtime.CrashHandler;
import io.bascule.controller.runtime.LogSetup;
import io.bascule.controller.runtime.Node;
import io.bascule.controller.runtime.NodeSettings;
import io.bascule.controller.runtime.WarmUp;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.role.Exit;
import io.bascule.core.storage.StorageProvider;
import io.bascule.json.ApiJson;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import io.bascule.release.Slots;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * The controller process: {@code --data DIR --controller 0|1 --slot A|B}, {@code --warm-up}, or
 * {@code --check-volumes --data DIR}, which prints what GET /volume-check answers. Ends with a code
 * of {@link Exit}.
 */
public final class Main {
  private static final System.Logger LOG = System.getLogger(Main.class.getName());

  /** An orderly stop drains for two seconds at most; then the process ends anyway. */
  private static final long STOP_MILLIS = 8_000;

  /** SQLite's native library and the warm-up's files take half of it. */
  private static final long BOOT_BYTES = 8L << 20;

  private Main() {}

  public static void main(String[] args) {
    CrashHandler.install();
    System.exit(run(args));
  }

  private static int run(String[] args) {
    try {
      if (args.length == 1 && args[0].equals("--warm-up")) {
        return warmUp();
      }
      if (args.length == 3 && args[0].equals("--check-volumes")) {
        return checkVolumes(Layout.of(Path.of(args[2])));
      }
      return serve(arguments(args));
    } catch (IllegalArgumentException | IOException e) {
      LOG.log(System.Logger.Level.ERROR, "the controller does not start", e);
      System.err.println("the controller does not start: " + e.getMessage());
      return Exit.NOT_STARTED.code();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.NOT_STARTED.code();
    }
  }

  private static int warmUp() throws IOException, InterruptedException {
    LogSetup.quiet();
    Path folder = Files.createTempDirectory("bascule-warm-up");
    System.setProperty("org.sqlite.tmpdir", folder.toString());
    try {
      WarmUp.run(folder);
      WarmUp.newerFormats(folder.resolve("newer"));
      WarmUp.management();
      return Exit.STOPPED.code();
    } finally {
      WarmUp.remove(folder);
    }
  }

  private static int checkVolumes(Layout layout) throws IOException {
    LogSetup.quiet();
    Path folder = Files.createTempDirectory("bascule-check");
    System.setProperty("org.sqlite.tmpdir", folder.toString());
    try {
      var found =
          OfflineCheck.run(
              layout,
              Files.createDirectory(folder.resolve("copy")),
              ServiceLoader.load(StorageProvider.class).findFirst());
      System.out.println(ApiJson.codec().type(VolumeCheckView.class).toJson(found));
      return Exit.STOPPED.code();
    } catch (Refusal e) {
      System.err.println(e.getMessage());
      return Exit.NOT_STARTED.code();
    } finally {
      WarmUp.remove(folder);
    }
  }

  private record Arguments(Layout layout, ControllerId controller, Slot slot) {}

  private static Arguments arguments(String[] args) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      values.put(args[i], args[i + 1]);
    }
    String data = required(values, "--data");
    String controller = required(values, "--controller");
    String slot = required(values, "--slot");
    return new Arguments(
        Layout.of(Path.of(data)),
        ControllerId.of(Integer.parseInt(controller)),
        Slot.valueOf(slot));
  }

  private static String required(Map<String, String> values, String name) {
    return Optional.ofNullable(values.get(name))
        .orElseThrow(() ->
            new IllegalArgumentException(
                "usage: --data DIR --controller 0|1 --slot A|B, or --warm-up; "
                    + name
                    + " is missing"));
  }

  private static int serve(Arguments arguments) throws IOException {
    var layout = arguments.layout();
    var self = arguments.controller();
    LogSetup.toFile(layout.log(self));
    var manifest =
        Slots.read(layout.slot(self, arguments.slot()))
            .orElseThrow(
                () -> new IOException("slot " + arguments.slot() + " holds no complete release"));
    LOG.log(
        System.Logger.Level.INFO,
        "{0} starts release {1} from slot {2}, pid {3}",
        self,
        manifest.version(),
        arguments.slot(),
        Long.toString(ProcessHandle.current().pid()));
    makeRoom(layout);
    Path temporary = layout.controller(self).resolve("tmp");
    WarmUp.remove(temporary);
    Files.createDirectories(temporary);
    System.setProperty("org.sqlite.tmpdir", temporary.toString());
    Files.createDirectories(layout.volumesV1());
    var node =
        new Node(
            NodeSettings.of(
                layout,
                self,
                arguments.slot(),
                manifest,
                ApplianceSettings.load(layout.settings())),
            Path.of(System.getProperty("java.home")));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node), "signal"));
    node.start();
    WarmUp.run(temporary.resolve("warm-up"));
    node.onceStandby(() -> warmUpMore(temporary.resolve("warm-up-newer")));
    node.warmed();
    return node.awaitEnd().exit().code();
  }

  private static void warmUpMore(Path folder) {
    try {
      WarmUp.newerFormats(folder);
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "not warmed up: a takeover takes a little longer", e);
    }
  }

  /**
   * A full file system must not keep a controller from booting: the ballast is for that as well.
   */
  private static void makeRoom(Layout layout) throws IOException {
    long usable = Files.getFileStore(layout.root()).getUsableSpace();
    if (usable < BOOT_BYTES && Node.ballast(layout).release()) {
      LOG.log(System.Logger.Level.WARNING, "{0} bytes are free: the ballast is given", usable);
    }
  }

  private static void stop(Node node) {
    node.stop("asked by a signal");
    node.awaitEnd(STOP_MILLIS);
  }
}

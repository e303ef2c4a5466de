package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.platform.Layout;
import io.bascule.release.Manifest;
import io.bascule.release.Slots;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Has a release look at an appliance that is down: its own one, from a boot slot, because a release
 * knows its formats and nobody else does.
 */
public final class OfflineRun {
  /** To start, and for 256 volumes of two small reads each, on a slow disk. */
  private static final long BASE_SECONDS = 60;

  /** Format 2 is read wholly, and not slower than this. */
  private static final long POOL_BYTES_PER_SECOND = 16L << 20;

  private OfflineRun() {}

  /**
   * What GET /volume-check would answer.
   *
   * @throws IOException if no slot holds a release that can do it, or it fails; says why
   */
  public static String checkVolumes(Layout layout) throws IOException {
    var slot = slot(layout);
    if (slot.isEmpty()) {
      throw new IOException("no boot slot holds a whole release");
    }
    Path folder = slot.get();
    var manifest = Slots.read(folder).orElseThrow();
    Path out = Files.createTempFile("bascule-check", ".json");
    Path err = Files.createTempFile("bascule-check", ".err");
    try {
      var process =
          new ProcessBuilder(command(layout, folder, manifest))
              .directory(folder.toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      long maxSeconds = BASE_SECONDS + bytesIn(layout.volumesV2()) / POOL_BYTES_PER_SECOND;
      if (!ended(process, maxSeconds)) {
        throw new IOException("the check took longer than " + maxSeconds + " s");
      }
      String said = Files.readString(out, StandardCharsets.UTF_8).strip();
      if (process.exitValue() != 0 || !said.startsWith("{")) {
        throw new IOException(
            "release "
                + manifest.version()
                + " does not check volumes while the appliance is down: "
                + Files.readString(err, StandardCharsets.UTF_8).strip());
      }
      return said;
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    }
  }

  private static long bytesIn(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    long bytes = 0;
    try (var files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  private static boolean ended(Process process, long maxSeconds) throws IOException {
    try {
      if (process.waitFor(maxSeconds, TimeUnit.SECONDS)) {
        return true;
      }
      process.destroyForcibly().waitFor();
      return false;
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** The slot that controller 0 would boot, or controller 1. */
  private static Optional<Path> slot(Layout layout) throws IOException {
    for (var id : ControllerId.values()) {
      Slot slot =
          BootRecord.load(layout.bootRecord(id))
              .map(record -> record.state().plan().slot())
              .orElse(Slot.A);
      Path folder = layout.slot(id, slot);
      if (Slots.read(folder).isPresent()) {
        return Optional.of(folder.toAbsolutePath());
      }
    }
    return Optional.empty();
  }

  private static List<String> command(Layout layout, Path folder, Manifest manifest) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(manifest.jvmArgs());
    if (Files.exists(folder.resolve(Slots.ARCHIVE))) {
      command.add("-XX:SharedArchiveFile=" + Slots.ARCHIVE);
      command.add("-Xshare:auto");
    }
    command.add("-cp");
    command.add(Slots.classPath(manifest));
    command.add(manifest.mainClass());
    command.addAll(List.of("--check-volumes", "--data", layout.root().toAbsolutePath().toString()));
    return command;
  }
}

package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.platform.Layout;
import io.bascule.release.Manifest;
import io.bascule.release.Slots;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts a controller's process from a boot slot. */
final class SlotLauncher {
  private final Layout layout;
  private final Path java;

  /** {@code javaHome}: the JDK the controllers run on. */
  SlotLauncher(Layout layout, Path javaHome) {
    this.layout = layout;
    this.java = javaHome.resolve("bin").resolve("java");
  }

  /** Whether the slot holds a whole release. */
  boolean isComplete(ControllerId id, Slot slot) {
    return Slots.read(layout.slot(id, slot)).isPresent();
  }

  /**
   * Starts the process; it lives on when the chassis ends.
   *
   * @throws IOException if the slot holds no release or the process cannot be started
   */
  Process start(ControllerId id, Slot slot, Path console) throws IOException {
    var folder = layout.slot(id, slot);
    var manifest =
        Slots.read(folder)
            .orElseThrow(() -> new IOException("slot " + slot + " holds no complete release"));
    return new ProcessBuilder(command(id, slot, folder, manifest))
        .directory(folder.toFile())
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(console.toFile()))
        .start();
  }

  private List<String> command(ControllerId id, Slot slot, Path folder, Manifest manifest) {
    var command = new ArrayList<String>();
    command.add(java.toString());
    command.addAll(manifest.jvmArgs());
    if (Files.exists(folder.resolve(Slots.ARCHIVE))) {
      // auto: an archive that does not fit this JVM costs start time, never the start.
      command.add("-XX:SharedArchiveFile=" + Slots.ARCHIVE);
      command.add("-Xshare:auto");
    }
    command.add("-cp");
    command.add(Slots.classPath(manifest));
    command.add(manifest.mainClass());
    command.addAll(arguments(layout, id));
    command.add("--slot");
    command.add(slot.name());
    return command;
  }

  /** The arguments by which a controller's process is known; {@code --slot} follows. */
  static List<String> arguments(Layout layout, ControllerId id) {
    return List.of(
        "--data", layout.root().toString(), "--controller", Integer.toString(id.number()));
  }
}

package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.platform.Layout;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Processes of a controller that the record does not know: a chassis that was killed between
 * starting one and writing that down leaves one behind. Two processes of one controller would fight
 * for its ports, so a new chassis looks for them before it boots anything.
 */
final class Strays {
  private Strays() {}

  /** All processes that were started as this controller of this appliance. */
  static List<ProcessIdentity> of(Layout layout, ControllerId id) throws IOException {
    String mark = String.join("\0", SlotLauncher.arguments(layout, id)) + "\0--slot\0";
    var found = new ArrayList<ProcessIdentity>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path entry : entries) {
        if (commandLine(entry).contains("\0" + mark)) {
          ProcessIdentity.of(Long.parseLong(entry.getFileName().toString())).ifPresent(found::add);
        }
      }
    }
    return found;
  }

  private static String commandLine(Path entry) {
    try {
      return Files.readString(entry.resolve("cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // it ended meanwhile, or it is somebody else's
    }
  }
}

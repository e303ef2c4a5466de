package io.bascule.controller.state;

import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * An enclosure with volumes and without its state.db. Nobody may become active there: a new
 * state.db would know none of the volumes, nor in which format they are.
 */
public final class LostState {
  private LostState() {}

  /** Why nobody may become active; empty if state.db is there, or there is nothing to lose. */
  public static Optional<String> look(Layout layout) throws IOException {
    boolean there = Files.exists(layout.stateDb()) && Files.size(layout.stateDb()) > 0;
    if (there || (isEmpty(layout.volumesV1()) && isEmpty(layout.volumesV2()))) {
      return Optional.empty();
    }
    return Optional.of(
        layout.stateDb()
            + " is gone or empty, but there are volumes beside it; put the latest one back, with"
            + " its -wal if it has one. Nothing is touched until then");
  }

  private static boolean isEmpty(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return true;
    }
    try (var files = Files.newDirectoryStream(folder)) {
      return !files.iterator().hasNext();
    }
  }
}

package io.bascule.controller.upgrade;

import io.bascule.core.upgrade.Migration;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.World;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a release that knows only format 1 does about format 2: drops it, once the record says that
 * it does not count. Owned by the upgrade thread.
 *
 * <p>To drop is to rename, which takes the same time whatever the amount of data; the files are
 * removed afterwards in the background, and by the next active controller if that is cut short.
 */
public final class Leftovers implements Migration {
  private static final System.Logger LOG = System.getLogger(Leftovers.class.getName());

  /** Names of what is being removed begin like this; beside {@code v2}. */
  private static final String DROPPED = "v2.dropped-";

  private final Path formatTwo;
  private boolean swept;

  /** {@code formatTwo}: the directory of format 2 in the enclosure, there or not. */
  public Leftovers(Path formatTwo) {
    this.formatTwo = formatTwo;
  }

  @Override
  public void follow(Optional<Upgrade> record) {
    if (record.isPresent() && record.get().row().canceled() && Files.exists(formatTwo)) {
      drop(formatTwo);
      swept = false;
    }
    if (!swept) {
      swept = true;
      sweep(formatTwo);
    }
  }

  /** Takes format 2 out of the way at once. The record must say that it does not count. */
  public static void drop(Path formatTwo) {
    Path aside = formatTwo.resolveSibling(DROPPED + Long.toHexString(System.nanoTime()));
    try {
      Files.move(formatTwo, aside);
      LOG.log(Level.INFO, "format 2 is dropped: {0} becomes {1}", formatTwo, aside.getFileName());
    } catch (IOException e) {
      // Looked at again in the next turn.
      LOG.log(Level.WARNING, "format 2 cannot be dropped yet", e);
    }
  }

  /** Removes what was dropped, in the background. */
  public static void sweep(Path formatTwo) {
    Thread.ofPlatform()
        .name("sweep-format-2")
        .daemon()
        .priority(Thread.MIN_PRIORITY)
        .start(() -> {
          Path parent = formatTwo.toAbsolutePath().getParent();
          try (var dropped = Files.newDirectoryStream(parent, DROPPED + "*")) {
            for (Path one : dropped) {
              remove(one);
            }
          } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, "what was dropped of format 2 stays for now", e);
          }
        });
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  @Override
  public World.FormatTwo look() {
    return new World.FormatTwo(false, Files.exists(formatTwo), false, 0, 0, Optional.empty());
  }

  @Override
  public Optional<Progress> progress() {
    return Optional.empty();
  }

  @Override
  public void commit() {
    throw new UnsupportedOperationException("this release knows no format to commit to");
  }
}

package io.bascule.controller.upgrade;

import io.bascule.controller.service.EventService;
import io.bascule.core.volume.VolumeCheck.Trouble;
import io.bascule.platform.LocalDirectory;
import io.bascule.store.v1.CheckV1;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Takes format 2 out of the way, when the record says that it does not count.
 *
 * <p>To drop is to rename, which takes the same time whatever the amount of data; the files are
 * removed afterwards in the background, and by the next active controller if that is cut short.
 *
 * <p>Invariant: what may be the only copy of a volume is never removed. The record can be wrong: it
 * is, when an older state.db was put back after the commit. So where format 1 lacks a volume,
 * format 2 is put aside under a name that nothing removes.
 */
public final class FormatTwoRemoval {
  private static final String KEPT_ALERT = "migration.kept";

  private static final System.Logger LOG = System.getLogger(FormatTwoRemoval.class.getName());

  /** Names of what is being removed begin like this; beside {@code v2}. */
  private static final String DROPPED = "v2.dropped-";

  /** Names of what is for a person to look at. */
  private static final String KEPT = "v2.kept-";

  /** A sentence names so many volumes. */
  private static final int TOLD = 3;

  private final Path formatTwo;
  private final Path formatOne;
  private final Supplier<Set<UUID>> recorded;
  private final EventService events;

  /**
   * The directories of the formats in the enclosure, there or not.
   *
   * @param recorded the volumes hosts may see
   */
  public FormatTwoRemoval(
      Path formatTwo, Path formatOne, Supplier<Set<UUID>> recorded, EventService events) {
    this.formatTwo = formatTwo;
    this.formatOne = formatOne;
    this.recorded = recorded;
    this.events = events;
  }

  /** Whether there is anything of format 2. */
  public boolean isPresent() {
    return Files.exists(formatTwo);
  }

  /** Takes format 2 out of the way at once. The record must say that it does not count. */
  public void drop() {
    if (!isPresent()) {
      return;
    }
    var lacking = lacking();
    Path aside =
        formatTwo.resolveSibling(
            (lacking.isEmpty() ? DROPPED : KEPT) + Long.toHexString(System.nanoTime()));
    try {
      Files.move(formatTwo, aside);
    } catch (IOException e) {
      // Looked at again in the next turn.
      LOG.log(Level.WARNING, "format 2 cannot be dropped yet", e);
      return;
    }
    LOG.log(Level.INFO, "format 2 is dropped: {0} becomes {1}", formatTwo, aside.getFileName());
    if (!lacking.isEmpty()) {
      tellKept(aside, lacking);
    }
  }

  private List<UUID> lacking() {
    if (Files.notExists(formatOne)) {
      return List.copyOf(recorded.get());
    }
    var directory = LocalDirectory.existing(formatOne);
    return recorded.get().stream()
        .filter(uuid ->
            CheckV1.volume(directory, uuid).findings().stream()
                .anyMatch(finding -> finding.trouble() != Trouble.SUSPECT))
        .toList();
  }

  private void tellKept(Path aside, List<UUID> lacking) {
    String names =
        String.join(", ", lacking.stream().limit(TOLD).map(UUID::toString).toList())
            + (lacking.size() > TOLD ? " and " + (lacking.size() - TOLD) + " more" : "");
    events.raise(
        "CRITICAL",
        KEPT_ALERT,
        "Format 1 lacks volumes that should be there ("
            + names
            + "), so format 2 was not removed: it lies in enclosure/"
            + aside.getFileName()
            + ".",
        "Was an older state.db put back after a migration? Then stop the appliance, put the latest"
            + " state.db back, with its -wal, rename that folder to v2, and start it. Otherwise"
            + " mend format 1, and remove the folder when it is of no use.");
  }

  /** The alert ends when a person has dealt with what was kept. */
  public void clearAlert() {
    try (var kept = Files.newDirectoryStream(formatTwo.toAbsolutePath().getParent(), KEPT + "*")) {
      if (!kept.iterator().hasNext()) {
        events.clear(KEPT_ALERT);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "the enclosure cannot be listed", e);
    }
  }

  /** Removes what was dropped, in the background. */
  public void sweep() {
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
}

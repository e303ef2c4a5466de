package io.bascule.release;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads one slot again and again: the answer of {@link Slots#read}, for which the manifest is
 * parsed and hashed only when it or the mark of completeness is another file than the last time. An
 * upgrade asks several times a second, beside hosts.
 *
 * <p>Safe for many threads.
 */
public final class SlotReader {
  private final Path folder;
  private volatile @Nullable Seen seen;

  /** What a manifest was read from; any writer of {@link Slots} makes new files. */
  private record Stamp(@Nullable Object fileKey, FileTime modified, long sizeBytes) {
    static Stamp of(Path file) throws IOException {
      var attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Stamp(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
    }
  }

  private record Seen(Stamp complete, Stamp manifestFile, Manifest manifest) {}

  public SlotReader(Path folder) {
    this.folder = folder;
  }

  /**
   * The manifest of the slot if it is complete; empty if not.
   *
   * @throws UncheckedIOException if the slot is there and cannot be read
   */
  public Optional<Manifest> read() {
    try {
      // Before reading: what changes meanwhile has another stamp the next time.
      var complete = Stamp.of(folder.resolve(Slots.COMPLETE));
      var manifestFile = Stamp.of(folder.resolve(PackageZip.MANIFEST));
      var last = seen;
      if (last != null
          && last.complete.equals(complete)
          && last.manifestFile.equals(manifestFile)) {
        return Slots.hasFiles(folder, last.manifest)
            ? Optional.of(last.manifest)
            : Optional.empty();
      }
      var manifest = Slots.read(folder);
      seen = manifest.map(m -> new Seen(complete, manifestFile, m)).orElse(null);
      return manifest;
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

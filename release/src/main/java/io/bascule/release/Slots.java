package io.bascule.release;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Boot slots: {@code manifest.json, lib/*.jar, app.jsa, complete}. {@code complete} holds the hash
 * of the manifest, is written last and removed first; without it, or with a file missing, the slot
 * counts as empty.
 */
public final class Slots {
  /** The class data archive that makes the slot's release start faster. */
  public static final String ARCHIVE = "app.jsa";

  static final String COMPLETE = "complete";

  /**
   * The longest an archive may take to build. It takes about 3 s on an idle machine; ten times that
   * on one that serves hosts is too long to wait for what is only an optimization, and a release
   * that hangs is found out the later, the longer this is.
   */
  private static final long WARM_MAX_SECONDS = 45;

  /** Beside hosts the run gets a tenth of what their I/O gets, and all that is left over. */
  private static final List<String> GENTLY = List.of("/usr/bin/nice", "-n", "10");

  /** How soon a canceled run is ended. */
  private static final long WARM_POLL_MILLIS = 50;

  private static final int OUTPUT_SHOWN_BYTES = 600;

  private Slots() {}

  /** How building the archive went. */
  public sealed interface Warmth {
    /** The archive is there. */
    record Warm(long archiveBytes) implements Warmth {}

    /** The release starts without it, only slower; {@code warning} says why. */
    record Cold(String warning) implements Warmth {}
  }

  /**
   * The manifest of a complete slot; empty for any other.
   *
   * @throws UncheckedIOException if the slot is there and cannot be read
   */
  public static Optional<Manifest> read(Path slotFolder) {
    try {
      String marker = Files.readString(slotFolder.resolve(COMPLETE)).strip();
      Path manifestFile = slotFolder.resolve(PackageZip.MANIFEST);
      if (Files.size(manifestFile) > ManifestJson.MANIFEST_MAX_BYTES) {
        return Optional.empty();
      }
      byte[] json = Files.readAllBytes(manifestFile);
      if (!Hashes.sha256Hex(json).equals(marker)) {
        return Optional.empty();
      }
      var manifest = ManifestJson.read(json);
      return hasFiles(slotFolder, manifest) ? Optional.of(manifest) : Optional.empty();
    } catch (NoSuchFileException | NotDirectoryException | ManifestJson.Malformed e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Whether each file is as long as the manifest says.
   *
   * @throws NoSuchFileException if one is missing
   */
  static boolean hasFiles(Path slotFolder, Manifest manifest) throws IOException {
    for (var file : manifest.files()) {
      if (Files.size(slotFolder.resolve(file.path())) != file.sizeBytes()) {
        return false;
      }
    }
    return true;
  }

  /** Empties the slot; killed at any instant it is as it was or counts as empty. */
  public static void drop(Path slotFolder) throws IOException {
    Durable.deleteTree(freshFolder(slotFolder));
    if (Files.notExists(slotFolder)) {
      return;
    }
    if (Files.deleteIfExists(slotFolder.resolve(COMPLETE))) {
      Durable.syncFolder(slotFolder);
    }
    Durable.deleteTree(slotFolder);
    Durable.syncFolder(Durable.folderOf(slotFolder));
  }

  /** Where a slot is prepared before it is renamed into place. */
  static Path freshFolder(Path slotFolder) {
    return slotFolder.toAbsolutePath().resolveSibling(slotFolder.getFileName() + ".new");
  }

  /** Puts a prepared folder in the slot's place and marks it complete. */
  static void install(Path fresh, Path slotFolder, Manifest manifest) throws IOException {
    Durable.syncFolder(fresh.resolve("lib"));
    Durable.syncFolder(fresh);
    byte[] json = Files.readAllBytes(fresh.resolve(PackageZip.MANIFEST));
    if (Files.exists(slotFolder)) {
      if (Files.deleteIfExists(slotFolder.resolve(COMPLETE))) {
        Durable.syncFolder(slotFolder);
      }
      Durable.deleteTree(slotFolder);
    }
    Durable.rename(fresh, slotFolder);
    String marker = Hashes.sha256Hex(json) + "\n";
    Durable.replace(slotFolder.resolve(COMPLETE), marker.getBytes(StandardCharsets.US_ASCII));
    if (!read(slotFolder).equals(Optional.of(manifest))) {
      throw new IOException("the slot " + slotFolder + " does not hold what was just written");
    }
  }

  /**
   * The slot's class path, relative to its folder, as the chassis starts it. The archive is only
   * used when the class path is the one it was built with.
   */
  public static String classPath(Manifest manifest) {
    return String.join(
        ":", manifest.files().stream().map(Manifest.FileEntry::path).sorted().toList());
  }

  /**
   * Builds the dynamic AppCDS archive by a run of the slot's main class with {@code --warm-up}. Not
   * having it is never an error.
   *
   * @throws IOException if the slot cannot be written
   */
  public static Warmth warm(Path slotFolder, Path javaHome) throws IOException {
    return warm(slotFolder, javaHome, List.of(), () -> false);
  }

  /**
   * Like {@link #warm(Path, Path)}, beside hosts that do I/O: gives way to them; ends early, and
   * cold, once {@code canceled} says so.
   */
  public static Warmth warmGently(Path slotFolder, Path javaHome, BooleanSupplier canceled)
      throws IOException {
    boolean can = Files.isExecutable(Path.of(GENTLY.getFirst()));
    return warm(slotFolder, javaHome, can ? GENTLY : List.of(), canceled);
  }

  private static Warmth warm(
      Path slotFolder, Path javaHome, List<String> prefix, BooleanSupplier canceled)
      throws IOException {
    var manifest = read(slotFolder);
    if (manifest.isEmpty()) {
      return new Warmth.Cold("the slot is empty");
    }
    Path folder = slotFolder.toAbsolutePath();
    Path fresh = folder.resolve(ARCHIVE + ".new");
    Path output = folder.resolve("warm-up.log");
    Files.deleteIfExists(fresh);
    var process =
        new ProcessBuilder(command(prefix, manifest.get(), javaHome, fresh))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
            .redirectOutput(output.toFile())
            .start();
    if (!endsInTime(process, canceled)) {
      return new Warmth.Cold(
          canceled.getAsBoolean()
              ? "canceled"
              : "the warm-up run took longer than " + WARM_MAX_SECONDS + " s");
    }
    if (process.exitValue() != 0 || Files.notExists(fresh)) {
      return new Warmth.Cold(
          "the warm-up run ended with " + process.exitValue() + ": " + tail(output));
    }
    Durable.syncFile(fresh);
    Durable.rename(fresh, folder.resolve(ARCHIVE));
    return new Warmth.Warm(Files.size(folder.resolve(ARCHIVE)));
  }

  /** Waits for the run; when this returns the process is gone, whatever happened. */
  private static boolean endsInTime(Process process, BooleanSupplier canceled) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WARM_MAX_SECONDS);
    try {
      while (System.nanoTime() < deadline && !canceled.getAsBoolean()) {
        if (process.waitFor(WARM_POLL_MILLIS, TimeUnit.MILLISECONDS)) {
          return true;
        }
      }
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private static List<String> command(
      List<String> prefix, Manifest manifest, Path javaHome, Path archive) {
    var command = new ArrayList<>(prefix);
    command.add(javaHome.resolve("bin/java").toString());
    command.addAll(manifest.jvmArgs());
    command.add("-XX:ArchiveClassesAtExit=" + archive);
    command.add("-cp");
    command.add(classPath(manifest));
    command.add(manifest.mainClass());
    command.add("--warm-up");
    return command;
  }

  private static String tail(Path output) throws IOException {
    byte[] bytes = Files.readAllBytes(output);
    int from = Math.max(0, bytes.length - OUTPUT_SHOWN_BYTES);
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8).strip();
  }
}

package io.bascule.e2e;

import io.bascule.release.PackageComposer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipFile;

/** Makes packages anew of what real ones hold. */
final class Repackaging {
  /** Holds the key that signs the releases, and what trusts it. */
  static final Path RELEASE_KEYS = Commands.HOME.resolve("releases/target");

  private Repackaging() {}

  static Path properties(String version) {
    return Commands.HOME.resolve("releases/" + version + "/release.properties");
  }

  /** Unpacks the jars of a release to the folder, {@code most} of them at most. */
  static List<Path> jars(String version, Path folder, int most) throws IOException {
    List<Path> jars = new ArrayList<>();
    try (var release = new ZipFile(Commands.release(version).toFile())) {
      var entries = release.stream().filter(entry -> entry.getName().endsWith(".jar"));
      for (var entry : entries.limit(most).toList()) {
        Path jar = folder.resolve(Path.of(entry.getName()).getFileName());
        try (var in = release.getInputStream(entry)) {
          Files.copy(in, jar);
        }
        jars.add(jar);
      }
    }
    return jars;
  }

  /**
   * Makes a package in the folder.
   *
   * @param keys the folder that holds the signing key and what trusts it, made if they are missing
   */
  static Path compose(Path properties, List<Path> jars, Path keys, Path folder) throws IOException {
    PackageComposer.main(
        new String[] {
          properties.toString(),
          String.join(":", jars.stream().map(Path::toString).toList()),
          keys.resolve("signing").toString(),
          keys.resolve("trust").toString(),
          folder.toString()
        });
    try (var made = Files.newDirectoryStream(folder, "bascule-*.pkg")) {
      return made.iterator().next();
    }
  }
}

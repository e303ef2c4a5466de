package io.bascule.e2e;

import io.bascule.e2e.faulty.CrashesAtBoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** Composes releases that are signed by the right key and do not work. */
final class BadReleases {
  private BadReleases() {}

  /** The real 1.2.2 with another main class, as a signed package. */
  static Path compose(Class<?> mainClass) throws IOException {
    Path folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "bad-release-");
    var jars = Repackaging.jars("1.2.2", folder, Integer.MAX_VALUE);
    Path faulty = folder.resolve("faulty.jar");
    pack(faulty);
    jars.add(faulty);
    Path properties = folder.resolve("release.properties");
    String good = Files.readString(Repackaging.properties("1.2.2"));
    Files.writeString(
        properties, good.replaceAll("(?m)^mainClass = .*$", "mainClass = " + mainClass.getName()));
    return Repackaging.compose(properties, jars, Repackaging.RELEASE_KEYS, folder);
  }

  private static void pack(Path jar) throws IOException {
    String folder = CrashesAtBoot.class.getPackageName().replace('.', '/');
    Path classes = Path.of("target", "test-classes");
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        var files = Files.newDirectoryStream(classes.resolve(folder), "*.class")) {
      for (Path file : files) {
        out.putNextEntry(new JarEntry(folder + "/" + file.getFileName()));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
  }
}

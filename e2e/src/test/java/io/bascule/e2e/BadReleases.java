package io.bascule.e2e;

import io.bascule.e2e.faulty.CrashesAtBoot;
import io.bascule.release.PackageComposer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipFile;

/** Composes releases that are signed by the right key and do not work. */
final class BadReleases {
  private BadReleases() {}

  /** The real 1.2.2 with another main class, as a signed package. */
  static Path compose(Class<?> mainClass) throws IOException {
    Path folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "bad-release-");
    List<String> jars = new ArrayList<>();
    try (var good = new ZipFile(Commands.release("1.2.2").toFile())) {
      for (var entry : good.stream().filter(e -> e.getName().startsWith("lib/")).toList()) {
        Path jar = folder.resolve(Path.of(entry.getName()).getFileName());
        try (var in = good.getInputStream(entry)) {
          Files.copy(in, jar);
        }
        jars.add(jar.toString());
      }
    }
    Path faulty = folder.resolve("faulty.jar");
    pack(faulty);
    jars.add(faulty.toString());
    Path properties = folder.resolve("release.properties");
    String good = Files.readString(Commands.HOME.resolve("releases/1.2.2/release.properties"));
    Files.writeString(
        properties, good.replaceAll("(?m)^mainClass = .*$", "mainClass = " + mainClass.getName()));
    PackageComposer.main(
        new String[] {
          properties.toString(),
          String.join(":", jars),
          Commands.HOME.resolve("releases/target/signing").toString(),
          Commands.HOME.resolve("releases/target/trust").toString(),
          folder.toString()
        });
    return folder.resolve("bascule-1.2.2.pkg");
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

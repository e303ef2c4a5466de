package io.bascule.controller.packages;

import io.bascule.release.PackageComposer;
import io.bascule.release.TrustStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** Composes small real packages that run a real program. */
public final class ReleaseMaker {
  private final Path folder;
  private final Path jar;

  public ReleaseMaker(Path folder) throws IOException {
    this.folder = folder;
    this.jar = folder.resolve("program.jar");
    String entry = Program.class.getName().replace('.', '/') + ".class";
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        var in = Program.class.getResourceAsStream("/" + entry)) {
      if (in == null) {
        throw new IOException("no class file " + entry);
      }
      out.putNextEntry(new JarEntry(entry));
      in.transferTo(out);
      out.closeEntry();
    }
  }

  /** What the releases run. Sleeps when told so, to be canceled. */
  public static final class Program {
    public static void main(String[] args) throws InterruptedException {
      if (Boolean.getBoolean("slow")) {
        Thread.sleep(60_000);
      }
    }
  }

  public TrustStore trust() throws IOException {
    return TrustStore.load(folder.resolve("trust"));
  }

  public Path release(String version, String from, int rollbackCounter, String notes)
      throws IOException {
    return release(version, from, rollbackCounter, notes, "signing", "");
  }

  Path release(
      String version, String from, int rollbackCounter, String notes, String signer, String jvmArgs)
      throws IOException {
    Path description = folder.resolve("release.properties");
    Files.writeString(
        description,
        """
        version = %s
        from = %s
        migration = false
        rollbackCounter = %d
        mainClass = %s
        jvmArgs = -Xmx64m %s
        capabilities =
        notes = %s
        without =
        """
            .formatted(version, from, rollbackCounter, Program.class.getName(), jvmArgs, notes));
    Path target = Files.createTempDirectory(folder, "target");
    Path trust = folder.resolve(signer.equals("signing") ? "trust" : "trust-of-" + signer);
    PackageComposer.main(
        new String[] {
          description.toString(),
          jar.toString(),
          folder.resolve(signer).toString(),
          trust.toString(),
          target.toString()
        });
    return target.resolve("bascule-" + version + ".pkg");
  }
}

package io.bascule.cli.local;

import io.bascule.core.Version;
import io.bascule.platform.ApplianceSettings;
import io.bascule.release.ReleasePackage;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The packages that this build of Bascule made, in {@code releases/} of its home. */
public final class Releases {
  private final Path folder;

  private Releases(Path folder) {
    this.folder = folder;
  }

  /** Those of the home this command line was started from. */
  public static Releases ofHome() throws NotPossible {
    String home = System.getProperty("bascule.home");
    if (home == null) {
      throw new NotPossible("it is not known where Bascule lies; start it as ./bascule");
    }
    return new Releases(Path.of(home).resolve("releases"));
  }

  /** The package of a release. */
  public Path file(Version release) throws NotPossible {
    Path file =
        folder
            .resolve(release.toString())
            .resolve("target")
            .resolve(ReleasePackage.fileName(release));
    if (Files.notExists(file)) {
      throw new NotPossible("there is no package of release " + release + " at " + file);
    }
    return file;
  }

  /** The public keys of this build. */
  Path trust() throws NotPossible {
    Path trust = folder.resolve("target").resolve("trust");
    if (!Files.isDirectory(trust)) {
      throw new NotPossible("the keys of this build are missing: " + trust);
    }
    return trust;
  }

  /** Plain HTTP on loopback, HTTPS anywhere else. */
  static String managementUrl(ApplianceSettings settings) {
    boolean loopback;
    try {
      loopback = InetAddress.getByName(settings.address()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      loopback = false;
    }
    String host =
        settings.address().contains(":") ? "[" + settings.address() + "]" : settings.address();
    return (loopback ? "http" : "https") + "://" + host + ":" + settings.managementPort();
  }
}

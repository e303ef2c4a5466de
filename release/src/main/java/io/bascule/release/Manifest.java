package io.bascule.release;

import io.bascule.core.Version;
import java.util.List;

/**
 * What a release says of itself; the signed part of a package.
 *
 * @param format of the manifest; {@link #FORMAT} is the one this code reads
 * @param from the versions it can be installed on
 * @param migration installing it migrates the volumes
 * @param rollbackCounter never installed where the appliance's own counter is higher
 * @param mainClass started by the chassis
 * @param jvmArgs for the JVM of the controller
 * @param capabilities what this release can do that others may not, by name
 * @param files everything the package carries beside its manifest and signatures
 * @param notes for the administrator, a sentence or two; may be empty
 */
public record Manifest(
    int format,
    Version version,
    List<Version> from,
    boolean migration,
    long rollbackCounter,
    String mainClass,
    List<String> jvmArgs,
    List<String> capabilities,
    List<FileEntry> files,
    String notes) {

  /** The manifest format this code reads and writes. */
  public static final int FORMAT = 1;

  public Manifest {
    from = List.copyOf(from);
    jvmArgs = List.copyOf(jvmArgs);
    capabilities = List.copyOf(capabilities);
    files = List.copyOf(files);
  }

  /**
   * One file of the release.
   *
   * @param path {@code lib/NAME.jar}
   * @param sha256 in lower-case hex
   */
  public record FileEntry(String path, long sizeBytes, String sha256) {}
}

package io.bascule.release;

import io.avaje.json.JsonException;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.bascule.core.Version;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code manifest.json} and {@code signatures.json}, read strictly: every field is checked here, so
 * that a {@link Manifest} is always usable. Unknown fields are ignored: a newer composer may add
 * some; what must not be ignored comes with a new {@code format}.
 */
final class ManifestJson {
  /** The largest manifest read; 512 files with long names need about 100 KiB. */
  static final int MANIFEST_MAX_BYTES = 256 * 1024;

  /** The most files of a release. */
  static final int FILES_MAX = 512;

  /** The largest file of a release. */
  static final long FILE_MAX_BYTES = 256L << 20;

  /** The largest release. */
  static final long TOTAL_MAX_BYTES = 1L << 30;

  private static final Pattern PATH = Pattern.compile("lib/[A-Za-z0-9][A-Za-z0-9._+-]{0,119}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern CLASS = Pattern.compile("[A-Za-z_$][\\w$]*(\\.[A-Za-z_$][\\w$]*)*");

  private static final Jsonb JSON = Jsonb.builder().build();
  private static final JsonType<Wire> WIRE = JSON.type(Wire.class);
  private static final JsonType<Signatures> SIGNATURES = JSON.type(Signatures.class);

  private ManifestJson() {}

  /** The manifest as it stands in a package. */
  @Json
  record Wire(
      int format,
      @Nullable String version,
      @Nullable List<String> from,
      boolean migration,
      long rollbackCounter,
      @Nullable String mainClass,
      @Nullable List<String> jvmArgs,
      @Nullable List<String> capabilities,
      @Nullable List<WireFile> files,
      @Nullable String notes) {}

  @Json
  record WireFile(@Nullable String path, long sizeBytes, @Nullable String sha256) {}

  @Json
  record Signatures(@Nullable List<Signature> signatures) {}

  /** {@code signature} in Base64. */
  @Json
  record Signature(@Nullable String keyId, @Nullable String signature) {}

  /** A manifest or a list of signatures is not acceptable. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Verdict.Reason reason;

    Malformed(Verdict.Reason reason, String detail) {
      super(detail);
      this.reason = reason;
    }

    Verdict.Reason reason() {
      return reason;
    }
  }

  static byte[] write(Manifest manifest) {
    var wire =
        new Wire(
            manifest.format(),
            manifest.version().toString(),
            manifest.from().stream().map(Version::toString).toList(),
            manifest.migration(),
            manifest.rollbackCounter(),
            manifest.mainClass(),
            manifest.jvmArgs(),
            manifest.capabilities(),
            manifest.files().stream()
                .map(f -> new WireFile(f.path(), f.sizeBytes(), f.sha256()))
                .toList(),
            manifest.notes());
    return (WIRE.toJsonPretty(wire) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  static byte[] writeSignatures(List<Signature> signatures) {
    return (SIGNATURES.toJsonPretty(new Signatures(signatures)) + "\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  static List<Signature> readSignatures(byte[] json) throws Malformed {
    List<Signature> signatures;
    try {
      signatures = SIGNATURES.fromJson(json).signatures();
    } catch (JsonException | IllegalStateException e) {
      throw new Malformed(
          Verdict.Reason.DAMAGED, "signatures.json cannot be read: " + e.getMessage());
    }
    return signatures == null ? List.of() : signatures;
  }

  static Manifest read(byte[] json) throws Malformed {
    Wire wire;
    try {
      wire = WIRE.fromJson(json);
    } catch (JsonException | IllegalStateException e) {
      throw bad("it cannot be read: " + e.getMessage());
    }
    if (wire.format() != Manifest.FORMAT) {
      throw new Malformed(
          Verdict.Reason.UNKNOWN_FORMAT,
          "its manifest has format "
              + wire.format()
              + ", this appliance reads format "
              + Manifest.FORMAT
              + "; a release in between may be needed first");
    }
    if (wire.rollbackCounter() < 0) {
      throw bad("rollbackCounter is negative");
    }
    String mainClass = text(wire.mainClass(), "mainClass");
    if (!CLASS.matcher(mainClass).matches()) {
      throw bad("mainClass is no class name: " + printable(mainClass));
    }
    return new Manifest(
        wire.format(),
        version(text(wire.version(), "version")),
        versions(list(wire.from(), "from")),
        wire.migration(),
        wire.rollbackCounter(),
        mainClass,
        list(wire.jvmArgs(), "jvmArgs"),
        list(wire.capabilities(), "capabilities"),
        files(wire.files()),
        wire.notes() == null ? "" : wire.notes());
  }

  private static List<Manifest.FileEntry> files(@Nullable List<WireFile> wire) throws Malformed {
    if (wire == null || wire.isEmpty() || wire.size() > FILES_MAX) {
      throw bad("it must name 1 to " + FILES_MAX + " files");
    }
    var files = new ArrayList<Manifest.FileEntry>();
    var seen = new HashSet<String>();
    long totalBytes = 0;
    for (var file : wire) {
      if (file == null) {
        throw bad("an entry of files is null");
      }
      String path = text(file.path(), "a file's path");
      if (!isSafePath(path)) {
        throw new Malformed(
            Verdict.Reason.UNSAFE_NAME, "the manifest names a file " + printable(path));
      }
      if (!seen.add(path)) {
        throw new Malformed(
            Verdict.Reason.DUPLICATE_ENTRY, "the manifest names " + path + " twice");
      }
      String sha256 = text(file.sha256(), "the hash of " + path);
      if (!SHA256.matcher(sha256).matches()) {
        throw bad("the hash of " + path + " is no SHA-256");
      }
      if (file.sizeBytes() < 0 || file.sizeBytes() > FILE_MAX_BYTES) {
        throw new Malformed(
            Verdict.Reason.TOO_LARGE,
            path + " has " + file.sizeBytes() + " bytes, more than " + FILE_MAX_BYTES);
      }
      totalBytes += file.sizeBytes();
      files.add(new Manifest.FileEntry(path, file.sizeBytes(), sha256));
    }
    if (totalBytes > TOTAL_MAX_BYTES) {
      throw new Malformed(
          Verdict.Reason.TOO_LARGE,
          "the release has " + totalBytes + " bytes, more than " + TOTAL_MAX_BYTES);
    }
    return files;
  }

  /** One level below {@code lib/}, plain characters: nothing a file system could misread. */
  static boolean isSafePath(String path) {
    return PATH.matcher(path).matches();
  }

  /** {@code text} in quotes without what could upset a terminal, and not too long. */
  static String printable(String text) {
    String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
    return "'" + (clean.length() > 80 ? clean.substring(0, 80) + "..." : clean) + "'";
  }

  private static List<Version> versions(List<String> texts) throws Malformed {
    var versions = new ArrayList<Version>();
    for (String text : texts) {
      versions.add(version(text));
    }
    return versions;
  }

  private static Version version(String text) throws Malformed {
    try {
      return Version.parse(text);
    } catch (IllegalArgumentException e) {
      throw bad(printable(text) + " is no version");
    }
  }

  private static String text(@Nullable String value, String name) throws Malformed {
    if (value == null || value.isEmpty() || value.length() > 1000) {
      throw bad(name + " is missing or too long");
    }
    return value;
  }

  private static List<String> list(@Nullable List<String> values, String name) throws Malformed {
    if (values == null || values.size() > 64) {
      throw bad(name + " is missing or too long");
    }
    for (String value : values) {
      text(value, "an entry of " + name);
    }
    return values;
  }

  private static Malformed bad(String detail) {
    return new Malformed(Verdict.Reason.BAD_MANIFEST, "the manifest is not acceptable: " + detail);
  }
}

package io.bascule.release;

import io.bascule.core.Version;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;

/**
 * Composes and signs a package from a release's description and the jars of its class path. The
 * same jars, description and key give the same bytes.
 */
public final class PackageComposer {
  private PackageComposer() {}

  /**
   * {@code RELEASE.properties CLASSPATH SIGNING-DIR TRUST-DIR TARGET-DIR}. Makes a development key
   * if the signing folder holds none; leaves the package alone if it is already what it would
   * become.
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 5) {
      System.err.println(
          "usage: PackageComposer RELEASE.properties CLASSPATH SIGNING-DIR TRUST-DIR TARGET-DIR");
      System.exit(2);
    }
    var key = SigningKey.loadOrCreate(Path.of(args[2]), Path.of(args[3]));
    var jars = jars(args[1]);
    var manifest = manifest(Path.of(args[0]), jars);
    Path target = Path.of(args[4]).resolve(ReleasePackage.fileName(manifest.version()));
    var trust = TrustStore.load(Path.of(args[3]));
    boolean current =
        Files.exists(target)
            && ReleasePackage.verify(target, trust).equals(new Verdict.Accepted(manifest));
    if (!current) {
      compose(manifest, jars, List.of(key), target);
    }
    System.out.printf(
        "%s %s: %d files, %.1f MB%n",
        current ? "Up to date" : "Composed",
        target.getFileName(),
        jars.size(),
        Files.size(target) / 1e6);
  }

  /** Writes the package, whole or not at all. {@code files} maps paths in the package to files. */
  static void compose(
      Manifest manifest, TreeMap<String, Path> files, List<SigningKey> keys, Path target)
      throws IOException {
    byte[] json = ManifestJson.write(manifest);
    var signatures = new ArrayList<ManifestJson.Signature>();
    for (SigningKey key : keys) {
      signatures.add(key.sign(json));
    }
    Path fresh = target.resolveSibling(target.getFileName() + ".new");
    Files.createDirectories(Durable.folderOf(target));
    try (var out =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      var entries = new ArrayList<PackageZip.Entry>();
      append(out, entries, PackageZip.MANIFEST, json);
      append(out, entries, PackageZip.SIGNATURES, ManifestJson.writeSignatures(signatures));
      for (var file : manifest.files()) {
        Path source = files.get(file.path());
        if (source == null) {
          throw new IOException("no file for " + file.path());
        }
        append(out, entries, file.path(), Files.readAllBytes(source));
      }
      finish(out, entries);
      out.force(true);
    }
    Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void append(
      FileChannel out, List<PackageZip.Entry> entries, String name, byte[] content)
      throws IOException {
    var crc = new CRC32();
    crc.update(content);
    long previousEnd = entries.isEmpty() ? 0 : entries.getLast().end();
    var entry =
        new PackageZip.Entry(
            name,
            content.length,
            (int) crc.getValue(),
            PackageZip.contentOffset(previousEnd, name));
    writeAll(out, PackageZip.localHeader(entry));
    writeAll(out, ByteBuffer.wrap(content));
    entries.add(entry);
  }

  private static void finish(FileChannel out, List<PackageZip.Entry> entries) throws IOException {
    long directoryOffset = out.position();
    for (var entry : entries) {
      writeAll(out, PackageZip.centralHeader(entry));
    }
    long directoryBytes = out.position() - directoryOffset;
    writeAll(out, PackageZip.endRecord(entries.size(), directoryBytes, directoryOffset));
  }

  private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static TreeMap<String, Path> jars(String classPath) throws IOException {
    var jars = new TreeMap<String, Path>();
    for (String part : classPath.split(":", -1)) {
      Path file = Path.of(part);
      if (part.isBlank() || Files.notExists(file)) {
        continue; // the classes folder of a module that has none
      }
      if (!part.endsWith(".jar")) {
        throw new IOException(file + " is no jar: build with 'mvn package'");
      }
      String path = "lib/" + file.getFileName();
      if (jars.put(path, file) != null) {
        throw new IOException("two jars named " + file.getFileName());
      }
    }
    return jars;
  }

  private static Manifest manifest(Path description, TreeMap<String, Path> files)
      throws IOException {
    var values = new Properties();
    try (var in = Files.newBufferedReader(description, StandardCharsets.UTF_8)) {
      values.load(in);
    }
    checkWithout(words(values, "without"), files);
    var entries = new ArrayList<Manifest.FileEntry>();
    for (var file : files.entrySet()) {
      byte[] content = Files.readAllBytes(file.getValue());
      entries.add(new Manifest.FileEntry(file.getKey(), content.length, Hashes.sha256Hex(content)));
    }
    var manifest =
        new Manifest(
            Manifest.FORMAT,
            Version.parse(required(values, "version")),
            words(values, "from").stream().map(Version::parse).toList(),
            Boolean.parseBoolean(required(values, "migration")),
            Long.parseLong(required(values, "rollbackCounter")),
            required(values, "mainClass"),
            words(values, "jvmArgs"),
            capabilities(values),
            entries,
            required(values, "notes"));
    try {
      // What is composed here must be readable there.
      return ManifestJson.read(ManifestJson.write(manifest));
    } catch (ManifestJson.Malformed e) {
      throw new IOException(description + ": " + e.getMessage(), e);
    }
  }

  /** A release that does not know a format must not carry its code either. */
  private static void checkWithout(List<String> prefixes, TreeMap<String, Path> files)
      throws IOException {
    for (var file : files.entrySet()) {
      try (var jar = new JarFile(file.getValue().toFile())) {
        var found =
            jar.stream()
                .map(JarEntry::getName)
                .filter(name -> prefixes.stream().anyMatch(name::startsWith))
                .findFirst();
        if (found.isPresent()) {
          throw new IOException(file.getKey() + " holds " + found.get());
        }
      }
    }
  }

  private static List<String> capabilities(Properties values) throws IOException {
    var names = words(values, "capabilities");
    for (String name : names) {
      if (!name.matches("[a-z0-9-]+")) {
        throw new IOException("'" + name + "' is no capability; spaces stand between them");
      }
    }
    return names;
  }

  private static List<String> words(Properties values, String key) throws IOException {
    String text = required(values, key).strip();
    return text.isEmpty() ? List.of() : List.of(text.split("\\s+"));
  }

  private static String required(Properties values, String key) throws IOException {
    String value = values.getProperty(key);
    if (value == null) {
      throw new IOException("the release's description lacks '" + key + "'");
    }
    return value;
  }
}

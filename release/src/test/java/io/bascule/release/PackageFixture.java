package io.bascule.release;

import io.bascule.core.Version;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Real packages in a folder of a test: a good one, and the means to make bad ones. */
final class PackageFixture {
  final Path folder;
  final SigningKey key = SigningKey.generate();
  final TreeMap<String, Path> files = new TreeMap<>();

  PackageFixture(Path folder) throws IOException {
    this.folder = folder;
    var random = new Random(7);
    for (String name : List.of("a.jar", "b.jar", "c.jar")) {
      byte[] content = new byte[1000 + random.nextInt(3000)];
      random.nextBytes(content);
      files.put("lib/" + name, Files.write(folder.resolve(name), content));
    }
  }

  TrustStore trust() throws IOException {
    return trust(1, key);
  }

  TrustStore trust(int threshold, SigningKey... keys) throws IOException {
    Path trust = Files.createTempDirectory(folder, "trust");
    for (int i = 0; i < keys.length; i++) {
      Files.writeString(
          trust.resolve("key" + i + ".pem"), TrustStore.toPem(keys[i].publicKey(), "test key"));
    }
    Files.writeString(trust.resolve("threshold"), threshold + "\n");
    return TrustStore.load(trust);
  }

  Manifest manifest(String version) throws IOException {
    var entries = new ArrayList<Manifest.FileEntry>();
    for (var file : files.entrySet()) {
      byte[] content = Files.readAllBytes(file.getValue());
      entries.add(new Manifest.FileEntry(file.getKey(), content.length, Hashes.sha256Hex(content)));
    }
    return new Manifest(
        Manifest.FORMAT,
        Version.parse(version),
        List.of(Version.parse("1.2.1")),
        false,
        2,
        "io.bascule.Main",
        List.of("-Xmx64m"),
        List.of("cancel-migration"),
        entries,
        "notes");
  }

  Path good() throws IOException {
    return good("1.2.2");
  }

  Path good(String version) throws IOException {
    Path target = folder.resolve("good-" + version + ".pkg");
    PackageComposer.compose(manifest(version), files, List.of(key), target);
    return target;
  }

  Path file(byte[] content) throws IOException {
    return Files.write(Files.createTempFile(folder, "bad", ".pkg"), content);
  }

  /** A file of a foreign ZIP. */
  record Piece(String name, byte[] content, boolean stored) {}

  /** A package as a foreign tool would write it, with valid signatures over the manifest. */
  Path zip(byte[] manifestJson, List<Piece> pieces) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      put(zip, new Piece(PackageZip.MANIFEST, manifestJson, true));
      byte[] signatures = ManifestJson.writeSignatures(List.of(key.sign(manifestJson)));
      put(zip, new Piece(PackageZip.SIGNATURES, signatures, true));
      for (Piece piece : pieces) {
        put(zip, piece);
      }
    }
    return file(bytes.toByteArray());
  }

  private static void put(ZipOutputStream zip, Piece piece) throws IOException {
    var entry = new ZipEntry(piece.name());
    entry.setMethod(piece.stored() ? ZipEntry.STORED : ZipEntry.DEFLATED);
    if (piece.stored()) {
      var crc = new CRC32();
      crc.update(piece.content());
      entry.setSize(piece.content().length);
      entry.setCrc(crc.getValue());
    }
    zip.putNextEntry(entry);
    zip.write(piece.content());
    zip.closeEntry();
  }

  List<Piece> pieces() throws IOException {
    var pieces = new ArrayList<Piece>();
    for (var file : files.entrySet()) {
      pieces.add(new Piece(file.getKey(), Files.readAllBytes(file.getValue()), true));
    }
    return pieces;
  }

  /** A package in our own container, with any names and contents. */
  Path container(List<Piece> pieces) throws IOException {
    var out = new ByteArrayOutputStream();
    var entries = new ArrayList<PackageZip.Entry>();
    for (Piece piece : pieces) {
      var crc = new CRC32();
      crc.update(piece.content());
      var entry =
          new PackageZip.Entry(
              piece.name(),
              piece.content().length,
              (int) crc.getValue(),
              PackageZip.contentOffset(out.size(), piece.name()));
      out.writeBytes(PackageZip.localHeader(entry).array());
      out.writeBytes(piece.content());
      entries.add(entry);
    }
    int directoryOffset = out.size();
    for (var entry : entries) {
      out.writeBytes(PackageZip.centralHeader(entry).array());
    }
    int directoryBytes = out.size() - directoryOffset;
    out.writeBytes(PackageZip.endRecord(entries.size(), directoryBytes, directoryOffset).array());
    return file(out.toByteArray());
  }

  /** Our own container with this manifest, signed, and these files. */
  Path signed(byte[] manifestJson, List<Piece> pieces) throws IOException {
    var all = new ArrayList<Piece>();
    all.add(new Piece(PackageZip.MANIFEST, manifestJson, true));
    byte[] signatures = ManifestJson.writeSignatures(List.of(key.sign(manifestJson)));
    all.add(new Piece(PackageZip.SIGNATURES, signatures, true));
    all.addAll(pieces);
    return container(all);
  }
}

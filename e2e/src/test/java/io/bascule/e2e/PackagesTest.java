package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Packages that must not be installed, offered to a real appliance: refused with the reason, before
 * anything.
 */
class PackagesTest {
  @TempDir static Path folder;
  private static Appliance appliance;

  @BeforeAll
  static void up() {
    appliance = Appliance.create("packages");
  }

  @AfterAll
  static void down() {
    appliance.close();
  }

  private static Path copy(String name) throws IOException {
    return Files.copy(Commands.release("1.2.2"), folder.resolve(name));
  }

  private static void refused(Path file, String reason) throws IOException {
    var before = enclosure();
    for (var result :
        List.of(
            appliance.bascule("package", "verify", file.toString()),
            appliance.bascule("package", "add", file.toString()))) {
      assertThat(result.exit()).as("%s", result).isEqualTo(3);
      assertThat(result.err()).containsIgnoringCase(reason);
    }
    assertThat(enclosure()).isEqualTo(before);
    assertThat(appliance.get("/packages").text()).doesNotContain("\"version\":\"1.2.2\"");
  }

  private static List<String> enclosure() throws IOException {
    try (Stream<Path> files = Files.walk(appliance.data.resolve("enclosure"))) {
      return files
          .filter(file -> !file.getFileName().toString().startsWith("state.db"))
          .map(Path::toString)
          .sorted()
          .toList();
    }
  }

  @Test
  void shouldRefuseATruncatedPackage() throws IOException {
    Path file = copy("truncated.pkg");
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    refused(file, "missing");
  }

  @Test
  void shouldRefuseOneChangedByteInAnyFile() throws IOException {
    List<String> names = new ArrayList<>();
    try (var zip = new ZipFile(Commands.release("1.2.2").toFile())) {
      zip.stream().map(ZipEntry::getName).forEach(names::add);
    }
    assertThat(names).hasSizeGreaterThan(10);
    byte[] good = Files.readAllBytes(Commands.release("1.2.2"));
    // Every file through the verifier that the command uses; one through the appliance as well.
    for (String name : names) {
      byte[] bad = good.clone();
      int at = contentOf(good, name);
      bad[at] ^= 1;
      Path file = Files.write(folder.resolve("changed.pkg"), bad);
      assertThat(
              io.bascule.release.ReleasePackage.verify(
                  file,
                  io.bascule.release.TrustStore.load(Repackaging.RELEASE_KEYS.resolve("trust"))))
          .as(name)
          .isInstanceOf(io.bascule.release.Verdict.Refused.class);
    }
    refused(folder.resolve("changed.pkg"), "");
  }

  /** Where the content of an entry stands: after its local header. */
  private static int contentOf(byte[] zip, String name) {
    byte[] wanted = name.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    var bytes = ByteBuffer.wrap(zip).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at + 30 < zip.length; at++) {
      if (bytes.getInt(at) == 0x04034b50 && bytes.getShort(at + 26) == wanted.length) {
        int start = at + 30;
        if (java.util.Arrays.equals(zip, start, start + wanted.length, wanted, 0, wanted.length)) {
          return start + wanted.length + bytes.getShort(at + 28);
        }
      }
    }
    throw new AssertionError("no entry " + name);
  }

  @Test
  void shouldRefuseAStrangersSignature() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("stranger"));
    var jars = Repackaging.jars("1.2.2", elsewhere, 2);
    refused(
        Repackaging.compose(Repackaging.properties("1.2.2"), jars, elsewhere, elsewhere), "trust");
  }

  @Test
  void shouldRefuseAPackageWithoutASignature() throws IOException {
    refused(rewritten("unsigned.pkg", "signatures.json", null), "package");
  }

  @Test
  void shouldRefusePathTraversal() throws IOException {
    refused(rewritten("traversal.pkg", null, "../../../escaped.jar"), "");
    assertThat(Files.exists(appliance.data.resolve("escaped.jar"))).isFalse();
  }

  @Test
  void shouldRefuseAGigabyteOfZeros() throws IOException {
    Path file = folder.resolve("zeros.pkg");
    try (var out = new ZipOutputStream(Files.newOutputStream(file))) {
      out.putNextEntry(new ZipEntry("lib/zeros.jar"));
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 1024; i++) {
        out.write(zeros);
      }
      out.closeEntry();
    }
    assertThat(Files.size(file)).isLessThan(4 << 20);
    refused(file, "");
  }

  /** The good package through the JDK's ZIP writer, without one entry, or with one more. */
  private static Path rewritten(String name, @Nullable String without, @Nullable String more)
      throws IOException {
    Path file = folder.resolve(name);
    try (var good = new ZipFile(Commands.release("1.2.2").toFile());
        var out = new ZipOutputStream(Files.newOutputStream(file))) {
      out.setMethod(ZipOutputStream.STORED);
      for (var entry : good.stream().toList()) {
        if (!entry.getName().equals(without)) {
          byte[] content;
          try (var in = good.getInputStream(entry)) {
            content = in.readAllBytes();
          }
          store(out, entry.getName(), content);
        }
      }
      if (more != null) {
        store(out, more, new byte[100]);
      }
    }
    return file;
  }

  private static void store(ZipOutputStream out, String name, byte[] content) throws IOException {
    var crc = new java.util.zip.CRC32();
    crc.update(content);
    var entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    out.putNextEntry(entry);
    out.write(content);
    out.closeEntry();
  }

  @Test
  void shouldRefuseAReleaseThatDoesNotGoOnThisOne() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("path"));
    Path properties = elsewhere.resolve("release.properties");
    String good = Files.readString(Repackaging.properties("1.2.2"));
    Files.writeString(
        properties,
        good.replace("version = 1.2.2", "version = 1.3.0").replace("from = 1.2.1", "from = 1.2.2"));
    add(compose(elsewhere, properties));
    var refused = appliance.bascule("upgrade", "start", "1.3.0");
    assertThat(refused.exit()).as("%s", refused).isEqualTo(3);
    assertThat(refused.err()).contains("1.2.2").contains("PRECHECK_FAILED");
    assertThat(appliance.state()).isEqualTo("IDLE");
    var dry = appliance.bascule("upgrade", "start", "1.3.0", "--dry-run");
    assertThat(dry.exit()).as("%s", dry).isEqualTo(3);
  }

  @Test
  void shouldRefuseAnOlderReleaseThanTheInstalled() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("older"));
    Path properties = elsewhere.resolve("release.properties");
    String good = Files.readString(Repackaging.properties("1.2.2"));
    Files.writeString(
        properties,
        good.replace("version = 1.2.2", "version = 1.2.0").replace("from = 1.2.1", "from = 1.1.9"));
    var result = appliance.bascule("package", "add", compose(elsewhere, properties).toString());
    assertThat(result.exit()).as("%s", result).isEqualTo(3);
    assertThat(result.err()).contains("older");
  }

  private static void add(Path file) {
    appliance.bascule("package", "add", file.toString()).ok();
  }

  private static Path compose(Path elsewhere, Path properties) throws IOException {
    var jars = Repackaging.jars("1.2.2", elsewhere, 1);
    return Repackaging.compose(properties, jars, Repackaging.RELEASE_KEYS, elsewhere);
  }
}

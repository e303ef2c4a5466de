package io.bascule.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.release.PackageFixture.Piece;
import io.bascule.release.Verdict.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReleasePackageTest {
  @TempDir Path folder;
  private PackageFixture fixture;
  private TrustStore trust;

  @BeforeEach
  void make() throws IOException {
    fixture = new PackageFixture(folder);
    trust = fixture.trust();
  }

  private void assertRefused(Path file, Reason reason, String... words) throws IOException {
    var verdict = ReleasePackage.verify(file, trust);
    assertThat(verdict).isInstanceOf(Verdict.Refused.class);
    var refused = (Verdict.Refused) verdict;
    assertThat(refused.reason()).as(refused.detail()).isEqualTo(reason);
    assertThat(refused.detail()).isNotBlank();
    for (String word : words) {
      assertThat(refused.detail()).contains(word);
    }
    // Unpacking says the same, and touches nothing.
    Path slot = folder.resolve("slot");
    assertThat(ReleasePackage.unpack(file, trust, slot, _ -> {})).isEqualTo(verdict);
    assertThat(slot).doesNotExist();
    assertThat(Slots.freshFolder(slot)).doesNotExist();
  }

  @Test
  void shouldAcceptWhatWasComposed() throws IOException {
    assertThat(ReleasePackage.verify(fixture.good(), trust))
        .isEqualTo(new Verdict.Accepted(fixture.manifest("1.2.2")));
  }

  @Test
  void shouldComposeTheSameBytesAgain() throws IOException {
    byte[] first = Files.readAllBytes(fixture.good());
    assertThat(Files.readAllBytes(fixture.good())).isEqualTo(first);
  }

  @Test
  void shouldBeReadableByOrdinaryTools() throws IOException {
    try (var zip = new ZipFile(fixture.good().toFile())) {
      assertThat(zip.stream().map(Object::toString))
          .containsExactly(
              "manifest.json", "signatures.json", "lib/a.jar", "lib/b.jar", "lib/c.jar");
    }
  }

  @Test
  void shouldRefuseTruncatedAtAnyLength() throws IOException {
    byte[] good = Files.readAllBytes(fixture.good());
    for (int length = 0; length < good.length; length += 1 + length / 40) {
      assertThat(ReleasePackage.verify(fixture.file(Arrays.copyOf(good, length)), trust))
          .as("%d of %d bytes", length, good.length)
          .isInstanceOf(Verdict.Refused.class);
    }
    assertRefused(fixture.file(Arrays.copyOf(good, good.length / 2)), Reason.TRUNCATED, "missing");
    assertRefused(fixture.file(new byte[0]), Reason.TRUNCATED, "empty");
  }

  @Test
  void shouldRefuseWhatIsNoPackage() throws IOException {
    assertRefused(
        fixture.file("not a package, but long enough".getBytes(StandardCharsets.UTF_8)),
        Reason.NOT_A_PACKAGE,
        "not a release package");
    assertRefused(folder.resolve("missing.pkg"), Reason.UNREADABLE, "missing.pkg");
    assertRefused(folder, Reason.UNREADABLE);
  }

  @Test
  void shouldRefuseOneBitChangedInEachFile() throws IOException {
    byte[] good = Files.readAllBytes(fixture.good());
    for (var file : fixture.files.values()) {
      byte[] bad = good.clone();
      bad[indexOf(good, Files.readAllBytes(file)) + 100] ^= 1;
      assertRefused(fixture.file(bad), Reason.DAMAGED, "lib/" + file.getFileName());
    }
  }

  @Test
  void shouldRefuseAFileExchangedWithItsChecksum() throws IOException {
    var pieces = new ArrayList<>(fixture.pieces());
    byte[] other = pieces.get(1).content().clone();
    other[5] ^= 4;
    pieces.set(1, new Piece("lib/b.jar", other, true));
    assertRefused(
        fixture.signed(ManifestJson.write(fixture.manifest("1.2.2")), pieces),
        Reason.DAMAGED,
        "lib/b.jar");
  }

  @Test
  void shouldRefuseAnotherManifestUnderTheSameSignature() throws IOException {
    byte[] json = ManifestJson.write(fixture.manifest("1.2.2"));
    byte[] forged =
        new String(json, StandardCharsets.UTF_8)
            .replace("\"1.2.1\"", "\"1.2.0\"")
            .getBytes(StandardCharsets.UTF_8);
    var pieces = new ArrayList<Piece>();
    pieces.add(new Piece(PackageZip.MANIFEST, forged, true));
    byte[] signatures = ManifestJson.writeSignatures(List.of(fixture.key.sign(json)));
    pieces.add(new Piece(PackageZip.SIGNATURES, signatures, true));
    pieces.addAll(fixture.pieces());
    assertRefused(fixture.container(pieces), Reason.WRONG_SIGNATURE, "does not fit");
  }

  @Test
  void shouldRefuseAStrangersKey() throws IOException {
    Path good = fixture.good();
    trust = fixture.trust(1, SigningKey.generate());
    assertRefused(good, Reason.UNTRUSTED_KEY, "not trusted");
  }

  @Test
  void shouldRefuseWithoutSignature() throws IOException {
    byte[] json = ManifestJson.write(fixture.manifest("1.2.2"));
    var pieces = new ArrayList<Piece>();
    pieces.add(new Piece(PackageZip.MANIFEST, json, true));
    pieces.addAll(fixture.pieces());
    assertRefused(fixture.container(pieces), Reason.NOT_SIGNED, "not signed");
    pieces.add(1, new Piece(PackageZip.SIGNATURES, ManifestJson.writeSignatures(List.of()), true));
    assertRefused(fixture.container(pieces), Reason.NOT_SIGNED, "not signed");
  }

  @Test
  void shouldAskForAsManyKeysAsTheThresholdSays() throws IOException {
    var second = SigningKey.generate();
    trust = fixture.trust(2, fixture.key, second);
    assertRefused(fixture.good(), Reason.TOO_FEW_SIGNATURES, "needed: 2");
    Path twice = folder.resolve("twice.pkg");
    var manifest = fixture.manifest("1.2.2");
    PackageComposer.compose(manifest, fixture.files, List.of(fixture.key, fixture.key), twice);
    assertRefused(twice, Reason.TOO_FEW_SIGNATURES);
    Path both = folder.resolve("both.pkg");
    PackageComposer.compose(manifest, fixture.files, List.of(fixture.key, second), both);
    assertThat(ReleasePackage.verify(both, trust)).isInstanceOf(Verdict.Accepted.class);
  }

  @Test
  void shouldRefuseDuplicateEntries() throws IOException {
    var pieces = new ArrayList<>(fixture.pieces());
    pieces.add(pieces.get(0));
    assertRefused(
        fixture.signed(ManifestJson.write(fixture.manifest("1.2.2")), pieces),
        Reason.DUPLICATE_ENTRY,
        "lib/a.jar",
        "twice");
  }

  @Test
  void shouldRefuseFilesTheManifestDoesNotName() throws IOException {
    var pieces = new ArrayList<>(fixture.pieces());
    pieces.add(new Piece("lib/extra.jar", new byte[10], true));
    assertRefused(
        fixture.signed(ManifestJson.write(fixture.manifest("1.2.2")), pieces),
        Reason.UNLISTED_FILE,
        "lib/extra.jar");
  }

  @Test
  void shouldRefuseMissingFiles() throws IOException {
    assertRefused(
        fixture.signed(
            ManifestJson.write(fixture.manifest("1.2.2")), fixture.pieces().subList(0, 2)),
        Reason.MISSING_FILE,
        "lib/c.jar");
  }

  @Test
  void shouldRefuseNamesThatLeadElsewhere() throws IOException {
    byte[] json = ManifestJson.write(fixture.manifest("1.2.2"));
    for (String name :
        List.of(
            "../evil.jar",
            "lib/../../evil.jar",
            "/etc/cron.d/evil",
            "lib/",
            "lib/.hidden",
            "lib/sub/x.jar",
            "lib\\x.jar",
            "C:evil",
            "complete",
            "lib/a\0.jar",
            "")) {
      var pieces = new ArrayList<>(fixture.pieces());
      pieces.add(new Piece(name, new byte[10], true));
      assertRefused(fixture.signed(json, pieces), Reason.UNSAFE_NAME);
    }
    String evil = new String(json, StandardCharsets.UTF_8).replace("lib/a.jar", "../a.jar");
    assertRefused(
        fixture.signed(evil.getBytes(StandardCharsets.UTF_8), fixture.pieces()),
        Reason.UNSAFE_NAME,
        "../a.jar");
  }

  @Test
  void shouldRefuseSymbolicLinks() throws IOException {
    byte[] bytes = Files.readAllBytes(fixture.good());
    var file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int directory = file.getInt(bytes.length - 6);
    int third = directory;
    for (int i = 0; i < 2; i++) {
      third += 46 + file.getShort(third + 28);
    }
    file.putInt(third + 38, 0120777 << 16);
    assertRefused(fixture.file(bytes), Reason.NOT_A_PLAIN_FILE, "lib/a.jar", "link");
  }

  @Test
  void shouldRefuseCompressedZerosWithoutInflatingThem() throws IOException {
    var pieces = new ArrayList<>(fixture.pieces());
    pieces.add(new Piece("lib/zeros.jar", new byte[200 << 20], false));
    Path bomb = fixture.zip(ManifestJson.write(fixture.manifest("1.2.2")), pieces);
    assertThat(Files.size(bomb)).isLessThan(1 << 20);
    assertRefused(bomb, Reason.COMPRESSED, "lib/zeros.jar");
  }

  @Test
  void shouldRefuseSizesThatAreNotThere() throws IOException {
    byte[] good = Files.readAllBytes(fixture.good());
    var file = ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN);
    int directory = file.getInt(good.length - 6);
    file.putInt(directory + 20, 1 << 30).putInt(directory + 24, 1 << 30);
    assertRefused(fixture.file(good), Reason.TOO_LARGE, "manifest.json");
  }

  @Test
  void shouldRefuseTheZipOfAnotherTool() throws IOException {
    // Right content, signed, but not the one byte image a package may have.
    assertRefused(
        fixture.zip(ManifestJson.write(fixture.manifest("1.2.2")), fixture.pieces()),
        Reason.DAMAGED);
  }

  @Test
  void shouldRefuseAManifestFormatOfTheFuture() throws IOException {
    String json =
        new String(ManifestJson.write(fixture.manifest("1.2.2")), StandardCharsets.UTF_8)
            .replace("\"format\": 1", "\"format\": 2");
    assertRefused(
        fixture.signed(json.getBytes(StandardCharsets.UTF_8), fixture.pieces()),
        Reason.UNKNOWN_FORMAT,
        "format 2",
        "reads format 1");
  }

  @Test
  void shouldReadAManifestWithFieldsOfTheFuture() throws IOException {
    String json =
        new String(ManifestJson.write(fixture.manifest("1.2.2")), StandardCharsets.UTF_8)
            .replace("\"format\": 1", "\"codename\": {\"x\": [1]}, \"format\": 1");
    assertThat(
            ReleasePackage.verify(
                fixture.signed(json.getBytes(StandardCharsets.UTF_8), fixture.pieces()), trust))
        .isEqualTo(new Verdict.Accepted(fixture.manifest("1.2.2")));
  }

  @Test
  void shouldRefuseAHugeManifest() throws IOException {
    byte[] json = new byte[ManifestJson.MANIFEST_MAX_BYTES + 1];
    Arrays.fill(json, (byte) ' ');
    assertRefused(fixture.signed(json, fixture.pieces()), Reason.TOO_LARGE, "manifest.json");
  }

  @Test
  void shouldRefuseManifestsThatMakeNoSense() throws IOException {
    String json = new String(ManifestJson.write(fixture.manifest("1.2.2")), StandardCharsets.UTF_8);
    for (String bad :
        List.of(
            "",
            "{",
            "null",
            "[]",
            "{\"format\": 1}",
            json.replace("\"1.2.2\"", "\"1.2\""),
            json.replace("io.bascule.Main", "-jar evil.jar"),
            json.replace("\"rollbackCounter\": 2", "\"rollbackCounter\": -2"),
            json.replace("\"rollbackCounter\": 2", "\"rollbackCounter\": \"many\""),
            json.replaceAll("\"sha256\": \"[0-9a-f]{8}", "\"sha256\": \"zzzzzzzz"))) {
      assertRefused(
          fixture.signed(bad.getBytes(StandardCharsets.UTF_8), fixture.pieces()),
          Reason.BAD_MANIFEST);
    }
  }

  @Test
  void shouldNeverAcceptNorFailOnRandomDamage() throws IOException {
    byte[] good = Files.readAllBytes(fixture.good());
    long seed = 20_261_122;
    var random = new Random(seed);
    Path file = folder.resolve("mutant.pkg");
    for (int round = 0; round < 2500; round++) {
      byte[] bad = mutate(good, random);
      Files.write(file, bad);
      assertThat(ReleasePackage.verify(file, trust))
          .as("seed %d round %d", seed, round)
          .isInstanceOf(Verdict.Refused.class);
    }
  }

  private static byte[] mutate(byte[] good, Random random) {
    byte[] bad = good.clone();
    do {
      switch (random.nextInt(4)) {
        case 0 -> bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bad = Arrays.copyOf(bad, 1 + random.nextInt(bad.length));
        case 2 -> bad = Arrays.copyOf(bad, bad.length + 1 + random.nextInt(100));
        default -> { // the headers at the end, where most of the reading is
          int back = 1 + random.nextInt(Math.min(bad.length, 400));
          bad[bad.length - back] = (byte) random.nextInt();
        }
      }
    } while (Arrays.equals(bad, good) || random.nextBoolean());
    return bad;
  }

  private static int indexOf(byte[] all, byte[] part) {
    for (int at = 0; at <= all.length - part.length; at++) {
      if (Arrays.equals(all, at, at + part.length, part, 0, part.length)) {
        return at;
      }
    }
    throw new AssertionError("not there");
  }
}

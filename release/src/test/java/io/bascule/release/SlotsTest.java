package io.bascule.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlotsTest {
  private static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));

  @TempDir Path folder;
  private PackageFixture fixture;
  private Path slot;

  @BeforeEach
  void make() throws IOException {
    fixture = new PackageFixture(folder);
    slot = folder.resolve("slots/a");
  }

  private static Optional<String> version(Path slot) {
    return Slots.read(slot).map(m -> m.version().toString());
  }

  @Test
  void shouldUnpackAndReadBack() throws IOException {
    var percents = new ArrayList<Integer>();
    assertThat(ReleasePackage.unpack(fixture.good(), fixture.trust(), slot, percents::add))
        .isInstanceOf(Verdict.Accepted.class);
    assertThat(percents).isSorted().endsWith(100);
    assertThat(Slots.read(slot)).contains(fixture.manifest("1.2.2"));
    for (var file : fixture.files.entrySet()) {
      assertThat(slot.resolve(file.getKey())).hasSameBinaryContentAs(file.getValue());
    }
    assertThat(Slots.classPath(fixture.manifest("1.2.2")))
        .isEqualTo("lib/a.jar:lib/b.jar:lib/c.jar");
  }

  @Test
  void shouldReplaceWhatTheSlotHeld() throws IOException {
    ReleasePackage.unpack(fixture.good("1.2.1"), fixture.trust(), slot, _ -> {});
    Files.writeString(slot.resolve(Slots.ARCHIVE), "of the old release");
    ReleasePackage.unpack(fixture.good("1.2.2"), fixture.trust(), slot, _ -> {});
    assertThat(version(slot)).contains("1.2.2");
    assertThat(slot.resolve(Slots.ARCHIVE)).doesNotExist();
  }

  @Test
  void shouldKeepTheSlotWhenThePackageIsRefused() throws IOException {
    ReleasePackage.unpack(fixture.good("1.2.1"), fixture.trust(), slot, _ -> {});
    Path good = fixture.good("1.2.2");
    byte[] bytes = Files.readAllBytes(good);
    bytes[bytes.length - 1000] ^= 1;
    assertThat(ReleasePackage.unpack(fixture.file(bytes), fixture.trust(), slot, _ -> {}))
        .isInstanceOf(Verdict.Refused.class);
    assertThat(version(slot)).contains("1.2.1");
  }

  @Test
  void shouldKeepTheSlotWhenUnpackingIsStopped() throws IOException {
    ReleasePackage.unpack(fixture.good("1.2.1"), fixture.trust(), slot, _ -> {});
    Path good = fixture.good("1.2.2");
    var trust = fixture.trust();
    assertThatThrownBy(() ->
            ReleasePackage.unpack(
                good,
                trust,
                slot,
                percent -> {
                  if (percent > 50) {
                    throw new IllegalStateException("stopped");
                  }
                }))
        .hasMessage("stopped");
    assertThat(version(slot)).contains("1.2.1");
    assertThat(Slots.freshFolder(slot)).doesNotExist();
  }

  @Test
  void shouldCountAsEmptyUnlessComplete() throws IOException {
    assertThat(Slots.read(slot)).isEmpty();
    ReleasePackage.unpack(fixture.good(), fixture.trust(), slot, _ -> {});
    Path jar = slot.resolve("lib/b.jar");
    byte[] content = Files.readAllBytes(jar);
    Files.write(jar, new byte[5]);
    assertThat(Slots.read(slot)).isEmpty();
    Files.delete(jar);
    assertThat(Slots.read(slot)).isEmpty();
    Files.write(jar, content);
    assertThat(Slots.read(slot)).isPresent();
    Files.writeString(slot.resolve("manifest.json"), "{}");
    assertThat(Slots.read(slot)).isEmpty();
  }

  @Test
  void shouldSeeEveryChangeWhenReadAgain() throws IOException {
    var reader = new SlotReader(slot);
    assertThat(reader.read()).isEmpty();
    ReleasePackage.unpack(fixture.good("1.2.1"), fixture.trust(), slot, _ -> {});
    assertThat(reader.read()).contains(fixture.manifest("1.2.1"));
    assertThat(reader.read()).contains(fixture.manifest("1.2.1"));
    ReleasePackage.unpack(fixture.good("1.2.2"), fixture.trust(), slot, _ -> {});
    assertThat(reader.read()).contains(fixture.manifest("1.2.2"));
    Files.delete(slot.resolve("lib/b.jar"));
    assertThat(reader.read()).isEmpty();
    ReleasePackage.unpack(fixture.good("1.2.2"), fixture.trust(), slot, _ -> {});
    assertThat(reader.read()).contains(fixture.manifest("1.2.2"));
    Files.writeString(slot.resolve("lib/b.jar"), "longer", StandardOpenOption.APPEND);
    assertThat(reader.read()).isEmpty();
    ReleasePackage.unpack(fixture.good("1.2.2"), fixture.trust(), slot, _ -> {});
    Files.writeString(slot.resolve("complete"), "another hash");
    assertThat(reader.read()).isEmpty();
    Slots.drop(slot);
    assertThat(reader.read()).isEmpty();
  }

  @Test
  void shouldDropAndDropAgain() throws IOException {
    ReleasePackage.unpack(fixture.good(), fixture.trust(), slot, _ -> {});
    Slots.drop(slot);
    Slots.drop(slot);
    assertThat(slot).doesNotExist();
  }

  /** Real processes killed at random moments while they unpack over an old release. */
  @Test
  void shouldHoldOneReleaseOrNoneWhenKilled() throws Exception {
    Path next = fixture.good("1.2.2");
    Path trust = folder.resolve("trust-of-child");
    Files.createDirectories(trust);
    Files.writeString(
        trust.resolve("k.pem"), TrustStore.toPem(fixture.key.publicKey(), "test key"));
    long seed = 42;
    var random = new Random(seed);
    for (int round = 0; round < 12; round++) {
      ReleasePackage.unpack(fixture.good("1.2.1"), fixture.trust(), slot, _ -> {});
      var child =
          new ProcessBuilder(
                  JAVA_HOME.resolve("bin/java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  UnpackForever.class.getName(),
                  next.toString(),
                  trust.toString(),
                  slot.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try {
        assertThat(child.getInputStream().read()).as("the child began").isNotNegative();
        child.waitFor(random.nextInt(30_000), TimeUnit.MICROSECONDS);
      } finally {
        child.destroyForcibly().waitFor();
      }
      assertThat(version(slot).orElse("none"))
          .as("seed %d round %d", seed, round)
          .isIn("1.2.1", "1.2.2", "none");
      ReleasePackage.unpack(next, fixture.trust(), slot, _ -> {});
      assertThat(version(slot)).contains("1.2.2");
      assertThat(Slots.freshFolder(slot)).doesNotExist();
    }
  }

  /** Unpacks and drops again and again, until it is killed. */
  static final class UnpackForever {
    public static void main(String[] args) throws IOException {
      var trust = TrustStore.load(Path.of(args[1]));
      for (boolean told = false; ; told = true) {
        if (told) {
          Slots.drop(Path.of(args[2]));
        }
        System.out.write('.');
        System.out.flush();
        ReleasePackage.unpack(Path.of(args[0]), trust, Path.of(args[2]), _ -> {});
      }
    }
  }

  @Test
  void shouldWarmARealProgramAndStartFromTheArchive() throws Exception {
    unpackProgram();
    var warmth = Slots.warm(slot, JAVA_HOME);
    assertThat(warmth).isInstanceOf(Slots.Warmth.Warm.class);
    var run =
        new ProcessBuilder(
                JAVA_HOME.resolve("bin/java").toString(),
                "-Xmx64m",
                "-XX:SharedArchiveFile=" + Slots.ARCHIVE,
                "-Xshare:auto",
                "-Xlog:class+load:file=loaded.txt",
                "-cp",
                Slots.classPath(Slots.read(slot).orElseThrow()),
                WarmProgram.class.getName())
            .directory(slot.toFile())
            .start();
    assertThat(run.waitFor()).isZero();
    assertThat(Files.readAllLines(slot.resolve("loaded.txt")))
        .filteredOn(line -> line.contains(WarmProgram.class.getName()))
        .singleElement()
        .asString()
        .contains("shared objects file (top)");
  }

  @Test
  void shouldGiveWayToHostsWhileItWarmsBesideThem() throws Exception {
    unpackProgram();
    assertThat(Slots.warmGently(slot, JAVA_HOME, () -> false))
        .isInstanceOf(Slots.Warmth.Warm.class);
    String output = Files.readString(slot.resolve("warm-up.log")).strip();
    assertThat(Integer.parseInt(output.replace("nice ", ""))).isGreaterThanOrEqualTo(10);
  }

  @Test
  void shouldStayColdWithAWarningWhenTheProgramFails() throws Exception {
    ReleasePackage.unpack(fixture.good(), fixture.trust(), slot, _ -> {});
    assertThat(Slots.warm(slot, JAVA_HOME))
        .isInstanceOfSatisfying(
            Slots.Warmth.Cold.class, cold -> assertThat(cold.warning()).contains("ended with 1"));
    assertThat(Slots.read(slot)).isPresent();
  }

  @Test
  void shouldEndTheWarmUpWhenCanceled() throws Exception {
    unpackProgram();
    assertThat(Slots.warmGently(slot, JAVA_HOME, () -> true))
        .isEqualTo(new Slots.Warmth.Cold("canceled"));
    assertThat(slot.resolve(Slots.ARCHIVE)).doesNotExist();
  }

  private void unpackProgram() throws IOException {
    Path jar = folder.resolve("program.jar");
    String entry = WarmProgram.class.getName().replace('.', '/') + ".class";
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        var in = WarmProgram.class.getResourceAsStream("/" + entry)) {
      out.putNextEntry(new JarEntry(entry));
      if (in == null) {
        throw new IOException("no class file " + entry);
      }
      in.transferTo(out);
      out.closeEntry();
    }
    var files = new TreeMap<String, Path>();
    files.put("lib/program.jar", jar);
    byte[] content = Files.readAllBytes(jar);
    var entries =
        List.of(
            new Manifest.FileEntry("lib/program.jar", content.length, Hashes.sha256Hex(content)));
    var manifest =
        new Manifest(
            1,
            Version.parse("1.2.2"),
            List.of(),
            false,
            0,
            WarmProgram.class.getName(),
            List.of("-Xmx64m"),
            List.of(),
            entries,
            "");
    Path target = folder.resolve("program.pkg");
    PackageComposer.compose(manifest, files, List.of(fixture.key), target);
    ReleasePackage.unpack(target, fixture.trust(), slot, _ -> {});
  }

  /** What the slot runs. */
  public static final class WarmProgram {
    public static void main(String[] args) throws IOException {
      // nice is the 19th field; the second one, in brackets, may hold blanks
      String stat = Files.readString(Path.of("/proc/self/stat"));
      System.out.println("nice " + stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
    }
  }
}

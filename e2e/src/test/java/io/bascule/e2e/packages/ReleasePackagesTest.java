package io.bascule.e2e.packages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.bascule.core.Version;
import io.bascule.release.InstallRules;
import io.bascule.release.Manifest;
import io.bascule.release.ReleasePackage;
import io.bascule.release.TrustStore;
import io.bascule.release.Verdict;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReleasePackagesTest {
  private static final Path RELEASES = Path.of("..", "releases");

  @BeforeEach
  void needPackages() {
    assumeTrue(Files.isDirectory(RELEASES.resolve("target/trust")), "made by 'mvn package'");
  }

  private static Path file(String version) {
    return RELEASES.resolve(version).resolve("target/bascule-" + version + ".pkg");
  }

  private static Manifest manifest(String version) throws IOException {
    var trust = TrustStore.load(RELEASES.resolve("target/trust"));
    var verdict = ReleasePackage.verify(file(version), trust);
    assertThat(verdict).isInstanceOf(Verdict.Accepted.class);
    return ((Verdict.Accepted) verdict).manifest();
  }

  @Test
  void shouldLeadFromOneToTheOther() throws IOException {
    var next = manifest("1.2.2");
    var first = manifest("1.2.1");
    assertThat(InstallRules.upgrade(next, first.version(), first.rollbackCounter(), List.of()))
        .isEqualTo(new InstallRules.Judgement.Allowed());
    assertThat(next.version()).isEqualTo(Version.parse("1.2.2"));
    assertThat(next.capabilities()).containsExactly("cancel-migration");
    assertThat(first.capabilities()).isEmpty();
    assertThat(next.rollbackCounter()).isGreaterThan(first.rollbackCounter());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.2.1", "1.2.2"})
  void shouldHoldNoClassOfFormat2(String version) throws IOException {
    var classes = new TreeSet<String>();
    try (var outer = new ZipFile(file(version).toFile())) {
      for (var jar : outer.stream().filter(e -> e.getName().endsWith(".jar")).toList()) {
        try (var in = outer.getInputStream(jar);
            var inner = new ZipInputStream(new ByteArrayInputStream(in.readAllBytes()))) {
          for (var entry = inner.getNextEntry(); entry != null; entry = inner.getNextEntry()) {
            classes.add(entry.getName());
          }
        }
      }
    }
    assertThat(classes)
        .contains("io/bascule/controller/Main.class", "io/bascule/store/v1/VolumeStoreV1.class")
        .noneMatch(name -> name.startsWith("io/bascule/store/v2/"))
        .noneMatch(name -> name.startsWith("io/bascule/migration/"));
  }
}

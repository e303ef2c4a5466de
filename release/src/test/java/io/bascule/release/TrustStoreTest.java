package io.bascule.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustStoreTest {
  @TempDir Path folder;

  private void key(String name, SigningKey key) throws IOException {
    Files.writeString(folder.resolve(name), TrustStore.toPem(key.publicKey(), "comment"));
  }

  private void assertFails(String words) {
    assertThatThrownBy(() -> TrustStore.load(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(words);
  }

  @Test
  void shouldReadKeysAndThreshold() throws IOException {
    key("one.pem", SigningKey.generate());
    key("two.pem", SigningKey.generate());
    assertThat(TrustStore.load(folder).threshold()).isEqualTo(1);
    Files.writeString(folder.resolve("threshold"), "2\n");
    var trust = TrustStore.load(folder);
    assertThat(trust.threshold()).isEqualTo(2);
    assertThat(trust.keys()).extracting(TrustStore.Key::name).containsExactly("one", "two");
  }

  @Test
  void shouldNotTrustHalfAFolder() throws IOException {
    assertFails("must hold 1 to");
    var key = SigningKey.generate();
    key("one.pem", key);
    Files.writeString(folder.resolve("threshold"), "2");
    assertFails("asks for 2");
    Files.writeString(folder.resolve("threshold"), "0");
    assertFails("asks for 0");
    Files.writeString(folder.resolve("threshold"), "one");
    assertFails("no number");
    Files.delete(folder.resolve("threshold"));
    key("same.pem", key);
    assertFails("count twice");
    Files.writeString(folder.resolve("same.pem"), "rubbish");
    assertFails("no public key");
  }

  @Test
  void shouldKeepTheDevelopmentKeyOfABuild() throws IOException {
    Path signing = folder.resolve("signing");
    Path trust = folder.resolve("trust");
    var first = SigningKey.loadOrCreate(signing, trust);
    var second = SigningKey.loadOrCreate(signing, trust);
    assertThat(second.publicKey()).isEqualTo(first.publicKey());
    assertThat(TrustStore.load(trust).keys())
        .singleElement()
        .satisfies(k -> assertThat(k.publicKey()).isEqualTo(first.publicKey()));
    assertThat(trust.resolve("development.pem")).content().contains("DEVELOPMENT");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(signing.resolve("development.pk8"))))
        .isEqualTo("rw-------");
  }
}

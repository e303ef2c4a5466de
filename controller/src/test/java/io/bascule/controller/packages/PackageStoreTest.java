package io.bascule.controller.packages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.Refusal;
import io.bascule.core.Version;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.PackageView;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackageStoreTest {
  @TempDir Path folder;
  private ReleaseMaker maker;
  private Path good;
  private PackageStore store;
  private Version installed = Version.parse("1.2.1");
  private long rollbackCounter = 1;

  @BeforeEach
  void open() throws IOException {
    maker = new ReleaseMaker(folder);
    good = maker.release("1.2.2", "1.2.1", 2, "the second");
    store = reopen();
  }

  private PackageStore reopen() throws IOException {
    return new PackageStore(layout(), maker.trust(), () -> installed, () -> rollbackCounter);
  }

  private Layout layout() {
    return Layout.of(folder.resolve("data"));
  }

  private PackageView add(Path file) throws IOException {
    Path upload = store.newUpload();
    Files.copy(file, upload, StandardCopyOption.REPLACE_EXISTING);
    try {
      return store.add(upload, "test");
    } finally {
      assertThat(upload).doesNotExist();
    }
  }

  private void assertRefused(Path file, String words) {
    assertThatThrownBy(() -> add(file))
        .isInstanceOfSatisfying(
            Refusal.class, r -> assertThat(r.code()).isEqualTo(ErrorCode.PACKAGE_REFUSED))
        .hasMessageContaining(words);
  }

  @Test
  void shouldKeepAndList() throws IOException {
    var view = add(good);
    assertThat(view.version()).isEqualTo("1.2.2");
    assertThat(view.file()).isEqualTo("bascule-1.2.2.pkg");
    assertThat(view.from()).containsExactly("1.2.1");
    assertThat(view.notes()).isEqualTo("the second");
    assertThat(view.sizeBytes()).isEqualTo(Files.size(good));
    assertThat(store.list()).containsExactly(view);
    assertThat(reopen().list()).containsExactly(view);
    assertThat(store.manifest(Version.parse("1.2.2"))).isPresent();
    assertThat(store.manifest(Version.parse("2.0.1"))).isEmpty();
    assertThat(layout().packages().resolve("bascule-1.2.2.pkg")).hasSameBinaryContentAs(good);
  }

  @Test
  void shouldTakeTheSameAgainButNoOther() throws IOException {
    var view = add(good);
    assertThat(add(good)).isEqualTo(view);
    assertRefused(maker.release("1.2.2", "1.2.1", 2, "another"), "another package");
    assertThat(store.list()).containsExactly(view);
  }

  @Test
  void shouldRefuseWithTheVerdictsReason() throws IOException {
    byte[] bytes = Files.readAllBytes(good);
    bytes[bytes.length / 2] ^= 1;
    assertRefused(Files.write(folder.resolve("bad.pkg"), bytes), "damaged");
    assertRefused(maker.release("1.2.2", "1.2.1", 2, "x", "stranger", ""), "not trusted");
    assertThat(store.list()).isEmpty();
    assertThat(layout().packages()).isEmptyDirectory();
  }

  @Test
  void shouldRefuseOnlyWhatLeadsBackwards() throws IOException {
    add(maker.release("2.0.1", "1.2.2", 3, "too far ahead, but the precheck judges that"));
    assertRefused(maker.release("1.2.0", "1.1.0", 1, "old"), "older than the installed");
    rollbackCounter = 3;
    assertRefused(good, "rollback counter");
  }

  @Test
  void shouldNotListAPackageThatWasDamagedSince() throws IOException {
    add(good);
    Path kept = layout().packages().resolve("bascule-1.2.2.pkg");
    byte[] bytes = Files.readAllBytes(kept);
    bytes[bytes.length / 2] ^= 1;
    Files.write(kept, bytes);
    Files.setLastModifiedTime(kept, java.nio.file.attribute.FileTime.fromMillis(1));
    assertThat(store.list()).isEmpty();
    assertRefused(good, "damaged package");
  }

  @Test
  void shouldClearUploadsOfADeadProcess() throws IOException {
    Path upload = store.newUpload();
    assertThat(upload.getParent()).isEqualTo(layout().packages());
    assertThat(store.list()).isEqualTo(List.of());
    reopen();
    assertThat(upload).doesNotExist();
  }
}

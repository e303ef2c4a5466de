package io.bascule.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lease stands or falls with these properties of the lock. */
final class OfdLockTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void chooseFile() {
    file = folder.resolve("lease");
  }

  @Test
  void shouldExcludeEveryOtherHolderUntilClosed() throws IOException {
    try (var first = OfdLock.open(file);
        var second = OfdLock.open(file)) {
      assertThat(first.tryLock()).isTrue();
      assertThat(first.tryLock()).as("asking again").isTrue();
      assertThat(second.tryLock()).as("same process, other description").isFalse();
      try (var child = LockHolder.start(file)) {
        assertThat(child.answer()).isEqualTo("refused");
      }
      first.close();
      assertThat(first.isHeld()).isFalse();
      assertThat(second.tryLock()).isTrue();
    }
  }

  @Test
  void shouldBeReleasedWhenItsHolderIsKilled() throws IOException, InterruptedException {
    try (var child = LockHolder.start(file);
        var ours = OfdLock.open(file)) {
      assertThat(child.answer()).isEqualTo("locked");
      assertThat(ours.tryLock()).isFalse();
      var identity = ProcessIdentity.of(child.process().pid()).orElseThrow();
      assertThat(identity.kill()).isTrue();
      // 128 + 9: killed, so nothing in the child closed the file.
      assertThat(child.process().waitFor()).isEqualTo(137);
      assertThat(ours.tryLock()).isTrue();
    }
  }

  @Test
  void shouldSurviveTheClosingOfAnotherDescriptorOfTheSameFile() throws IOException {
    try (var lock = OfdLock.open(file);
        var other = OfdLock.open(file)) {
      assertThat(lock.tryLock()).isTrue();
      // A POSIX lock would be gone after this.
      FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
      Files.readAllBytes(file);
      assertThat(other.tryLock()).isFalse();
      try (var child = LockHolder.start(file)) {
        assertThat(child.answer()).isEqualTo("refused");
      }
    }
  }

  @Test
  void shouldNotBeInheritedByChildren() throws IOException {
    Process child;
    try (var lock = OfdLock.open(file)) {
      assertThat(lock.tryLock()).isTrue();
      child = new ProcessBuilder("cat").start();
    }
    try (var next = OfdLock.open(file)) {
      assertThat(child.isAlive()).isTrue();
      assertThat(next.tryLock()).isTrue();
    } finally {
      child.destroyForcibly();
      child.onExit().join();
    }
  }

  @Test
  void shouldCreateItsFileForTheOwnerAlone() throws IOException {
    OfdLock.open(file).close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(file).isEmptyFile();
  }

  @Test
  void shouldSayWhyItCannotOpen() {
    assertThatThrownBy(() -> OfdLock.open(folder.resolve("missing").resolve("lease")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("missing/lease")
        .hasMessageContaining("no such file or directory");
  }
}

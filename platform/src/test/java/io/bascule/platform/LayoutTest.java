package io.bascule.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who reaches the sockets commands the appliance: the folder is its owner's alone. */
class LayoutTest {
  @TempDir Path data;
  private Layout layout;
  private Path sockets;

  @BeforeEach
  void make() throws IOException {
    layout = Layout.of(data);
    sockets = layout.sockets();
  }

  @AfterEach
  void remove() throws IOException {
    Files.deleteIfExists(sockets);
  }

  @Test
  void shouldKeepTheSocketsToTheOwner() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(sockets)))
        .isEqualTo("rwx------");
    assertThat(layout.sockets()).isEqualTo(sockets);
    assertThat(layout.chassisSocket()).hasParentRaw(sockets);
    assertThat(layout.peerSocket()).hasParentRaw(sockets);
  }

  @Test
  void shouldRefuseAFolderThatOthersCanOpen() throws IOException {
    Files.setPosixFilePermissions(sockets, PosixFilePermissions.fromString("rwxr-x---"));
    assertThatThrownBy(layout::chassisSocket)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("belongs to somebody else");
  }

  @Test
  void shouldRefuseALinkInThePlaceOfTheFolder() throws IOException {
    Files.delete(sockets);
    Files.createSymbolicLink(sockets, data);
    assertThatThrownBy(layout::peerSocket)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("belongs to somebody else");
  }

  @Test
  void shouldHaveAFolderForEachAppliance() throws IOException {
    Path other = Files.createDirectory(data.resolve("other"));
    Path theirs = Layout.of(other).sockets();
    try {
      assertThat(theirs).isNotEqualTo(sockets);
    } finally {
      Files.delete(theirs);
    }
  }
}

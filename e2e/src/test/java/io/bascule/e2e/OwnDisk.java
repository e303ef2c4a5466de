package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system of its own for an appliance, which needs the right to mount one. */
final class OwnDisk implements AutoCloseable {
  private final Path mount;

  private OwnDisk(Path mount) {
    this.mount = mount;
  }

  /** Of 10 GiB, in a sparse file; the test is skipped where nothing may be mounted. */
  static OwnDisk mount(Path folder) throws IOException {
    var image = folder.resolve("disk.img");
    var mount = Files.createDirectory(folder.resolve("disk"));
    Commands.run(10, "truncate", "-s", "10G", image.toString()).ok();
    Commands.run(60, "mkfs.ext4", "-q", "-F", "-m", "0", image.toString()).ok();
    var mounted = Commands.run(30, "mount", "-o", "loop", image.toString(), mount.toString());
    assumeThat(mounted.exit()).as("may mount: %s", mounted).isZero();
    return new OwnDisk(mount);
  }

  Path path() {
    return mount;
  }

  long freeBytes() throws IOException {
    return Files.getFileStore(mount).getUsableSpace();
  }

  /** Takes space away from everybody, in a file of that name. */
  void allocate(String file, long bytes) {
    Commands.run(60, "fallocate", "-l", "" + bytes, mount.resolve(file).toString()).ok();
  }

  void free(String file) throws IOException {
    Files.delete(mount.resolve(file));
  }

  @Override
  public void close() {
    if (Commands.run(10, "mountpoint", "-q", mount.toString()).exit() == 0) {
      assertThat(Commands.run(60, "umount", mount.toString()).exit()).isZero();
    }
  }
}

package io.bascule.platform;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalDirectoryTest {
  private static final int PAGE = 4096;

  @TempDir Path folder;
  private LocalDirectory directory;

  @BeforeEach
  void open() {
    directory = LocalDirectory.open(folder.resolve("v1"));
  }

  private static byte[] bytes(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] read(StoredFile file, long offset, int length) {
    var buffer = ByteBuffer.allocate(length);
    file.read(offset, buffer);
    assertThat(buffer.hasRemaining()).isFalse();
    return buffer.array();
  }

  @Test
  void shouldReadWhatWasWrittenAndZerosBehindTheEnd() {
    try (var file = directory.create("x.data")) {
      file.write(10, ByteBuffer.wrap(bytes(100, 1)));
      file.sync();
      assertThat(file.lengthBytes()).isEqualTo(110);
      byte[] all = read(file, 0, 200);
      assertThat(Arrays.copyOfRange(all, 10, 110)).isEqualTo(bytes(100, 1));
      assertThat(Arrays.copyOfRange(all, 110, 200)).containsOnly(0);
      assertThat(Arrays.copyOf(all, 10)).containsOnly(0);
    }
  }

  @Test
  void shouldNameAFileOnce() {
    directory.create("a").close();
    assertThatThrownBy(() -> directory.create("a")).isInstanceOf(StoreException.Io.class);
    assertThatThrownBy(() -> directory.open("b")).isInstanceOf(StoreException.Io.class);
    for (String name : List.of("", "../a", "/a", ".a", "A", "a/b", "a".repeat(121))) {
      assertThatThrownBy(() -> directory.create(name))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldListSortedAndDelete() {
    for (String name : List.of("c", "a", "b")) {
      directory.create(name).close();
    }
    directory.delete("b");
    directory.delete("never-there");
    directory.sync();
    assertThat(directory.list()).containsExactly("a", "c");
    assertThat(directory.exists("a")).isTrue();
    assertThat(directory.exists("b")).isFalse();
  }

  @Test
  void shouldReplaceWholeAndClearLeftovers() throws Exception {
    directory.replace("h", "one".getBytes(US_ASCII));
    directory.replace("h", "second".getBytes(US_ASCII));
    assertThat(folder.resolve("v1/h")).hasContent("second");
    Files.writeString(folder.resolve("v1/.new-123.tmp"), "half");
    assertThat(directory.list()).containsExactly("h");
    LocalDirectory.open(folder.resolve("v1"));
    assertThat(folder.resolve("v1/.new-123.tmp")).doesNotExist();
  }

  @Test
  void shouldGrowAsAHoleAndGiveSpaceBack() {
    try (var file = directory.create("sparse")) {
      file.setLength(1L << 30);
      assertThat(file.lengthBytes()).isEqualTo(1L << 30);
      assertThat(file.allocatedBytes()).isZero();
      assertThat(file.extents(0, 1L << 30)).isEmpty();
      long at = 512L << 20;
      file.write(at, ByteBuffer.wrap(bytes(16 * PAGE, 2)));
      file.sync();
      assertThat(file.allocatedBytes()).isBetween(16L * PAGE, 64L * PAGE);
      file.punch(at + 4 * PAGE, 4 * PAGE);
      file.sync();
      assertThat(file.extents(0, 1L << 30))
          .containsExactly(
              new Volume.Extent(at, 4 * PAGE), new Volume.Extent(at + 8 * PAGE, 8 * PAGE));
      assertThat(file.extents(at + PAGE, 5 * PAGE))
          .containsExactly(new Volume.Extent(at + PAGE, 3 * PAGE));
      assertThat(read(file, at + 4 * PAGE, 4 * PAGE)).containsOnly(0);
      assertThat(read(file, at + 8 * PAGE, PAGE))
          .isEqualTo(Arrays.copyOfRange(bytes(16 * PAGE, 2), 8 * PAGE, 9 * PAGE));
      assertThat(file.lengthBytes()).isEqualTo(1L << 30);
      file.setLength(PAGE);
      assertThat(file.lengthBytes()).isEqualTo(PAGE);
    }
  }

  @Test
  void shouldTellUnsyncedDataFromHoles() {
    try (var file = directory.create("dirty")) {
      file.setLength(100 * PAGE);
      file.write(50 * PAGE, ByteBuffer.wrap(bytes(512, 3)));
      assertThat(file.extents(0, 100 * PAGE)).containsExactly(new Volume.Extent(50 * PAGE, PAGE));
    }
  }

  @Test
  void shouldTryReadsThatAreInMemory() {
    try (var file = directory.create("cached")) {
      byte[] content = bytes(8 * PAGE, 4);
      file.write(0, ByteBuffer.wrap(content));
      for (var buffer :
          List.of(ByteBuffer.allocate(2 * PAGE), ByteBuffer.allocateDirect(2 * PAGE))) {
        assertThat(file.tryRead(3 * PAGE, buffer)).isEqualTo(2 * PAGE);
        assertThat(buffer.hasRemaining()).isFalse();
        byte[] got = new byte[2 * PAGE];
        buffer.flip().get(got);
        assertThat(got).isEqualTo(Arrays.copyOfRange(content, 3 * PAGE, 5 * PAGE));
      }
      // Half of it behind the end.
      var over = ByteBuffer.allocateDirect(2 * PAGE);
      assertThat(file.tryRead(7 * PAGE, over)).isEqualTo(2 * PAGE);
      assertThat(over.hasRemaining()).isFalse();
      assertThat(over.get(PAGE)).isZero();
      assertThat(over.get(0)).isEqualTo(content[7 * PAGE]);
    }
  }

  @Test
  void shouldNotWaitForAHoleThatIsNotInMemory() {
    try (var file = directory.create("cold")) {
      file.setLength(64 << 20);
      var buffer = ByteBuffer.allocateDirect(PAGE).putInt(0, 77);
      int result = file.tryRead(32 << 20, buffer);
      if (result == Volume.WOULD_BLOCK) {
        assertThat(buffer.position()).isZero();
        assertThat(buffer.getInt(0)).isEqualTo(77);
        file.read(32 << 20, ByteBuffer.allocate(PAGE));
        assertThat(file.tryRead(32 << 20, buffer)).isEqualTo(PAGE);
      }
      assertThat(buffer.getInt(0)).isZero();
    }
  }

  @Test
  void shouldSayWhenItIsClosed() {
    var file = directory.create("closed");
    file.close();
    file.close();
    assertThatThrownBy(() -> file.read(0, ByteBuffer.allocate(1)))
        .isInstanceOf(StoreException.Io.class);
    assertThatThrownBy(file::allocatedBytes).isInstanceOf(StoreException.Io.class);
    assertThatThrownBy(() -> file.punch(0, 1)).isInstanceOf(StoreException.Io.class);
  }

  @Test
  void shouldTellAFullDeviceFromAnyOtherError() {
    // The one file of every Linux that is always full.
    var full = Path.of("/dev/full");
    try (var channel = FileChannel.open(full, StandardOpenOption.WRITE)) {
      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
          .isInstanceOfSatisfying(
              IOException.class,
              e ->
                  assertThat(LocalDirectory.failure("write", e))
                      .isInstanceOf(StoreException.Full.class));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(LocalDirectory.failure("write", new IOException("Input/output error")))
        .isInstanceOf(StoreException.Io.class);
  }

  /** What a write acknowledged is there after its process was killed. */
  @Test
  void shouldKeepEveryAcknowledgedWriteOfAKilledProcess() throws Exception {
    for (int round = 0; round < 3; round++) {
      String name = "killed-" + round;
      var child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin/java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Writer.class.getName(),
                  folder.resolve("v1").toString(),
                  name)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      byte[] acknowledged;
      try {
        var out = child.getInputStream();
        acknowledged = out.readNBytes(200 * Integer.BYTES); // at least so many
        child.waitFor(20 + 30L * round, TimeUnit.MILLISECONDS);
        child.toHandle().destroyForcibly(); // leaves the pipe open, unlike Process.destroyForcibly
        acknowledged = concat(acknowledged, out.readAllBytes());
      } finally {
        child.destroyForcibly().waitFor();
      }
      var sequence = ByteBuffer.wrap(acknowledged);
      int last = 0;
      while (sequence.remaining() >= Integer.BYTES) {
        last = sequence.getInt();
      }
      assertThat(last).isGreaterThanOrEqualTo(200);
      try (var file = directory.open(name)) {
        for (int n = 1; n <= last; n++) {
          assertThat(read(file, Writer.offset(n), Writer.LENGTH))
              .as("round %d write %d of %d", round, n, last)
              .isEqualTo(Writer.content(n));
        }
      }
    }
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  /** Writes numbered blocks, and says each number once its write has returned. */
  static final class Writer {
    static final int LENGTH = 3 * 512;
    private static final int WRITES_MAX = 100_000;

    public static void main(String[] args) {
      var directory = LocalDirectory.open(Path.of(args[0]));
      try (var file = directory.create(args[1])) {
        byte[] number = new byte[Integer.BYTES];
        for (int n = 1; n <= WRITES_MAX; n++) {
          file.write(offset(n), ByteBuffer.wrap(content(n)));
          ByteBuffer.wrap(number).putInt(n);
          System.out.write(number, 0, number.length);
          System.out.flush();
        }
      }
    }

    /** All over the file, each place once. */
    static long offset(int n) {
      return (long) (Integer.reverse(n) >>> 12) * LENGTH;
    }

    static byte[] content(int n) {
      return bytes(LENGTH, n);
    }
  }

  /** Who plans by the free space must not meet the floor. */
  @Test
  void shouldNotCountTheFloorAsFree() {
    var space = new FreeSpace(() -> 50L << 20, 160L << 20);
    assertThat(LocalDirectory.open(folder.resolve("v2"), space).freeBytes()).isEqualTo(40L << 20);
    var full = new FreeSpace(() -> 9L << 20, 160L << 20);
    assertThat(LocalDirectory.open(folder.resolve("v2"), full).freeBytes()).isZero();
  }
}

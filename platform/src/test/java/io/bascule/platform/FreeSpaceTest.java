package io.bascule.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreeSpaceTest {
  private static final int PIECE = 1 << 20;

  @TempDir Path folder;
  private final AtomicLong free = new AtomicLong();
  private final FreeSpace space = new FreeSpace(free::get, 1600L * PIECE);

  @Test
  void shouldKeepASixteenthAndHalfAGibibyteAtMost() {
    assertThat(space.floorBytes()).isEqualTo(100L * PIECE);
    assertThat(new FreeSpace(free::get, 1L << 40).floorBytes()).isEqualTo(512L * PIECE);
    assertThat(space.nearlyFullBytes()).isEqualTo(200L * PIECE);
  }

  @Test
  void shouldLetInNoMoreThanIsAboveTheFloor() {
    free.set(space.floorBytes() + 300L * PIECE);
    int admitted = 0;
    while (admitted < 1_000 && space.admits(PIECE)) {
      free.addAndGet(-PIECE);
      admitted++;
    }
    assertThat(admitted).isEqualTo(300);
    assertThat(free.get()).isEqualTo(space.floorBytes());
  }

  @Test
  void shouldNoticeSpaceThatComesBack() {
    free.set(space.floorBytes());
    assertThat(space.admits(PIECE)).isFalse();
    free.addAndGet(PIECE);
    await().until(() -> space.admits(PIECE));
    free.addAndGet(-PIECE);
    assertThat(space.admits(PIECE)).isFalse();
  }

  @Test
  void shouldRefuseNewBlocksAndTakeOldOnes() {
    free.set(Long.MAX_VALUE / 2);
    var directory = LocalDirectory.open(folder.resolve("v1"), space);
    try (var file = directory.create("x.data")) {
      file.setLength(8L * PIECE);
      file.write(PIECE, ByteBuffer.allocate(2 * PIECE));
      free.set(space.floorBytes());
      // Uses up what was let in on trust.
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100; i++) {
                  file.write(4L * PIECE, ByteBuffer.allocate(PIECE));
                  file.punch(4L * PIECE, PIECE);
                }
              })
          .isInstanceOf(StoreException.Full.class);
      file.write(PIECE, ByteBuffer.wrap(new byte[] {7, 7}));
      file.write(2L * PIECE, ByteBuffer.allocate(PIECE));
      assertThatThrownBy(() -> file.write(3L * PIECE - 4096, ByteBuffer.allocate(8192)))
          .as("half of it is new")
          .isInstanceOf(StoreException.Full.class);
      assertThat(file.extents(3L * PIECE, PIECE)).isEmpty();
      file.punch(PIECE, 4096);
      assertThatThrownBy(() -> file.write(PIECE, ByteBuffer.allocate(512)))
          .as("trimmed")
          .isInstanceOf(StoreException.Full.class);
    }
  }

  @Test
  void shouldTakeBallastInAndThrowItOverboard() throws Exception {
    var file = folder.resolve("ballast");
    var ballast = Ballast.of(file, 3L * PIECE);
    assertThat(ballast.take(Long.MAX_VALUE)).as("no room").isFalse();
    assertThat(ballast.release()).as("nothing to give").isFalse();
    assertThat(ballast.take(0)).isTrue();
    assertThat(blocks(file)).isGreaterThanOrEqualTo(3L * PIECE);
    assertThat(Ballast.of(file, 3L * PIECE).take(Long.MAX_VALUE)).as("it is in").isTrue();
    assertThat(ballast.release()).isTrue();
    assertThat(Files.size(file)).isZero();
    assertThat(ballast.release()).isFalse();
  }

  private static long blocks(Path file) throws Exception {
    int descriptor = FileCalls.open(file);
    try {
      return FileCalls.allocatedBytes(descriptor);
    } finally {
      FileCalls.close(descriptor);
    }
  }
}

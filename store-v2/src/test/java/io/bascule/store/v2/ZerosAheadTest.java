package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ZerosAheadTest {
  private static final UUID ID = new UUID(1, 2);
  private static final int SEGMENT_BYTES = 1 << 20;
  private static final int PIECE_BYTES = SEGMENT_BYTES / ZerosAhead.PIECES_OF_SEGMENT;
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT
          .withSegmentBytes(SEGMENT_BYTES)
          .withCompress(false)
          .withBackground(false);

  private final DiskDouble disk = new DiskDouble();

  private static ByteBuffer random(int bytes) {
    byte[] data = new byte[bytes];
    new Random(bytes).nextBytes(data);
    return ByteBuffer.wrap(data);
  }

  private void onVolume(Consumer<Volume> work) {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, 4 << 20);
    try (var volume = pool.open(ID)) {
      work.accept(volume);
    }
    pool.abandon();
  }

  private String[] segments() {
    return disk.list().stream()
        .filter(name -> Names.segmentSerial(name).isPresent())
        .sorted()
        .toArray(String[]::new);
  }

  @Test
  void shouldMakeAFileLongerByWholePieces() {
    onVolume(volume -> {
      assertThat(disk.length(segments()[0])).isEqualTo(PIECE_BYTES);
      for (int i = 0; i < 16; i++) {
        volume.write(i * 8192L, random(8192), false);
      }
      int length = disk.length(segments()[0]);
      assertThat(length % PIECE_BYTES).isZero();
      assertThat(length).isBetween(16 * 8192, 16 * 8192 + 2 * PIECE_BYTES);
    });
  }

  /** A sealed segment ends with its footer. */
  @Test
  void shouldLeaveNoneInAFullSegment() {
    onVolume(volume -> {
      for (int i = 0; i < 40; i++) {
        volume.write(i * 65536L, random(65536), false);
      }
      String[] names = segments();
      assertThat(names).hasSizeGreaterThan(2);
      for (String name : Arrays.copyOf(names, names.length - 2)) { // one is open, one is ready
        try (var file = disk.open(name)) {
          assertThat(LogScanner.footer(file, Names.segmentSerial(name).getAsLong())).isNotNull();
        }
      }
    });
  }

  /** Zeros are not what the last bytes of a disk are for. */
  @Test
  void shouldDoWithoutThemOnAFullDisk() {
    onVolume(volume -> {
      int before = disk.length(segments()[0]);
      disk.capacityBytes -= disk.freeBytes() - 8192;
      for (int at = 0; disk.length(segments()[0]) == before; at += 4096) {
        volume.write(at, random(4096), false);
      }
      assertThat(disk.length(segments()[0])).isLessThanOrEqualTo(before + 8192);
      var found = ByteBuffer.allocate(4096);
      volume.read(0, found);
      assertThat(found.flip()).isEqualTo(random(4096));
    });
  }
}

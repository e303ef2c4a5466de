package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

/** A pool as release 2.0.1 wrote it, and as it was killed: every later release reads it. */
class GoldenPoolTest {
  private static final String NAME = "golden-2.0.1.zip";
  private static final UUID VOLUME = UUID.fromString("01234567-89ab-4cde-8f01-23456789abcd");
  private static final UUID SNAPSHOT = UUID.fromString("11234567-89ab-4cde-8f01-23456789abcd");
  private static final UUID CLONE = UUID.fromString("21234567-89ab-4cde-8f01-23456789abcd");
  private static final int SIZE = 4 << 20;
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT.withSegmentBytes(512 << 10).withBackground(false);

  private static DiskDouble golden() throws IOException {
    var disk = new DiskDouble();
    try (var in = GoldenPoolTest.class.getResourceAsStream(NAME)) {
      if (in == null) {
        throw new IOException(NAME + " is missing");
      }
      var zip = new ZipInputStream(in);
      for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        disk.replace(entry.getName(), zip.readAllBytes());
      }
    }
    return disk;
  }

  /** What block {@code block} of the volume holds after {@code round}. */
  private static byte[] block(int block, int round) {
    byte[] bytes = new byte[4096];
    var buffer = ByteBuffer.wrap(bytes);
    for (int i = 0; i < 4096; i += 8) {
      long x = block * 1_000_003L + round * 7919L + (block % 3 == 0 ? i * 0x9E3779B97F4A7C15L : 0);
      buffer.putLong(i, x ^ x >>> 29);
    }
    return bytes;
  }

  private static void write(Volume volume, int from, int count, int round) {
    var data = ByteBuffer.allocate(count * 4096);
    for (int i = 0; i < count; i++) {
      data.put(block(from + i, round));
    }
    volume.write(from * 4096L, data.flip(), false);
  }

  private static void expect(Volume volume, int from, int count, int round) {
    var data = ByteBuffer.allocate(count * 4096);
    volume.read(from * 4096L, data);
    for (int i = 0; i < count; i++) {
      byte[] found = Arrays.copyOfRange(data.array(), i * 4096, (i + 1) * 4096);
      assertThat(found)
          .as("block %d", from + i)
          .isEqualTo(round < 0 ? new byte[4096] : block(from + i, round));
    }
  }

  @Test
  void shouldReadTheGoldenImage() throws IOException {
    var disk = golden();
    assertThat(PoolChecker.check(disk, PoolSettings.NO_BOOT).findings()).isEmpty();
    assertThat(PoolChecker.check(disk, PoolSettings.NO_BOOT).blocksVerified())
        .isEqualTo(20 + 44 + 5 + 128 + 128);
    for (int opening = 0; opening < 2; opening++) {
      try (var pool = VolumePool.open(disk, SETTINGS, 9 + opening)) {
        assertThat(pool.findings()).isEmpty();
        assertThat(pool.list())
            .extracting(VolumeInfo::uuid)
            .containsExactly(VOLUME, SNAPSHOT, CLONE);
        try (var volume = pool.open(VOLUME)) {
          assertThat(volume.sizeBytes()).isEqualTo(2L * SIZE);
          expect(volume, 0, 20, 3);
          expect(volume, 20, 44, 1);
          expect(volume, 64, 100, -1);
          expect(volume, 1024, 5, 4);
        }
        try (var snapshot = pool.open(SNAPSHOT)) {
          expect(snapshot, 0, 64, 1);
          expect(snapshot, 64, 64, 1);
        }
        try (var clone = pool.open(CLONE)) {
          expect(clone, 0, 8, 2);
          expect(clone, 8, 56, 1);
        }
      }
    }
  }

  /** Small batches, until the segment is sealed. */
  private static void fillSegment(Volume volume) {
    for (int i = 0; i < 900; i++) {
      volume.trim((200 + i % 100) * 4096L, 4096);
    }
  }

  /** How it was made; never to be made anew. */
  static void make(Path target) throws IOException {
    var disk = new DiskDouble();
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(VOLUME, SIZE);
    var volume = pool.open(VOLUME);
    write(volume, 0, 128, 0);
    write(volume, 0, 128, 1);
    pool.snapshot(VOLUME, SNAPSHOT);
    pool.clone(SNAPSHOT, CLONE);
    volume.trim(64 * 4096L, 100 * 4096L);
    fillSegment(volume);
    pool.checkpoint();
    int _ = pool.clean(1 << 20);
    try (var clone = pool.open(CLONE)) {
      write(clone, 0, 8, 2);
    }
    fillSegment(volume);
    pool.checkpoint();
    write(volume, 0, 20, 3);
    pool.resize(VOLUME, 2L * SIZE);
    write(volume, 1024, 5, 4);
    pool.abandon();
    try (var zip = new ZipOutputStream(Files.newOutputStream(target))) {
      for (String name : disk.list()) {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(disk.bytes(name));
        zip.closeEntry();
      }
    }
  }
}

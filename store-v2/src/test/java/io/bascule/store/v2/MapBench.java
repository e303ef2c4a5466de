package io.bascule.store.v2;

import io.bascule.platform.LocalDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.UUID;

/**
 * What the extent index of a large volume costs: memory, checkpoint, and opening. The extents are
 * made up, runs of 64 KiB that lie nowhere; the index, its checkpoint and its opening are real.
 *
 * <pre>java ... io.bascule.store.v2.MapBench DIRECTORY [GiB]</pre>
 */
final class MapBench {
  private static final int RUNS = 64; // in a table

  private MapBench() {}

  public static void main(String[] args) throws IOException {
    var folder = Files.createTempDirectory(Path.of(args[0]), "map");
    long gib = args.length > 1 ? Long.parseLong(args[1]) : 1024;
    try {
      run(folder, gib);
    } finally {
      try (var files = Files.walk(folder)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void run(Path folder, long gib) {
    var directory = LocalDirectory.open(folder);
    var settings = PoolSettings.DEFAULT.withBackground(false);
    var id = UUID.randomUUID();
    try (var pool = VolumePool.create(directory, settings, 1)) {
      pool.create(id, gib << 30);
      long from = System.nanoTime();
      fill(pool, gib << 30);
      print("filling the index", from);
      System.out.printf("memory %d MiB%n", pool.space().indexBytes() >> 20);
      from = System.nanoTime();
      pool.checkpoint();
      print("checkpoint of all of it", from);
    }
    for (int round = 0; round < 3; round++) {
      long from = System.nanoTime();
      try (var pool = VolumePool.open(directory, settings, 1)) {
        print("open", from);
        System.out.printf("memory %d MiB%n", pool.space().indexBytes() >> 20);
      }
    }
  }

  /** Maps all of the first volume to runs of 64 KiB that lie nowhere. */
  static void fill(VolumePool pool, long sizeBytes) {
    int record = LogRecord.bytesOf(UnitCodec.UNIT_BLOCKS, UnitCodec.UNIT_BYTES);
    var table = ByteBuffer.allocate(2 * RUNS * LogRecord.HEAD_BYTES);
    long blocks = sizeBytes / UnitCodec.BLOCK_BYTES;
    long lba = 0;
    while (lba < blocks) {
      for (int i = 0; i < 2 * RUNS; i++) {
        long to = lba + (long) i * UnitCodec.UNIT_BLOCKS; // two units are one run of 64 KiB
        LogRecord.putHead(
            table,
            i * LogRecord.HEAD_BYTES,
            LogRecord.WRITE,
            UnitCodec.RAW,
            UnitCodec.UNIT_BLOCKS,
            1,
            1,
            UnitCodec.UNIT_BYTES,
            to,
            0);
      }
      for (int run = 0; run < RUNS; run++) {
        int at = run * 2 * LogRecord.HEAD_BYTES;
        int slot = 1000 + (int) (lba / blocks);
        int offset = (int) ((lba * 31 + run * 977L) % 800) * 2 * (record + 8) / 8 * 8 + 512;
        pool.log()
            .exclusively(() ->
                pool.index()
                    .apply(table, at, at + 2 * LogRecord.HEAD_BYTES, slot, offset, "bench"));
      }
      lba += 2L * RUNS * UnitCodec.UNIT_BLOCKS;
    }
  }

  private static void print(String what, long fromNanos) {
    System.out.printf("%s %.2f s%n", what, (System.nanoTime() - fromNanos) / 1e9);
  }
}

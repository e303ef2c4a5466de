package io.bascule.store.v2;

import io.bascule.platform.LocalDirectory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Random;
import java.util.UUID;

/**
 * What a takeover waits for: a pool of large volumes is abandoned behind random writes of 4 KiB,
 * each a batch of its own, and opened again and again; the first time with cold code, as a standby
 * does. And what a checkpoint of that costs. Times are of the processor, for it is all in memory.
 *
 * <pre>java ... io.bascule.store.v2.ReplayBench DIRECTORY [GiB [writes [span GiB]]]</pre>
 */
final class ReplayBench {
  private ReplayBench() {}

  public static void main(String[] args) throws IOException {
    var folder = Files.createTempDirectory(Path.of(args[0]), "replay");
    long gib = args.length > 1 ? Long.parseLong(args[1]) : 64;
    int writes = args.length > 2 ? Integer.parseInt(args[2]) : 50_000;
    long span = args.length > 3 ? Long.parseLong(args[3]) : gib;
    try {
      run(folder, gib, writes, span);
    } finally {
      try (var files = Files.walk(folder)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void run(Path folder, long gib, int writes, long spanGib) throws IOException {
    var directory = LocalDirectory.open(folder);
    var settings = PoolSettings.DEFAULT.withBackground(false);
    var id = UUID.randomUUID();
    try (var pool = VolumePool.create(directory, settings, 1)) {
      pool.create(id, gib << 30);
      MapBench.fill(pool, gib << 30);
    }
    for (int round = 0; round < 4; round++) {
      long wall = System.nanoTime();
      long from = cpuNanos();
      var pool = VolumePool.open(directory, settings, 1);
      System.out.printf(
          "open %d: %.0f ms of processor, %.0f ms%n",
          round, (cpuNanos() - from) / 1e6, (System.nanoTime() - wall) / 1e6);
      if (round == 0) {
        from = cpuNanos();
        long logBytes = write(pool, id, writes, spanGib);
        System.out.printf(
            "%d writes, %d MiB of log, %.0f us each%n",
            writes, logBytes >> 20, (cpuNanos() - from) / 1e3 / writes);
      }
      if (round == 3) {
        System.out.printf("%d leaves are dirty%n", pool.index().leaves.dirtyCount());
        long before = bytesOf(folder, ".checkpoint");
        from = cpuNanos();
        pool.checkpoint();
        System.out.printf(
            "checkpoint: %.0f ms of processor, %d KiB more%n",
            (cpuNanos() - from) / 1e6, bytesOf(folder, ".checkpoint") - before >> 10);
      }
      pool.abandon();
    }
  }

  private static long write(VolumePool pool, UUID id, int writes, long spanGib) {
    var random = new Random(1);
    var block = ByteBuffer.allocateDirect(4096);
    long before = pool.log().committedBytes();
    try (var volume = pool.open(id)) {
      for (int i = 0; i < writes; i++) {
        for (int at = 0; at < 4096; at += 8) {
          block.putLong(at, random.nextLong());
        }
        volume.write(random.nextLong(spanGib << 18) << 12, block.clear(), false);
      }
    }
    return pool.log().committedBytes() - before;
  }

  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static long bytesOf(Path folder, String suffix) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(suffix))
          .mapToLong(file -> file.toFile().length())
          .sum();
    }
  }
}

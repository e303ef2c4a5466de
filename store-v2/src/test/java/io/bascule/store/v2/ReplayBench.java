package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
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
 * <pre>java ... io.bascule.store.v2.ReplayBench DIRECTORY [GiB [writes [span GiB]]]
 * java ... io.bascule.store.v2.ReplayBench DIRECTORY open|warm</pre>
 *
 * The second opens what the first left, with cold code, or after a warm-up.
 */
final class ReplayBench {
  private ReplayBench() {}

  public static void main(String[] args) throws IOException {
    var folder = Path.of(args[0]).resolve("replay-bench");
    if (args.length > 1 && args[1].equals("warm")) {
      long from = cpuNanos();
      Path scratch = folder.resolveSibling("replay-bench-warm");
      PoolWarmUp.run(LocalDirectory.open(scratch));
      delete(scratch);
      System.out.printf("warm-up: %.0f ms of processor%n", (cpuNanos() - from) / 1e6);
    }
    if (args.length > 1 && (args[1].equals("open") || args[1].equals("warm"))) {
      open(LocalDirectory.open(folder), 0).abandon();
      return;
    }
    delete(folder);
    Files.createDirectories(folder);
    long gib = args.length > 1 ? Long.parseLong(args[1]) : 64;
    int writes = args.length > 2 ? Integer.parseInt(args[2]) : 50_000;
    long span = args.length > 3 ? Long.parseLong(args[3]) : gib;
    run(folder, gib, writes, span);
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var files = Files.walk(folder)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static VolumePool open(Directory directory, int round) {
    long wall = System.nanoTime();
    long from = cpuNanos();
    var pool = VolumePool.open(directory, PoolSettings.DEFAULT.withBackground(false), 1);
    System.out.printf(
        "open %d: %.0f ms of processor, %.0f ms%n",
        round, (cpuNanos() - from) / 1e6, (System.nanoTime() - wall) / 1e6);
    return pool;
  }

  private static void run(Path folder, long gib, int writes, long spanGib) throws IOException {
    var directory = LocalDirectory.open(folder);
    var settings = PoolSettings.DEFAULT.withBackground(false);
    var id = UUID.randomUUID();
    try (var pool = VolumePool.create(directory, settings, 1)) {
      pool.create(id, gib << 30);
      MapBench.fill(pool, gib << 30);
    }
    var pool = open(directory, 0);
    long from = cpuNanos();
    long logBytes = write(pool, id, writes, spanGib);
    System.out.printf(
        "%d writes, %d MiB of log, %.0f us each%n",
        writes, logBytes >> 20, (cpuNanos() - from) / 1e3 / writes);
    pool.abandon();
    for (int round = 1; round < 4; round++) {
      pool = open(directory, round);
      pool.abandon();
    }
    Path copy = folder.resolveSibling("replay-bench-copy");
    delete(copy);
    Files.createDirectories(copy);
    try (var files = Files.list(folder)) {
      for (var file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    pool = open(LocalDirectory.open(copy), 4);
    System.out.printf("%d leaves are dirty%n", pool.index().leaves.dirtyCount());
    long before = bytesOf(copy, ".checkpoint");
    from = cpuNanos();
    pool.checkpoint();
    System.out.printf(
        "checkpoint: %.0f ms of processor, %d KiB more%n",
        (cpuNanos() - from) / 1e6, bytesOf(copy, ".checkpoint") - before >> 10);
    pool.abandon();
    delete(copy);
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

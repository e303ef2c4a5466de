package io.bascule.store.v2;

import io.bascule.core.volume.Volume;
import io.bascule.platform.LocalDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Random;
import java.util.UUID;

/**
 * What a pool does on this disk, beside {@code cp --sparse=never} and {@code sync} of the same data
 * in the same run.
 *
 * <pre>java ... io.bascule.store.v2.Bench DIRECTORY [MiB]</pre>
 */
final class Bench {
  private static final int MIB = 1 << 20;
  private static final int PIECE = 256 << 10;

  private final Path folder;
  private final int mib;
  private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);

  private Bench(Path folder, int mib) {
    this.folder = folder;
    this.mib = mib;
  }

  public static void main(String[] args) throws Exception {
    var folder = Files.createTempDirectory(Path.of(args[0]), "bench");
    try {
      new Bench(folder, args.length > 1 ? Integer.parseInt(args[1]) : 1024).run();
    } finally {
      try (var files = Files.walk(folder)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private void run() throws Exception {
    for (boolean compressible : new boolean[] {false, true}) {
      var source = folder.resolve("source");
      fill(source, compressible);
      System.out.println(compressible ? "2x compressible:" : "incompressible:");
      for (int round = 0; round < 3; round++) {
        double cp = copyWithCp(source);
        double v2 = copyToPool(source, compressible);
        System.out.printf(
            "  cp && sync %.0f MiB/s, pool %.0f MiB/s, ratio %.2f%n", cp, v2, v2 / cp);
      }
    }
    smallWrites();
  }

  private void fill(Path file, boolean compressible) throws IOException {
    var random = new Random(1);
    byte[] data = new byte[PIECE];
    try (var channel = channel(file)) {
      for (int i = 0; i < mib * (MIB / PIECE); i++) {
        random.nextBytes(data);
        if (compressible) {
          for (int at = 0; at < PIECE; at += 512) {
            java.util.Arrays.fill(data, at, at + 256, (byte) at);
          }
        }
        channel.write(piece.clear().put(data).flip());
      }
      channel.force(true);
    }
  }

  private static FileChannel channel(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private double copyWithCp(Path source) throws Exception {
    var copy = folder.resolve("copy");
    long from = System.nanoTime();
    execute("cp", "--sparse=never", source.toString(), copy.toString());
    execute("sync", copy.toString());
    double rate = rate(from);
    Files.delete(copy);
    return rate;
  }

  private static void execute(String... command) throws Exception {
    if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
      throw new IOException(String.join(" ", command));
    }
  }

  private double rate(long fromNanos) {
    return mib * 1e9 / (System.nanoTime() - fromNanos);
  }

  private double copyToPool(Path source, boolean report) throws IOException {
    var directory = LocalDirectory.open(folder.resolve("pool"));
    var id = UUID.randomUUID();
    double rate;
    try (var pool = VolumePool.create(directory, PoolSettings.DEFAULT, 1)) {
      pool.create(id, (long) mib * MIB);
      try (var volume = pool.open(id);
          var channel = channel(source)) {
        long from = System.nanoTime();
        for (long at = 0; at < (long) mib * MIB; at += PIECE) {
          channel.read(piece.clear(), at);
          volume.write(at, piece.flip(), false);
        }
        pool.flush();
        rate = rate(from);
        if (report) {
          System.out.printf("  stored in %d %%%n", pool.space().usedBytes() * 100 / mib / MIB);
        }
        from = System.nanoTime();
        for (long at = 0; at < (long) mib * MIB; at += PIECE) {
          volume.read(at, piece.clear());
        }
        System.out.printf("  read back %.0f MiB/s%n", rate(from));
      }
    }
    VolumePool.destroy(directory);
    return rate;
  }

  private void smallWrites() {
    var directory = LocalDirectory.open(folder.resolve("pool"));
    var id = UUID.randomUUID();
    long size = (long) mib * MIB;
    try (var pool = VolumePool.create(directory, PoolSettings.DEFAULT, 1)) {
      pool.create(id, size);
      try (var volume = pool.open(id)) {
        for (int threads : new int[] {1, 4, 16}) {
          System.out.printf(
              "  4 KiB random write, %d threads: %.0f/s%n", threads, many(volume, threads, true));
          System.out.printf(
              "  4 KiB random read, %d threads: %.0f/s%n", threads, many(volume, threads, false));
        }
        System.out.printf("  index %d KiB%n", pool.space().indexBytes() >> 10);
      }
    }
    VolumePool.destroy(directory);
  }

  private double many(Volume volume, int threads, boolean write) {
    int each = 60_000 / threads;
    var running = new Thread[threads];
    long from = System.nanoTime();
    for (int t = 0; t < threads; t++) {
      int seed = t;
      running[t] =
          Thread.ofPlatform()
              .start(() -> {
                var random = new Random(seed);
                byte[] data = new byte[4096];
                random.nextBytes(data);
                var block = ByteBuffer.allocateDirect(4096).put(data);
                for (int i = 0; i < each; i++) {
                  long at = random.nextLong(volume.sizeBytes() / 4096) * 4096;
                  if (write) {
                    volume.write(at, block.flip(), false);
                  } else {
                    volume.read(at, block.clear());
                  }
                }
              });
    }
    for (var thread : running) {
      Threads.join(thread);
    }
    return each * threads * 1e9 / (System.nanoTime() - from);
  }
}

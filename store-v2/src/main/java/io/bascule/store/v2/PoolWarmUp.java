package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Does what a takeover does, in a pool of its own: code that runs for the first time opens a pool
 * half a second later than code that has run before, and hosts wait for it.
 */
public final class PoolWarmUp {
  private static final int ROUNDS = 4;

  /** With the records of each write enough for the compiler to take notice. */
  private static final int WRITES = 1_500;

  private static final int WRITE_BYTES = 256 << 10;
  private static final long VOLUME_BYTES = 1L << 30;
  private static final int SEGMENT_BYTES = 4 << 20;

  private PoolWarmUp() {}

  /** Makes a pool in the empty directory, opens it again and again, and removes it. */
  public static void run(Directory directory) {
    var settings = PoolSettings.DEFAULT.withSegmentBytes(SEGMENT_BYTES).withBackground(false);
    var id = UUID.randomUUID();
    var data = ByteBuffer.allocateDirect(WRITE_BYTES); // zeros take next to nothing
    VolumePool.create(directory, settings, 1).close();
    for (int round = 0; round < ROUNDS; round++) {
      var pool = VolumePool.open(directory, settings, 1);
      if (round == 0) {
        pool.create(id, VOLUME_BYTES);
      }
      try (var volume = pool.open(id)) {
        for (int i = 0; i < WRITES / ROUNDS; i++) {
          long at = (i * 7L + round) * WRITE_BYTES % VOLUME_BYTES;
          volume.write(at, data.clear(), false);
        }
        volume.trim(0, WRITE_BYTES);
        volume.read(VOLUME_BYTES / 2, data.clear());
      }
      if (round == ROUNDS / 2) {
        pool.checkpoint(); // what is replayed from then on finds leaves that are not in memory
      }
      pool.abandon();
    }
    VolumePool.open(directory, settings, 1).abandon();
    VolumePool.destroy(directory);
  }
}

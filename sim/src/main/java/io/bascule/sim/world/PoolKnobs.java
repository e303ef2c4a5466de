package io.bascule.sim.world;

import io.bascule.store.v2.PoolSettings;
import java.util.UUID;

/**
 * What {@code PoolStorage.settings} says in the simulation: segments and checkpoints so small that
 * sealing, cleaning and recovery happen within seconds.
 */
public final class PoolKnobs {
  private static volatile int segmentBytes = 1 << 20;
  private static volatile int checkpointRecords = 500;

  private PoolKnobs() {}

  static void set(Knobs knobs) {
    segmentBytes = knobs.segmentKib() << 10;
    checkpointRecords = knobs.checkpointRecords();
  }

  /** Called in the place of {@link PoolSettings#withKernelBoot}. */
  public static PoolSettings withKernelBoot(PoolSettings product, UUID boot) {
    return product
        .withSegmentBytes(segmentBytes)
        .withCheckpointBytes(4L * segmentBytes)
        .withCheckpointRecords(checkpointRecords)
        .withKernelBoot(boot);
  }
}

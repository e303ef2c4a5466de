package io.bascule.sim.world;

import io.bascule.store.v2.PoolSettings;
import java.util.UUID;

/**
 * What {@code PoolStorage.settings} says in the simulation: segments and checkpoints so small that
 * sealing, cleaning and recovery happen within seconds.
 */
public final class PoolKnobs {
  private static volatile int segmentBytes = 1 << 20;
  private static volatile long checkpointMillis = 5_000;

  private PoolKnobs() {}

  static void set(Knobs knobs) {
    segmentBytes = knobs.segmentKib() << 10;
    checkpointMillis = knobs.checkpointMillis();
  }

  /** Called in the place of {@link PoolSettings#withKernelBoot}. */
  public static PoolSettings withKernelBoot(PoolSettings product, UUID boot) {
    return new PoolSettings(
        segmentBytes,
        product.capacityBytes(),
        product.reservePercent(),
        4L * segmentBytes,
        checkpointMillis,
        product.compress(),
        product.scrubBytesPerSecond(),
        product.background(),
        boot);
  }
}

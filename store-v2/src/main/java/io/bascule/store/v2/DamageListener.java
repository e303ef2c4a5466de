package io.bascule.store.v2;

import java.util.UUID;

/** Who may have good data for what cannot be read any more. */
@FunctionalInterface
public interface DamageListener {
  /** Has nothing. */
  DamageListener NONE = (_, _) -> false;

  /**
   * A block of a volume is damaged. Called by the thread that scrubs, which writes to the pool may
   * be waiting for: it must not wait for them.
   *
   * @param offsetBytes of the block in the volume
   * @return whether it will be written anew; else it is reported
   */
  boolean damaged(UUID volume, long offsetBytes);

  /** Whether whoever reads a damaged block has it written anew; else it is reported. */
  default boolean mendsReads() {
    return false;
  }
}

package io.bascule.store.v2;

import java.nio.ByteBuffer;
import java.util.UUID;

/** Where good data is to be had for what a pool cannot read any more. */
public interface RepairSource {
  /** Has nothing. */
  RepairSource NONE = (_, _, _) -> false;

  /**
   * Fills the destination with what the volume holds from {@code offsetBytes} on. The range is
   * locked against writes to the pool meanwhile.
   *
   * @return false if that is not known here either
   */
  boolean read(UUID volume, long offsetBytes, ByteBuffer destination);
}

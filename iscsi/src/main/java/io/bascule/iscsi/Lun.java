package io.bascule.iscsi;

import io.bascule.core.Check;
import io.bascule.core.volume.Volume;
import java.util.Optional;
import java.util.UUID;

/**
 * A logical unit. Without a {@code volume} it answers only what needs no medium: so a standby
 * controller shows it.
 *
 * @param lun its number, 0 to {@link #MAX}
 */
public record Lun(int lun, String name, UUID uuid, long sizeBytes, Optional<Volume> volume) {
  /** Peripheral device addressing of a single level LUN (SAM-5, 4.7.7.2). */
  public static final int MAX = 255;

  public Lun {
    Check.that(lun >= 0 && lun <= MAX, "LUN %d is not within 0..%d", lun, MAX);
    Check.that(
        sizeBytes > 0 && sizeBytes % Volume.BLOCK_BYTES == 0,
        "size %d of LUN %d is not a positive multiple of a block",
        sizeBytes,
        lun);
  }
}

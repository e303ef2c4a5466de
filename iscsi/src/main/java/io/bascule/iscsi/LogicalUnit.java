package io.bascule.iscsi;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Lun} as the commands see it. Immutable, but for what hosts change: modes and
 * reservations.
 */
final class LogicalUnit {
  final int number;
  final UUID uuid;
  final long sizeBytes;
  final long blocks;
  final @Nullable Volume volume;
  final UnitGuard guard;

  /** What hosts have changed; it goes from model to model. */
  final UnitModes modes;

  /** VPD page 80: 32 hexadecimal digits. */
  final String serial;

  /** NAA designator, format 3: locally assigned, so that it needs no vendor's OUI. */
  final long naa;

  LogicalUnit(Lun lun, UnitModes modes, UnitGuard guard) {
    this.modes = modes;
    this.guard = guard;
    number = lun.lun();
    uuid = lun.uuid();
    sizeBytes = lun.sizeBytes();
    blocks = sizeBytes / Volume.BLOCK_BYTES;
    volume = lun.volume().orElse(null);
    serial = uuid.toString().replace("-", "").toLowerCase(Locale.ROOT);
    naa = naa(uuid);
  }

  /** 60 bits of the random uuid: those of neither its version nor its variant. */
  static long naa(UUID uuid) {
    long mixed =
        uuid.getMostSignificantBits() ^ Long.rotateLeft(uuid.getLeastSignificantBits(), 29);
    return 0x3L << 60 | mixed & 0x0FFFFFFFFFFFFFFFL;
  }

  void putUuid(ByteBuffer out) {
    out.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
  }
}

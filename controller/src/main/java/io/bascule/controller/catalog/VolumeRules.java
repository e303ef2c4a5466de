package io.bascule.controller.catalog;

import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.volume.StoreException;
import java.util.Locale;
import java.util.regex.Pattern;

/** Which names and sizes volumes and snapshots may have, and what is said where one may not. */
public final class VolumeRules {
  private static final System.Logger LOG = System.getLogger(VolumeRules.class.getName());

  static final long SIZE_MIN = 1L << 20;

  /** The largest file of ext4. */
  static final long SIZE_MAX = 16L << 40;

  /** A volume's size is a multiple of its physical block. */
  static final long SIZE_STEP = 4096;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  private VolumeRules() {}

  /** {@code what}: a volume or a snapshot. */
  static void checkName(String name, String what) {
    if (!NAME.matcher(name).matches()) {
      throw new Refusal(
          ErrorCode.INVALID_ARGUMENT,
          "'"
              + name.substring(0, Math.min(name.length(), 80))
              + "' is no "
              + what
              + " name: letters, digits, '.', '_', '-', at most 63, beginning with a letter or"
              + " digit.");
    }
  }

  static void checkSize(long sizeBytes) {
    if (sizeBytes < SIZE_MIN || sizeBytes > SIZE_MAX || sizeBytes % SIZE_STEP != 0) {
      throw new Refusal(
          ErrorCode.INVALID_ARGUMENT,
          "A volume has "
              + inWords(SIZE_MIN)
              + " to "
              + inWords(SIZE_MAX)
              + ", a multiple of "
              + SIZE_STEP
              + " bytes; not "
              + sizeBytes
              + ".");
    }
  }

  /** What the store could not do, as a refusal; {@code what} says what was not done. */
  static Refusal refusal(StoreException e, String what) {
    return switch (e) {
      case StoreException.Full full ->
          new Refusal(ErrorCode.NO_SPACE, what + ": the enclosure is full. Free some space.");
      case StoreException other -> {
        LOG.log(System.Logger.Level.ERROR, what, other);
        yield new Refusal(ErrorCode.INTERNAL, what + ": " + other.getMessage());
      }
    };
  }

  /** {@code 1.5 GiB}. */
  public static String inWords(long bytes) {
    for (int shift = 40; shift >= 10; shift -= 10) {
      if (bytes >= 1L << shift) {
        double units = (double) bytes / (1L << shift);
        String text = String.format(Locale.ROOT, "%.1f", units).replace(".0", "");
        return text + " " + "KMGT".charAt(shift / 10 - 1) + "iB";
      }
    }
    return bytes + " bytes";
  }
}

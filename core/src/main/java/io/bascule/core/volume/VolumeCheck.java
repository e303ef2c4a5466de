package io.bascule.core.volume;

import java.util.List;
import java.util.OptionalLong;

/**
 * What a store finds when it looks at one of its volumes without changing anything.
 *
 * @param format of the volume's data
 * @param sizeBytes as the store knows it; empty where that cannot be read
 * @param findings what is wrong; empty is good
 */
public record VolumeCheck(int format, OptionalLong sizeBytes, List<Finding> findings) {
  /** Where a store does not tell the format of a volume. */
  public static final int FORMAT_NOT_TOLD = 0;

  /** Kinds of trouble. */
  public enum Trouble {
    HEADER_MISSING,
    HEADER_CORRUPT,
    HEADER_TOO_OLD,
    HEADER_TOO_NEW,
    DATA_MISSING,
    DATA_SHORT,
    /** Blocks that were written do not fit their checksums, or cannot be read. */
    BLOCK_DAMAGED,
    /** A sync failed: what was acknowledged may not be on the disk. */
    SUSPECT,
    /** The file system did not say. */
    UNREADABLE
  }

  /** One thing that is wrong, told in a sentence. */
  public record Finding(Trouble trouble, String detail) {}

  public VolumeCheck {
    findings = List.copyOf(findings);
  }
}

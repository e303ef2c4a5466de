package io.bascule.core.migration;

/**
 * Whether there is room for format 2 beside format 1, which always wins: what format 1 may still
 * need comes first.
 */
public final class SpaceRule {
  /**
   * What format 2 needs beyond the data: the log's headers, the index, and the segments its
   * cleaning always keeps free (15-25 % in all; compression only makes it less).
   */
  public static final int OVERHEAD_PERCENT = 20;

  /** Format 1 is never left with less: hosts write meanwhile. */
  static final long RESERVE_MIN_BYTES = 256L << 20;

  /** Format 1's part of what is free, for what hosts may still write into it. */
  static final int RESERVE_PERCENT = 5;

  private SpaceRule() {}

  /** What to do. */
  public enum Verdict {
    ENOUGH,
    /** Copying rests; what is mirrored stays mirrored. */
    COPYING_RESTS,
    /** Format 2 is given up, before a host notices. */
    GIVE_UP
  }

  /** Bytes that have to be free before a migration of so much data begins. */
  public static long neededBytes(long allocatedBytes) {
    return withOverhead(allocatedBytes) + reserveBytes(allocatedBytes);
  }

  /**
   * While it runs.
   *
   * @param allocatedBytes of format 1
   */
  public static Verdict judge(long freeBytes, long allocatedBytes) {
    long reserveBytes = reserveBytes(allocatedBytes);
    if (freeBytes < reserveBytes / 2) {
      return Verdict.GIVE_UP;
    }
    return freeBytes < reserveBytes ? Verdict.COPYING_RESTS : Verdict.ENOUGH;
  }

  private static long withOverhead(long bytes) {
    return bytes + bytes / 100 * OVERHEAD_PERCENT;
  }

  private static long reserveBytes(long allocatedBytes) {
    return Math.max(RESERVE_MIN_BYTES, allocatedBytes / 100 * RESERVE_PERCENT);
  }
}

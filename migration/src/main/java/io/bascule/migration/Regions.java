package io.bascule.migration;

/** A volume as a row of {@value #BYTES}-byte regions, the unit of locks and marks. */
final class Regions {
  static final int BYTES = 64 * 1024;

  private Regions() {}

  /** The region that holds the byte. */
  static long of(long offsetBytes) {
    return offsetBytes / BYTES;
  }

  /** How many regions the range touches; none if it is empty. */
  static long count(long offsetBytes, long lengthBytes) {
    return lengthBytes == 0 ? 0 : of(offsetBytes + lengthBytes - 1) - of(offsetBytes) + 1;
  }

  /** How many regions a volume has; the last may be short. */
  static long inVolume(long sizeBytes) {
    return (sizeBytes + BYTES - 1) / BYTES;
  }

  /** Where the region ends in a volume of that size. */
  static long end(long region, long sizeBytes) {
    return Math.min((region + 1) * BYTES, sizeBytes);
  }
}

package io.bascule.store.v2;

import java.util.UUID;

/**
 * How a pool behaves.
 *
 * @param segmentBytes size of segments, a multiple of 512, 512 KiB to 64 MiB; fixed when a pool is
 *     made
 * @param capacityBytes what all its files may take, 0 for as much as the directory has
 * @param reservePercent share of the capacity that only cleaning may use
 * @param checkpointBytes of log after which a checkpoint is made: bounds the time to open
 * @param checkpointRecords in the log after which a checkpoint is made, for the same reason
 * @param checkpointMillis after which a checkpoint is made if anything changed
 * @param compress whether new data is compressed
 * @param scrubBytesPerSecond how fast everything is read and verified, round and round; 0 is never
 * @param background whether threads of the pool make checkpoints and clean; tests do it by hand
 * @param kernelBoot the kernel's boot id: as long as it is the same, nothing that was written is
 *     gone but by damage; {@link #NO_BOOT} if nobody knows
 */
public record PoolSettings(
    int segmentBytes,
    long capacityBytes,
    int reservePercent,
    long checkpointBytes,
    int checkpointRecords,
    long checkpointMillis,
    boolean compress,
    long scrubBytesPerSecond,
    boolean background,
    UUID kernelBoot) {

  public static final UUID NO_BOOT = new UUID(0, 0);

  /**
   * Replaying a record takes about 4 us, leaves of the index that are not in memory included (see
   * {@code ReplayBench}): 200 ms, within the pause that hosts may have in a takeover.
   */
  private static final int CHECKPOINT_RECORDS = 50_000;

  /**
   * Segments of 64 MiB, 10 % in reserve, a checkpoint every 1 GiB, 50,000 records, or 60 s,
   * scrubbing at 8 MiB/s.
   */
  public static final PoolSettings DEFAULT =
      new PoolSettings(
          64 << 20, 0, 10, 1L << 30, CHECKPOINT_RECORDS, 60_000, true, 8 << 20, true, NO_BOOT);

  private static final int SEGMENT_MIN_BYTES = 512 << 10;

  public PoolSettings {
    if (segmentBytes < SEGMENT_MIN_BYTES
        || segmentBytes > Pointer.SEGMENT_MAX_BYTES
        || segmentBytes % 512 != 0) {
      throw new IllegalArgumentException("not a segment size: " + segmentBytes);
    }
    if (capacityBytes < 0
        || reservePercent < 0
        || reservePercent > 50
        || checkpointBytes <= 0
        || checkpointRecords <= 0
        || checkpointMillis <= 0
        || scrubBytesPerSecond < 0) {
      throw new IllegalArgumentException("not a setting of a pool");
    }
  }

  public PoolSettings withSegmentBytes(int bytes) {
    return new PoolSettings(
        bytes,
        capacityBytes,
        reservePercent,
        checkpointBytes,
        checkpointRecords,
        checkpointMillis,
        compress,
        scrubBytesPerSecond,
        background,
        kernelBoot);
  }

  public PoolSettings withCapacityBytes(long bytes) {
    return new PoolSettings(
        segmentBytes,
        bytes,
        reservePercent,
        checkpointBytes,
        checkpointRecords,
        checkpointMillis,
        compress,
        scrubBytesPerSecond,
        background,
        kernelBoot);
  }

  public PoolSettings withCheckpointBytes(long bytes) {
    return new PoolSettings(
        segmentBytes,
        capacityBytes,
        reservePercent,
        bytes,
        checkpointRecords,
        checkpointMillis,
        compress,
        scrubBytesPerSecond,
        background,
        kernelBoot);
  }

  public PoolSettings withCheckpointRecords(int records) {
    return new PoolSettings(
        segmentBytes,
        capacityBytes,
        reservePercent,
        checkpointBytes,
        records,
        checkpointMillis,
        compress,
        scrubBytesPerSecond,
        background,
        kernelBoot);
  }

  public PoolSettings withCompress(boolean on) {
    return new PoolSettings(
        segmentBytes,
        capacityBytes,
        reservePercent,
        checkpointBytes,
        checkpointRecords,
        checkpointMillis,
        on,
        scrubBytesPerSecond,
        background,
        kernelBoot);
  }

  public PoolSettings withScrubBytesPerSecond(long bytes) {
    return new PoolSettings(
        segmentBytes,
        capacityBytes,
        reservePercent,
        checkpointBytes,
        checkpointRecords,
        checkpointMillis,
        compress,
        bytes,
        background,
        kernelBoot);
  }

  public PoolSettings withKernelBoot(UUID id) {
    return new PoolSettings(
        segmentBytes,
        capacityBytes,
        reservePercent,
        checkpointBytes,
        checkpointRecords,
        checkpointMillis,
        compress,
        scrubBytesPerSecond,
        background,
        id);
  }

  public PoolSettings withBackground(boolean on) {
    return new PoolSettings(
        segmentBytes,
        capacityBytes,
        reservePercent,
        checkpointBytes,
        checkpointRecords,
        checkpointMillis,
        compress,
        scrubBytesPerSecond,
        on,
        kernelBoot);
  }
}

package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;

/**
 * How much a pool may hold. A part is kept in reserve, which only cleaning may use: without room to
 * move blocks to, a full pool could never free any.
 */
final class Space {
  private final Directory directory;
  private final Segments segments;
  private final PoolSettings settings;
  private volatile boolean low;

  Space(Directory directory, Segments segments, PoolSettings settings) {
    this.directory = directory;
    this.segments = segments;
    this.settings = settings;
  }

  /** Whether cleaning must make room before long. */
  boolean isLow() {
    return low;
  }

  /** Looks at the room anew. */
  void update() {
    low = freeBytes() - reserveBytes() < 3L * segments.segmentBytes();
  }

  /**
   * Throws {@link StoreException.Full} if there is no room for one more segment.
   *
   * @param fromReserve for what makes room in the end: cleaning, trimming, deleting
   */
  void check(boolean fromReserve) {
    update();
    long room = freeBytes() - (fromReserve ? 0 : reserveBytes());
    if (room < segments.segmentBytes()) {
      throw new StoreException.Full(
          "the pool has no room for another segment",
          new IllegalStateException(
              "free %d bytes, in reserve for cleaning %d".formatted(freeBytes(), reserveBytes())));
    }
  }

  /** What the pool may hold in all. */
  long capacityBytes() {
    long all = segments.usedBytes() + directory.freeBytes();
    return settings.capacityBytes() > 0 ? Math.min(settings.capacityBytes(), all) : all;
  }

  long freeBytes() {
    return Math.max(0, capacityBytes() - segments.usedBytes());
  }

  long reserveBytes() {
    return Math.max(
        capacityBytes() / 100 * settings.reservePercent(), 2L * segments.segmentBytes());
  }
}

package io.bascule.migration;

import io.bascule.core.volume.Volume;
import io.bascule.store.v2.DamageListener;
import java.util.UUID;

/**
 * Format 2 as the migration needs it: one pool that holds all volumes. Methods throw {@link
 * io.bascule.core.volume.StoreException}; whatever they throw, or however long they take, costs
 * format 2 and nothing else. Called by one thread at a time, beside the use of the open volumes.
 */
public interface FormatTwo extends AutoCloseable {
  /** Who is told of what scrubbing finds damaged in a pool that is made or opened from now on. */
  void onDamage(DamageListener listener);

  /** An empty pool, durable and open. Whatever was in its place is gone, the marks first. */
  void createEmpty();

  /** Opens the pool that is there; only a whole one opens. */
  void open();

  /** A new volume of zeros, durable. */
  void createVolume(UUID uuid, long sizeBytes);

  /**
   * Opens a volume of the open pool. Reading what was never written gives zeros; a failed checksum
   * throws and never gives data.
   */
  Volume openVolume(UUID uuid);

  /** Everything written to any volume before is on stable storage when this returns. */
  void sync();

  /** Throws if a file was removed under the open pool, which reads and writes it as ever. */
  void checkFiles();

  /** Bytes the pool could still take. */
  long freeBytes();

  /** Closes the volumes and the pool, open or not; what was acknowledged stays. */
  @Override
  void close();

  /**
   * Removes everything of format 2 and the marks beside it, open or not, also half of something;
   * may be asked again. When it returns nothing of it writes any more.
   */
  void drop();
}

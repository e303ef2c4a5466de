package io.bascule.platform;

import io.bascule.core.Check;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The space of the enclosure's file system, and the floor of it that hosts' writes cannot take:
 * what is below belongs to state.db, boot records, logs and the slots of an upgrade. Safe for many
 * threads.
 *
 * <p>Invariant: between two looks at the file system writes are let in for no more bytes than were
 * free above the floor. What other threads had let in but not yet written at the time of a look,
 * and what others write into the file system, may go below it: the floor is deep enough for both.
 */
public final class FreeSpace {
  /**
   * Twice the two slots of a release and its archive, and many times what state.db and the logs
   * grow by: an appliance whose volumes fill their part can still be upgraded, and canceled.
   */
  static final long FLOOR_MAX_BYTES = 512L << 20;

  /** On a small file system the floor is this part of it. */
  static final int FLOOR_PART = 16;

  /** The alert comes when only this part is left, or twice the floor. */
  static final int NEARLY_FULL_PART = 10;

  /** So that space which others take is noticed soon. */
  private static final long LOOK_BYTES = 64L << 20;

  /** While there is none, the file system is asked this seldom, whatever hosts try. */
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** Whatever there is, for files that no host writes. */
  static final FreeSpace ALL = new FreeSpace(() -> Long.MAX_VALUE, 0);

  private final LongSupplier free;
  private final long totalBytes;
  private final long floorBytes;

  /** What may be written until the next look; below zero once it is used up. */
  private final AtomicLong budget = new AtomicLong();

  // Under this object's lock.
  private long lookedNanos;

  /** The last look found no room. */
  private boolean exhausted;

  FreeSpace(LongSupplier free, long totalBytes) {
    this.free = free;
    this.totalBytes = totalBytes;
    this.floorBytes = Math.min(FLOOR_MAX_BYTES, totalBytes / FLOOR_PART);
  }

  /**
   * The space of the file system that the folder lies on.
   *
   * @throws IOException if it cannot be asked
   */
  public static FreeSpace of(Path folder) throws IOException {
    FileStore store = Files.getFileStore(folder);
    return new FreeSpace(() -> usable(store, folder), store.getTotalSpace());
  }

  private static long usable(FileStore store, Path folder) {
    try {
      return store.getUsableSpace();
    } catch (IOException e) {
      throw LocalDirectory.failure("cannot ask for the free space of " + folder, e);
    }
  }

  /** Bytes free now, the floor included. */
  public long freeBytes() {
    return free.getAsLong();
  }

  /** Bytes free now, the floor left alone. */
  long roomBytes() {
    return Math.max(0, freeBytes() - floorBytes);
  }

  /** Of the whole file system. */
  public long totalBytes() {
    return totalBytes;
  }

  /** What hosts' writes leave free. */
  public long floorBytes() {
    return floorBytes;
  }

  /** Below this a person should make room. */
  public long nearlyFullBytes() {
    return Math.max(2 * floorBytes, totalBytes / NEARLY_FULL_PART);
  }

  /** Whether a write that may need so many bytes of new space leaves the floor alone. */
  boolean admits(int bytes) {
    return budget.addAndGet(-bytes) >= 0 || look(bytes);
  }

  private synchronized boolean look(int bytes) {
    Check.that(bytes >= 0, "a write of %d bytes", bytes);
    if (budget.get() >= 0 && budget.addAndGet(-bytes) >= 0) {
      return true; // another thread has looked meanwhile
    }
    long now = System.nanoTime();
    if (exhausted && now - lookedNanos < LOOK_AGAIN_NANOS) {
      return false;
    }
    lookedNanos = now;
    long above = freeBytes() - floorBytes;
    exhausted = above < bytes;
    budget.set(exhausted ? -1 : Math.min(above, LOOK_BYTES) - bytes);
    return !exhausted;
  }
}

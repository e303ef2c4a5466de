package io.bascule.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Keeps what was written and is not on the disk yet small, so that nothing ever waits for
 * gigabytes: not a flush, not the commit of the file system's journal that a handover needs, not
 * the end of a process inside either. Linux alone would let it grow to a fifth of the memory.
 *
 * <p>From {@link #START_BYTES} on ({@link #LOG_START_BYTES} for logs) a thread of its own writes
 * out what files have, a few MiB at a time; from {@link #LIMIT_BYTES} on whoever writes waits a
 * little. Counted are bytes written, which is more than what is dirty when the same pages are
 * written again and again; so before anything is done the kernel is asked how much there really is.
 * A host that keeps rewriting less than the start never goes to the disk for it.
 *
 * <p>Safe for many threads. Invariant: {@code outstanding} is the sum of what its files have
 * written since they were last written out, and of what is being written out.
 */
final class Writeback {
  /** Enough for a disk to work in long runs; a second's work of a slow one. */
  static final long START_BYTES = 64L << 20;

  /** What is written out at a time: a process that is killed meanwhile ends after one of them. */
  static final int UNIT_BYTES = 8 << 20;

  /**
   * What was appended to a log is not written again, so nothing is gained by waiting; and written
   * out in small pieces, hosts whose writes wait for the same disk (FUA, flush) feel it less.
   */
  static final long LOG_START_BYTES = 32L << 20;

  static final int LOG_UNIT_BYTES = 1 << 20;

  /** A quarter of a second of a fast disk, two seconds of a single spinning one. */
  static final long LIMIT_BYTES = 256L << 20;

  /**
   * The longest wait of one write: short beside a handover, which waits for it. On a disk that
   * stands still what is dirty so grows by a few MiB a second, and the kernel's own bound holds.
   */
  static final long WAIT_MILLIS = 200;

  /** Nobody tells when pages reach the disk. */
  private static final long LOOK_MILLIS = 5;

  /** What {@link LocalFile} needs of it, and it of {@link LocalFile}. */
  interface Source {
    /** Bytes written since this was last asked; from now on they count as being written out. */
    long begin();

    /**
     * Writes out what there was; tells after each piece how much of {@code bytes} is done by now.
     */
    void writeOut(long bytes, Progress progress);
  }

  /** Told of each piece that is on the disk. */
  interface Progress {
    void done(long bytes);
  }

  private final LongSupplier dirty;
  private final long startBytes;
  private final long limitBytes;
  private final int unitBytes;
  private final AtomicLong outstanding = new AtomicLong();
  private final Set<Source> sources = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean running = new AtomicBoolean();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition less = lock.newCondition();
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          10,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(1),
          Thread.ofPlatform().daemon().name("writeback").factory(),
          // One run is under way and one waits: what this one was for is seen by them.
          new ThreadPoolExecutor.DiscardPolicy());

  /** For files that hosts write anywhere. */
  static Writeback ofVolumes() {
    return new Writeback(Writeback::dirtyOfMachine, START_BYTES, LIMIT_BYTES, UNIT_BYTES);
  }

  /** For files that are appended to. */
  static Writeback ofLogs() {
    return new Writeback(Writeback::dirtyOfMachine, LOG_START_BYTES, LIMIT_BYTES, LOG_UNIT_BYTES);
  }

  /**
   * @param dirty bytes that are not on the disks of this machine yet
   */
  Writeback(LongSupplier dirty, long startBytes, long limitBytes, int unitBytes) {
    this.dirty = dirty;
    this.startBytes = startBytes;
    this.limitBytes = limitBytes;
    this.unitBytes = unitBytes;
    thread.allowCoreThreadTimeOut(true);
  }

  /**
   * The source has written that much; may wait for {@link #WAIT_MILLIS}, during which a volume's
   * lock on the range is shared: only an atomic operation on the same range waits as well.
   *
   * @param first nothing of the source was outstanding before
   */
  void wrote(Source source, long bytes, boolean first) {
    if (first) {
      sources.add(source);
    }
    long total = outstanding.addAndGet(bytes);
    if (total >= startBytes) {
      if (running.compareAndSet(false, true)) {
        thread.execute(this::run);
      }
      if (total >= limitBytes) {
        waitForLess();
      }
    }
  }

  /** The source's bytes are on the disk, or its file is gone. */
  void done(long bytes) {
    if (bytes == 0) {
      return;
    }
    outstanding.addAndGet(-bytes);
    lock.lock();
    try {
      less.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The source will not write any more. */
  void forget(Source source) {
    sources.remove(source);
  }

  int unitBytes() {
    return unitBytes;
  }

  long outstandingBytes() {
    return outstanding.get();
  }

  private void run() {
    try {
      while (outstanding.get() >= startBytes) {
        if (dirty.getAsLong() < startBytes) {
          // The kernel has been quicker, or it was the same pages: count anew.
          sources.forEach(source -> done(take(source)));
          return;
        }
        for (var source : sources) {
          long bytes = take(source);
          if (bytes > 0) {
            writeOut(source, bytes);
          }
        }
      }
    } finally {
      running.set(false);
    }
  }

  private long take(Source source) {
    // First out of the set: one that writes meanwhile puts itself in again.
    sources.remove(source);
    return source.begin();
  }

  private void writeOut(Source source, long bytes) {
    var left = new AtomicLong(bytes);
    try {
      source.writeOut(
          bytes,
          piece -> {
            left.addAndGet(-piece);
            done(piece);
          });
    } finally {
      done(left.get());
    }
  }

  private void waitForLess() {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS);
    while (outstanding.get() >= limitBytes
        && dirty.getAsLong() >= limitBytes
        && deadline - System.nanoTime() > 0) {
      lock.lock();
      try {
        // Looks again by itself: whether it was woken or time passed is the same to it.
        long _ = less.awaitNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * {@code Dirty} and {@code Writeback} of the machine; as much as can be if the kernel does not
   * tell, so that what was written counts alone.
   */
  static long dirtyOfMachine() {
    try {
      long kib = 0;
      int found = 0;
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("Dirty:") || line.startsWith("Writeback:")) {
          kib += Long.parseLong(line.replaceAll("\\D", ""));
          found++;
        }
      }
      return found == 2 ? kib << 10 : Long.MAX_VALUE;
    } catch (IOException | NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }
}

package io.bascule.iscsi;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads for work that waits for a disk: flushes, cold reads, trims. They are never interrupted,
 * since they use file channels.
 */
final class SlowPool implements Executor, AutoCloseable {
  /** Work that waits; beyond it a host is told to come again (TASK SET FULL). */
  private static final int QUEUE = 4096;

  private final ThreadPoolExecutor threads;

  SlowPool(int count) {
    threads =
        new ThreadPoolExecutor(
            count,
            count,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUE),
            Thread.ofPlatform().daemon().name("iscsi-slow-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
  }

  /** Throws {@link RejectedExecutionException} if too much waits already. */
  @Override
  public void execute(Runnable work) {
    threads.execute(work);
  }

  /** Lets what was begun finish, within a bound. */
  boolean close(long boundMillis) {
    threads.shutdown();
    try {
      return threads.awaitTermination(boundMillis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    close(5_000);
  }
}

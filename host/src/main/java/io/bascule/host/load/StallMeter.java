package io.bascule.host.load;

import java.util.concurrent.locks.LockSupport;

/**
 * Measures how long this process itself did not run: a thread that sleeps 2 ms at a time and notes
 * by how much it overslept. A pause of that order is the host's own (a busy machine, a collection
 * of garbage), not the target's. Only its own thread writes.
 */
final class StallMeter implements Runnable {
  private static final long SLEEP_NANOS = 2_000_000;

  private volatile long longestNanos;
  private volatile boolean ended;

  void start() {
    Thread.ofPlatform().daemon().name("host-stall-meter").start(this);
  }

  void end() {
    ended = true;
  }

  long longestNanos() {
    return longestNanos;
  }

  @Override
  public void run() {
    while (!ended) {
      long start = System.nanoTime();
      LockSupport.parkNanos(SLEEP_NANOS);
      long over = System.nanoTime() - start - SLEEP_NANOS;
      if (over > longestNanos) {
        longestNanos = over;
      }
    }
  }
}

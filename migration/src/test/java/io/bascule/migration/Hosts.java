package io.bascule.migration;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** Hosts that write, trim and read all over the volumes, overlapping, until they are stopped. */
final class Hosts implements AutoCloseable {
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private volatile boolean stopping;
  volatile long longestNanos;

  /**
   * @param mayFail whether that ends a host without being a failure of the test
   */
  Hosts(Rig rig, int count, long seed, Predicate<Throwable> mayFail) {
    for (int i = 0; i < count; i++) {
      var random = new Random(seed * 31 + i);
      threads.add(
          Thread.ofPlatform().daemon().name("host-" + i).start(() -> run(rig, random, mayFail)));
    }
  }

  private void run(Rig rig, Random random, Predicate<Throwable> mayFail) {
    var volumes = List.copyOf(rig.volumes);
    try {
      while (!stopping && failure.get() == null) {
        int v = random.nextInt(volumes.size());
        long start = System.nanoTime();
        if (random.nextInt(3) == 0) {
          rig.oracles.get(v).read(volumes.get(v), random, 64);
        } else {
          rig.oracles.get(v).change(volumes.get(v), random, random.nextInt(20) == 0 ? 400 : 24);
        }
        long took = System.nanoTime() - start;
        if (took > longestNanos) {
          longestNanos = took;
        }
      }
    } catch (Throwable e) {
      if (!mayFail.test(e)) {
        failure.compareAndSet(null, e);
      }
    }
  }

  /** Throws what a host met that it must not. */
  void check() {
    var met = failure.get();
    if (met != null) {
      throw new AssertionError("a host met " + met, met);
    }
  }

  @Override
  public void close() {
    stopping = true;
    for (var thread : threads) {
      try {
        thread.join(30_000);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      if (thread.isAlive()) {
        var stuck = new AssertionError(thread.getName() + " is stuck");
        stuck.setStackTrace(thread.getStackTrace());
        throw stuck;
      }
    }
    check();
  }
}

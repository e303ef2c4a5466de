package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Service;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How volumes are served at one time, and who is still served that way. An operation takes its mode
 * once and gives it back at its end; so after a change of mode one can wait until the last
 * operation of the old one is over. Any thread.
 */
final class Mode {
  /** Counters are spread so that threads on different processors do not share a cache line. */
  private static final int SPREAD = 16;

  private static final int LINE_LONGS = 16;

  private final Service service;
  private final AtomicLongArray writes = new AtomicLongArray(SPREAD * LINE_LONGS);
  private final AtomicLongArray reads = new AtomicLongArray(SPREAD * LINE_LONGS);
  private final CountDownLatch over = new CountDownLatch(1);

  Mode(Service service) {
    this.service = service;
  }

  Service service() {
    return service;
  }

  /** Opened when this mode is the present one no more. */
  CountDownLatch over() {
    return over;
  }

  void beginWrite() {
    writes.getAndIncrement(slot());
  }

  void endWrite() {
    Check.that(writes.getAndDecrement(slot()) > 0, "a write ended that did not begin");
  }

  void beginRead() {
    reads.getAndIncrement(slot());
  }

  void endRead() {
    Check.that(reads.getAndDecrement(slot()) > 0, "a read ended that did not begin");
  }

  /** Zero stays zero only once the mode is over. */
  long writesInFlight() {
    return sum(writes);
  }

  long readsInFlight() {
    return sum(reads);
  }

  /** The same thread ends what it began, so each counter is right by itself. */
  private static int slot() {
    return (int) (Thread.currentThread().threadId() % SPREAD) * LINE_LONGS;
  }

  private static long sum(AtomicLongArray counters) {
    long sum = 0;
    for (int i = 0; i < SPREAD; i++) {
      sum += counters.get(i * LINE_LONGS);
    }
    return sum;
  }

  @Override
  public String toString() {
    return service.name();
  }
}

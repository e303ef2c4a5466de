package io.bascule.migration;

import io.bascule.core.migration.Event;
import io.bascule.core.volume.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The few threads that copy and compare, as long as they are ordered to and as fast as they may.
 * Nothing they meet ends them; what they cannot do they tell, and rest.
 */
final class Workers implements AutoCloseable {
  /** One reads, one compresses, and one waits for a disk. */
  private static final int THREADS = 3;

  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final Duration CLOSE = Duration.ofSeconds(2);

  private final Pacer pacer;
  private final Consumer<Event> events;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong copiedBytes = new AtomicLong();
  private final AtomicLong comparedBytes = new AtomicLong();
  private volatile @Nullable Order order;
  private volatile boolean copyingRests;
  private volatile boolean closing;

  /** What is worked on. */
  private record Order(Pool pool, boolean compare) {}

  Workers(Pacer pacer, Consumer<Event> events) {
    this.pacer = pacer;
    this.events = events;
    for (int i = 0; i < THREADS; i++) {
      int number = i;
      threads.add(
          Thread.ofPlatform().name("migration-copy-" + i).daemon().start(() -> run(number)));
    }
  }

  void work(Pool pool, boolean compare) {
    order = new Order(pool, compare);
  }

  void rest() {
    order = null;
  }

  /** For want of space; comparing goes on. */
  void copyingRests(boolean rests) {
    copyingRests = rests;
  }

  long copiedBytes() {
    return copiedBytes.get();
  }

  long comparedBytes() {
    return comparedBytes.get();
  }

  private void run(int number) {
    var buffers = Pool.Buffers.make();
    while (!closing) {
      var now = order;
      boolean busy = false;
      if (now != null && !now.pool().guard().isLost()) {
        busy = workOn(now, buffers, number);
        if (now.pool().guard().isLost()) {
          buffers = Pool.Buffers.make(); // a stuck call may still use the old ones
        }
      }
      if (!busy) {
        LockSupport.parkNanos(IDLE_NANOS);
      }
    }
  }

  /** Whether there was something to do. */
  private boolean workOn(Order now, Pool.Buffers buffers, int number) {
    int count = now.pool().parts().size();
    for (int i = 0; i < count && order == now; i++) {
      var part = now.pool().parts().get((i + number) % count);
      try {
        if (copy(now, part, buffers) || (now.compare() && compare(now, part, buffers))) {
          return true;
        }
      } catch (StoreException e) {
        unreadable(now, part, e);
      } catch (RuntimeException | Error e) {
        now.pool().guard().lose("copying and comparing", e);
      }
    }
    return false;
  }

  private void unreadable(Order now, Pool.Part part, StoreException cause) {
    System.getLogger(Workers.class.getName())
        .log(
            System.Logger.Level.ERROR,
            "format 1 of volume " + part.volume().uuid() + " cannot be read; copying rests",
            cause);
    synchronized (this) {
      if (order == now) {
        order = null; // until it is ordered again
      }
    }
    events.accept(
        new Event.Unreadable(
            part.volume().uuid().toString(), 0, String.valueOf(cause.getMessage())));
  }

  private boolean copy(Order now, Pool.Part part, Pool.Buffers buffers) {
    if (copyingRests) {
      return false;
    }
    var batch = part.copier().claim(pacer.pieceRegions(Copier.BATCH_REGIONS));
    if (batch == null) {
      return false;
    }
    int bytes = batch.count() * Regions.BYTES;
    if (!paced(now, bytes)) {
      return true;
    }
    long copied = part.copier().copy(batch, buffers.one());
    copiedBytes.addAndGet(copied);
    pacer.giveBack(bytes - copied);
    return true;
  }

  private boolean compare(Order now, Pool.Part part, Pool.Buffers buffers) {
    if (part.comparer().isClean() || !part.comparing().tryLock()) {
      return false;
    }
    try {
      if (part.comparer().isClean()) {
        return false;
      }
      int regions = pacer.pieceRegions(Comparer.BATCH_REGIONS);
      int bytes = regions * Regions.BYTES;
      if (!paced(now, bytes)) {
        return true;
      }
      long compared = part.comparer().step(buffers, regions);
      comparedBytes.addAndGet(compared);
      pacer.giveBack(bytes - compared);
      return true;
    } finally {
      part.comparing().unlock();
    }
  }

  /** Waits for its turn; false if the order changed meanwhile. */
  private boolean paced(Order now, long bytes) {
    while (!pacer.take(bytes)) {
      if (order != now || closing) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    closing = true;
    order = null;
    for (var thread : threads) {
      try {
        thread.join(CLOSE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}

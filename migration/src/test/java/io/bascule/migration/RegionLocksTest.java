package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RegionLocksTest {
  private final RegionLocks locks = new RegionLocks();

  /** Ranges of any size, over the wrap-around of the stripes, shared and exclusive. */
  @Test
  void shouldKeepApartWithoutDeadlock() throws InterruptedException {
    int regions = 600;
    var writers = new AtomicIntegerArray(regions);
    var readers = new AtomicIntegerArray(regions);
    var broken = new AtomicBoolean();
    var threads = new ArrayList<Thread>();
    for (int t = 0; t < 6; t++) {
      var random = new Random(t);
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                for (int i = 0; i < 3000; i++) {
                  int count = 1 + random.nextInt(random.nextInt(10) == 0 ? regions : 8);
                  int first = random.nextInt(regions - count + 1);
                  boolean exclusive = random.nextBoolean();
                  try (var held =
                      exclusive ? locks.exclusive(first, count) : locks.shared(first, count)) {
                    for (int r = first; r < first + count; r++) {
                      if (exclusive) {
                        if (writers.getAndIncrement(r) != 0 || readers.get(r) != 0) {
                          broken.set(true);
                        }
                      } else {
                        readers.getAndIncrement(r);
                        if (writers.get(r) != 0) {
                          broken.set(true);
                        }
                      }
                    }
                    for (int r = first; r < first + count; r++) {
                      (exclusive ? writers : readers).getAndDecrement(r);
                    }
                  }
                }
              }));
    }
    for (var thread : threads) {
      thread.join(60_000);
      assertThat(thread.isAlive()).as("stuck").isFalse();
    }
    assertThat(broken).isFalse();
  }

  @Test
  void shouldTakeNothingWhereItWouldWait() {
    try (var held = locks.shared(255, 2)) { // stripes 255 and 0
      assertThat(inAnotherThread(() -> taken(locks.tryExclusive(250, 20)))).isFalse();
      assertThat(inAnotherThread(() -> taken(locks.tryExclusive(1, 250)))).isTrue();
      assertThat(inAnotherThread(() -> taken(locks.tryShared(250, 20)))).isTrue();
    }
    assertThat(inAnotherThread(() -> taken(locks.tryExclusive(250, 20)))).isTrue();
  }

  private static boolean taken(RegionLocks.@Nullable Held held) {
    if (held == null) {
      return false;
    }
    held.close();
    return true;
  }

  private static boolean inAnotherThread(java.util.function.BooleanSupplier question) {
    var answer = new AtomicBoolean();
    var thread = Thread.ofPlatform().start(() -> answer.set(question.getAsBoolean()));
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return answer.get();
  }

  /** Hosts that share a region all the time do not keep the copier out, nor it them. */
  @Test
  void shouldStarveNobody() {
    var stop = new AtomicBoolean();
    var shared = new AtomicInteger();
    var exclusive = new AtomicInteger();
    for (int t = 0; t < 4; t++) {
      Thread.ofPlatform()
          .daemon()
          .start(() -> {
            while (!stop.get()) {
              try (var held = locks.shared(5, 1)) {
                shared.incrementAndGet();
                Thread.onSpinWait();
              }
            }
          });
    }
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          while (!stop.get()) {
            try (var held = locks.exclusive(5, 1)) {
              exclusive.incrementAndGet();
            }
          }
        });
    await().until(() -> exclusive.get() > 200 && shared.get() > 200);
    stop.set(true);
  }
}

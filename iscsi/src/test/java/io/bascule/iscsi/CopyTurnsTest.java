package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Turns that many threads ask for and withdraw, in a pool that takes only some. */
@Timeout(60)
final class CopyTurnsTest {
  private static final long SEED = Long.getLong("bascule.check.seed", 1);
  private static final int LANES = 2;
  private static final int ASKING = 4;
  private static final int TURNS = 20_000;

  @Test
  void shouldGiveEachItsTurnOnceAndAFewAtATime() throws InterruptedException {
    try (var pool = new SlowPool(4)) {
      AtomicInteger asked = new AtomicInteger();
      Executor busy =
          work -> {
            if (asked.incrementAndGet() % 3 == 0) {
              throw new RejectedExecutionException("as the test wants it");
            }
            pool.execute(work);
          };
      CopyTurns turns = new CopyTurns(busy, LANES);
      AtomicInteger atOnce = new AtomicInteger();
      AtomicInteger mostAtOnce = new AtomicInteger();
      AtomicInteger[] outcomes = new AtomicInteger[ASKING * TURNS];
      CountDownLatch over = new CountDownLatch(outcomes.length);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < ASKING; i++) {
        int first = i * TURNS;
        Random random = new Random(SEED + i);
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  for (int turn = first; turn < first + TURNS; turn++) {
                    AtomicInteger outcome = new AtomicInteger();
                    outcomes[turn] = outcome;
                    Runnable ends =
                        () -> {
                          outcome.incrementAndGet();
                          over.countDown();
                        };
                    Task task = new Task();
                    try {
                      turns.execute(
                          task,
                          () -> {
                            mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                            ends.run();
                            atOnce.decrementAndGet();
                          });
                      if (random.nextInt(4) == 0 && turns.withdraw(task)) {
                        ends.run();
                      }
                    } catch (RejectedExecutionException e) {
                      ends.run();
                    }
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(over.await(30, TimeUnit.SECONDS)).as("none is forgotten").isTrue();
      assertThat(outcomes).allSatisfy(each -> assertThat(each).hasValue(1));
      assertThat(mostAtOnce).hasValueBetween(1, LANES);
    }
  }
}

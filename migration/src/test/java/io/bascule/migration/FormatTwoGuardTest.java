package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.Check;
import io.bascule.core.migration.Loss;
import io.bascule.core.volume.StoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FormatTwoGuardTest {
  private final List<Loss> losses = new CopyOnWriteArrayList<>();
  private final FormatTwoGuard guard = new FormatTwoGuard(new ModeSwitch(), losses::add, 300);
  private final CountDownLatch never = new CountDownLatch(1);

  @AfterEach
  void close() {
    never.countDown();
    guard.close();
  }

  private void stall() {
    try {
      never.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void shouldLoseFormatTwoByTheFirstFailureAlone() {
    assertThat(guard.call("working", () -> {})).isTrue();
    assertThat(guard.ask("asking", () -> 7)).isEqualTo(7);
    assertThat(guard.call("checking", () -> Check.that(false, "a bug"))).isFalse();
    assertThat(guard.call("going on", () -> {})).isFalse();
    assertThat(guard.ask("asking", () -> 7)).isNull();
    assertThat(losses).singleElement().matches(loss -> loss.code().equals(Loss.BUG));
  }

  @Test
  void shouldNameWhatFailed() {
    var full = new StoreException.Full("full", new IOException());
    assertThat(Losses.of("writing", full).code()).isEqualTo(Loss.FULL);
    assertThat(Losses.of("x", new StoreException.Corrupt("y")).code()).isEqualTo(Loss.DAMAGED);
    assertThat(Losses.of("x", new OutOfMemoryError()).code()).isEqualTo(Loss.FAILED);
  }

  @Test
  void shouldNotWaitForACallThatIsStuck() {
    assertThat(guard.call("writing", this::stall)).isFalse();
    assertThat(losses).singleElement().matches(loss -> loss.code().equals(Loss.STALLED));
  }

  /** More calls at once than threads, each short: together they take longer than a stall. */
  @Test
  void shouldNotTakeManyCallsForAStall() throws InterruptedException {
    var done = new AtomicInteger();
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 200; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                if (guard.call(
                    "writing", () -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50)))) {
                  done.incrementAndGet();
                }
              }));
    }
    for (var thread : threads) {
      thread.join();
    }
    assertThat(losses).isEmpty();
    assertThat(done).hasValue(200);
  }

  @Test
  void shouldLoseFormatTwoWhenEveryThreadIsStuck() throws InterruptedException {
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 40; i++) {
      threads.add(Thread.ofVirtual().start(() -> guard.call("writing", this::stall)));
    }
    for (var thread : threads) {
      assertThat(thread.join(java.time.Duration.ofSeconds(20))).isTrue();
    }
    assertThat(losses).hasSize(1);
  }

  /** Marks go on when format 2 is lost, until that is on record; then none is needed. */
  @Test
  void shouldMarkUntilTheLossIsOnRecord() {
    guard.lose("writing", new IllegalStateException("lost"));
    var marked = new AtomicInteger();
    assertThat(guard.mark("marking", marked::incrementAndGet)).isTrue();
    guard.needNoMarks();
    assertThat(guard.mark("marking", marked::incrementAndGet)).isFalse();
    assertThat(marked).hasValue(1);
  }

  @Test
  void shouldFailAWriteThatNeitherMarksNorWaitsForTheRecord() {
    guard.abandon();
    assertThatThrownBy(() -> guard.mark("marking", () -> Check.that(false, "a bug")))
        .isInstanceOf(StoreException.Io.class);
  }
}

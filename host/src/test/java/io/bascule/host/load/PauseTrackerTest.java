package io.bascule.host.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PauseTrackerTest {
  private static final long MS = 1_000_000;
  private final PauseTracker tracker = new PauseTracker();

  @Test
  void shouldCountOnlyTimeInWhichSomethingWasOutstanding() {
    tracker.issued(0);
    tracker.answered(5 * MS);
    tracker.issued(5_000 * MS);
    tracker.answered(5_010 * MS);
    assertThat(tracker.longest()).isEqualTo(new PauseTracker.Gap(5_000 * MS, 5_010 * MS));
    assertThat(tracker.current(9_000 * MS)).isNull();
  }

  @Test
  void shouldMeasureBetweenAnswers() {
    tracker.issued(0);
    tracker.issued(1 * MS);
    tracker.answered(10 * MS);
    assertThat(tracker.current(50 * MS)).isEqualTo(new PauseTracker.Gap(10 * MS, 50 * MS));
    tracker.answered(160 * MS);
    assertThat(tracker.longest()).isEqualTo(new PauseTracker.Gap(10 * MS, 160 * MS));
    assertThat(tracker.listed()).containsExactly(new PauseTracker.Gap(10 * MS, 160 * MS));
  }

  @Test
  void shouldGiveAPauseToEveryWindowItReachesInto() {
    Windows windows = new Windows();
    windows.mark("before", 0);
    windows.mark("handover", 100 * MS);
    windows.mark("after", 300 * MS);
    windows.answered(new PauseTracker.Gap(90 * MS, 250 * MS), 7 * MS);
    var report = windows.report(new PauseTracker.Epoch(java.time.Instant.EPOCH, 0));
    assertThat(report).extracting("longestPauseMillis").containsExactly(160.0, 160.0, 0.0);
    assertThat(report).extracting("ios").containsExactly(0L, 0L, 1L);
  }
}

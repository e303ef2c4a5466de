package io.bascule.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.State.Working;
import io.bascule.core.upgrade.Upgrade.Tuning;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WantedTest {
  private static final long NOW = 1_000;

  private static Wanted going(Phase phase) {
    return new Wanted(phase, false, false, Tuning.DEFAULT);
  }

  private static final Wanted COMMIT = new Wanted(Phase.CONFIRM, false, true, Tuning.DEFAULT);

  private static Optional<Event> aim(Phase phase, boolean paused) {
    return Optional.of(new Event.Aim(phase, paused, 60_000, NOW));
  }

  private static Working copying(boolean paused, boolean copied) {
    return new Working(Phase.COPY, paused, copied, false, Optional.empty(), false);
  }

  private static Working confirming(boolean paused, Optional<Long> until, boolean confirmed) {
    return new Working(Phase.CONFIRM, paused, true, true, until, confirmed);
  }

  @Test
  void shouldBeginWithPhaseOneAndGoOnWithPhaseTwo() {
    assertThat(going(Phase.PREPARE).next(new State.Off(), NOW))
        .isEqualTo(aim(Phase.PREPARE, false));
    assertThat(going(Phase.COPY).next(new State.Off(), NOW)).isEmpty();
    assertThat(going(Phase.COPY).next(new State.Prepared(), NOW)).isEqualTo(aim(Phase.COPY, false));
    assertThat(COMMIT.next(new State.Prepared(), NOW)).isEmpty();
  }

  @Test
  void shouldGoToTheNextPhaseWhereThisOneIsReached() {
    assertThat(going(Phase.VERIFY).next(copying(false, true), NOW))
        .isEqualTo(aim(Phase.VERIFY, false));
    assertThat(going(Phase.CONFIRM).next(copying(false, true), NOW)).isEmpty();
  }

  /** The record has seen it reached; meanwhile a region needs copying again. */
  @Test
  void shouldGoOnWithAPhaseThatTheRecordIsAheadOf() {
    assertThat(going(Phase.VERIFY).next(copying(true, false), NOW))
        .isEqualTo(aim(Phase.COPY, false));
    assertThat(going(Phase.VERIFY).next(copying(false, false), NOW)).isEmpty();
  }

  @Test
  void shouldPauseAndGoOn() {
    var paused = new Wanted(Phase.COPY, true, false, Tuning.DEFAULT);
    assertThat(paused.next(copying(false, false), NOW)).isEqualTo(aim(Phase.COPY, true));
    assertThat(paused.next(copying(true, false), NOW)).isEmpty();
    assertThat(going(Phase.COPY).next(copying(true, false), NOW)).isEqualTo(aim(Phase.COPY, false));
  }

  @Test
  void shouldTellPhaseFourHowLongItTakes() {
    assertThat(going(Phase.CONFIRM).next(confirming(false, Optional.empty(), false), NOW))
        .isEqualTo(aim(Phase.CONFIRM, false));
    assertThat(going(Phase.CONFIRM).next(confirming(false, Optional.of(NOW), false), NOW))
        .isEmpty();
  }

  @Test
  void shouldAskForTheCommitWhereItIsDue() {
    var asked = Optional.of(new Event.CommitAsked());
    assertThat(COMMIT.next(confirming(false, Optional.of(NOW), true), NOW)).isEqualTo(asked);
    assertThat(COMMIT.next(confirming(true, Optional.empty(), false), NOW)).isEqualTo(asked);
    assertThat(COMMIT.next(copying(false, true), NOW)).isEmpty();
  }

  @Test
  void shouldTellWhatIsSoOnceOnly() {
    var all = new Seen(true, true);
    assertThat(all.ofCopying(copying(false, false))).contains(new Event.CopyDone());
    assertThat(all.ofCopying(copying(false, true))).isEmpty();
    assertThat(new Seen(false, true).ofCopying(copying(false, true)))
        .contains(new Event.Remarked());
    assertThat(all.ofComparing(copying(false, true))).isEmpty();
    var comparing = new Working(Phase.VERIFY, false, true, false, Optional.empty(), false);
    assertThat(all.ofComparing(comparing)).contains(new Event.PassClean());
    assertThat(all.ofComparing(confirming(false, Optional.of(NOW), false))).isEmpty();
    assertThat(Seen.ofTime(confirming(false, Optional.of(NOW), false), NOW))
        .contains(new Event.Tick(NOW));
    assertThat(Seen.ofTime(confirming(false, Optional.of(NOW), false), NOW - 1)).isEmpty();
    assertThat(Seen.ofTime(confirming(false, Optional.of(NOW), true), NOW)).isEmpty();
  }
}

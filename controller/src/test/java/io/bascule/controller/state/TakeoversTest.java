package io.bascule.controller.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import io.bascule.core.migration.TakeoverRule;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakeoversTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  @TempDir private Path dir;

  private List<Instant> note(StateDb db, String upgrade, int phase, Instant at) {
    return db.transaction(sql -> Takeovers.note(sql, upgrade, phase, at));
  }

  private StateDb db() {
    var claim =
        new Claim(ControllerId.CONTROLLER_0, Version.parse("2.0.1"), Claim.Migrations.RUNS, false);
    var taken =
        StateDb.take(
            dir.resolve("state.db"),
            claim,
            (why, cause) -> {
              throw new AssertionError(why, cause);
            });
    return ((Taken.Granted) taken).db();
  }

  @Test
  void shouldTellThoseOfThePhaseOfTheUpgradeAlone() {
    try (var db = db()) {
      note(db, "first", 1, NOON);
      note(db, "second", 1, NOON);
      note(db, "second", 2, NOON.plusSeconds(1));
      assertThat(note(db, "second", 2, NOON.plusSeconds(2)))
          .containsExactly(NOON.plusSeconds(1), NOON.plusSeconds(2));
    }
  }

  @Test
  void shouldFindAPhaseUnstableThoughTheClockWasSetBackBefore() {
    try (var db = db()) {
      note(db, "upgrade", 2, NOON.plus(Duration.ofHours(2))); // by a clock that was ahead
      note(db, "upgrade", 2, NOON);
      var takeovers = note(db, "upgrade", 2, NOON.plusSeconds(60));
      assertThat(takeovers.getLast()).isEqualTo(NOON.plusSeconds(60));
      assertThat(TakeoverRule.isUnstable(takeovers, takeovers.getLast())).isTrue();
    }
  }
}

package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.platform.Layout;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A cancel against the commit, on real appliances under load: exactly one wins, and what the other
 * was told is true. One race in ./check, six in ./check --all; {@code -Dbascule.commit.races=N} for
 * more.
 */
@Execution(ExecutionMode.CONCURRENT)
class CommitRaceTest {
  private static final int RACES =
      Integer.getInteger("bascule.commit.races", Boolean.getBoolean("bascule.check.all") ? 6 : 1);

  private final Random random = new Random(Long.getLong("bascule.check.seed", 1));

  /** From the resume to the cancel; follows the winners, so that either may win. */
  private double delayMillis = 60;

  @Test
  void shouldHaveExactlyOneWinner() throws IOException {
    int canceled = 0;
    int done = 0;
    while (done < RACES) {
      try (var appliance = Appliance.create("race", "--release", "1.2.2")) {
        appliance.volume("db", "64M");
        appliance.anyHost();
        appliance.addPackage("2.0.1");
        try (var host = HostSide.start(appliance.url("db"), done)) {
          boolean committed = false;
          while (!committed && done < RACES) {
            committed = race(appliance);
            host.assertNothingLost();
            done++;
            canceled += committed ? 0 : 1;
          }
          host.stopClean();
        }
      }
    }
    System.out.printf("%d races: %d canceled, %d committed%n", done, canceled, done - canceled);
  }

  /** Whether the commit won. */
  private boolean race(Appliance appliance) throws IOException {
    appliance
        .bascule(
            "upgrade",
            "start",
            "2.0.1",
            "--pause-at",
            "commit",
            "--priority",
            "FINISH_SOONER",
            "--confirm-time",
            "1")
        .ok();
    assertThat(appliance.awaitStep("PAUSED", "COMMIT")).isTrue();
    assertThat(appliance.availability()).isEqualTo("AVAILABLE");
    appliance.api().send("PATCH", "/upgrade", "{\"paused\":false}", "application/json").ok();
    // Nothing waits for this: it is when the other one of the race starts.
    LockSupport.parkNanos(
        TimeUnit.MILLISECONDS.toNanos((long) (delayMillis * (0.6 + 0.8 * random.nextDouble()))));
    Api.Answer answer;
    do {
      answer = appliance.cancel("");
    } while (answer.text("code").equals("REVISION_CHANGED"));
    boolean started = answer.status() == 200 || answer.status() == 202;
    if (started) {
      assertThat(answer.text("outcome")).isEqualTo("STARTED");
    } else {
      assertThat(answer.status()).as("%s", answer).isEqualTo(409);
      assertThat(answer.text("code")).isEqualTo("CANCEL_UNAVAILABLE");
    }
    String version = started ? "1.2.2" : "2.0.1";
    appliance.awaitState(started ? "CANCELED" : "COMPLETED");
    appliance.awaitRedundant(version);
    if (started) {
      assertThat(Layout.of(appliance.data).volumesV2()).doesNotExist();
    }
    delayMillis *= started ? 1.4 : 0.7;
    return !started;
  }
}

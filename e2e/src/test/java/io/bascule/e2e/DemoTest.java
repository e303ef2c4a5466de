package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The demonstration ends as it says: its exit code and its table. */
class DemoTest {
  /** The usual is a minute and a half; a busy machine takes several times that. */
  private static final int MAX_SECONDS = 600;

  @Test
  @EnabledIfSystemProperty(
      named = "bascule.check.all",
      matches = "true",
      disabledReason = "takes minutes: a part of ./check --all")
  void shouldTellTheWholeStoryAndLoseNothing() {
    var demo = Commands.run(MAX_SECONDS, Commands.bascule("demo"));
    assertThat(demo.exit()).as("%s", demo).isZero();
    assertThat(demo.out())
        .contains("EVENT", "HOST PAUSE", "HOST P99", "HOST I/OS")
        .containsPattern("lost or wrong blocks +0\n")
        .containsPattern("I/O errors +0\n")
        .containsPattern("writes acknowledged +[1-9]")
        .contains(
            "Nothing that was acknowledged is lost, no I/O failed, and every state was as told.")
        .containsPattern("Told in \\d");
  }
}

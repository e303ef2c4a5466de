package io.bascule.cli.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConsoleLogTest {
  @TempDir Path folder;

  @Test
  void shouldSayWhatWasThrownAndWhyAndSkipTheStack() {
    assertThat(
            ConsoleLog.digest(
                """
                2026-11-22 INFO starting
                Exception in thread "main" java.lang.IllegalStateException: no state
                \tat io.bascule.Main.main(Main.java:7)
                Caused by: java.io.IOException: disk full
                \tat io.bascule.Main.open(Main.java:9)
                \t... 3 more
                """))
        .isEqualTo(
            "Exception in thread \"main\" java.lang.IllegalStateException: no state;"
                + " Caused by: java.io.IOException: disk full");
  }

  @Test
  void shouldFallBackToTheLastLines() {
    assertThat(ConsoleLog.digest("one\ntwo\n\nthree\nfour\n")).isEqualTo("two; three; four");
    assertThat(ConsoleLog.digest("")).isEmpty();
    assertThat(ConsoleLog.digest("x".repeat(5_000))).hasSizeLessThan(500).endsWith("...");
  }

  @Test
  void shouldShowOnlyWhatThisBootWrote() throws IOException {
    var log = new ConsoleLog(folder);
    Path file = log.beforeBoot();
    Files.writeString(file, "of an earlier boot\n");
    log.beforeBoot();
    assertThat(log.lastLines()).isEmpty();
    Files.writeString(file, "of this one\n", StandardOpenOption.APPEND);
    assertThat(log.lastLines()).isEqualTo("of this one");
  }

  @Test
  void shouldNameExitCodesAndSignals() {
    assertThat(Bay.words(Optional.of(1))).isEqualTo("exited with code 1");
    assertThat(Bay.words(Optional.of(137))).isEqualTo("was killed by signal 9 (SIGKILL)");
    assertThat(Bay.words(Optional.empty())).isEqualTo("died");
  }
}

package io.bascule.controller.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Version;
import io.bascule.core.api.ErrorCode;
import io.bascule.platform.Ballast;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** state.db on a real file system without space. Needs the right to mount one. */
class FullDiskTest {
  private static final int BALLAST_BYTES = 1 << 20;

  @TempDir private Path folder;
  private final List<String> fatal = new ArrayList<>();
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    mounted = run("mount", "-t", "tmpfs", "-o", "size=4m", "none", folder.toString());
    assumeThat(mounted).as("may mount a file system").isTrue();
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", folder.toString())).isTrue();
    }
    assertThat(fatal).isEmpty();
  }

  private static boolean run(String... command) throws Exception {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  private Taken take(StateDb.Spare spare) {
    var claim =
        new Claim(ControllerId.CONTROLLER_0, new Version(1, 2, 1), Claim.Migrations.RUNS, false);
    return StateDb.take(folder.resolve("state.db"), claim, this::fail, spare);
  }

  private void fail(String why, @Nullable Throwable cause) {
    fatal.add(why + ": " + cause);
  }

  private void fill() throws IOException {
    try (var file =
        FileChannel.open(
            folder.resolve("filler"),
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND,
            StandardOpenOption.WRITE)) {
      for (int i = 0; i < 10_000; i++) {
        file.write(ByteBuffer.allocate(4096));
      }
      throw new AssertionError("it does not fill up");
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("space");
    }
  }

  private static long note(StateDb db, int bytes) {
    return db.transaction(sql ->
        sql.update(
            "INSERT INTO events (at, severity, kind, message) VALUES ('', '', '', ?)",
            "x".repeat(bytes)));
  }

  private static long notes(StateDb db) {
    return db.transaction(sql -> sql.number("SELECT count(*) FROM events"));
  }

  /** How many were stored until there was no space. */
  private static int noteUntilFull(StateDb db) {
    int stored = 0;
    try {
      while (stored < 10_000) {
        note(db, 1_000);
        stored++;
      }
      throw new AssertionError("it does not fill up");
    } catch (Refusal full) {
      assertThat(full.code()).isEqualTo(ErrorCode.NO_SPACE);
      assertThat(full).hasMessageContaining("nothing was changed").hasMessageContaining("Free");
      return stored;
    }
  }

  @Test
  void shouldRefuseWhatDoesNotFitAndGoOnWhenThereIsSpace() throws Exception {
    try (var db = ((Taken.Granted) take(StateDb.Spare.NONE)).db()) {
      fill();
      int stored = noteUntilFull(db);
      assertThat(notes(db)).as("reading needs no space").isEqualTo(stored);
      assertThatThrownBy(() -> note(db, 100_000))
          .as("at the statement or at COMMIT")
          .isInstanceOf(Refusal.class);
      assertThatThrownBy(() -> note(db, 1_000_000)).isInstanceOf(Refusal.class);
      assertThat(notes(db)).isEqualTo(stored);
      Files.delete(folder.resolve("filler"));
      note(db, 1_000);
      assertThat(notes(db)).isEqualTo(stored + 1);
    }
    try (var db = ((Taken.Granted) take(StateDb.Spare.NONE)).db()) {
      assertThat(notes(db)).as("as it was acknowledged").isPositive();
    }
  }

  @Test
  void shouldThrowBallastOverboardFirst() throws Exception {
    var ballast = Ballast.of(folder.resolve("ballast"), BALLAST_BYTES);
    assertThat(ballast.take(0)).isTrue();
    StateDb.Spare spare =
        () -> {
          try {
            return ballast.release();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    try (var db = ((Taken.Granted) take(spare)).db()) {
      fill();
      int stored = noteUntilFull(db);
      assertThat(stored).as("with the ballast's space").isGreaterThan(100);
      assertThat(Files.size(folder.resolve("ballast"))).isZero();
      assertThat(notes(db)).isEqualTo(stored);
    }
  }

  @Test
  void shouldMakeNobodyActiveWithoutSpaceAndSayWhy() throws Exception {
    ((Taken.Granted) take(StateDb.Spare.NONE)).db().close();
    fill();
    var taken = take(StateDb.Spare.NONE);
    assertThat(taken)
        .isInstanceOfSatisfying(
            Taken.Forbidden.class, no -> assertThat(no.reason()).contains("full"));
    Files.delete(folder.resolve("filler"));
    try (var db = ((Taken.Granted) take(StateDb.Spare.NONE)).db()) {
      assertThat(db.epoch()).isEqualTo(2);
    }
  }
}

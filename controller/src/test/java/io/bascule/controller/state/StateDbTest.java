package io.bascule.controller.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateDbTest {
  private static final ControllerId ZERO = ControllerId.CONTROLLER_0;
  private static final ControllerId ONE = ControllerId.CONTROLLER_1;

  @TempDir private Path dir;
  private final List<String> fatal = new ArrayList<>();

  private Taken take(
      ControllerId controller, String release, Claim.Migrations knows, boolean yields) {
    return StateDb.take(
        dir.resolve("state.db"),
        new Claim(controller, Version.parse(release), knows, yields),
        this::fail);
  }

  private void fail(String why, @Nullable Throwable cause) {
    fatal.add(why);
  }

  private StateDb granted(String release) {
    return ((Taken.Granted) take(ZERO, release, Claim.Migrations.RUNS, false)).db();
  }

  private static long number(StateDb db, String query) {
    return db.transaction(sql -> sql.number(query));
  }

  private void row(String assignment) {
    try (var db = granted("9.9.9")) {
      db.transaction(sql -> sql.update("UPDATE upgrade_row SET " + assignment));
    }
  }

  /** Lets any release in, so that {@link #row} can set what a test needs. */
  private void create() {
    try (var db = granted("1.2.1")) {
      db.transaction(sql -> sql.update("UPDATE upgrade_row SET allowed_releases = ''"));
    }
  }

  @Test
  void shouldCountAnEpochForEachTaking() {
    try (var db = granted("1.2.1")) {
      assertThat(db.epoch()).isEqualTo(1);
    }
    try (var db = granted("1.2.1")) {
      assertThat(db.epoch()).isEqualTo(2);
    }
  }

  @Test
  void shouldAllowOnlyTheCreatingReleaseAtFirst() {
    granted("1.2.1").close();
    assertThat(take(ONE, "1.2.2", Claim.Migrations.CANCELS, false))
        .isInstanceOfSatisfying(
            Taken.Forbidden.class,
            no -> assertThat(no.reason()).contains("1.2.2").contains("1.2.1"));
    try (var db = granted("1.2.1")) {
      assertThat(db.epoch()).as("a refusal takes no epoch").isEqualTo(2);
    }
  }

  @Test
  void shouldBeReadableByItsOwnerAlone() throws Exception {
    try (var db = granted("1.2.1")) {
      db.transaction(sql -> sql.update("INSERT INTO hosts VALUES ('h', '*', NULL, NULL, '')"));
      for (String name : List.of("state.db", "state.db-wal")) {
        assertThat(Files.getPosixFilePermissions(dir.resolve(name)))
            .containsExactlyInAnyOrder(
                PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
      }
      assertThat(dir.resolve("state.db-shm")).doesNotExist();
    }
  }

  @Test
  void shouldUndoATransactionThatThrows() {
    try (var db = granted("1.2.1")) {
      assertThatThrownBy(() ->
              db.transaction(sql -> {
                sql.update("UPDATE upgrade_row SET state = 'RUNNING'");
                throw new SQLException("no");
              }))
          .isInstanceOf(StateDbException.class);
      assertThat(number(db, "SELECT count(*) FROM upgrade_row WHERE state = 'IDLE'")).isEqualTo(1);
    }
    assertThat(fatal).isEmpty();
  }

  @Test
  void shouldEndTheProcessWhenTheEpochIsNotOurs() {
    try (var db = granted("1.2.1")) {
      db.transaction(sql -> sql.update("UPDATE appliance SET epoch = epoch + 1"));
      assertThatThrownBy(
              () -> db.transaction(sql -> sql.update("UPDATE upgrade_row SET state = 'RUNNING'")))
          .hasMessageContaining("fenced");
      assertThat(fatal).singleElement().asString().contains("epoch 2");
    }
  }

  @Test
  void shouldLetNobodyElseOpenTheFileMeanwhile() throws Exception {
    try (var db = granted("1.2.1");
        var other = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("state.db"));
        var statement = other.createStatement()) {
      assertThat(db.epoch()).isEqualTo(1);
      assertThatThrownBy(() -> statement.executeQuery("SELECT * FROM volumes"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("locked");
    }
  }

  @Test
  void shouldRefuseAfterClose() {
    var db = granted("1.2.1");
    db.close();
    assertThatThrownBy(() -> db.transaction(sql -> sql.update("DELETE FROM hosts")))
        .hasMessageContaining("not active");
  }

  @Test
  void shouldRefuseToServeAMigrationItDoesNotKnow() {
    create();
    row("phase = 2");
    assertThat(take(ONE, "1.2.1", Claim.Migrations.UNKNOWN, false))
        .isInstanceOf(Taken.Forbidden.class);
  }

  @Test
  void shouldCancelAMigrationByTakingTheLease() {
    create();
    row("phase = 2, revision = 7");
    var taken = (Taken.Granted) take(ONE, "1.2.2", Claim.Migrations.CANCELS, false);
    try (var db = taken.db()) {
      assertThat(taken.canceledMigration()).isTrue();
      assertThat(number(db, "SELECT canceled FROM upgrade_row")).isEqualTo(1);
      assertThat(number(db, "SELECT revision FROM upgrade_row")).isEqualTo(8);
    }
    var again = (Taken.Granted) take(ONE, "1.2.2", Claim.Migrations.CANCELS, false);
    again.db().close();
    assertThat(again.canceledMigration()).as("once is enough").isFalse();
  }

  @Test
  void shouldLeaveAMigrationToTheReleaseThatRunsIt() {
    create();
    row("phase = 3");
    var taken = (Taken.Granted) take(ONE, "2.0.1", Claim.Migrations.RUNS, false);
    try (var db = taken.db()) {
      assertThat(taken.canceledMigration()).isFalse();
      assertThat(number(db, "SELECT canceled FROM upgrade_row")).isZero();
    }
  }

  @Test
  void shouldNeverServeFormat1AfterTheCommit() {
    create();
    row("phase = 4, committed = 1");
    assertThat(take(ONE, "1.2.2", Claim.Migrations.CANCELS, false))
        .isInstanceOf(Taken.Forbidden.class);
    assertThat(take(ONE, "1.2.1", Claim.Migrations.UNKNOWN, false))
        .isInstanceOf(Taken.Forbidden.class);
    row("phase = NULL");
    assertThat(take(ONE, "1.2.1", Claim.Migrations.UNKNOWN, false))
        .isInstanceOf(Taken.Forbidden.class);
  }

  @Test
  void shouldYieldToThePreferredControllerWhileBooting() {
    create();
    row("preferred_active = 1");
    assertThat(take(ZERO, "1.2.1", Claim.Migrations.UNKNOWN, true))
        .isEqualTo(new Taken.Yielded(ONE));
    var preferred = (Taken.Granted) take(ONE, "1.2.1", Claim.Migrations.UNKNOWN, true);
    preferred.db().close();
    var afterTheHeadStart = (Taken.Granted) take(ZERO, "1.2.1", Claim.Migrations.UNKNOWN, false);
    afterTheHeadStart.db().close();
  }

  @Test
  void shouldRefuseALaterSchema() throws Exception {
    granted("1.2.1").close();
    try (var other = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("state.db"));
        var statement = other.createStatement()) {
      statement.execute("PRAGMA user_version = 2");
    }
    assertThatThrownBy(() -> granted("1.2.1"))
        .isInstanceOf(StateDbException.class)
        .hasMessageContaining("later release");
  }

  @Test
  void shouldRefuseAFileThatIsNotOurs() throws Exception {
    try (var other = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("state.db"));
        var statement = other.createStatement()) {
      statement.execute("CREATE TABLE something (a)");
    }
    assertThatThrownBy(() -> granted("1.2.1")).hasMessageContaining("not ours");
  }
}

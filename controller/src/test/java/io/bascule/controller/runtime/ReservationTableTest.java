package io.bascule.controller.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.controller.TestDb;
import io.bascule.controller.state.StateDb;
import io.bascule.core.volume.StoreException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReservationTableTest {
  private static final UUID VOLUME = new UUID(1, 2);

  @TempDir private Path dir;

  private static void volume(StateDb db, String state) {
    db.transaction(sql ->
        sql.update(
            "INSERT INTO volumes VALUES (?, 'v', 0, 512, 's', ?, '')", VOLUME.toString(), state));
  }

  @Test
  void shouldFindAfterATakeoverWhatWasKept() {
    try (var db = TestDb.open(dir)) {
      volume(db, "READY");
      var table = new ReservationTable(db, "p");
      assertThat(table.load()).isEmpty();
      table.save(VOLUME, new byte[] {1});
      table.save(VOLUME, new byte[] {2, 3});
    }
    try (var db = TestDb.open(dir)) {
      Map<UUID, byte[]> found = new ReservationTable(db, "p").load();
      assertThat(found).containsOnlyKeys(VOLUME);
      assertThat(found.get(VOLUME)).containsExactly(2, 3);
    }
  }

  @Test
  void shouldKeepNothingForAVolumeThatGoes() {
    try (var db = TestDb.open(dir)) {
      var table = new ReservationTable(db, "p");
      assertThatThrownBy(() -> table.save(VOLUME, new byte[1]))
          .isInstanceOf(StoreException.Io.class);
      volume(db, "DELETING");
      assertThatThrownBy(() -> table.save(VOLUME, new byte[1]))
          .isInstanceOf(StoreException.Io.class);
      assertThat(table.load()).isEmpty();
    }
  }

  @Test
  void shouldKeepNothingOnceItIsNotActive() {
    var db = TestDb.open(dir);
    volume(db, "READY");
    var table = new ReservationTable(db, "p");
    db.close();
    assertThatThrownBy(() -> table.save(VOLUME, new byte[1])).isInstanceOf(StoreException.Io.class);
    try (var other = TestDb.open(dir)) {
      assertThat(new ReservationTable(other, "p").load()).isEmpty();
    }
  }

  @Test
  void shouldKeepWhatWasThereIfThereIsNoSpace() {
    try (var db = TestDb.open(dir)) {
      volume(db, "READY");
      var table = new ReservationTable(db, "p");
      table.save(VOLUME, new byte[] {1});
      long pages = db.transaction(sql -> sql.number("PRAGMA page_count"));
      db.transaction(sql -> sql.number("PRAGMA max_page_count = " + pages));
      assertThatThrownBy(() -> table.save(VOLUME, new byte[200_000]))
          .isInstanceOf(StoreException.Full.class);
      assertThat(table.load().get(VOLUME)).containsExactly(1);
      db.transaction(sql -> sql.number("PRAGMA max_page_count = 1000000"));
      table.save(VOLUME, new byte[] {2});
      assertThat(table.load().get(VOLUME)).containsExactly(2);
    }
  }

  /** It fails within its transaction, as on a disk that cannot be read. */
  @Test
  void shouldKeepWhatWasThereIfStateDbFails() {
    try (var db = TestDb.open(dir)) {
      volume(db, "READY");
      var table = new ReservationTable(db, "p");
      table.save(VOLUME, new byte[] {1});
      db.transaction(sql ->
          sql.update(
              "CREATE TRIGGER broken BEFORE UPDATE ON reservations"
                  + " BEGIN SELECT RAISE(ABORT, 'as the test wants it'); END"));
      assertThatThrownBy(() -> table.save(VOLUME, new byte[] {2}))
          .isInstanceOf(StoreException.Io.class);
      assertThat(table.load().get(VOLUME)).containsExactly(1);
    }
  }

  /** Of another epoch: the process ends, and nothing is written. */
  @Test
  void shouldKeepNothingOfAnOldEpoch() {
    try (var db = TestDb.open(dir)) {
      volume(db, "READY");
      var table = new ReservationTable(db, "p");
      table.save(VOLUME, new byte[] {1});
      db.transaction(sql -> sql.update("UPDATE appliance SET epoch = epoch + 1"));
      assertThatThrownBy(() -> table.save(VOLUME, new byte[] {2}))
          .isInstanceOf(AssertionError.class);
    }
    try (var db = TestDb.open(dir)) {
      assertThat(new ReservationTable(db, "p").load().get(VOLUME)).containsExactly(1);
    }
  }
}

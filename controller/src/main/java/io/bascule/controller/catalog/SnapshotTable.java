package io.bascule.controller.catalog;

import io.bascule.controller.state.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * The table of snapshots: of format 2 alone, so no release of format 1 meets it. Made with the
 * first snapshot; where there is no table there are no snapshots. States are those of volumes.
 */
final class SnapshotTable {
  private SnapshotTable() {}

  /**
   * One snapshot.
   *
   * @param volume that it was taken of
   */
  record SnapshotEntry(UUID uuid, UUID volume, String name, long sizeBytes, Instant createdAt) {}

  private static boolean exists(Sql sql) throws SQLException {
    return sql.number(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'snapshots'")
        > 0;
  }

  /** Those in that state, oldest first. */
  static List<SnapshotEntry> snapshots(Sql sql, String state) throws SQLException {
    return exists(sql)
        ? sql.list(
            "SELECT * FROM snapshots WHERE state = ? ORDER BY created_at, rowid",
            SnapshotTable::snapshot,
            state)
        : List.of();
  }

  /** In whatever state. */
  static List<SnapshotEntry> snapshots(Sql sql) throws SQLException {
    return exists(sql)
        ? sql.list("SELECT * FROM snapshots ORDER BY rowid", SnapshotTable::snapshot)
        : List.of();
  }

  private static SnapshotEntry snapshot(ResultSet row) throws SQLException {
    return new SnapshotEntry(
        UUID.fromString(row.getString("uuid")),
        UUID.fromString(row.getString("volume")),
        row.getString("name"),
        row.getLong("size_bytes"),
        Instant.parse(row.getString("created_at")));
  }

  static void insert(Sql sql, SnapshotEntry snapshot, String state) throws SQLException {
    sql.update(
        "CREATE TABLE IF NOT EXISTS snapshots (uuid TEXT PRIMARY KEY, volume TEXT NOT NULL,"
            + " name TEXT NOT NULL, size_bytes INTEGER NOT NULL, state TEXT NOT NULL,"
            + " created_at TEXT NOT NULL, UNIQUE (volume, name))");
    sql.update(
        "INSERT INTO snapshots (uuid, volume, name, size_bytes, state, created_at)"
            + " VALUES (?, ?, ?, ?, ?, ?)",
        snapshot.uuid().toString(),
        snapshot.volume().toString(),
        snapshot.name(),
        snapshot.sizeBytes(),
        state,
        snapshot.createdAt().toString());
  }

  static void setState(Sql sql, UUID uuid, String state) throws SQLException {
    sql.update("UPDATE snapshots SET state = ? WHERE uuid = ?", state, uuid.toString());
  }

  static void forget(Sql sql, UUID uuid) throws SQLException {
    sql.update("DELETE FROM snapshots WHERE uuid = ?", uuid.toString());
  }
}

package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.HostEntry;
import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.state.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The tables volumes, hosts and grants. */
final class CatalogTable {
  /** Codes as persisted. */
  static final String CREATING = "CREATING";

  static final String READY = "READY";
  static final String DELETING = "DELETING";

  private CatalogTable() {}

  static List<VolumeEntry> volumes(Sql sql, String state) throws SQLException {
    return sql.list(
        "SELECT * FROM volumes WHERE state = ? ORDER BY lun", CatalogTable::volume, state);
  }

  /** In whatever state. */
  static List<VolumeEntry> volumes(Sql sql) throws SQLException {
    return sql.list("SELECT * FROM volumes ORDER BY lun", CatalogTable::volume);
  }

  static Optional<VolumeEntry> volume(Sql sql, String name) throws SQLException {
    return sql.first("SELECT * FROM volumes WHERE name = ?", CatalogTable::volume, name);
  }

  private static VolumeEntry volume(ResultSet row) throws SQLException {
    return new VolumeEntry(
        UUID.fromString(row.getString("uuid")),
        row.getString("name"),
        row.getInt("lun"),
        row.getLong("size_bytes"),
        row.getString("serial"));
  }

  static void insert(Sql sql, VolumeEntry volume, String state) throws SQLException {
    sql.update(
        "INSERT INTO volumes (uuid, name, lun, size_bytes, serial, state, created_at)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?)",
        volume.uuid().toString(),
        volume.name(),
        volume.lun(),
        volume.sizeBytes(),
        volume.serial(),
        state,
        Instant.now().toString());
  }

  static void setState(Sql sql, UUID uuid, String state) throws SQLException {
    sql.update("UPDATE volumes SET state = ? WHERE uuid = ?", state, uuid.toString());
  }

  static void setSize(Sql sql, UUID uuid, long sizeBytes) throws SQLException {
    sql.update("UPDATE volumes SET size_bytes = ? WHERE uuid = ?", sizeBytes, uuid.toString());
  }

  /** Nobody may use the name any more, nor a later volume of that name by an old grant. */
  static void revoke(Sql sql, String volume) throws SQLException {
    sql.update("DELETE FROM grants WHERE volume = ?", volume);
  }

  /** Removes the volume's row and what hangs on it. */
  static void forget(Sql sql, VolumeEntry volume) throws SQLException {
    revoke(sql, volume.name());
    sql.update("DELETE FROM reservations WHERE volume = ?", volume.uuid().toString());
    sql.update("DELETE FROM volumes WHERE uuid = ?", volume.uuid().toString());
  }

  static List<HostEntry> hosts(Sql sql) throws SQLException {
    var hosts = sql.list("SELECT * FROM hosts ORDER BY name", CatalogTable::host);
    var grants =
        sql.list(
            "SELECT host, volume FROM grants ORDER BY volume",
            row -> List.of(row.getString(1), row.getString(2)));
    return hosts.stream()
        .map(host ->
            new HostEntry(
                host.name(),
                host.iqn(),
                host.chapUser(),
                host.chapSecret(),
                grants.stream()
                    .filter(grant -> grant.getFirst().equals(host.name()))
                    .map(List::getLast)
                    .toList()))
        .toList();
  }

  private static HostEntry host(ResultSet row) throws SQLException {
    return new HostEntry(
        row.getString("name"),
        row.getString("iqn"),
        row.getString("chap_user"),
        row.getString("chap_secret"),
        List.of());
  }

  /** Adds or replaces the host and its grants. */
  static void put(Sql sql, HostEntry host) throws SQLException {
    sql.update(
        "INSERT INTO hosts (name, iqn, chap_user, chap_secret, created_at) VALUES (?, ?, ?, ?, ?)"
            + " ON CONFLICT (name) DO UPDATE SET"
            + " chap_user = excluded.chap_user, chap_secret = excluded.chap_secret",
        host.name(),
        host.iqn(),
        host.chapUser(),
        host.chapSecret(),
        Instant.now().toString());
    sql.update("DELETE FROM grants WHERE host = ?", host.name());
    for (String volume : host.volumes()) {
      sql.update("INSERT INTO grants (host, volume) VALUES (?, ?)", host.name(), volume);
    }
  }

  static void removeHost(Sql sql, String name) throws SQLException {
    sql.update("DELETE FROM grants WHERE host = ?", name);
    sql.update("DELETE FROM hosts WHERE name = ?", name);
  }
}

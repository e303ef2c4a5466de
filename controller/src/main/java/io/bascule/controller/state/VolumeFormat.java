package io.bascule.controller.state;

import java.sql.SQLException;

/**
 * The format that counts, in a table of its own that no release of format 1 reads or writes: it
 * exists from the commit of the migration on, or from the beginning of an appliance that never had
 * format 1.
 */
public final class VolumeFormat {
  public static final int ONE = 1;
  public static final int TWO = 2;

  private VolumeFormat() {}

  /** The format the volumes are in. */
  public static int of(Sql sql) throws SQLException {
    boolean recorded =
        sql.number("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'storage'")
            > 0;
    return recorded ? (int) sql.number("SELECT format FROM storage") : ONE;
  }

  /** Records it, in the transaction that makes it so. */
  public static void record(Sql sql, int format) throws SQLException {
    sql.update(
        "CREATE TABLE IF NOT EXISTS storage (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER"
            + " NOT NULL)");
    sql.update("INSERT OR REPLACE INTO storage VALUES (1, ?)", format);
  }
}

package io.bascule.controller.state;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

/**
 * When controllers took over in the middle of a migration, in a table of its own that no release of
 * format 1 reads or writes. It tells a migration that brings controllers down from one that is
 * interrupted once.
 */
public final class Takeovers {
  private Takeovers() {}

  /**
   * Notes one in that phase of that upgrade.
   *
   * @return all of that phase in the order in which they were noted, this one last: the clock may
   *     have been set back between two
   */
  public static List<Instant> note(Sql sql, String upgrade, int phase, Instant at)
      throws SQLException {
    sql.update(
        "CREATE TABLE IF NOT EXISTS takeover (upgrade TEXT NOT NULL, phase INTEGER NOT NULL, at"
            + " INTEGER NOT NULL)");
    sql.update("DELETE FROM takeover WHERE upgrade <> ?", upgrade);
    sql.update("INSERT INTO takeover VALUES (?, ?, ?)", upgrade, phase, at.toEpochMilli());
    return sql.list(
        "SELECT at FROM takeover WHERE upgrade = ? AND phase = ? ORDER BY rowid",
        row -> Instant.ofEpochMilli(row.getLong(1)),
        upgrade,
        phase);
  }

  /** Forgets them all: the format 2 of their time is given up. */
  public static int forget(Sql sql) throws SQLException {
    boolean any =
        sql.number("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'takeover'")
            > 0;
    return any ? sql.update("DELETE FROM takeover") : 0;
  }
}

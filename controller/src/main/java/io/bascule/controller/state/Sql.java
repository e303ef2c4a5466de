package io.bascule.controller.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Statements of a transaction, with positional arguments: text, numbers, bytes, null. */
public final class Sql {
  private final Connection connection;

  Sql(Connection connection) {
    this.connection = connection;
  }

  /** Reads one row into a {@code T}. */
  public interface Row<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** All rows of a query. */
  public <T> List<T> list(String query, Row<T> row, @Nullable Object... arguments)
      throws SQLException {
    try (var statement = prepare(query, arguments);
        var rows = statement.executeQuery()) {
      var list = new ArrayList<T>();
      while (rows.next()) {
        list.add(row.read(rows));
      }
      return list;
    }
  }

  /** The first row of a query. */
  public <T> Optional<T> first(String query, Row<T> row, @Nullable Object... arguments)
      throws SQLException {
    try (var statement = prepare(query, arguments);
        var rows = statement.executeQuery()) {
      return rows.next() ? Optional.of(row.read(rows)) : Optional.empty();
    }
  }

  /** The number a query like {@code SELECT count(*)} answers; 0 for no row and for NULL. */
  public long number(String query, @Nullable Object... arguments) throws SQLException {
    return first(query, row -> row.getLong(1), arguments).orElse(0L);
  }

  /** Changes rows; returns how many. */
  public int update(String statementText, @Nullable Object... arguments) throws SQLException {
    try (var statement = prepare(statementText, arguments)) {
      return statement.executeUpdate();
    }
  }

  /** Adds one row; returns its rowid. */
  public long insert(String statementText, @Nullable Object... arguments) throws SQLException {
    update(statementText, arguments);
    return number("SELECT last_insert_rowid()");
  }

  private PreparedStatement prepare(String text, @Nullable Object... arguments)
      throws SQLException {
    var statement = connection.prepareStatement(text);
    try {
      for (int i = 0; i < arguments.length; i++) {
        statement.setObject(i + 1, arguments[i]);
      }
      return statement;
    } catch (SQLException e) {
      statement.close();
      throw e;
    }
  }

  /** A nullable column of text as an optional. */
  public static Optional<String> text(ResultSet row, String column) throws SQLException {
    return Optional.ofNullable(row.getString(column));
  }

  /** A nullable column of a number as an optional. */
  public static Optional<Long> number(ResultSet row, String column) throws SQLException {
    long value = row.getLong(column);
    return row.wasNull() ? Optional.empty() : Optional.of(value);
  }
}

package io.bascule.sim.world;

import io.bascule.controller.state.StateDb;
import io.bascule.sim.rt.Sim;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * state.db: the product's own {@code StateDb} over one SQLite database in memory, which outlives
 * the processes. That SQLite keeps a committed transaction through any crash is not simulated but
 * relied on; a process that dies inside of a transaction has it rolled back.
 */
final class StateStore implements AutoCloseable {
  /** The row that decides, after a transaction. */
  record Row(
      long revision,
      long epoch,
      boolean canceled,
      boolean committed,
      boolean invalid,
      String upgrade,
      String state,
      String step) {}

  private final Connection database;
  private final Consumer<String> onEnd;

  /**
   * @param onEnd told before and after each COMMIT
   */
  StateStore(Consumer<String> onEnd) throws SQLException {
    this.database = raw();
    this.onEnd = onEnd;
  }

  /** Past the rewriting: this one is the real thing. */
  private static Connection raw() throws SQLException {
    try {
      return (Connection)
          DriverManager.class
              .getMethod("getConnection", String.class)
              .invoke(null, "jdbc:sqlite::memory:");
    } catch (ReflectiveOperationException e) {
      throw new SQLException(e);
    }
  }

  /** A process opens it. */
  Connection open() {
    var handler = new Opened();
    Sim.current().process().atDeath(handler::over);
    return (Connection)
        Proxy.newProxyInstance(
            StateStore.class.getClassLoader(), new Class<?>[] {Connection.class}, handler);
  }

  /** As somebody sees it who became active in that epoch, and does not know of later ones. */
  StateDb ofEpoch(long epoch) {
    try {
      var made = StateDb.class.getDeclaredConstructors()[0];
      made.setAccessible(true);
      StateDb.Fatal fatal = (why, cause) -> Sim.current().say("fatal: " + why);
      return (StateDb) made.newInstance(open(), epoch, fatal, StateDb.Spare.NONE);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private void execute(String text) throws SQLException {
    try (var statement = database.createStatement()) {
      statement.execute(text);
    }
  }

  Row row() {
    try (var statement = database.createStatement();
        var found =
            statement.executeQuery(
                "SELECT revision, (SELECT epoch FROM appliance), canceled, committed, v2_invalid,"
                    + " coalesce(upgrade_id, ''), coalesce(state, ''), coalesce(step, '')"
                    + " FROM upgrade_row")) {
      if (!found.next()) {
        return new Row(0, 0, false, false, false, "", "", "");
      }
      return new Row(
          found.getLong(1),
          found.getLong(2),
          found.getInt(3) != 0,
          found.getInt(4) != 0,
          found.getInt(5) != 0,
          found.getString(6),
          found.getString(7),
          found.getString(8));
    } catch (SQLException e) {
      throw new IllegalStateException("the row of state.db cannot be read", e);
    }
  }

  /** One process' connection. */
  private final class Opened implements InvocationHandler {
    private final List<Statement> statements = new ArrayList<>();
    private boolean within;
    private boolean closed;

    private void over() {
      if (closed) {
        return;
      }
      closed = true;
      try {
        for (var statement : statements) {
          statement.close();
        }
        if (within) {
          StateStore.this.execute("ROLLBACK");
        }
      } catch (SQLException e) {
        throw new IllegalStateException("a dead process' transaction is not rolled back", e);
      }
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object[] arguments)
        throws Throwable {
      if (method.getName().equals("close")) {
        over();
        return null;
      }
      if (closed) {
        throw new SQLException("closed");
      }
      Object result = call(method, arguments);
      if (result instanceof Statement statement) {
        statements.removeIf(Opened::isClosed);
        statements.add(statement);
        return watched(statement);
      }
      return result;
    }

    private static boolean isClosed(Statement statement) {
      try {
        return statement.isClosed();
      } catch (SQLException e) {
        return true;
      }
    }

    private @Nullable Object call(Method method, @Nullable Object[] arguments) throws Throwable {
      try {
        return method.invoke(database, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }

    /** A plain statement, of which transactions are made; a prepared one is what it is. */
    private Object watched(Statement statement) {
      if (statement instanceof java.sql.PreparedStatement) {
        return statement;
      }
      return Proxy.newProxyInstance(
          StateStore.class.getClassLoader(),
          new Class<?>[] {Statement.class},
          (proxy, method, arguments) -> transact(statement, method, arguments));
    }

    private @Nullable Object transact(
        Statement statement, Method method, @Nullable Object[] arguments) throws Throwable {
      String text = arguments != null && arguments[0] instanceof String sql ? sql : "";
      if (text.equals("COMMIT")) {
        onEnd.accept("before COMMIT");
      }
      try {
        Object result = method.invoke(statement, arguments);
        if (text.startsWith("BEGIN")) {
          within = true;
        } else if (text.equals("COMMIT") || text.equals("ROLLBACK")) {
          within = false;
        }
        if (text.equals("COMMIT")) {
          onEnd.accept("after COMMIT");
        }
        return result;
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }

  @Override
  public void close() {
    try {
      database.close();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}

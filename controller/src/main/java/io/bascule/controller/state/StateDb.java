package io.bascule.controller.state;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Version;
import io.bascule.core.api.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The appliance's state.db, open. Exists only in the process that holds the lease.
 *
 * <p>Any thread may call; {@link #lock} lets one transaction run at a time.
 *
 * <p>Invariants: the epoch in the file is ours in every transaction, or the process ends; a
 * transaction is wholly there, synced, when {@link #transaction} returns, and wholly absent when
 * its work throws, or when the file system is full; if it cannot be known which (another failure of
 * COMMIT or ROLLBACK), the process ends and its successor reads the file.
 */
public final class StateDb implements AutoCloseable {
  /** The schema this release writes; it reads no later one. */
  static final int SCHEMA = 1;

  /** "BASC": tells state.db from any other SQLite file. */
  static final int APPLICATION_ID = 0x42415343;

  /**
   * A transaction takes milliseconds. On a disk that stands still it takes as long as that; hosts'
   * patience is 30 s, and this is beyond it: nothing is lost by ending the process then.
   */
  private static final long LOCK_WAIT_SECONDS = 60;

  /** SQLite's own code for a file system without space. */
  private static final int SQLITE_FULL = 13;

  private static final System.Logger LOG = System.getLogger(StateDb.class.getName());

  private final Connection connection;
  private final Sql sql;
  private final long epoch;
  private final Fatal fatal;
  private final Spare spare;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean closed;

  /** Ends the process: state.db cannot be relied on. Tests throw instead. */
  public interface Fatal {
    void fail(String why, @Nullable Throwable cause);
  }

  /** Space for the worst moment. */
  public interface Spare {
    /** There is none. */
    Spare NONE = () -> false;

    /** Makes room on the file system of state.db; whether there was any to be made. */
    boolean release();
  }

  /** The work of a transaction. It may be run again: nothing of the first time is left then. */
  public interface Work<T> {
    T run(Sql sql) throws SQLException;
  }

  private StateDb(Connection connection, long epoch, Fatal fatal, Spare spare) {
    this.connection = connection;
    this.sql = new Sql(connection);
    this.epoch = epoch;
    this.fatal = fatal;
    this.spare = spare;
  }

  /** As {@link #take(Path, Claim, Fatal, Spare)}, with nothing to spare. */
  public static Taken take(Path file, Claim claim, Fatal fatal) {
    return take(file, claim, fatal, Spare.NONE);
  }

  /**
   * Opens the file, creating it if there is none, and makes the claimant the active controller in
   * one transaction. The caller holds the lease, and gives it back unless this is {@link
   * Taken.Granted}. Without space nobody is made active: it is asked again later.
   *
   * @throws StateDbException if the file is damaged, or of a later schema
   */
  public static Taken take(Path file, Claim claim, Fatal fatal, Spare spare) {
    try {
      return takeOnce(file, claim, fatal, spare);
    } catch (StateDbException e) {
      if (!isFull(e.getCause())) {
        throw e;
      }
    }
    try {
      if (spare.release()) {
        LOG.log(System.Logger.Level.WARNING, "no space to take over {0}: ballast is given", file);
        return takeOnce(file, claim, fatal, spare);
      }
    } catch (StateDbException e) {
      if (!isFull(e.getCause())) {
        throw e;
      }
    }
    return new Taken.Forbidden(
        "the file system of " + file + " is full, so nobody can become active; free some space");
  }

  private static Taken takeOnce(Path file, Claim claim, Fatal fatal, Spare spare) {
    Connection connection = connect(file);
    boolean granted = false;
    try {
      begin(connection);
      var sql = new Sql(connection);
      prepare(sql, file, claim);
      Taken taken = judge(sql, connection, claim, fatal, spare);
      // A refusal keeps a schema that was just created, and nothing else was written.
      execute(connection, "COMMIT");
      granted = taken instanceof Taken.Granted;
      return taken;
    } catch (SQLException e) {
      throw new StateDbException("cannot take over " + file, e);
    } finally {
      if (!granted) {
        closeQuietly(connection);
      }
    }
  }

  /**
   * Reads from the file without becoming active and without changing it: even opening it would fold
   * its WAL into it, so a copy is read. The caller holds the lease, so that nobody writes.
   *
   * @param scratch an empty folder for the copy, which only its owner can read
   */
  public static <T> T read(Path file, Path scratch, Work<T> work) throws IOException {
    Path copy = scratch.resolve("state.db");
    Files.copy(file, copy);
    Path wal = file.resolveSibling(file.getFileName() + "-wal");
    if (Files.exists(wal)) {
      Files.copy(wal, scratch.resolve("state.db-wal"));
    }
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + copy)) {
      execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
      return work.run(new Sql(connection));
    } catch (SQLException e) {
      throw new StateDbException("cannot read " + file, e);
    }
  }

  /** Loads the driver and its native library, so that a takeover need not. */
  public static void warmUp() {
    try (var connection = DriverManager.getConnection("jdbc:sqlite::memory:")) {
      var sql = new Sql(connection);
      for (String statement : schema(1)) {
        execute(connection, statement);
      }
      begin(connection);
      sql.update("INSERT INTO reservations VALUES (?, ?)", "", new byte[1]);
      sql.list("SELECT * FROM reservations", row -> row.getBytes(2));
      execute(connection, "COMMIT");
    } catch (SQLException e) {
      throw new StateDbException("SQLite does not work here", e);
    }
  }

  /** The epoch of this controller's time as the active one. */
  public long epoch() {
    return epoch;
  }

  /**
   * Runs the work; durable when this returns, undone if the work throws. Not reentrant.
   *
   * @throws Refusal with NO_SPACE if there is no space even without the spare; nothing has happened
   */
  public <T> T transaction(Work<T> work) {
    Check.that(!lock.isHeldByCurrentThread(), "a transaction inside a transaction");
    enter();
    try {
      return withSpare(work);
    } catch (SQLException e) {
      if (isFull(e)) {
        throw new Refusal(
            ErrorCode.NO_SPACE,
            "The enclosure is full, so this could not be recorded; nothing was changed. Free some"
                + " space on its file system: delete a volume, trim in a host, or remove what does"
                + " not belong there. Then ask again.");
      }
      throw new StateDbException("state.db failed", e);
    } finally {
      lock.unlock();
    }
  }

  private <T> T withSpare(Work<T> work) throws SQLException {
    try {
      return attempt(work);
    } catch (SQLException e) {
      if (!isFull(e) || !spare.release()) {
        throw e;
      }
      LOG.log(System.Logger.Level.WARNING, "no space for state.db: the ballast is given", e);
      return attempt(work);
    }
  }

  private <T> T attempt(Work<T> work) throws SQLException {
    begin(connection);
    return commit(work);
  }

  private static boolean isFull(@Nullable Throwable e) {
    return e instanceof SQLException sql && sql.getErrorCode() == SQLITE_FULL;
  }

  private <T> T commit(Work<T> work) throws SQLException {
    boolean done = false;
    try {
      long found = sql.number("SELECT epoch FROM appliance");
      if (found != epoch) {
        fatal.fail("state.db is at epoch " + found + ", ours is " + epoch, null);
        throw new StateDbException("fenced: epoch " + found + " is not ours, " + epoch);
      }
      T result = work.run(sql);
      try {
        execute(connection, "COMMIT");
      } catch (SQLException e) {
        // Without space the frame that commits is not in the log: it is written last.
        if (!isFull(e)) {
          fatal.fail("a COMMIT of state.db failed: it is not known whether it happened", e);
        }
        throw e;
      }
      done = true;
      return result;
    } finally {
      if (!done) {
        rollback();
      }
    }
  }

  private void rollback() {
    try {
      execute(connection, "ROLLBACK");
    } catch (SQLException e) {
      if (!isOutside()) {
        fatal.fail("a ROLLBACK of state.db failed", e);
      }
    }
  }

  /** SQLite rolls back by itself when there is no space: a BEGIN works then, and only then. */
  private boolean isOutside() {
    try {
      begin(connection);
      execute(connection, "ROLLBACK");
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  private void enter() {
    try {
      if (!lock.tryLock(LOCK_WAIT_SECONDS, TimeUnit.SECONDS)) {
        fatal.fail("a transaction waited " + LOCK_WAIT_SECONDS + " s for another", null);
        throw new StateDbException("state.db is stuck");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StateDbException("interrupted before the transaction began", e);
    }
    if (closed) {
      lock.unlock();
      throw new Refusal(
          ErrorCode.NO_ACTIVE, "This controller is not active any more. Ask the other one.");
    }
  }

  /** Waits for the running transaction; later ones are refused with NO_ACTIVE. */
  @Override
  public void close() {
    enter();
    try {
      closed = true;
      connection.close();
    } catch (SQLException e) {
      throw new StateDbException("state.db does not close", e);
    } finally {
      lock.unlock();
    }
  }

  private static Taken judge(Sql sql, Connection connection, Claim claim, Fatal fatal, Spare spare)
      throws SQLException {
    var row =
        sql.first(
                "SELECT upgrade_id, phase, canceled, committed, allowed_releases, preferred_active"
                    + " FROM upgrade_row",
                r ->
                    new Row(
                        Sql.number(r, "phase").isPresent(),
                        r.getInt("canceled") != 0,
                        r.getInt("committed") != 0,
                        r.getString("allowed_releases"),
                        Sql.number(r, "preferred_active").map(n -> ControllerId.of(n.intValue()))))
            .orElseThrow(() -> new StateDbException("state.db lacks its upgrade row"));
    String release = claim.release().toString();
    if (!row.allows(claim.release())) {
      return new Taken.Forbidden(
          "release " + release + " may not serve: only " + row.allowed() + " may");
    }
    if (row.committed() && claim.migrations() != Claim.Migrations.RUNS) {
      return new Taken.Forbidden(
          "release " + release + " cannot read the volumes: they are migrated to format 2");
    }
    boolean migrating = row.phase() && !row.canceled() && !row.committed();
    if (row.phase() && claim.migrations() == Claim.Migrations.UNKNOWN) {
      return new Taken.Forbidden(
          "release " + release + " does not know the migration that is recorded");
    }
    if (claim.mayYield()
        && row.preferred().isPresent()
        && row.preferred().get() != claim.controller()) {
      return new Taken.Yielded(row.preferred().get());
    }
    boolean cancels = migrating && claim.migrations() == Claim.Migrations.CANCELS;
    if (cancels) {
      sql.update("UPDATE upgrade_row SET canceled = 1, revision = revision + 1");
    }
    sql.update("UPDATE appliance SET epoch = epoch + 1");
    long epoch = sql.number("SELECT epoch FROM appliance");
    return new Taken.Granted(new StateDb(connection, epoch, fatal, spare), cancels);
  }

  private record Row(
      boolean phase,
      boolean canceled,
      boolean committed,
      String allowed,
      java.util.Optional<ControllerId> preferred) {
    boolean allows(Version release) {
      return allowed.isBlank()
          || Arrays.stream(allowed.split(",", -1))
              .anyMatch(one -> one.strip().equals(release.toString()));
    }
  }

  private static Connection connect(Path file) {
    try {
      createPrivate(file);
      var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
      try {
        // Somebody may look into the file with a tool of his own just now.
        execute(connection, "PRAGMA busy_timeout = 2000");
        // Exclusive before WAL: then the WAL's index lives in memory and there is no shared file.
        execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
        execute(connection, "PRAGMA journal_mode = WAL");
        execute(connection, "PRAGMA synchronous = FULL");
        execute(connection, "PRAGMA foreign_keys = ON");
        execute(connection, "PRAGMA trusted_schema = OFF");
        return connection;
      } catch (SQLException e) {
        closeQuietly(connection);
        throw e;
      }
    } catch (SQLException | IOException e) {
      throw new StateDbException("cannot open " + file, e);
    }
  }

  /** It holds CHAP secrets. SQLite gives its WAL the permissions of the database. */
  private static void createPrivate(Path file) throws IOException {
    try {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (FileAlreadyExistsException usual) {
      return;
    }
  }

  private static void prepare(Sql sql, Path file, Claim claim) throws SQLException {
    Version release = claim.release();
    int found = (int) sql.number("PRAGMA user_version");
    if (found > SCHEMA) {
      throw new StateDbException(
          file + " has schema " + found + ", of a later release; this one reads " + SCHEMA);
    }
    if (found == SCHEMA) {
      long id = sql.number("PRAGMA application_id");
      if (id != APPLICATION_ID) {
        throw new StateDbException(file + " is no state.db of an appliance");
      }
      return;
    }
    if (sql.number("SELECT count(*) FROM sqlite_master") > 0) {
      throw new StateDbException(file + " holds tables but no schema version: not ours");
    }
    for (String statement : schema(1)) {
      sql.update(statement);
    }
    sql.update(
        "INSERT INTO appliance VALUES (1, ?, 0, ?, ?)",
        UUID.randomUUID().toString(),
        Instant.now().toString(),
        release.toString());
    sql.update(
        "INSERT INTO upgrade_row (id, revision, state, allowed_releases) VALUES (1, 0, 'IDLE', ?)",
        release.toString());
    if (claim.migrations() == Claim.Migrations.RUNS) {
      VolumeFormat.record(sql, VolumeFormat.TWO);
    }
    sql.update("PRAGMA application_id = " + APPLICATION_ID);
    sql.update("PRAGMA user_version = " + SCHEMA);
  }

  private static List<String> schema(int version) {
    String name = "schema-" + version + ".sql";
    try (var in = StateDb.class.getResourceAsStream(name)) {
      Check.that(in != null, "%s is not in this release", name);
      var text =
          new String(java.util.Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      var bare = text.replaceAll("(?m)^\\s*--.*$", "");
      return Arrays.stream(bare.split(";", -1))
          .map(String::strip)
          .filter(s -> !s.isEmpty())
          .toList();
    } catch (IOException e) {
      throw new StateDbException("cannot read " + name, e);
    }
  }

  private static void begin(Connection connection) throws SQLException {
    execute(connection, "BEGIN IMMEDIATE");
  }

  private static void execute(Connection connection, String text) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      System.getLogger(StateDb.class.getName())
          .log(System.Logger.Level.WARNING, "state.db does not close", e);
    }
  }
}

package io.bascule.controller.event;

import io.bascule.controller.service.EventService;
import io.bascule.controller.state.Sql;
import io.bascule.controller.state.StateDb;
import io.bascule.core.Refusal;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.EventView;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Events and alerts of the active controller.
 *
 * <p>Any thread may call. Invariants: an event is in state.db before anybody is told of it; ids
 * only grow; of each kind at most one alert is open.
 */
public final class Events implements EventService {
  private static final System.Logger LOG = System.getLogger(Events.class.getName());

  /** About 20 MB of database. */
  static final int EVENTS_MAX = 100_000;

  /** The excess is removed this many at a time, so that not every event pays for it. */
  static final int TRIM_EVERY = 500;

  /** Alerts that are over are kept up to this many. */
  static final int ALERTS_MAX = 1_000;

  private static final int MESSAGE_MAX = 2_000;

  private final StateDb db;
  private final int eventsMax;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private long newestId;

  public Events(StateDb db) {
    this(db, EVENTS_MAX);
  }

  Events(StateDb db, int eventsMax) {
    this.db = db;
    this.eventsMax = eventsMax;
    this.newestId = db.transaction(sql -> sql.number("SELECT max(id) FROM events"));
  }

  @Override
  public void record(String severity, String kind, String message) {
    long id =
        stored(
            kind,
            message,
            sql -> {
              long added = insert(sql, severity, kind, message);
              if (added % TRIM_EVERY == 0) {
                sql.update("DELETE FROM events WHERE id <= ?", added - eventsMax);
              }
              return added;
            });
    if (id > 0) {
      tell(id, severity, kind, message);
    }
  }

  /**
   * What happened has happened: without space to store it, it is in the log only, and whoever tells
   * of it goes on. 0 then.
   */
  private long stored(String kind, String message, StateDb.Work<Long> work) {
    try {
      return db.transaction(work);
    } catch (Refusal e) {
      if (e.code() != ErrorCode.NO_SPACE) {
        throw e;
      }
      LOG.log(System.Logger.Level.WARNING, "no space to store event {0}: {1}", kind, message);
      return 0;
    }
  }

  private static long insert(Sql sql, String severity, String kind, String message)
      throws SQLException {
    return sql.insert(
        "INSERT INTO events (at, severity, kind, message) VALUES (?, ?, ?, ?)",
        Instant.now().toString(),
        severity,
        kind,
        message.substring(0, Math.min(message.length(), MESSAGE_MAX)));
  }

  private void tell(long id, String severity, String kind, String message) {
    LOG.log(System.Logger.Level.INFO, "event {0} {1}: {2}", severity, kind, message);
    lock.lock();
    try {
      newestId = Math.max(newestId, id);
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<EventView> after(long afterId, int limit) {
    return db.transaction(sql ->
        sql.list(
            "SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?",
            Events::event,
            afterId,
            limit));
  }

  @Override
  public List<EventView> newest(int limit) {
    return db.transaction(sql ->
        sql.list(
            "SELECT * FROM (SELECT * FROM events ORDER BY id DESC LIMIT ?) ORDER BY id",
            Events::event,
            limit));
  }

  @Override
  public void await(long afterId, long timeoutMillis) throws InterruptedException {
    long left = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    lock.lockInterruptibly();
    try {
      while (newestId <= afterId && left > 0) {
        left = arrived.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void raise(String severity, String kind, String message, String whatToDo) {
    long id =
        stored(
            kind,
            message,
            sql -> {
              if (sql.number(
                      "SELECT count(*) FROM alerts WHERE kind = ? AND cleared_at IS NULL", kind)
                  > 0) {
                return 0L;
              }
              sql.update(
                  "INSERT INTO alerts (severity, kind, message, what_to_do, raised_at)"
                      + " VALUES (?, ?, ?, ?, ?)",
                  severity,
                  kind,
                  message,
                  whatToDo,
                  Instant.now().toString());
              sql.update(
                  "DELETE FROM alerts WHERE cleared_at IS NOT NULL"
                      + " AND id <= (SELECT max(id) FROM alerts) - ?",
                  ALERTS_MAX);
              return insert(sql, severity, kind, message);
            });
    if (id > 0) {
      tell(id, severity, kind, message);
    }
  }

  @Override
  public void clear(String kind) {
    String message = "over: " + kind;
    long id =
        stored(
            kind,
            message,
            sql -> {
              int cleared =
                  sql.update(
                      "UPDATE alerts SET cleared_at = ? WHERE kind = ? AND cleared_at IS NULL",
                      Instant.now().toString(),
                      kind);
              return cleared == 0 ? 0L : insert(sql, "INFO", kind, message);
            });
    if (id > 0) {
      tell(id, "INFO", kind, message);
    }
  }

  @Override
  public List<AlertView> alerts() {
    return db.transaction(sql ->
        sql.list(
            "SELECT * FROM alerts ORDER BY cleared_at IS NOT NULL, id DESC LIMIT ?",
            Events::alert,
            ALERTS_MAX));
  }

  @Override
  public void acknowledge(long alertId, String by) {
    boolean known =
        db.transaction(sql -> {
          sql.update(
              "UPDATE alerts SET acknowledged_at = ?, acknowledged_by = ?"
                  + " WHERE id = ? AND acknowledged_at IS NULL",
              Instant.now().toString(),
              by,
              alertId);
          return sql.number("SELECT count(*) FROM alerts WHERE id = ?", alertId) > 0;
        });
    if (!known) {
      throw new Refusal(ErrorCode.NOT_FOUND, "There is no alert " + alertId + ".");
    }
  }

  private static EventView event(ResultSet row) throws SQLException {
    return new EventView(
        row.getLong("id"),
        Instant.parse(row.getString("at")),
        row.getString("severity"),
        row.getString("kind"),
        row.getString("message"));
  }

  private static AlertView alert(ResultSet row) throws SQLException {
    return new AlertView(
        row.getLong("id"),
        row.getString("severity"),
        row.getString("kind"),
        row.getString("message"),
        row.getString("what_to_do"),
        Instant.parse(row.getString("raised_at")),
        instant(row, "cleared_at"),
        instant(row, "acknowledged_at"));
  }

  private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    return Sql.text(row, column).map(Instant::parse).orElse(null);
  }
}

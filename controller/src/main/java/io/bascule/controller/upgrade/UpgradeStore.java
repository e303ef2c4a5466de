package io.bascule.controller.upgrade;

import io.bascule.controller.state.Sql;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import io.bascule.core.api.HistoryView;
import io.bascule.core.upgrade.Plan;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeMachine.Note;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The upgrade's record in state.db. The row is changed by compare-and-set on its revision, in the
 * same transaction as the progress, the history and the recorded answer of a cancel.
 */
final class UpgradeStore {
  private static final String MOVED =
      "the upgrade row is not at revision %d any more; only the active controller changes it";

  private final StateDb db;

  UpgradeStore(StateDb db) {
    this.db = db;
  }

  /** An upgrade as stored. */
  record Stored(Upgrade upgrade, Measures measures) {}

  /** The row as the last upgrade left it. */
  record RowNow(long revision, Upgrade.Row row) {}

  /** The answer that was given to a cancel. */
  record Answered(String outcome, String detail) {}

  /** The present upgrade, or the last one. */
  Optional<Stored> current() {
    return db.transaction(sql -> {
      var id =
          sql.first("SELECT upgrade_id FROM upgrade_row", r -> Sql.text(r, "upgrade_id"))
              .flatMap(one -> one);
      if (id.isEmpty()) {
        return Optional.empty();
      }
      var stored = load(sql, id.get());
      if (stored.isEmpty()) {
        return stored;
      }
      var upgrade = withRow(sql, stored.get().upgrade());
      return Optional.of(new Stored(upgrade, stored.get().measures()));
    });
  }

  /**
   * The columns win over the document: a release that only knows the columns may have changed them.
   */
  private static Upgrade withRow(Sql sql, Upgrade upgrade) throws SQLException {
    RowNow now = row(sql);
    return new Upgrade(
        upgrade.plan(),
        upgrade.state(),
        now.revision(),
        upgrade.step(),
        upgrade.attempts(),
        upgrade.steps(),
        upgrade.pauseAt(),
        upgrade.pausedReason(),
        upgrade.cancel(),
        upgrade.queued(),
        upgrade.cause(),
        now.row(),
        upgrade.tuning(),
        upgrade.startedBy(),
        upgrade.startedAt(),
        upgrade.endedAt());
  }

  Optional<Stored> find(String id) {
    return db.transaction(sql -> load(sql, id));
  }

  private static Optional<Stored> load(Sql sql, String id) throws SQLException {
    return sql.first("SELECT plan, progress FROM upgrades WHERE id = ?", UpgradeStore::stored, id);
  }

  private static Stored stored(java.sql.ResultSet r) throws SQLException {
    Plan plan = RecordCodec.decodePlan(r.getString("plan"));
    String progress = r.getString("progress");
    return new Stored(RecordCodec.decode(plan, progress), RecordCodec.decodeMeasures(progress));
  }

  /** Newest first, at most {@code limit}. */
  List<Stored> history(int limit) {
    return db.transaction(sql ->
        sql.list(
            "SELECT plan, progress FROM upgrades ORDER BY seq DESC LIMIT ?",
            UpgradeStore::stored,
            limit));
  }

  RowNow row() {
    return db.transaction(UpgradeStore::row);
  }

  private static RowNow row(Sql sql) throws SQLException {
    return sql.first(
            "SELECT revision, canceled, committed, v2_invalid, allowed_releases,"
                + " preferred_active, rollback_counter FROM upgrade_row",
            r ->
                new RowNow(
                    r.getLong("revision"),
                    new Upgrade.Row(
                        r.getInt("canceled") != 0,
                        r.getInt("committed") != 0,
                        r.getInt("v2_invalid") != 0,
                        RecordCodec.releases(r.getString("allowed_releases")),
                        Sql.number(r, "preferred_active").map(n -> ControllerId.of(n.intValue())),
                        r.getLong("rollback_counter"))))
        .orElseThrow(() -> new Check.Missing("the upgrade row"));
  }

  /** How many upgrades there have been. */
  long count() {
    return db.transaction(sql -> sql.number("SELECT count(*) FROM upgrades"));
  }

  /** Stores a new upgrade over the ended one. */
  void begin(Upgrade upgrade, long overRevision, Measures measures, List<Note> notes) {
    db.transaction(sql -> {
      sql.update(
          "INSERT INTO upgrades (id, seq, plan, progress, started_at) VALUES (?, (SELECT"
              + " coalesce(max(seq), 0) + 1 FROM upgrades), ?, ?, ?)",
          upgrade.plan().id(),
          RecordCodec.encodePlan(upgrade.plan()),
          RecordCodec.encodeProgress(upgrade, measures, null),
          upgrade.startedAt().toString());
      compareAndSet(sql, overRevision, upgrade);
      note(sql, upgrade.plan().id(), notes, upgrade.startedAt());
      return true;
    });
  }

  /**
   * Stores the change.
   *
   * @param answered recorded with it, for the revision that the cancel named; empty for other
   *     changes
   */
  void save(
      Upgrade was,
      Upgrade next,
      Measures measures,
      List<Note> notes,
      Instant now,
      Optional<Answered> answered,
      long answeredRevision) {
    db.transaction(sql -> {
      String id = next.plan().id();
      String before =
          sql.first("SELECT progress FROM upgrades WHERE id = ?", r -> r.getString(1), id)
              .orElseThrow(() -> new Check.Missing("upgrade " + id));
      compareAndSet(sql, was.revision(), next);
      if (next.row().committed() && !was.row().committed()) {
        VolumeFormat.record(sql, VolumeFormat.TWO);
      }
      sql.update(
          "UPDATE upgrades SET progress = ?, ended_at = ? WHERE id = ?",
          RecordCodec.encodeProgress(next, measures, before),
          next.endedAt().map(Instant::toString).orElse(null),
          id);
      note(sql, id, notes, now);
      if (answered.isPresent()) {
        sql.update(
            "INSERT OR IGNORE INTO cancel_answers VALUES (?, ?, ?, ?)",
            id,
            answeredRevision,
            answered.get().outcome(),
            answered.get().detail());
      }
      return true;
    });
  }

  private static void compareAndSet(Sql sql, long expectedRevision, Upgrade next)
      throws SQLException {
    var row = next.row();
    Optional<Integer> phase = next.step().flatMap(StepName::phase);
    int changed =
        sql.update(
            "UPDATE upgrade_row SET upgrade_id = ?, revision = ?, state = ?, step = ?, phase = ?,"
                + " cancel = ?, canceled = ?, committed = ?, v2_invalid = ?, allowed_releases = ?,"
                + " preferred_active = ?, rollback_counter = ? WHERE revision = ?",
            next.plan().id(),
            next.revision(),
            next.state().name(),
            next.step().map(Enum::name).orElse(null),
            phase.orElse(null),
            next.queued().isPresent() ? "QUEUED" : next.cancel().isPresent() ? "STARTED" : null,
            row.canceled() ? 1 : 0,
            row.committed() ? 1 : 0,
            row.v2Invalid() ? 1 : 0,
            RecordCodec.releases(row.allowedReleases()),
            row.preferredActive().map(ControllerId::number).orElse(null),
            row.rollbackCounter(),
            expectedRevision);
    Check.that(changed == 1, MOVED, expectedRevision);
  }

  /** Before anything is done about the upgrade: the record is still the one that was stored. */
  void check(Upgrade upgrade) {
    long found = db.transaction(sql -> sql.number("SELECT revision FROM upgrade_row"));
    Check.that(found == upgrade.revision(), MOVED, upgrade.revision());
  }

  private static void note(Sql sql, String id, List<Note> notes, Instant now) throws SQLException {
    for (var note : notes) {
      sql.update(
          "INSERT INTO upgrade_events (upgrade_id, at, what, detail) VALUES (?, ?, ?, ?)",
          id,
          now.toString(),
          note.what(),
          note.detail());
    }
  }

  /** Adds lines to the history without a change of the record. */
  void addNotes(String id, List<Note> notes, Instant now) {
    db.transaction(sql -> {
      note(sql, id, notes, now);
      return true;
    });
  }

  Optional<Answered> answer(String upgradeId, long revision) {
    return db.transaction(sql ->
        sql.first(
            "SELECT outcome, detail FROM cancel_answers WHERE upgrade_id = ? AND revision = ?",
            r -> new Answered(r.getString(1), r.getString(2)),
            upgradeId,
            revision));
  }

  List<HistoryView.Entry> notes(String id) {
    return db.transaction(sql ->
        new ArrayList<>(
            sql.list(
                "SELECT at, what, detail FROM upgrade_events WHERE upgrade_id = ? ORDER BY id"
                    + " LIMIT 2000",
                r ->
                    new HistoryView.Entry(
                        Instant.parse(r.getString(1)), r.getString(2), r.getString(3)),
                id)));
  }

  /** The releases that may take the lease. */
  Set<Version> allowedReleases() {
    return row().row().allowedReleases();
  }
}

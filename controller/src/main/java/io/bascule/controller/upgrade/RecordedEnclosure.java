package io.bascule.controller.upgrade;

import io.bascule.controller.service.EventService;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Takeovers;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.core.Check;
import io.bascule.core.storage.Enclosure;
import io.bascule.core.upgrade.Upgrade;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a release's storage learns from the state database and has recorded in it; where its files
 * lie and how hosts are is said by whoever extends this. Safe for many threads.
 *
 * <p>Invariant: a loss of format 2 is recorded once, by the owner of the upgrade as soon as there
 * is one, and before that directly.
 */
public abstract class RecordedEnclosure implements Enclosure {
  private static final System.Logger LOG = System.getLogger(RecordedEnclosure.class.getName());

  private final StateDb db;
  private final EventService events;
  private final Clock clock = Clock.systemUTC();

  /** Null until the upgrade has an owner. Set under this object's lock. */
  private volatile @Nullable Upgrades upgrades;

  protected RecordedEnclosure(StateDb db, EventService events) {
    this.db = db;
    this.events = events;
  }

  /** Makes the owner of the record, which from then on is told what is to be recorded. */
  public final synchronized Upgrades own(Supplier<Upgrades> maker) {
    var made = maker.get();
    upgrades = made;
    return made;
  }

  /** The owner of the upgrade; there is one once the release's storage works for it. */
  protected final Upgrades owner() {
    return Check.found(upgrades, "the owner of the upgrade");
  }

  @Override
  public final int format() {
    return db.transaction(VolumeFormat::of);
  }

  @Override
  public final long epoch() {
    return db.epoch();
  }

  @Override
  public final Optional<Upgrade> record() {
    return Upgrades.recorded(db);
  }

  @Override
  public final List<Instant> noteTakeover(String upgradeId, int phase) {
    return db.transaction(sql -> Takeovers.note(sql, upgradeId, phase, clock.instant()));
  }

  @Override
  public final Optional<Long> baselineLatencyP99Micros() {
    var owner = upgrades;
    return owner == null ? Optional.empty() : owner.baselineP99Micros();
  }

  @Override
  public void recordLoss(Upgrade.Cause cause) {
    if (upgrades != null || !recordedBeforeAnybodyOwns(cause)) {
      owner().recordLoss(cause);
    }
    db.transaction(Takeovers::forget);
  }

  private synchronized boolean recordedBeforeAnybodyOwns(Upgrade.Cause cause) {
    if (upgrades != null) {
      return false;
    }
    Upgrades.recordLossBefore(db, cause, clock);
    return true;
  }

  @Override
  public final Decision recordCommit() {
    try {
      return owner().recordCommit() ? Decision.COMMITTED : Decision.REFUSED;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "it is not known whether the commit is recorded", e);
      return Decision.UNKNOWN;
    }
  }

  @Override
  public void alert(String severity, String kind, String message, String whatToDo) {
    events.raise(severity, kind, message, whatToDo);
  }

  @Override
  public final void clearAlert(String kind) {
    events.clear(kind);
  }

  @Override
  public final void event(String severity, String kind, String message) {
    events.record(severity, kind, message);
  }
}

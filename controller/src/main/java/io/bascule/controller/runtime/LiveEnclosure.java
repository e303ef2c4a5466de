package io.bascule.controller.runtime;

import io.bascule.controller.catalog.Volumes;
import io.bascule.controller.service.EventService;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Takeovers;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.controller.upgrade.Leftovers;
import io.bascule.controller.upgrade.Upgrades;
import io.bascule.core.Check;
import io.bascule.core.storage.Enclosure;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.volume.Directory;
import io.bascule.platform.FreeSpace;
import io.bascule.platform.LocalDirectory;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The enclosure of the active controller, for the storage of its release. */
final class LiveEnclosure implements Enclosure {
  private static final System.Logger LOG = System.getLogger(LiveEnclosure.class.getName());

  private final NodeSettings settings;
  private final StateDb db;
  private final EventService events;
  private final TargetSide target;
  private final FreeSpace space;
  private final Clock clock = Clock.systemUTC();

  /** Null while there is none, or it has not been asked for. */
  private @Nullable LocalDirectory formatTwo;

  /** Null until the upgrade has an owner. */
  private volatile @Nullable Upgrades upgrades;

  LiveEnclosure(
      NodeSettings settings, StateDb db, EventService events, TargetSide target, FreeSpace space) {
    this.space = space;
    this.settings = settings;
    this.db = db;
    this.events = events;
    this.target = target;
  }

  /** Makes the owner of the record, which from then on is told what is to be recorded. */
  synchronized Upgrades own(Supplier<Upgrades> maker) {
    var made = maker.get();
    upgrades = made;
    return made;
  }

  @Override
  public Directory formatOne() {
    return LocalDirectory.open(settings.layout().volumesV1(), space);
  }

  @Override
  public synchronized Directory formatTwo() {
    var made = formatTwo;
    if (made == null) {
      made = LocalDirectory.open(settings.layout().volumesV2(), space);
      formatTwo = made;
    }
    return made;
  }

  @Override
  public boolean hasFormatTwo() {
    return Files.exists(settings.layout().volumesV2());
  }

  @Override
  public synchronized void dropFormatTwo() {
    formatTwo = null;
    Path path = settings.layout().volumesV2();
    if (Files.exists(path)) {
      Leftovers.drop(path);
    }
    Leftovers.sweep(path);
  }

  @Override
  public int format() {
    return db.transaction(VolumeFormat::of);
  }

  @Override
  public long epoch() {
    return db.epoch();
  }

  @Override
  public String bootId() {
    try {
      return ProcessIdentity.currentBootId();
    } catch (IOException e) {
      throw new UncheckedIOException("the kernel does not tell its boot id", e);
    }
  }

  @Override
  public Optional<Upgrade> record() {
    return Upgrades.recorded(db);
  }

  @Override
  public List<Instant> noteTakeover(String upgradeId, int phase) {
    return db.transaction(sql -> Takeovers.note(sql, upgradeId, phase, clock.instant()));
  }

  @Override
  public Map<UUID, Long> volumes() {
    return Volumes.recorded(db);
  }

  @Override
  public Optional<Long> hostLatencyP99Micros() {
    return Optional.of(target.presentLatencyP99Micros()).filter(micros -> micros > 0);
  }

  @Override
  public Optional<Long> baselineLatencyP99Micros() {
    var owner = upgrades;
    return owner == null ? Optional.empty() : owner.baselineP99Micros();
  }

  @Override
  public void recordLoss(Upgrade.Cause cause) {
    var owner = upgrades;
    if (owner != null || !recordedBeforeAnybodyOwns(cause)) {
      Check.found(upgrades, "the owner of the upgrade").recordLoss(cause);
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
  public Decision recordCommit() {
    try {
      return Check.found(upgrades, "the owner of the upgrade").recordCommit()
          ? Decision.COMMITTED
          : Decision.REFUSED;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "it is not known whether the commit is recorded", e);
      return Decision.UNKNOWN;
    }
  }

  @Override
  public void pause(String reason) {
    Thread.ofVirtual()
        .name("pause")
        .start(() -> {
          try {
            Check.found(upgrades, "the owner of the upgrade").pause(reason);
          } catch (RuntimeException e) {
            // The migration rests all the same, and the alert says why.
            LOG.log(Level.WARNING, "the upgrade is not paused", e);
          }
        });
  }

  @Override
  public void stop(String why) {
    var thread = Thread.currentThread();
    Thread.getDefaultUncaughtExceptionHandler()
        .uncaughtException(thread, new IllegalStateException(why));
  }

  @Override
  public void alert(String severity, String kind, String message, String whatToDo) {
    events.raise(severity, kind, message, whatToDo);
  }

  @Override
  public void clearAlert(String kind) {
    events.clear(kind);
  }

  @Override
  public void event(String severity, String kind, String message) {
    events.record(severity, kind, message);
  }
}

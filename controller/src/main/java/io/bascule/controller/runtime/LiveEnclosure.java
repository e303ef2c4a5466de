package io.bascule.controller.runtime;

import io.bascule.controller.catalog.Volumes;
import io.bascule.controller.service.EventService;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.controller.upgrade.Leftovers;
import io.bascule.controller.upgrade.Upgrades;
import io.bascule.core.storage.Enclosure;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.volume.Directory;
import io.bascule.platform.FreeSpace;
import io.bascule.platform.LocalDirectory;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The enclosure of the active controller, for the storage of its release. */
final class LiveEnclosure implements Enclosure {
  /** Between the opening of the storage and the start of the upgrade thread lie milliseconds. */
  private static final long UPGRADES_SECONDS = 30;

  private final NodeSettings settings;
  private final StateDb db;
  private final EventService events;
  private final TargetSide target;
  private final FreeSpace space;
  private final CompletableFuture<Upgrades> upgrades = new CompletableFuture<>();

  LiveEnclosure(
      NodeSettings settings, StateDb db, EventService events, TargetSide target, FreeSpace space) {
    this.space = space;
    this.settings = settings;
    this.db = db;
    this.events = events;
    this.target = target;
  }

  /** Whom to tell of a loss; known only after the storage was opened. */
  void tell(Upgrades whom) {
    upgrades.complete(whom);
  }

  @Override
  public Directory formatOne() {
    return LocalDirectory.open(settings.layout().volumesV1(), space);
  }

  @Override
  public Directory formatTwo() {
    Path path = settings.layout().volumesV2();
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new io.bascule.core.volume.StoreException.Io("cannot make " + path, e);
    }
    return LocalDirectory.open(path);
  }

  @Override
  public boolean hasFormatTwo() {
    return Files.exists(settings.layout().volumesV2());
  }

  @Override
  public void dropFormatTwo() {
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
  public Map<UUID, Long> volumes() {
    return Volumes.recorded(db);
  }

  @Override
  public Optional<Long> hostLatencyP99Micros() {
    return Optional.of(target.stats().latencyP99Micros()).filter(micros -> micros > 0);
  }

  @Override
  public void recordLoss(Upgrade.Cause cause) {
    try {
      upgrades.get(UPGRADES_SECONDS, TimeUnit.SECONDS).recordLoss(cause);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("nobody records that " + cause.detail(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted before it was recorded: " + cause.detail(), e);
    }
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

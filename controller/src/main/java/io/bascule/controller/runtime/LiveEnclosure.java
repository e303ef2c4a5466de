package io.bascule.controller.runtime;

import io.bascule.controller.catalog.Volumes;
import io.bascule.controller.service.EventService;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.upgrade.FormatTwoRemoval;
import io.bascule.controller.upgrade.RecordedEnclosure;
import io.bascule.core.volume.Directory;
import io.bascule.platform.FreeSpace;
import io.bascule.platform.LocalDirectory;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The enclosure of the active controller, for the storage of its release. */
final class LiveEnclosure extends RecordedEnclosure {
  private static final System.Logger LOG = System.getLogger(LiveEnclosure.class.getName());

  private final NodeSettings settings;
  private final StateDb db;
  private final TargetSide target;
  private final FreeSpace space;
  private final FormatTwoRemoval removal;

  /** Null while there is none, or it has not been asked for. */
  private @Nullable LocalDirectory formatTwo;

  LiveEnclosure(
      NodeSettings settings,
      StateDb db,
      EventService events,
      TargetSide target,
      FreeSpace space,
      FormatTwoRemoval removal) {
    super(db, events);
    this.space = space;
    this.removal = removal;
    this.settings = settings;
    this.db = db;
    this.target = target;
  }

  @Override
  public Directory formatOne() {
    return LocalDirectory.open(settings.layout().volumesV1(), space);
  }

  @Override
  public synchronized Directory formatTwo() {
    var made = formatTwo;
    if (made == null) {
      made = LocalDirectory.openLog(settings.layout().volumesV2(), space);
      formatTwo = made;
    }
    return made;
  }

  @Override
  public boolean hasFormatTwo() {
    return removal.isPresent();
  }

  @Override
  public synchronized void dropFormatTwo() {
    formatTwo = null;
    removal.drop();
    removal.sweep();
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
  public Map<UUID, Long> volumes() {
    return Volumes.recorded(db);
  }

  @Override
  public Optional<Long> hostLatencyP99Micros() {
    return Optional.of(target.presentLatencyP99Micros()).filter(micros -> micros > 0);
  }

  @Override
  public void pause(String reason) {
    Thread.ofVirtual()
        .name("pause")
        .start(() -> {
          try {
            owner().pause(reason);
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
}

package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.catalog.SnapshotTable.SnapshotEntry;
import io.bascule.controller.service.EventService;
import io.bascule.controller.service.SnapshotService;
import io.bascule.controller.state.StateDb;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.VolumeView;
import io.bascule.core.storage.Snapshots;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.VolumeStore;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The snapshots of the active controller's volumes. Any thread may call; what changes something is
 * done under the lock of {@link Volumes}.
 *
 * <p>Order of a change, so that a crash anywhere is made good by the next {@link Volumes#open}:
 * <b>create</b> row CREATING, data, row READY; <b>delete</b> row DELETING, data, row gone;
 * <b>clone</b> as a new volume. A <b>rollback</b> is one step of the store, and leaves the snapshot
 * as it is.
 */
public final class VolumeSnapshots implements SnapshotService {
  private static final System.Logger LOG = System.getLogger(VolumeSnapshots.class.getName());

  /** Of one volume: a daily one for most of a year. The pool looks through a volume's family. */
  static final int SNAPSHOTS_MAX = 256;

  private final StateDb db;
  private final Volumes volumes;
  private final VolumeStore store;
  private final Supplier<Optional<Snapshots>> storage;
  private final EventService events;

  /**
   * @param storage asked for each request: a commit brings snapshots without a restart
   */
  public VolumeSnapshots(
      StateDb db,
      Volumes volumes,
      VolumeStore store,
      Supplier<Optional<Snapshots>> storage,
      EventService events) {
    this.db = db;
    this.volumes = volumes;
    this.store = store;
    this.storage = storage;
    this.events = events;
  }

  private Snapshots needed() {
    return storage
        .get()
        .orElseThrow(() ->
            new Refusal(
                ErrorCode.NEEDS_FORMAT_2,
                "Snapshots need volumes of format 2, and these are in format 1. Upgrade to 2.0.1,"
                    + " which migrates them, and let it commit."));
  }

  @Override
  public List<SnapshotView> list() {
    var pool = needed();
    var all = ready();
    var allocated = pool.allocatedBytes();
    return volumes.entries().stream()
        .flatMap(volume -> of(volume, all).map(entry -> view(volume, entry, allocated)))
        .toList();
  }

  @Override
  public List<SnapshotView> list(String volume) {
    var pool = needed();
    var entry = volumes.entry(volume);
    var allocated = pool.allocatedBytes();
    return of(entry, ready()).map(one -> view(entry, one, allocated)).toList();
  }

  @Override
  public SnapshotView get(String volume, String name) {
    var pool = needed();
    var entry = volumes.entry(volume);
    return view(entry, find(entry, name), pool.allocatedBytes());
  }

  private List<SnapshotEntry> ready() {
    return db.transaction(sql -> SnapshotTable.snapshots(sql, CatalogTable.READY));
  }

  private static java.util.stream.Stream<SnapshotEntry> of(
      VolumeEntry volume, List<SnapshotEntry> all) {
    return all.stream().filter(one -> one.volume().equals(volume.uuid()));
  }

  private SnapshotEntry find(VolumeEntry volume, String name) {
    return of(volume, ready())
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new Refusal(
                ErrorCode.NOT_FOUND,
                "Volume " + volume.name() + " has no snapshot '" + name + "'."));
  }

  private static SnapshotView view(
      VolumeEntry volume, SnapshotEntry entry, Map<UUID, Long> allocated) {
    return new SnapshotView(
        volume.name(),
        entry.name(),
        entry.sizeBytes(),
        allocated.getOrDefault(entry.uuid(), 0L),
        entry.createdAt());
  }

  @Override
  public SnapshotView create(String volume, String name, String by) {
    volumes.refuseWhileUpgrading("taking a snapshot");
    var pool = needed();
    VolumeRules.checkName(name, "snapshot");
    return volumes.changing(() -> {
      var of = sound(volume);
      var entry = reserve(of, name);
      try {
        pool.take(of.uuid(), entry.uuid());
      } catch (StoreException e) {
        giveUp(entry, e);
        throw VolumeRules.refusal(
            e, "Snapshot " + name + " of volume " + volume + " was not taken");
      }
      db.transaction(sql -> {
        SnapshotTable.setState(sql, entry.uuid(), CatalogTable.READY);
        return entry;
      });
      events.record(
          "INFO",
          "snapshot.created",
          "Snapshot " + name + " of volume " + volume + " was taken by " + by);
      return view(of, entry, pool.allocatedBytes());
    });
  }

  private SnapshotEntry reserve(VolumeEntry of, String name) {
    return db.transaction(sql -> {
      var taken = of(of, SnapshotTable.snapshots(sql)).map(SnapshotEntry::name).toList();
      if (taken.contains(name)) {
        throw new Refusal(
            ErrorCode.ALREADY_EXISTS,
            "Volume " + of.name() + " has a snapshot '" + name + "' already.");
      }
      if (taken.size() >= SNAPSHOTS_MAX) {
        throw new Refusal(
            ErrorCode.CONFLICTING_OPERATION,
            "Volume "
                + of.name()
                + " has "
                + SNAPSHOTS_MAX
                + " snapshots already: delete one first.");
      }
      var entry =
          new SnapshotEntry(UUID.randomUUID(), of.uuid(), name, of.sizeBytes(), Instant.now());
      SnapshotTable.insert(sql, entry, CatalogTable.CREATING);
      return entry;
    });
  }

  private void giveUp(SnapshotEntry entry, StoreException cause) {
    try {
      remove(entry);
    } catch (StoreException e) {
      // The row stays CREATING: the next promotion cleans up.
      cause.addSuppressed(e);
    }
  }

  private void remove(SnapshotEntry entry) {
    store.delete(entry.uuid());
    db.transaction(sql -> {
      SnapshotTable.forget(sql, entry.uuid());
      return entry;
    });
  }

  /** A volume that may be written: a suspect pool takes no change. */
  private VolumeEntry sound(String volume) {
    var entry = volumes.entry(volume);
    if (!store.isSound(entry.uuid())) {
      throw new Refusal(
          ErrorCode.CONFLICTING_OPERATION,
          "Volume "
              + volume
              + " is not in order, so nothing is changed: `bascule volume check "
              + volume
              + "` says what is wrong.");
    }
    return entry;
  }

  @Override
  public VolumeView clone(String volume, String name, String newVolume, String by) {
    volumes.refuseWhileUpgrading("cloning a snapshot");
    var pool = needed();
    return volumes.changing(() -> {
      var snapshot = find(sound(volume), name);
      return volumes.make(
          newVolume,
          snapshot.sizeBytes(),
          uuid -> pool.clone(snapshot.uuid(), uuid),
          "a clone of snapshot " + name + " of volume " + volume + ", by " + by);
    });
  }

  @Override
  public VolumeView rollback(String volume, String name, String by) {
    volumes.refuseWhileUpgrading("rolling a volume back");
    var pool = needed();
    return volumes.changing(() -> {
      var entry = sound(volume);
      var snapshot = find(entry, name);
      volumes.exchange(entry, () -> pool.rollback(entry.uuid(), snapshot.uuid()));
      events.record(
          "WARNING",
          "snapshot.rolled-back",
          "Volume " + volume + " was rolled back to its snapshot " + name + " by " + by);
      return volumes.get(volume);
    });
  }

  @Override
  public void delete(String volume, String name, String by) {
    volumes.refuseWhileUpgrading("deleting a snapshot");
    var unused = needed();
    volumes.changing(() -> {
      var entry = find(sound(volume), name);
      db.transaction(sql -> {
        SnapshotTable.setState(sql, entry.uuid(), CatalogTable.DELETING);
        return entry;
      });
      try {
        remove(entry);
      } catch (StoreException e) {
        // It is gone for everybody; the next promotion removes what is left.
        LOG.log(System.Logger.Level.ERROR, "the data of snapshot " + name + " stays for now", e);
      }
      events.record(
          "INFO",
          "snapshot.deleted",
          "Snapshot " + name + " of volume " + volume + " was deleted by " + by);
      return entry;
    });
  }
}

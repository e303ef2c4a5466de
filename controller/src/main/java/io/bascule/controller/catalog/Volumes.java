package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.service.EventService;
import io.bascule.controller.service.VolumeService;
import io.bascule.controller.state.Sql;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.core.Check;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeCheckView.Checked;
import io.bascule.core.api.VolumeView;
import io.bascule.core.volume.Damage;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeStore;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The volumes of the active controller, open while it is.
 *
 * <p>Any thread may call; {@link #lock} lets one change at a time happen. Reading {@link #list} and
 * {@link #opened} needs no lock.
 *
 * <p>Order of a change, so that a crash anywhere is made good by the next {@link #open}:
 * <b>create</b> row CREATING, data, row READY; <b>delete</b> row DELETING, hosts lose it, data, row
 * gone; <b>grow</b> data, row. Data without a row is never removed: nobody made it by these orders,
 * so a person must look.
 */
public final class Volumes implements VolumeService {
  private static final System.Logger LOG = System.getLogger(Volumes.class.getName());

  /** LUNs are 0 to 255. */
  static final int VOLUMES_MAX = 256;

  /** A sentence names so many of a volume's snapshots. */
  private static final int SNAPSHOTS_TOLD = 5;

  private final StateDb db;
  private final VolumeStore store;
  private final EventService events;
  private final Surroundings surroundings;
  private final ReentrantLock lock = new ReentrantLock();
  private final ConcurrentMap<UUID, Volume> opened = new ConcurrentHashMap<>();
  private volatile List<VolumeEntry> entries = List.of();

  /** What volumes need of the rest of the controller. */
  public interface Surroundings {
    /** Throws UPGRADE_RUNNING, naming the operation, while an upgrade runs. */
    void refuseWhileUpgrading(String operation);

    /** Shows hosts the volumes as they are now; when it returns, no host uses one that is gone. */
    void changed();

    /** The initiators that are logged in and may see the volume. */
    List<String> usersOf(String volume);

    String target();

    List<String> portals();
  }

  public Volumes(StateDb db, VolumeStore store, EventService events, Surroundings surroundings) {
    this.db = db;
    this.store = store;
    this.events = events;
    this.surroundings = surroundings;
  }

  /** The volumes hosts may see, with their sizes in bytes, before they are opened. */
  public static Map<UUID, Long> recorded(StateDb db) {
    return db.transaction(sql ->
        CatalogTable.volumes(sql, CatalogTable.READY).stream()
            .collect(Collectors.toUnmodifiableMap(VolumeEntry::uuid, VolumeEntry::sizeBytes)));
  }

  /** Finishes what a crash has interrupted, and opens every volume. A damaged one stays closed. */
  public void open() {
    lock.lock();
    try {
      finishInterrupted();
      reload();
      for (var entry : entries) {
        openOne(entry);
      }
      reportStrays();
    } finally {
      lock.unlock();
    }
  }

  private void finishInterrupted() {
    var half =
        db.transaction(sql -> {
          var all = new java.util.ArrayList<>(CatalogTable.volumes(sql, CatalogTable.CREATING));
          all.addAll(CatalogTable.volumes(sql, CatalogTable.DELETING));
          return all;
        });
    for (var entry : half) {
      finishOne("Volume " + entry.name(), entry.uuid(), sql -> CatalogTable.forget(sql, entry));
    }
    var snapshots =
        db.transaction(sql -> {
          var all = new java.util.ArrayList<>(SnapshotTable.snapshots(sql, CatalogTable.CREATING));
          all.addAll(SnapshotTable.snapshots(sql, CatalogTable.DELETING));
          return all;
        });
    for (var entry : snapshots) {
      finishOne(
          "Snapshot " + entry.name(), entry.uuid(), sql -> SnapshotTable.forget(sql, entry.uuid()));
    }
  }

  /** Removes a row. */
  private interface Forget {
    void run(Sql sql) throws SQLException;
  }

  /** What cannot be removed now keeps its row, and nobody from serving the rest. */
  private void finishOne(String what, UUID uuid, Forget forget) {
    try {
      store.delete(uuid);
    } catch (StoreException e) {
      LOG.log(System.Logger.Level.ERROR, what + " is to be removed and stays for now", e);
      return;
    }
    db.transaction(sql -> {
      forget.run(sql);
      return uuid;
    });
    events.record(
        "INFO",
        "volume.cleaned",
        what + " was being created or deleted when a controller stopped; it is gone.");
  }

  private void openOne(VolumeEntry entry) {
    String alert = "volume.damaged." + entry.name();
    try {
      var volume = store.open(entry.uuid());
      if (volume.sizeBytes() > entry.sizeBytes()) {
        // A crash came between growing the data and telling of it: the wish was granted.
        db.transaction(sql -> {
          CatalogTable.setSize(sql, entry.uuid(), volume.sizeBytes());
          return entry;
        });
        reload();
      } else if (volume.sizeBytes() < entry.sizeBytes()) {
        volume.close();
        throw new StoreException.Corrupt(
            "it has " + volume.sizeBytes() + " bytes, hosts were told " + entry.sizeBytes());
      }
      opened.put(entry.uuid(), volume);
      events.clear(alert);
      tellSuspect(entry);
    } catch (StoreException e) {
      LOG.log(System.Logger.Level.ERROR, "volume " + entry.name() + " does not open", e);
      events.raise(
          "CRITICAL",
          alert,
          "Volume " + entry.name() + " cannot be opened: " + e.getMessage(),
          "Hosts get errors from this volume. Look at the disk under the enclosure; then let the"
              + " active controller hand over, which opens the volume again.");
    }
  }

  private void reportStrays() {
    var strays = store.strays(known());
    if (strays.isEmpty()) {
      events.clear("volume.stray");
    } else {
      events.raise(
          "WARNING",
          "volume.stray",
          "The volume store holds data of no known volume: " + strays,
          "Nothing was removed. Was state.db restored from a backup? If the data is of no use,"
              + " remove its files while the appliance is down.");
    }
  }

  /** All that the store may hold: what could not be removed yet is no stray either. */
  private List<UUID> known() {
    return db.transaction(sql ->
        Stream.concat(
                CatalogTable.volumes(sql).stream().map(VolumeEntry::uuid),
                SnapshotTable.snapshots(sql).stream().map(SnapshotTable.SnapshotEntry::uuid))
            .toList());
  }

  private void reload() {
    entries = db.transaction(sql -> CatalogTable.volumes(sql, CatalogTable.READY));
  }

  /** The volumes hosts may see, by LUN. */
  public List<VolumeEntry> entries() {
    return entries;
  }

  /** Looks at every volume again; how many are in order. */
  public int verify() {
    int sound = 0;
    for (var entry : entries) {
      var volume = opened.get(entry.uuid());
      try {
        if (volume != null
            && volume.sizeBytes() == entry.sizeBytes()
            && store.isSound(entry.uuid())) {
          sound++;
        }
      } catch (StoreException e) {
        LOG.log(System.Logger.Level.ERROR, "volume " + entry.name() + " is not in order", e);
      }
    }
    return sound;
  }

  /** The open volume; empty if it is damaged. */
  public Optional<Volume> opened(UUID uuid) {
    return Optional.ofNullable(opened.get(uuid));
  }

  @Override
  public List<VolumeView> list() {
    return entries.stream().map(this::view).toList();
  }

  @Override
  public VolumeView get(String name) {
    return view(entry(name));
  }

  VolumeEntry entry(String name) {
    return entries.stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new Refusal(ErrorCode.NOT_FOUND, "There is no volume '" + name + "'."));
  }

  private VolumeView view(VolumeEntry entry) {
    return new VolumeView(
        entry.name(),
        entry.lun(),
        entry.sizeBytes(),
        allocatedBytes(opened.get(entry.uuid())),
        entry.serial(),
        surroundings.target(),
        surroundings.portals());
  }

  private static long allocatedBytes(@Nullable Volume volume) {
    return volume == null ? 0 : volume.allocatedBytes();
  }

  void refuseWhileUpgrading(String operation) {
    surroundings.refuseWhileUpgrading(operation);
  }

  /** Runs a change of the catalog; one at a time. */
  <T> T changing(Supplier<T> change) {
    lock.lock();
    try {
      return change.get();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public VolumeView create(String name, long sizeBytes, String by) {
    surroundings.refuseWhileUpgrading("creating a volume");
    return changing(() -> make(name, sizeBytes, uuid -> store.create(uuid, sizeBytes), "by " + by));
  }

  /**
   * Makes a volume whose data {@code data} makes, under the lock; {@code how} is for the event log.
   */
  VolumeView make(String name, long sizeBytes, Function<UUID, Volume> data, String how) {
    VolumeRules.checkName(name, "volume");
    VolumeRules.checkSize(sizeBytes);
    var entry = reserve(name, sizeBytes);
    Volume volume;
    try {
      volume = data.apply(entry.uuid());
    } catch (StoreException e) {
      giveUp(entry, e);
      throw VolumeRules.refusal(e, "Volume " + name + " was not created");
    }
    opened.put(entry.uuid(), volume);
    setState(entry, CatalogTable.READY);
    reload();
    surroundings.changed();
    events.record(
        "INFO",
        "volume.created",
        "Volume "
            + name
            + " of "
            + VolumeRules.inWords(sizeBytes)
            + " is LUN "
            + entry.lun()
            + ", "
            + how);
    return view(entry);
  }

  /**
   * Has other content put into a volume that no host uses, under the lock. Hosts that log in
   * meanwhile find it without its medium, so that none ever sees both contents.
   */
  void exchange(VolumeEntry entry, Runnable whileClosed) {
    refuseInUse(entry);
    var volume = usable(entry);
    opened.remove(entry.uuid());
    surroundings.changed();
    boolean closed = false;
    try {
      refuseInUse(entry); // by one that came before the medium was gone
      closed = true;
      volume.close();
      whileClosed.run();
    } catch (StoreException e) {
      throw VolumeRules.refusal(e, "Volume " + entry.name() + " was not changed");
    } finally {
      if (closed) {
        openOne(entry);
      } else {
        opened.put(entry.uuid(), volume);
      }
      surroundings.changed();
    }
  }

  private void refuseInUse(VolumeEntry entry) {
    var users = surroundings.usersOf(entry.name());
    if (!users.isEmpty()) {
      throw new Refusal(
          ErrorCode.IN_USE,
          "Volume "
              + entry.name()
              + " is in use: "
              + String.join(", ", users)
              + " is logged in and sees it, and would mix what it remembers with what it finds."
              + " Unmount it there and log out, or take the access away (bascule host remove).");
    }
  }

  private VolumeEntry reserve(String name, long sizeBytes) {
    return db.transaction(sql -> {
      if (CatalogTable.volume(sql, name).isPresent()) {
        throw new Refusal(ErrorCode.ALREADY_EXISTS, "There is a volume '" + name + "' already.");
      }
      var uuid = UUID.randomUUID();
      var entry =
          new VolumeEntry(
              uuid,
              name,
              freeLun(Set.copyOf(sql.list("SELECT lun FROM volumes", row -> row.getInt(1)))),
              sizeBytes,
              uuid.toString().replace("-", ""));
      CatalogTable.insert(sql, entry, CatalogTable.CREATING);
      return entry;
    });
  }

  private static int freeLun(Set<Integer> taken) {
    for (int lun = 0; lun < VOLUMES_MAX; lun++) {
      if (!taken.contains(lun)) {
        return lun;
      }
    }
    throw new Refusal(
        ErrorCode.CONFLICTING_OPERATION, "There are " + VOLUMES_MAX + " volumes already: no more.");
  }

  private void giveUp(VolumeEntry entry, StoreException cause) {
    try {
      store.delete(entry.uuid());
      db.transaction(sql -> {
        CatalogTable.forget(sql, entry);
        return entry;
      });
    } catch (StoreException e) {
      // The row stays CREATING: the next promotion cleans up.
      cause.addSuppressed(e);
    }
  }

  @Override
  public VolumeView resize(String name, long sizeBytes, String by) {
    surroundings.refuseWhileUpgrading("resizing a volume");
    VolumeRules.checkSize(sizeBytes);
    lock.lock();
    try {
      var entry = entry(name);
      if (sizeBytes < entry.sizeBytes()) {
        throw new Refusal(
            ErrorCode.INVALID_ARGUMENT,
            "A volume only grows: "
                + name
                + " has "
                + VolumeRules.inWords(entry.sizeBytes())
                + " already.");
      }
      var volume = usable(entry);
      if (sizeBytes > entry.sizeBytes()) {
        try {
          store.grow(entry.uuid(), sizeBytes);
        } catch (StoreException e) {
          throw VolumeRules.refusal(e, "Volume " + name + " was not resized");
        }
        Check.that(volume.sizeBytes() == sizeBytes, "%s did not grow", name);
        db.transaction(sql -> {
          CatalogTable.setSize(sql, entry.uuid(), sizeBytes);
          return entry;
        });
        reload();
        surroundings.changed();
        events.record(
            "INFO",
            "volume.resized",
            "Volume " + name + " has " + VolumeRules.inWords(sizeBytes) + ", by " + by);
      }
      return view(entry(name));
    } finally {
      lock.unlock();
    }
  }

  private Volume usable(VolumeEntry entry) {
    var volume = opened.get(entry.uuid());
    if (volume == null) {
      throw new Refusal(
          ErrorCode.CONFLICTING_OPERATION,
          "Volume " + entry.name() + " is not open; see the alert about it.");
    }
    return volume;
  }

  @Override
  public void delete(String name, String by) {
    surroundings.refuseWhileUpgrading("deleting a volume");
    lock.lock();
    try {
      var entry = entry(name);
      db.transaction(sql -> {
        refuseWithSnapshots(sql, entry);
        CatalogTable.setState(sql, entry.uuid(), CatalogTable.DELETING);
        CatalogTable.revoke(sql, name);
        return entry;
      });
      reload();
      surroundings.changed();
      var volume = opened.remove(entry.uuid());
      if (volume != null) {
        volume.close();
      }
      try {
        store.delete(entry.uuid());
      } catch (StoreException e) {
        // It is gone for everybody; the next promotion removes what is left.
        LOG.log(System.Logger.Level.ERROR, "the data of volume " + name + " stays for now", e);
        return;
      }
      db.transaction(sql -> {
        CatalogTable.forget(sql, entry);
        return entry;
      });
      events.clear("volume.damaged." + name);
      events.clear(DamageAlerts.kind(entry));
      events.clear(suspectAlert(entry));
      events.record("INFO", "volume.deleted", "Volume " + name + " was deleted by " + by);
    } finally {
      lock.unlock();
    }
  }

  private static void refuseWithSnapshots(Sql sql, VolumeEntry entry) throws SQLException {
    var names =
        SnapshotTable.snapshots(sql, CatalogTable.READY).stream()
            .filter(snapshot -> snapshot.volume().equals(entry.uuid()))
            .map(SnapshotTable.SnapshotEntry::name)
            .toList();
    if (!names.isEmpty()) {
      throw new Refusal(
          ErrorCode.IN_USE,
          "Volume "
              + entry.name()
              + " has snapshots: "
              + names.stream().limit(SNAPSHOTS_TOLD).collect(Collectors.joining(", "))
              + (names.size() > SNAPSHOTS_TOLD
                  ? " and " + (names.size() - SNAPSHOTS_TOLD) + " more"
                  : "")
              + ". Delete them first: bascule snapshot delete "
              + entry.name()
              + " "
              + names.getFirst());
    }
  }

  @Override
  public VolumeCheckView checkAll() {
    lock.lock();
    try {
      var snapshots = db.transaction(sql -> SnapshotTable.snapshots(sql, CatalogTable.READY));
      var missing =
          snapshots.stream()
              .filter(snapshot -> store.check(snapshot.uuid()).sizeBytes().isEmpty())
              .toList();
      var damage = store.damage().damage();
      return VolumeChecks.view(
          true,
          entries.stream().map(entry -> checked(entry, damage)).toList(),
          VolumeChecks.pool(damage, entries, snapshots, missing),
          store.strays(known()));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public VolumeCheckView check(String name) {
    lock.lock();
    try {
      var entry = entry(name);
      var damage = store.damage().damage();
      var shared = damage.stream().filter(one -> one.volume().isEmpty()).toList();
      return VolumeChecks.view(
          true,
          List.of(checked(entry, damage)),
          VolumeChecks.pool(shared, entries, List.of(), List.of()),
          List.of());
    } finally {
      lock.unlock();
    }
  }

  private Checked checked(VolumeEntry entry, List<Damage> damage) {
    return VolumeChecks.checked(
        entry, store.check(entry.uuid()), damage, !opened.containsKey(entry.uuid()));
  }

  /** What is known to be damaged, and of which of the present volumes. */
  public void lookForDamage(DamageAlerts alerts) {
    alerts.look(store.damage(), entries);
  }

  @Override
  public VolumeCheckView accept(String name, String by) {
    surroundings.refuseWhileUpgrading("accepting a volume");
    lock.lock();
    try {
      var entry = entry(name);
      usable(entry);
      var found = checked(entry, List.of());
      if (!found.state().equals("SUSPECT")) {
        throw new Refusal(
            ErrorCode.CONFLICTING_OPERATION,
            "Volume " + name + " is not suspect: there is nothing to accept.");
      }
      if (found.format() != VolumeFormat.ONE) {
        throw new Refusal(
            ErrorCode.CONFLICTING_OPERATION,
            "Volumes of format "
                + found.format()
                + " share one pool, and all of it is suspect: none is accepted by itself.");
      }
      try {
        store.accept(entry.uuid());
      } catch (StoreException e) {
        throw VolumeRules.refusal(e, "Volume " + name + " was not accepted");
      }
      events.clear(suspectAlert(entry));
      events.record(
          "WARNING",
          "volume.accepted",
          "Volume " + name + " was suspect; " + by + " vouches for its data, hosts write again");
      return check(name);
    } finally {
      lock.unlock();
    }
  }

  private static String suspectAlert(VolumeEntry entry) {
    return "volume.suspect." + entry.name();
  }

  private void tellSuspect(VolumeEntry entry) {
    if (store.isSound(entry.uuid())) {
      events.clear(suspectAlert(entry));
    } else {
      events.raise(
          "CRITICAL",
          suspectAlert(entry),
          "Volume " + entry.name() + " is suspect: a sync of it failed.",
          "Hosts read it and cannot write. Look at the disk under the enclosure; `bascule volume check "
              + entry.name()
              + "` says what to do then.");
    }
  }

  private void setState(VolumeEntry entry, String state) {
    db.transaction(sql -> {
      CatalogTable.setState(sql, entry.uuid(), state);
      return entry;
    });
  }

  /** Closes every volume; what was acknowledged stays. */
  public void close() {
    lock.lock();
    try {
      for (var volume : opened.values()) {
        try {
          volume.close();
        } catch (StoreException e) {
          LOG.log(System.Logger.Level.ERROR, "volume " + volume.uuid() + " does not close", e);
        }
      }
      opened.clear();
    } finally {
      lock.unlock();
    }
  }
}

package io.bascule.controller.runtime;

import io.bascule.controller.access.Access;
import io.bascule.controller.catalog.Catalog;
import io.bascule.controller.catalog.DamageAlerts;
import io.bascule.controller.catalog.Hosts;
import io.bascule.controller.catalog.VolumeSnapshots;
import io.bascule.controller.catalog.Volumes;
import io.bascule.controller.event.Events;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.link.PeerStatus;
import io.bascule.controller.packages.PackageStore;
import io.bascule.controller.service.Services;
import io.bascule.controller.service.UpgradeService;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.upgrade.FormatTwoRemoval;
import io.bascule.controller.upgrade.HostIo;
import io.bascule.controller.upgrade.Upgrades;
import io.bascule.core.ControllerId;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeView;
import io.bascule.core.storage.Storage;
import io.bascule.core.storage.StorageProvider;
import io.bascule.platform.Ballast;
import io.bascule.platform.FreeSpace;
import io.bascule.platform.PowerSupply;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything that exists only while this controller is active. Made and closed by the role thread,
 * once each.
 *
 * <p>Invariant: hosts reach a volume only between the opening of the target in {@link #open} and
 * the end of its drain in {@link #close}; nothing is written after {@code close} returns.
 */
final class Serving {
  /** Commands in flight end in milliseconds; a disk that takes longer keeps nobody from leaving. */
  private static final long DRAIN_MILLIS = 2_000;

  private final NodeSettings settings;
  private final Links links;
  private final StateDb db;
  private final TargetSide target;
  private final Events events;
  private final FormatTwoRemoval formatTwo;
  private final Storage storage;
  private final Volumes volumes;
  private final Hosts hosts;
  private final Upgrades upgrades;
  private final Services services;
  private final Housekeeping housekeeping;

  private Serving(
      NodeSettings settings,
      Links links,
      StateDb db,
      TargetSide target,
      Ballast ballast,
      Stages stages)
      throws IOException {
    this.settings = settings;
    this.links = links;
    this.db = db;
    this.target = target;
    this.events = new Events(db);
    var space = FreeSpace.of(settings.layout().enclosure());
    this.formatTwo =
        new FormatTwoRemoval(
            settings.layout().volumesV2(),
            settings.layout().volumesV1(),
            () -> Volumes.recorded(db).keySet(),
            events);
    var enclosure = new LiveEnclosure(settings, db, events, target, space, formatTwo);
    this.storage =
        ServiceLoader.load(StorageProvider.class)
            .findFirst()
            .map(provider -> provider.open(enclosure))
            .orElseGet(() -> new FormatOneStorage(settings, space, formatTwo));
    stages.done("storage");
    this.volumes = new Volumes(db, storage.volumes(), events, new Around());
    this.hosts = new Hosts(db, events, loopback(settings), this::show);
    stages.done("catalog");
    volumes.open();
    storage.opened();
    stages.done("volumes");
    target.keepReservations(new ReservationTable(db, PowerSupply.current(settings.layout())));
    target.showActive(catalog(), volumes::opened);
    target.openFloating();
    stages.done("floating portal");
    target.openFixed();
    stages.done("fixed portal");
    this.upgrades =
        enclosure.own(() ->
            new Upgrades(
                db,
                new LiveFleet(
                    settings, links.chassis(), links.peer(), links.ownSlots(), links.departure()),
                new TargetIo(),
                storage.migration(),
                events,
                settings.layout().packages(),
                links.trust(),
                settings.layout().root(),
                Clock.systemUTC()));
    this.services = services(space);
    var damage = new DamageAlerts(events);
    this.housekeeping =
        new Housekeeping(
            settings,
            links,
            events,
            this::pushed,
            new SpaceWatch(space, ballast, events),
            () -> volumes.lookForDamage(damage));
    stages.done("services");
  }

  /**
   * Opens the volumes and the portals: hosts are served when this returns.
   *
   * @throws IOException if a portal cannot be opened
   */
  static Serving open(
      NodeSettings settings,
      Links links,
      StateDb db,
      TargetSide target,
      Ballast ballast,
      Stages stages)
      throws IOException {
    return new Serving(settings, links, db, target, ballast, stages);
  }

  /** What may begin once hosts are served. */
  void begin(boolean canceledMigration, long millis) {
    if (canceledMigration) {
      events.record(
          "WARNING",
          "upgrade.migration-canceled",
          "Release "
              + settings.release()
              + " took over in the middle of a migration and gave"
              + " format 2 up; format 1 holds every acknowledged write.");
    }
    events.record(
        "INFO",
        "controller.active",
        "Controller "
            + settings.self().number()
            + " is active on "
            + settings.release()
            + ", epoch "
            + db.epoch()
            + ", after "
            + millis
            + " ms");
    formatTwo.clearAlert();
    upgrades.start();
    housekeeping.start();
  }

  private Services services(FreeSpace space) {
    var packages =
        new PackageStore(
            settings.layout(),
            links.trust(),
            settings::release,
            (LongSupplier)
                () ->
                    db.transaction(sql -> sql.number("SELECT rollback_counter FROM upgrade_row")));
    return new Services(
        new ApplianceStatus(settings, links.chassis(), links.peer(), events),
        volumes,
        new VolumeSnapshots(db, volumes, storage.volumes(), storage::snapshots, events),
        new SpaceStatus(volumes, storage, space),
        hosts,
        packages,
        upgrades,
        new Operator(settings, links.chassis(), links.peer(), events, upgrades, links.departure()),
        events,
        new Access(db, settings.layout().accessTokenHash(), Clock.systemUTC()));
  }

  Services all() {
    return services;
  }

  long epoch() {
    return db.epoch();
  }

  private Catalog catalog() {
    return new Catalog(volumes.entries(), hosts.entries());
  }

  /** What the standby is told. */
  PeerLink.Pushed pushed() {
    String allowed =
        db.transaction(sql ->
            sql.first("SELECT allowed_releases FROM upgrade_row", row -> row.getString(1))
                .orElse(""));
    return new PeerLink.Pushed(catalog().toJson(), allowed);
  }

  private void show() {
    hosts.refresh();
    target.showActive(catalog(), volumes::opened);
    links.peer().push();
  }

  private static boolean loopback(NodeSettings settings) {
    return settings.iscsiFloating().getAddress().isLoopbackAddress();
  }

  /**
   * Stops serving; in this order, what hosts wait for comes first.
   *
   * @return whether everything is closed; if not, work on volumes is still going on in the kernel
   *     and only the end of the process may come next, which the lease outlives
   */
  boolean close(Stages stages) {
    upgrades.stop();
    housekeeping.stop();
    stages.done("upgrade and housekeeping stopped");
    storage.prepareToClose();
    stages.done("storage prepared");
    boolean drained = target.drain(DRAIN_MILLIS);
    stages.done(drained ? "drained" : "NOT drained");
    if (!drained) {
      return false;
    }
    target.close();
    stages.done("target closed");
    volumes.close();
    storage.close();
    stages.done("volumes closed");
    db.close();
    stages.done("state.db closed");
    return true;
  }

  /** What the volumes need of this controller. */
  private final class Around implements Volumes.Surroundings {
    @Override
    public void refuseWhileUpgrading(String operation) {
      UpgradeService running = upgrades();
      if (running != null) {
        running.refuseWhileRunning(operation);
      }
    }

    /** Null only while this object is being made, when nobody can ask yet. */
    private @Nullable UpgradeService upgrades() {
      return upgrades;
    }

    @Override
    public void changed() {
      show();
    }

    @Override
    public List<String> usersOf(String volume) {
      var initiators = new ArrayList<>(target.initiators());
      // A host whose way leads to the standby alone cannot read now, but may remember what it read
      // when that one was the active.
      links.peer().peer().map(PeerStatus::initiators).ifPresent(initiators::addAll);
      return catalog().seenBy(volume, initiators);
    }

    @Override
    public String target() {
      return settings.appliance().target();
    }

    @Override
    public List<String> portals() {
      return Stream.of(
              settings.iscsiFloating(),
              settings.iscsiFixed(ControllerId.CONTROLLER_0),
              settings.iscsiFixed(ControllerId.CONTROLLER_1))
          .map(NodeSettings::shown)
          .toList();
    }
  }

  /** What hosts do and feel. */
  private final class TargetIo implements HostIo {
    @Override
    public long writesAcknowledged() {
      return target.stats().writesAcknowledged();
    }

    @Override
    public Optional<Long> latencyP99Micros() {
      return Optional.of(target.stats().latencyP99Micros()).filter(micros -> micros > 0);
    }

    @Override
    public int verifyVolumes() {
      return volumes.verify();
    }

    @Override
    public int volumes() {
      return volumes.entries().size();
    }

    @Override
    public long allocatedBytes() {
      return volumes.list().stream().mapToLong(VolumeView::allocatedBytes).sum();
    }

    @Override
    public List<String> unsoundVolumes() {
      return volumes.checkAll().volumes().stream()
          .filter(volume -> !volume.findings().isEmpty())
          .map(VolumeCheckView.Checked::name)
          .toList();
    }
  }
}

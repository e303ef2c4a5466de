package io.bascule.controller.runtime;

import io.bascule.controller.catalog.Catalog;
import io.bascule.controller.catalog.Catalog.HostEntry;
import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.core.volume.Volume;
import io.bascule.iscsi.AccessState;
import io.bascule.iscsi.Chap;
import io.bascule.iscsi.Host;
import io.bascule.iscsi.IscsiTarget;
import io.bascule.iscsi.Lun;
import io.bascule.iscsi.Portal;
import io.bascule.iscsi.PortalSpec;
import io.bascule.iscsi.ReservationStore;
import io.bascule.iscsi.Stats;
import io.bascule.iscsi.TargetSettings;
import io.bascule.iscsi.TargetView;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The iSCSI target of this controller: what it shows as a standby and as the active one. The fixed
 * portal opens when there is a catalog to show, and stays: a host that finds a portal without its
 * target gives up for long. The floating one opens with the promotion. Any thread may call.
 */
final class TargetSide implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(TargetSide.class.getName());

  /**
   * The demoted controller's process may be a few milliseconds from its end, a killed one writes
   * its last pages first; a port that is taken for longer belongs to somebody else.
   */
  private static final long BIND_MILLIS = 10_000;

  private static final long BIND_PAUSE_MILLIS = 2;

  private final NodeSettings settings;
  private final IscsiTarget target;
  private boolean fixedOpen;
  private boolean serves;

  TargetSide(NodeSettings settings) {
    this.settings = settings;
    this.target = new IscsiTarget(new TargetSettings(settings.appliance().target()));
  }

  /** Shows the volumes without their media: the peer serves them. Nothing once this one serves. */
  synchronized void showStandby(Catalog catalog) throws IOException {
    if (serves) {
      return;
    }
    target.update(view(catalog, uuid -> Optional.empty(), AccessState.STANDBY));
    openFixed();
  }

  /** Shows the volumes, and serves them. */
  synchronized void showActive(Catalog catalog, Function<UUID, Optional<Volume>> volumes) {
    serves = true;
    target.update(view(catalog, volumes, AccessState.ACTIVE_OPTIMIZED));
  }

  /** Goes on with the reservations that are kept there; before anything is served. */
  void keepReservations(ReservationStore store) {
    target.keepReservations(store);
  }

  private TargetView view(
      Catalog catalog, Function<UUID, Optional<Volume>> volumes, AccessState own) {
    List<Lun> luns =
        catalog.volumes().stream()
            .map(entry ->
                new Lun(
                    entry.lun(),
                    entry.name(),
                    entry.uuid(),
                    entry.sizeBytes(),
                    volumes.apply(entry.uuid())))
            .toList();
    var numbers =
        catalog.volumes().stream().collect(Collectors.toMap(VolumeEntry::name, VolumeEntry::lun));
    var self = settings.self();
    var access = new HashMap<Integer, AccessState>();
    access.put(NodeSettings.group(self), own);
    access.put(
        NodeSettings.group(self.other()),
        own == AccessState.STANDBY ? AccessState.ACTIVE_OPTIMIZED : AccessState.STANDBY);
    access.put(NodeSettings.FLOATING_GROUP, AccessState.ACTIVE_OPTIMIZED);
    return new TargetView(
        luns,
        catalog.hosts().stream().map(host -> host(host, numbers)).toList(),
        access,
        List.of(floatingSpec(), fixedSpec(self), fixedSpec(self.other())));
  }

  private static Host host(HostEntry entry, Map<String, Integer> numbers) {
    Optional<Set<Integer>> luns =
        entry.volumes().contains("*")
            ? Optional.empty()
            : Optional.of(
                entry.volumes().stream()
                    .filter(numbers::containsKey)
                    .map(name -> java.util.Objects.requireNonNull(numbers.get(name)))
                    .collect(Collectors.toSet()));
    return new Host(entry.name(), entry.iqn(), chap(entry.chapUser(), entry.chapSecret()), luns);
  }

  private static Optional<Chap> chap(@Nullable String user, @Nullable String secret) {
    return user == null || secret == null ? Optional.empty() : Optional.of(new Chap(user, secret));
  }

  private PortalSpec floatingSpec() {
    return new PortalSpec(settings.iscsiFloating(), NodeSettings.FLOATING_GROUP, true);
  }

  private PortalSpec fixedSpec(io.bascule.core.ControllerId id) {
    return new PortalSpec(settings.iscsiFixed(id), NodeSettings.group(id), false);
  }

  /** Who is logged in, in either role. */
  List<String> initiators() {
    return target.stats().sessions().stream()
        .map(Stats.SessionStats::initiatorIqn)
        .distinct()
        .toList();
  }

  /** Opens the fixed portal, unless it is open. */
  synchronized void openFixed() throws IOException {
    if (!fixedOpen) {
      open(fixedSpec(settings.self()));
      fixedOpen = true;
    }
  }

  /** Opens the floating portal; waits while the demoted controller still has it. */
  InetSocketAddress openFloating() throws IOException {
    return open(floatingSpec()).localAddress();
  }

  private Portal open(PortalSpec spec) throws IOException {
    long deadline = System.nanoTime() + BIND_MILLIS * 1_000_000;
    while (true) {
      try {
        return target.open(spec);
      } catch (BindException e) {
        if (System.nanoTime() > deadline) {
          throw new IOException("the portal " + spec.address() + " stays taken", e);
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(BIND_PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while opening a portal", e);
    }
  }

  boolean drain(long boundMillis) {
    return target.drain(boundMillis);
  }

  Stats stats() {
    return target.stats();
  }

  long presentLatencyP99Micros() {
    return target.presentLatencyP99Micros();
  }

  boolean stalled() {
    return target.stalled(System.nanoTime());
  }

  @Override
  public void close() {
    target.close();
    LOG.log(System.Logger.Level.DEBUG, "target closed");
  }
}

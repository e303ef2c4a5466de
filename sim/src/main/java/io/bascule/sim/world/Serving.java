package io.bascule.sim.world;

import io.bascule.controller.event.Events;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.upgrade.HostIo;
import io.bascule.controller.upgrade.Upgrades;
import io.bascule.core.storage.Storage;
import io.bascule.core.volume.Volume;
import io.bascule.migration.TwoFormats;
import io.bascule.sim.rt.Sim;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What exists in a controller only while it is active: what {@code controller.runtime.Serving} is,
 * with sessions of simulated hosts instead of iSCSI. The storage, the record and the upgrade are
 * the product's.
 */
final class Serving {
  private static final long DRAIN_NANOS = 2_000_000_000L;
  private static final long PUSH_MILLIS = 100;

  private final Controller controller;
  private final Appliance appliance;
  private final StateDb db;
  private final Storage storage;
  private final List<Volume> volumes = new ArrayList<>();
  private final Upgrades upgrades;
  private volatile boolean accepting;
  private volatile boolean closed;
  private int inFlight;
  private long acknowledged;
  private final long[] latencies = new long[64];
  private int latencyAt;

  private Serving(Controller controller, StateDb db) {
    this.controller = controller;
    this.appliance = controller.appliance();
    this.db = db;
    var events = new Events(db);
    var enclosure = new SimEnclosure(controller, db, events, this);
    this.storage =
        controller.release().equals(Releases.V201)
            ? new TwoFormats().open(enclosure)
            : new FormatOne(enclosure);
    for (UUID uuid : appliance.catalog().keySet()) {
      volumes.add(storage.volumes().open(uuid));
    }
    storage.opened();
    this.upgrades =
        enclosure.own(() ->
            new Upgrades(
                db,
                new Seat(controller),
                new Io(),
                storage.migration(),
                events,
                Path.of("packages"),
                appliance.trust(),
                Path.of("."),
                Clock.systemUTC()));
  }

  static Serving open(Controller controller, StateDb db) {
    return new Serving(controller, db);
  }

  /** Before hosts come: what is there must be what they were promised. */
  void begin() {
    appliance.oracles().afterTakeover(controller, volumes, db.epoch());
    accepting = true;
    upgrades.start();
    Sim.current().start(controller.process(), "push", this::push);
  }

  private void push() {
    while (!closed) {
      String allowed;
      try {
        allowed =
            db.transaction(sql ->
                sql.first("SELECT allowed_releases FROM upgrade_row", row -> row.getString(1))
                    .orElse(""));
      } catch (io.bascule.core.Refusal leaving) {
        return;
      }
      appliance.peerOf(controller.id()).ifPresent(peer -> peer.hear(allowed));
      try {
        Thread.sleep(PUSH_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  Upgrades upgrades() {
    return upgrades;
  }

  Controller controller() {
    return controller;
  }

  List<Volume> volumes() {
    return volumes;
  }

  /** Whether snapshots and all else are offered that only format 2 has. */
  boolean hasFeatures() {
    return storage.snapshots().isPresent();
  }

  boolean isAccepting() {
    return accepting;
  }

  /** A host's command begins; false if it is too late for it. */
  boolean enter() {
    if (!accepting) {
      return false;
    }
    inFlight++;
    return true;
  }

  void leave(boolean write, long nanos) {
    inFlight--;
    acknowledged += write ? 1 : 0;
    latencies[latencyAt++ % latencies.length] = nanos / 1_000;
  }

  Optional<Long> p99Micros() {
    long worst = 0;
    for (long micros : latencies) {
      worst = Math.max(worst, micros);
    }
    return worst == 0 ? Optional.empty() : Optional.of(worst);
  }

  /** Whether everything is closed. */
  boolean close() {
    upgrades.stop();
    storage.prepareToClose();
    accepting = false;
    long deadline = System.nanoTime() + DRAIN_NANOS;
    while (inFlight > 0) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      java.util.concurrent.locks.LockSupport.parkNanos(100_000);
    }
    closed = true;
    volumes.forEach(Volume::close);
    storage.close();
    db.close();
    return true;
  }

  private final class Io implements HostIo {
    @Override
    public long writesAcknowledged() {
      return acknowledged;
    }

    @Override
    public Optional<Long> latencyP99Micros() {
      return p99Micros();
    }

    @Override
    public int verifyVolumes() {
      return volumes.size();
    }

    @Override
    public int volumes() {
      return volumes.size();
    }

    @Override
    public long allocatedBytes() {
      return volumes.stream().mapToLong(Volume::allocatedBytes).sum();
    }

    @Override
    public List<String> unsoundVolumes() {
      return List.of();
    }
  }
}

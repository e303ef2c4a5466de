package io.bascule.controller.rest;

import io.bascule.controller.service.AccessService;
import io.bascule.controller.service.ControllerService;
import io.bascule.controller.service.EventService;
import io.bascule.controller.service.HostService;
import io.bascule.controller.service.PackageService;
import io.bascule.controller.service.Services;
import io.bascule.controller.service.SnapshotService;
import io.bascule.controller.service.UpgradeService;
import io.bascule.controller.service.VolumeService;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.EventView;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.HostView;
import io.bascule.core.api.PackageView;
import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.SpaceView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An appliance that exists in memory: small services that keep what they are told, refuse as the
 * real ones do, and note every change, so that tests can tell that nothing has changed.
 */
final class InMemoryAppliance {
  static final String TOKEN = "correct-horse-battery-staple";
  static final Instant THEN = Instant.parse("2026-11-22T18:00:00Z");

  private static final String TARGET = "iqn.2026-11.io.bascule:test";

  /** Every change, as {@code what by whom}. */
  final List<String> changes = new ArrayList<>();

  final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
  final Volumes volumes = new Volumes();
  final Snapshots snapshots = new Snapshots();
  final Hosts hosts = new Hosts();
  final Packages packages;
  final Upgrade upgrade = new Upgrade();
  final Controllers controllers = new Controllers();
  final Events events = new Events();
  final Access access = new Access();
  private volatile boolean redundant = true;

  InMemoryAppliance(Path folder) {
    this.packages = new Packages(folder);
  }

  Services services() {
    return new Services(
        this::view,
        volumes,
        snapshots,
        () -> new SpaceView(2, 4096, 1024, 256, 1L << 40),
        hosts,
        packages,
        upgrade,
        controllers,
        events,
        access);
  }

  void setRedundant(boolean redundant) {
    this.redundant = redundant;
  }

  synchronized List<String> changes() {
    return List.copyOf(changes);
  }

  private synchronized void changed(String what, String by) {
    changes.add(what + " by " + by);
  }

  private void failIfTold() {
    RuntimeException e = failure.get();
    if (e != null) {
      throw e;
    }
  }

  ApplianceView view() {
    failIfTold();
    Map<String, @Nullable String> slots = new TreeMap<>();
    slots.put("A", "1.2.1");
    slots.put("B", null);
    return new ApplianceView(
        "test",
        "1.2.1",
        redundant ? "OK" : "DEGRADED",
        redundant ? "Both controllers are online." : "Controller 1 is off.",
        redundant,
        TARGET,
        new ApplianceView.Portals("127.0.0.1:3260", List.of("127.0.0.1:3261", "127.0.0.1:3262")),
        List.of(
            new ApplianceView.Controller(0, "ACTIVE", "ONLINE", "1.2.1", slots, "A", 0, THEN),
            new ApplianceView.Controller(
                1, null, redundant ? "ONLINE" : "OFF", null, slots, null, 0, null)));
  }

  final class Volumes implements VolumeService {
    private final Map<String, VolumeView> all = new TreeMap<>();

    @Override
    public synchronized List<VolumeView> list() {
      return List.copyOf(all.values());
    }

    @Override
    public synchronized VolumeView get(String name) {
      VolumeView volume = all.get(name);
      if (volume == null) {
        throw new Refusal(ErrorCode.NOT_FOUND, "There is no volume '" + name + "'.");
      }
      return volume;
    }

    @Override
    public synchronized VolumeView create(String name, long sizeBytes, String by) {
      failIfTold();
      if (name.isBlank() || sizeBytes <= 0) {
        throw new Refusal(ErrorCode.INVALID_ARGUMENT, "A volume needs a name and a size.");
      }
      if (all.containsKey(name)) {
        throw new Refusal(ErrorCode.ALREADY_EXISTS, "There is a volume '" + name + "' already.");
      }
      all.put(name, make(name, all.size(), sizeBytes));
      changed("volume " + name + " " + sizeBytes, by);
      return get(name);
    }

    @Override
    public synchronized VolumeView resize(String name, long sizeBytes, String by) {
      VolumeView old = get(name);
      if (sizeBytes < old.sizeBytes()) {
        throw new Refusal(ErrorCode.INVALID_ARGUMENT, "A volume only grows.");
      }
      all.put(name, make(name, old.lun(), sizeBytes));
      changed("resize " + name + " " + sizeBytes, by);
      return get(name);
    }

    @Override
    public synchronized void delete(String name, String by) {
      get(name);
      all.remove(name);
      changed("delete " + name, by);
    }

    @Override
    public synchronized VolumeCheckView checkAll() {
      return checked(List.copyOf(all.values()));
    }

    @Override
    public synchronized VolumeCheckView check(String name) {
      return checked(List.of(get(name)));
    }

    @Override
    public synchronized VolumeCheckView accept(String name, String by) {
      get(name);
      changed("accept " + name, by);
      return check(name);
    }

    private VolumeCheckView checked(List<VolumeView> which) {
      var suspect = new VolumeCheckView.Finding("SUSPECT", "a sync failed", "look");
      return new VolumeCheckView(
          which.isEmpty(),
          true,
          which.stream()
              .map(one ->
                  new VolumeCheckView.Checked(
                      one.name(), one.lun(), one.serial(), 1, "SUSPECT", List.of(suspect)))
              .toList(),
          List.of(new VolumeCheckView.Finding("POOL_DAMAGED", "a segment at 4096", "look")),
          List.of(),
          "limits");
    }

    private VolumeView make(String name, int lun, long sizeBytes) {
      return new VolumeView(
          name, lun, sizeBytes, 0, "B0000" + lun, TARGET, List.of("127.0.0.1:3260"));
    }
  }

  final class Snapshots implements SnapshotService {
    private final Map<String, SnapshotView> all = new TreeMap<>();

    @Override
    public synchronized List<SnapshotView> list() {
      return List.copyOf(all.values());
    }

    @Override
    public synchronized List<SnapshotView> list(String volume) {
      volumes.get(volume);
      return all.values().stream().filter(one -> one.volume().equals(volume)).toList();
    }

    @Override
    public synchronized SnapshotView get(String volume, String name) {
      SnapshotView snapshot = all.get(volume + "/" + name);
      if (snapshot == null) {
        throw new Refusal(ErrorCode.NOT_FOUND, "There is no such snapshot.");
      }
      return snapshot;
    }

    @Override
    public synchronized SnapshotView create(String volume, String name, String by) {
      long sizeBytes = volumes.get(volume).sizeBytes();
      if (all.containsKey(volume + "/" + name)) {
        throw new Refusal(ErrorCode.ALREADY_EXISTS, "There is that snapshot already.");
      }
      all.put(volume + "/" + name, new SnapshotView(volume, name, sizeBytes, 0, THEN));
      changed("snapshot " + volume + " " + name, by);
      return get(volume, name);
    }

    @Override
    public VolumeView clone(String volume, String name, String newVolume, String by) {
      return volumes.create(newVolume, get(volume, name).sizeBytes(), by);
    }

    @Override
    public VolumeView rollback(String volume, String name, String by) {
      get(volume, name);
      changed("rollback " + volume + " " + name, by);
      return volumes.get(volume);
    }

    @Override
    public synchronized void delete(String volume, String name, String by) {
      get(volume, name);
      all.remove(volume + "/" + name);
      changed("delete snapshot " + volume + " " + name, by);
    }
  }

  final class Hosts implements HostService {
    private final Map<String, HostView> all = new TreeMap<>();

    @Override
    public synchronized List<HostView> list() {
      return List.copyOf(all.values());
    }

    @Override
    public synchronized HostView get(String name) {
      HostView host = all.get(name);
      if (host == null) {
        throw new Refusal(ErrorCode.NOT_FOUND, "There is no host '" + name + "'.");
      }
      return host;
    }

    @Override
    public synchronized HostView create(HostView.Create host, String by) {
      if (all.containsKey(host.name())) {
        throw new Refusal(ErrorCode.ALREADY_EXISTS, "There is that host already.");
      }
      List<String> volumes = host.volumes();
      all.put(
          host.name(),
          new HostView(
              host.name(), host.iqn(), host.chapUser(), volumes == null ? List.of("*") : volumes));
      changed("host " + host.name(), by);
      return get(host.name());
    }

    @Override
    public synchronized HostView change(String name, HostView.Change change, String by) {
      HostView old = get(name);
      List<String> volumes = change.volumes();
      String user = change.chapUser();
      all.put(
          name,
          new HostView(
              name,
              old.iqn(),
              user == null ? old.chapUser() : user,
              volumes == null ? old.volumes() : volumes));
      changed("change host " + name, by);
      return get(name);
    }

    @Override
    public synchronized void remove(String name, String by) {
      get(name);
      all.remove(name);
      changed("remove host " + name, by);
    }
  }

  final class Packages implements PackageService {
    private final Path folder;
    private final List<PackageView> all = new ArrayList<>();
    private int uploads;

    Packages(Path folder) {
      this.folder = folder;
    }

    @Override
    public synchronized List<PackageView> list() {
      return List.copyOf(all);
    }

    @Override
    public synchronized Path newUpload() {
      return folder.resolve("upload-" + uploads++);
    }

    /** Takes what begins with "PK". */
    @Override
    public synchronized PackageView add(Path uploaded, String by) {
      try {
        byte[] content = Files.readAllBytes(uploaded);
        Files.delete(uploaded);
        if (content.length < 2 || content[0] != 'P' || content[1] != 'K') {
          throw new Refusal(ErrorCode.PACKAGE_REFUSED, "That is no package.");
        }
        var view =
            new PackageView(
                "1.2.2",
                "bascule-1.2.2.pkg",
                content.length,
                "00",
                List.of("1.2.1"),
                false,
                null,
                THEN);
        all.add(view);
        changed("package " + content.length, by);
        return view;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  final class Upgrade implements UpgradeService {
    private @Nullable String id;
    private long revision;
    private String state = "IDLE";
    private int percent;
    private long changeCount;
    private boolean queued;
    private List<String> pauseAt = List.of();

    /** How many times somebody looked. */
    int looks;

    @Override
    public synchronized UpgradeView view() {
      looks++;
      boolean idle = id == null;
      return new UpgradeView(
          id,
          revision,
          idle ? null : "1.2.1",
          idle ? null : "1.2.2",
          state,
          idle ? null : "ACTIVATE_ONCE_ACTIVE",
          null,
          percent,
          idle ? null : new UpgradeView.Range(10, 20),
          idle ? null : "HOST_FIRST",
          null,
          pauseAt,
          null,
          null,
          idle ? null : 0,
          idle ? null : "admin",
          idle ? null : THEN,
          null,
          null,
          idle ? List.of() : List.of(step()),
          null,
          idle ? null : new UpgradeView.HostLatency(900L, 1100L),
          cancel());
    }

    private UpgradeView.Step step() {
      return new UpgradeView.Step("PRECHECK", null, "DONE", 100, THEN, THEN, null);
    }

    private UpgradeView.Cancel cancel() {
      return new UpgradeView.Cancel(
          id == null ? "UNAVAILABLE" : "AVAILABLE",
          id == null ? "No upgrade is running." : null,
          null,
          null,
          List.of(new UpgradeView.Guard("STANDBY_ONLINE", true, "Controller 0 is online.")),
          queued ? new UpgradeView.Queued("admin", THEN, "OTHER", null) : null);
    }

    synchronized void progress(int percent) {
      this.percent = percent;
      changeCount++;
      notifyAll();
    }

    private UpgradeView.Prechecks prechecks(boolean passed) {
      return new UpgradeView.Prechecks(
          passed,
          List.of(
              new UpgradeView.Precheck(
                  "PACKAGE", passed, "The package is there.", passed ? null : "Add it.")),
          List.of("Stage 1.2.2 on controller 1."));
    }

    @Override
    public synchronized UpgradeView.Prechecks dryRun(UpgradeView.Start start) {
      return prechecks(start.version().equals("1.2.2"));
    }

    @Override
    public synchronized UpgradeView start(UpgradeView.Start start, String by) {
      if (id != null) {
        throw new Refusal(ErrorCode.UPGRADE_RUNNING, "One runs already.");
      }
      if (!start.version().equals("1.2.2")) {
        throw new Refusal(
            ErrorCode.PRECHECK_FAILED, "A precheck did not pass.", null, prechecks(false));
      }
      id = "u1";
      state = "RUNNING";
      revision = 1;
      changeCount++;
      changed("start " + start.version(), by);
      return view();
    }

    @Override
    public synchronized UpgradeView change(UpgradeView.Change change, String by) {
      if (id == null) {
        throw new Refusal(ErrorCode.NO_UPGRADE, "No upgrade is running.");
      }
      List<String> points = change.pauseAt();
      pauseAt = points == null ? pauseAt : points;
      changeCount++;
      changed("change upgrade", by);
      return view();
    }

    @Override
    public synchronized CancelView preview() {
      return new CancelView(
          id,
          revision,
          id == null ? "UNAVAILABLE" : "AVAILABLE",
          id == null ? "No upgrade is running." : null,
          null,
          List.of("Controller 0 goes back to 1.2.1."),
          400L,
          12L,
          List.of());
    }

    @Override
    public synchronized CancelView.Answer cancel(CancelView.Request request, String by) {
      if (id == null) {
        throw new Refusal(ErrorCode.CANCEL_UNAVAILABLE, "No upgrade is running.", preview(), null);
      }
      if (!request.upgradeId().equals(id) || request.revision() != revision) {
        throw new Refusal(ErrorCode.REVISION_CHANGED, "It moved on.", preview(), null);
      }
      queued = true;
      changeCount++;
      changed("cancel " + request.reason(), by);
      return new CancelView.Answer("QUEUED", "At the next cancel point.");
    }

    @Override
    public synchronized UpgradeView withdraw(String by) {
      queued = false;
      changeCount++;
      changed("withdraw", by);
      return view();
    }

    @Override
    public synchronized List<HistoryView> history() {
      return id == null ? List.of() : List.of(line());
    }

    private HistoryView line() {
      return new HistoryView("u1", "1.2.1", "1.2.2", state, "admin", THEN, null, null, null, null);
    }

    @Override
    public synchronized HistoryView.Report report(String upgradeId) {
      if (!upgradeId.equals(id)) {
        throw new Refusal(ErrorCode.NOT_FOUND, "There was no such upgrade.");
      }
      return new HistoryView.Report(
          line(),
          List.of(step()),
          List.of(new HistoryView.Entry(THEN, "STARTED", "by admin")),
          new HistoryView.Latency(900L, 1000L, null),
          new HistoryView.Receipt(
              2, 1234, true, Map.of("0", "1.2.1", "1", "1.2.1"), Map.of("0", "A", "1", "A")));
    }

    @Override
    public synchronized long changeCount() {
      return changeCount;
    }

    @Override
    public synchronized void awaitChange(long seen, long timeoutMillis)
        throws InterruptedException {
      if (changeCount <= seen) {
        wait(timeoutMillis);
      }
    }

    @Override
    public synchronized void refuseWhileRunning(String operation) {
      if (id != null) {
        throw new Refusal(ErrorCode.UPGRADE_RUNNING, operation + " is not possible now.");
      }
    }
  }

  final class Controllers implements ControllerService {
    @Override
    public String handover(String by) {
      if (!redundant) {
        throw new Refusal(ErrorCode.NOT_REDUNDANT, "Controller 1 cannot take over.");
      }
      changed("handover", by);
      return "Controller 1 takes over.";
    }

    @Override
    public String reboot(ControllerId id, String by) {
      changed("reboot " + id, by);
      return "It reboots.";
    }

    @Override
    public String powerOff(ControllerId id, String by) {
      changed("power-off " + id, by);
      return "It is off.";
    }

    @Override
    public String powerOn(ControllerId id, @Nullable Slot slot, String by) {
      changed("power-on " + id + " " + slot, by);
      return "It boots.";
    }
  }

  final class Events implements EventService {
    private final List<EventView> all = new ArrayList<>();
    private final Map<String, AlertView> alerts = new TreeMap<>();

    /** How many times somebody asked for new ones. */
    int looks;

    @Override
    public synchronized void record(String severity, String kind, String message) {
      all.add(new EventView(all.size() + 1L, THEN, severity, kind, message));
      notifyAll();
    }

    @Override
    public synchronized List<EventView> after(long afterId, int limit) {
      looks++;
      return all.stream().filter(event -> event.id() > afterId).limit(limit).toList();
    }

    @Override
    public synchronized List<EventView> newest(int limit) {
      return List.copyOf(all.subList(Math.max(0, all.size() - limit), all.size()));
    }

    @Override
    public synchronized void await(long afterId, long timeoutMillis) throws InterruptedException {
      if (all.size() <= afterId) {
        wait(timeoutMillis);
      }
    }

    @Override
    public synchronized void raise(String severity, String kind, String message, String whatToDo) {
      alerts.putIfAbsent(
          kind,
          new AlertView(alerts.size() + 1L, severity, kind, message, whatToDo, THEN, null, null));
    }

    @Override
    public synchronized void clear(String kind) {
      alerts.remove(kind);
    }

    @Override
    public synchronized List<AlertView> alerts() {
      return List.copyOf(alerts.values());
    }

    @Override
    public synchronized void acknowledge(long alertId, String by) {
      if (alerts.values().stream().noneMatch(alert -> alert.id() == alertId)) {
        throw new Refusal(ErrorCode.NOT_FOUND, "There is no such alert.");
      }
      changed("acknowledge " + alertId, by);
    }
  }

  static final class Access implements AccessService {
    private final Set<String> codes = new HashSet<>();
    private final Map<String, String> sessions = new HashMap<>();
    private int made;

    @Override
    public Optional<String> byToken(String token) {
      return token.equals(TOKEN) ? Optional.of("admin") : Optional.empty();
    }

    @Override
    public synchronized Optional<String> bySession(String cookie) {
      return Optional.ofNullable(sessions.get(cookie));
    }

    @Override
    public synchronized String newSignInCode(String by) {
      String code = "code-" + made++;
      codes.add(code);
      return code;
    }

    @Override
    public synchronized Optional<String> redeem(String code) {
      if (!codes.remove(code)) {
        return Optional.empty();
      }
      String session = "session-" + made++;
      sessions.put(session, "admin@console");
      return Optional.of(session);
    }

    @Override
    public synchronized void signOut(String cookie) {
      sessions.remove(cookie);
    }
  }
}

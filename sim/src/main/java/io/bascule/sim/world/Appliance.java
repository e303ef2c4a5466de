package io.bascule.sim.world;

import io.bascule.controller.state.Claim;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.core.volume.StoreException;
import io.bascule.release.TrustStore;
import io.bascule.sim.rt.Dice;
import io.bascule.sim.rt.Sim;
import io.bascule.sim.rt.SimProcess;
import io.bascule.store.v1.StoreV1;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The simulated appliance: everything that outlives its processes, and who judges it. */
final class Appliance implements AutoCloseable {
  /** Changes of the disk from look to look at what a death would leave. */
  private static final int LOOKS_MEAN = 1_000;

  private static final Path STATE_FILE = stateFileOfJvm();

  private final Sim sim;
  private final Dice dice;
  private final Knobs knobs;
  private final SimProcess process = new SimProcess("world");
  private final Disk disk;
  private final StateStore state;
  private final Lease lease = new Lease();
  private final Map<ControllerId, Box> boxes = new EnumMap<>(ControllerId.class);
  private final Map<UUID, Long> catalog = new LinkedHashMap<>();
  private final Oracles oracles = new Oracles(this);
  private final FormatOracles formats = new FormatOracles(this);
  private final Blows blows;
  private final Dice looks;
  private int untilLook;
  private final TrustStore trust = trustNobody();
  private UUID kernelBoot;
  private boolean chassisUp = true;
  private boolean linkUp = true;
  private boolean begun;
  private boolean committed;
  private @Nullable Violation violation;
  private int broken;

  Appliance(Sim sim, Knobs knobs) throws SQLException {
    this.sim = sim;
    this.dice = sim.dice();
    this.knobs = knobs;
    this.disk = new Disk(dice.fork());
    this.kernelBoot = new UUID(dice.next(), dice.next());
    this.blows = new Blows(this, dice.fork(), knobs);
    this.looks = dice.fork();
    this.state = new StateStore(this::committing);
    sim.connector(url -> state.open());
    sim.onUncaught(this::uncaught);
    disk.watch(new Watch());
    for (var id : ControllerId.values()) {
      boxes.put(id, new Box(this, id));
    }
  }

  /** Only there for {@code StateDb} to find; what it holds is in memory. */
  private static Path stateFileOfJvm() {
    try {
      Path file = Files.createTempFile("bascule-sim-", ".db");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** No package is read, so nobody has to be trusted. */
  private static TrustStore trustNobody() {
    try {
      Constructor<?> made = TrustStore.class.getDeclaredConstructors()[0];
      made.setAccessible(true);
      return (TrustStore) made.newInstance(List.of(), 1);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- its making

  /** The volumes, in format 1, and a state.db that an appliance of that release made. */
  void make(Version old) {
    var taken =
        StateDb.take(
            STATE_FILE,
            new Claim(ControllerId.CONTROLLER_0, old, Releases.migrations(old), false),
            (why, cause) -> {
              throw new IllegalStateException(why, cause);
            });
    var db = ((Taken.Granted) taken).db();
    if (knobs.path() == Knobs.Path.PHASES) {
      // As ACTIVATE_STANDBY has left it.
      boolean _ =
          db.transaction(sql ->
              sql.update(
                      "UPDATE upgrade_row SET allowed_releases = ?",
                      Releases.V122 + "," + Releases.V201)
                  == 1);
    }
    db.close();
    oracles.epoch(state.row().epoch());
    var store = new StoreV1(disk.directory(SimEnclosure.V1));
    for (int i = 0; i < knobs.volumes(); i++) {
      var uuid = new UUID(dice.next(), dice.next());
      long size = knobs.volumeKib() * 1024L - i * 512L;
      catalog.put(uuid, size);
      store.create(uuid, size).close();
      oracles.volume(uuid, size);
    }
    begun = true;
  }

  /** Both controllers boot, and the chassis looks after them. */
  void powerOn() {
    boxes.values().forEach(box -> box.boot(BootCause.POWER_ON));
    sim.start(process, "chassis", this::chassisLoop);
  }

  private void chassisLoop() {
    try {
      while (true) {
        Thread.sleep(20);
        if (chassisUp) {
          boxes.values().forEach(Box::look);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- its parts

  Dice dice() {
    return dice;
  }

  Knobs knobs() {
    return knobs;
  }

  SimProcess process() {
    return process;
  }

  Disk disk() {
    return disk;
  }

  StateStore state() {
    return state;
  }

  Path stateFile() {
    return STATE_FILE;
  }

  Lease lease() {
    return lease;
  }

  Blows blows() {
    return blows;
  }

  Oracles oracles() {
    return oracles;
  }

  FormatOracles formats() {
    return formats;
  }

  TrustStore trust() {
    return trust;
  }

  Map<UUID, Long> catalog() {
    return catalog;
  }

  UUID volume(int number) {
    return List.copyOf(catalog.keySet()).get(number);
  }

  UUID kernelBoot() {
    return kernelBoot;
  }

  Box box(ControllerId id) {
    return java.util.Objects.requireNonNull(boxes.get(id));
  }

  boolean isChassisUp() {
    return chassisUp;
  }

  /** The other controller's process, if it lives and the link is up. */
  Optional<Controller> peerOf(ControllerId id) {
    return linkUp ? box(id.other()).alive() : Optional.empty();
  }

  Optional<Controller> active() {
    return boxes.values().stream()
        .flatMap(box -> box.alive().stream())
        .filter(one -> one.serving().isPresent())
        .findFirst();
  }

  /** Where hosts are served now. */
  @Nullable Serving accepting() {
    return boxes.values().stream()
        .flatMap(box -> box.alive().stream())
        .flatMap(one -> one.serving().stream())
        .filter(Serving::isAccepting)
        .findFirst()
        .orElse(null);
  }

  boolean isController(SimProcess asked) {
    return asked.name().startsWith("c");
  }

  /** A release that does not come up. */
  boolean isBad(Version release) {
    return knobs.badRelease()
        && knobs.path() != Knobs.Path.PHASES
        && release.equals(knobs.path() == Knobs.Path.ROLLING ? Releases.V122 : Releases.V201);
  }

  boolean isRedundantOn(Version release) {
    return boxes.values().stream()
        .allMatch(box ->
            box.alive()
                .filter(one -> one.release().equals(release) && one.isOnline())
                .filter(one -> one.serving().isPresent() || one.isReady())
                .isPresent());
  }

  Map<ControllerId, Slot> oldSlots(Version old) {
    Map<ControllerId, Slot> slots = new EnumMap<>(ControllerId.class);
    for (var box : boxes.values()) {
      slots.put(
          box.id(),
          Arrays.stream(Slot.values())
              .filter(slot -> old.equals(box.slots().get(slot)))
              .findFirst()
              .orElseThrow());
    }
    return slots;
  }

  // ---- what befalls it

  void chassis(boolean up) {
    chassisUp = up;
  }

  void link(boolean up) {
    linkUp = up;
  }

  void losePower() {
    judgeBeforeDeath();
    sim.note("power is lost", 0);
    boxes.values().forEach(box -> box.kill("power"));
    disk.losePower();
    oracles.powerLost();
    kernelBoot = new UUID(dice.next(), dice.next());
  }

  /** Whatever dies now: what it leaves must be right. */
  void judgeBeforeDeath() {
    if (begun) {
      sim.alone(process, "judge", this::judge);
    }
  }

  private void judge() {
    for (boolean powerLoss : new boolean[] {false, true}) {
      if (committed) {
        formats.forkOpensAsFormatTwo(powerLoss);
      } else {
        oracles.forkOpensAsFormatOne(powerLoss);
        formats.forkIsMarked(powerLoss);
      }
    }
  }

  /** Everything works again, and goes on doing so. */
  void calm() {
    blows.stop();
    disk.noFaults();
    chassisUp = true;
    linkUp = true;
    for (var box : boxes.values()) {
      if (!box.isPowered()) {
        box.boot(BootCause.POWER_ON);
      }
      if (!state.row().canceled()) {
        box.bootsAsPlanned(Releases.V201);
      }
    }
  }

  private final class Watch implements Disk.Watcher {
    @Override
    public void touched(String what) {
      if (begun) {
        oracles.changed(what);
        lookSometimes();
        blows.step();
      }
    }

    /** What a death would leave now, though nobody dies. */
    private void lookSometimes() {
      if (--untilLook <= 0) {
        untilLook = 1 + looks.below(2 * LOOKS_MEAN);
        judgeBeforeDeath();
      }
    }

    @Override
    public void failed(String folder, String what) {
      if (folder.equals(SimEnclosure.V2) && !what.equals("read")) {
        formats.failed(sim.process(), Thread.currentThread().getName());
      }
    }
  }

  private void committing(String when) {
    if (!begun) {
      return;
    }
    if (when.startsWith("after")) {
      oracles.row();
    }
    blows.step();
  }

  /** Format 2 counts: from now on what fails in it is the host's. */
  void committed() {
    committed = true;
    disk.noFaults();
    judgeBeforeDeath();
  }

  /** Format 1 is what counts. */
  boolean isFormatOne() {
    return begun && !committed;
  }

  // ---- verdicts

  /** Whether hosts may see that error. */
  boolean mayFail(StoreException e) {
    return switch (knobs.faults()) {
      case FULL -> e instanceof StoreException.Full;
      case FORMAT_2_ROTS -> committed && e instanceof StoreException.Corrupt;
      case NONE, FORMAT_2_FAILS, FORMAT_2_STALLS, FORMAT_2_SLOW -> false;
    };
  }

  void fail(Violation found) {
    if (violation == null) {
      violation = found;
      sim.say("VIOLATION " + found.getMessage());
    }
    sim.end();
    sim.freeze();
  }

  /** A controller ends itself because it found something wrong. */
  void broken(SimProcess dying, Throwable why) {
    sim.note("broken: " + dying, 0);
    sim.say(String.valueOf(why));
    broken++;
    if (violation == null) {
      violation = new Violation("controller-stops-itself", dying + ": " + told(why));
      sim.end();
    }
    dying.kill();
    sim.freeze();
  }

  private void uncaught(SimProcess in, Throwable why) {
    if (violation == null) {
      violation =
          why instanceof Violation found
              ? found
              : new Violation("controller-stops-itself", in + ": " + told(why));
    }
    in.kill();
    sim.end();
  }

  static String told(Throwable why) {
    var text = new StringBuilder();
    for (Throwable cause = why; cause != null; cause = cause.getCause()) {
      text.append(cause).append(" at ");
      text.append(
          cause.getStackTrace().length == 0
              ? "?"
              : Arrays.stream(cause.getStackTrace()).limit(6).toList());
      text.append("; ");
    }
    return text.toString();
  }

  @Nullable Violation violation() {
    return violation;
  }

  @Override
  public void close() {
    state.close();
  }
}

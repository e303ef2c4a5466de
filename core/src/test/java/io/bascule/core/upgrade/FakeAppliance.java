package io.bascule.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Two controllers and a chassis in virtual time, one thread, one tick being a tenth of a second.
 * The planner, machine, reconciler and cancel rules in it are the real ones; so is the order
 * "persist before act": a controller that is killed loses everything but {@link #record}.
 */
final class FakeAppliance {
  static final Version OLD = Version.parse("1.2.1");
  static final Version NEW = Version.parse("1.2.2");
  private static final int BOOT_TICKS = 8;
  private static final int STABLE_TICKS = 100;
  private static final int STAGE_TICKS = 10;
  private static final int HEAD_START_TICKS = 30;
  private static final int BOOT_DEADLINE_TICKS = 60;
  private static final int MAX_ATTEMPTS = 3;

  /** How a release behaves when it boots. */
  enum Temper {
    GOOD,
    CRASHES,
    NEVER_ONLINE
  }

  /** One controller, as the chassis and the enclosure have it. */
  final class Box {
    final ControllerId id;
    final Map<Slot, Version> slots = new EnumMap<>(Slot.class);
    Slot bootSlot = Slot.A;
    @Nullable Slot fallback;
    int attempts;
    boolean powered = true;
    boolean failed;
    boolean alive;
    @Nullable Slot runningSlot;
    BootCause cause = BootCause.POWER_ON;
    ControllerBoot.@Nullable Failure failure;
    String tag = "";
    int ticksUp;
    @Nullable StagingRun staging;

    Box(ControllerId id) {
      this.id = id;
    }

    @Nullable Version running() {
      return alive && runningSlot != null ? slots.get(runningSlot) : null;
    }

    Temper temper() {
      return NEW.equals(running()) && id != healthyOn ? newTemper : Temper.GOOD;
    }

    boolean online() {
      return alive && ticksUp >= BOOT_TICKS && temper() == Temper.GOOD;
    }

    Status status() {
      if (failed) {
        return Status.FAILED;
      }
      if (!powered) {
        return Status.OFF;
      }
      return online() ? Status.ONLINE : Status.RECOVERING;
    }

    void boot(BootCause why) {
      cause = why;
      alive = true;
      failed = false;
      powered = true;
      runningSlot = bootSlot;
      ticksUp = 0;
    }

    void die() {
      alive = false;
      staging = null;
      if (active == id) {
        active = null;
        formatTwo.forget();
      }
    }

    ControllerBoot view() {
      return new ControllerBoot(
          id,
          status(),
          online() ? Optional.of(active == id ? Role.ACTIVE : Role.STANDBY) : Optional.empty(),
          Optional.ofNullable(running()),
          alive ? Optional.ofNullable(runningSlot) : Optional.empty(),
          bootSlot,
          Optional.ofNullable(fallback),
          attempts,
          ticksUp >= BOOT_TICKS + STABLE_TICKS,
          cause,
          Optional.ofNullable(failure),
          alive ? 1 : 0,
          0);
    }
  }

  private record StagingRun(String tag, Version release, Slot slot, int readyAt) {}

  final Map<ControllerId, Box> boxes = new EnumMap<>(ControllerId.class);
  Temper newTemper = Temper.GOOD;

  /** A bad release that comes up on this controller all the same. */
  @Nullable ControllerId healthyOn;

  boolean chassisUp = true;
  @Nullable ControllerId active;
  @Nullable Upgrade record;
  final FakeFormatTwo formatTwo = new FakeFormatTwo();
  int tick;
  int ticksWithoutActive;
  int longestWithoutActive;
  final List<String> log = new ArrayList<>();

  private final Map<ControllerId, Slot> oldSlots;

  FakeAppliance() {
    this(
        ControllerId.CONTROLLER_0,
        Map.of(ControllerId.CONTROLLER_0, Slot.A, ControllerId.CONTROLLER_1, Slot.A));
  }

  /**
   * @param oldSlots the slot of each controller that holds the old release
   */
  FakeAppliance(ControllerId firstActive, Map<ControllerId, Slot> oldSlots) {
    this.oldSlots = oldSlots;
    for (var id : ControllerId.values()) {
      var box = new Box(id);
      box.bootSlot = Check.found(oldSlots.get(id), "slot");
      box.slots.put(box.bootSlot, OLD);
      box.boot(BootCause.POWER_ON);
      box.ticksUp = 1000;
      boxes.put(id, box);
    }
    active = firstActive;
  }

  Box box(ControllerId id) {
    return Check.found(boxes.get(id), "box");
  }

  Instant now() {
    return Instant.EPOCH.plusMillis(100L * tick);
  }

  void start(Set<PausePoint> pauseAt) {
    begin(Planner.rolling("u1", OLD, NEW, firstActive(), oldSlots, 2), pauseAt);
  }

  /** An upgrade whose new release migrates; the old one knows how to cancel that. */
  void startMigrating(Set<PausePoint> pauseAt) {
    begin(
        Planner.migrating(
            "u1", OLD, NEW, firstActive(), oldSlots, 2, new Planner.Migration(10, 5, 60)),
        pauseAt);
  }

  private ControllerId firstActive() {
    return Check.found(active, "active");
  }

  private void begin(Plan plan, Set<PausePoint> pauseAt) {
    var row = new Upgrade.Row(false, false, false, Set.of(OLD), Optional.empty(), 1);
    record = UpgradeMachine.begin(plan, 7, row, pauseAt, Upgrade.Tuning.DEFAULT, "admin", now());
  }

  Upgrade upgrade() {
    return Check.found(record, "record");
  }

  World world() {
    ControllerId self = Check.found(active, "active");
    Map<ControllerId, ControllerBoot> boots = new EnumMap<>(ControllerId.class);
    Map<ControllerId, Map<Slot, Version>> slots = new EnumMap<>(ControllerId.class);
    Map<ControllerId, World.Staging> stagings = new EnumMap<>(ControllerId.class);
    boolean peerReady = box(self.other()).online() && allowed(box(self.other()));
    for (var box : boxes.values()) {
      if (chassisUp) {
        boots.put(box.id, box.view());
      }
      if (box.id == self || peerReady) {
        slots.put(box.id, Map.copyOf(box.slots));
        if (box.staging != null) {
          boolean done = tick >= box.staging.readyAt();
          stagings.put(
              box.id,
              new World.Staging(
                  box.staging.tag(),
                  box.staging.release(),
                  box.staging.slot(),
                  done ? 100 : 50,
                  done,
                  Optional.empty()));
        }
      }
    }
    Version release = Check.found(box(self).running(), "release");
    return new World(
        self,
        release,
        boots,
        peerReady,
        slots,
        stagings,
        formatTwo.view(upgrade(), NEW.equals(release)));
  }

  private boolean allowed(Box box) {
    Version running = box.running();
    return running != null && (record == null || record.row().allowedReleases().contains(running));
  }

  /** Everybody does a tenth of a second's work. */
  void tick() {
    tick++;
    for (var box : boxes.values()) {
      live(box);
    }
    if (active == null) {
      elect();
    }
    if (active == null) {
      ticksWithoutActive++;
      longestWithoutActive = Math.max(longestWithoutActive, ticksWithoutActive);
    } else {
      ticksWithoutActive = 0;
      act();
    }
  }

  private void live(Box box) {
    if (box.alive) {
      box.ticksUp++;
      if (box.staging != null && tick == box.staging.readyAt()) {
        box.slots.put(box.staging.slot(), box.staging.release());
      }
      if (box.temper() == Temper.CRASHES && box.ticksUp >= 3) {
        box.die();
        if (chassisUp) {
          failedAttempt(box, BootCause.CRASH, "exit code 1");
        }
        return;
      }
      if (box.temper() == Temper.NEVER_ONLINE && box.ticksUp >= BOOT_DEADLINE_TICKS && chassisUp) {
        box.die();
        failedAttempt(box, BootCause.BOOT_TIMEOUT, "did not become healthy");
        return;
      }
      if (box.ticksUp >= BOOT_TICKS + STABLE_TICKS) {
        box.attempts = 0;
      }
    } else if (chassisUp && box.powered && !box.failed) {
      failedAttempt(box, BootCause.CRASH, "signal 9");
    }
  }

  private void failedAttempt(Box box, BootCause cause, String why) {
    boolean stable = box.ticksUp >= BOOT_TICKS + STABLE_TICKS;
    if (!stable) {
      box.attempts++;
    }
    if (box.attempts >= MAX_ATTEMPTS && box.fallback != null) {
      box.failure = new ControllerBoot.Failure(box.bootSlot, box.tag, why);
      box.bootSlot = box.fallback;
      box.fallback = null;
      box.attempts = 0;
      cause = BootCause.REQUESTED;
    }
    box.boot(cause);
  }

  private void elect() {
    var preferred =
        record == null ? Optional.<ControllerId>empty() : record.row().preferredActive();
    for (var box : boxes.values()) {
      boolean mayTake = box.online() && allowed(box);
      boolean yields =
          preferred.isPresent()
              && preferred.get() != box.id
              && box(preferred.get()).alive
              && box.ticksUp < BOOT_TICKS + HEAD_START_TICKS;
      if (mayTake && !yields) {
        active = box.id;
        take(Check.found(box.running(), "release"));
        log.add(tick + ": " + box.id + " is active on " + box.running());
        return;
      }
    }
  }

  /** What the old release does in the transaction that takes the lease. */
  private void take(Version release) {
    if (record == null || record.state().ended()) {
      return;
    }
    boolean migrating =
        record.step().flatMap(StepName::phase).isPresent()
            && !record.row().canceled()
            && !record.row().committed();
    assertThat(record.row().committed() && OLD.equals(release))
        .as("the old release takes the lease of a committed appliance")
        .isFalse();
    if (migrating && OLD.equals(release)) {
      apply(new UpgradeEvent.CanceledByTakeover(Check.found(active, "active"), now()));
    }
  }

  private void act() {
    if (record == null || record.state().ended()) {
      return;
    }
    var release = Check.found(box(Check.found(active, "active")).running(), "release");
    formatTwo.work(record, release, now()).ifPresent(this::apply);
    var world = world();
    if (record.queued().isPresent()
        && CancelRules.availability(record, world).availability() == Availability.AVAILABLE) {
      cancel(false);
      return;
    }
    if (record.state() == UpgradeState.PAUSED) {
      return;
    }
    var action = Reconciler.next(record, world);
    if (!(action instanceof Action.Wait)) {
      log.add(tick + ": " + record.state() + " " + record.step().orElse(null) + " " + action);
    }
    perform(action);
  }

  private void perform(Action action) {
    ControllerId self = Check.found(active, "active");
    switch (action) {
      case Action.AllHold hold -> apply(new UpgradeEvent.GoalsReached(self, now()));
      case Action.Wait wait -> apply(new UpgradeEvent.Progressed(wait.percent(), now()));
      case Action.Failed failed ->
          apply(
              new UpgradeEvent.StepFailed(
                  failed.code(), failed.detail(), failed.mayRetry(), now()));
      case Action.StartOver over -> apply(new UpgradeEvent.RolesChanged(over.why(), now()));
      case Action.SetSlot set -> {
        var box = box(set.id());
        box.bootSlot = set.slot();
        box.fallback = set.fallback().orElse(null);
        box.attempts = 0;
        box.tag = upgrade().plan().id();
      }
      case Action.Boot boot -> {
        assertThat(boot.id()).as("the active is never just booted").isNotEqualTo(self);
        var box = box(boot.id());
        box.die();
        box.boot(BootCause.REQUESTED);
      }
      case Action.Settle settle -> box(settle.id()).fallback = null;
      case Action.Stage stage ->
          box(stage.id()).staging =
              new StagingRun(
                  upgrade().stagingTag(), stage.release(), stage.slot(), tick + STAGE_TICKS);
      case Action.DropSlot drop -> {
        var box = box(drop.id());
        assertThat(box.runningSlot).as("a running slot is never dropped").isNotEqualTo(drop.slot());
        assertThat(box.bootSlot).as("a boot slot is never dropped").isNotEqualTo(drop.slot());
        box.slots.remove(drop.slot());
      }
      case Action.Commit commit -> {
        for (var box : boxes.values()) {
          assertThat(box.running()).as("%s at the commit", box.id).isIn(NEW, null);
          assertThat(box.fallback).as("fallback of %s at the commit", box.id).isNull();
        }
        apply(new UpgradeEvent.Committed(now()));
      }
      case Action.HandOver handOver -> {
        assertThat(box(self.other()).online()).as("the guard before a handover").isTrue();
        var box = box(self);
        box.die();
        active = self.other();
        take(Check.found(box(active).running(), "release"));
        box.boot(BootCause.REQUESTED);
      }
      case Action.RebootInPlace reboot -> {
        assertThat(upgrade().cancel().orElseThrow().acceptDisruption()).isTrue();
        var box = box(self);
        box.die();
        box.boot(BootCause.REQUESTED);
      }
    }
  }

  UpgradeMachine.Result apply(UpgradeEvent event) {
    var result = UpgradeMachine.step(upgrade(), event);
    if (result instanceof UpgradeMachine.Result.Changed changed) {
      checkRevision(upgrade(), changed.next());
      record = changed.next();
    }
    return result;
  }

  /** The revision changes with state, step, phase or cancel, and with nothing else. */
  private static void checkRevision(Upgrade was, Upgrade next) {
    boolean visible =
        was.state() != next.state()
            || !was.step().equals(next.step())
            || was.row().committed() != next.row().committed()
            || !was.cancel().equals(next.cancel())
            || !was.queued().equals(next.queued());
    assertThat(next.revision()).isEqualTo(visible ? was.revision() + 1 : was.revision());
  }

  /** What a confirmed cancel does now. */
  CancelRules.Verdict cancel(boolean acceptDisruption) {
    var verdict = CancelRules.judge(upgrade(), world(), acceptDisruption, false);
    if (verdict instanceof CancelRules.Verdict.Start) {
      apply(
          new UpgradeEvent.CancelStarted(
              new Upgrade.Cancel(
                  "admin",
                  now(),
                  Optional.of(CancelReason.TAKING_TOO_LONG),
                  "",
                  acceptDisruption,
                  false),
              world().self(),
              now()));
    }
    return verdict;
  }

  void kill(ControllerId id) {
    log.add(tick + ": kill " + id);
    box(id).die();
  }

  void powerOff(ControllerId id) {
    log.add(tick + ": power off " + id);
    box(id).die();
    box(id).powered = false;
  }

  void powerOn(ControllerId id) {
    if (!box(id).alive) {
      log.add(tick + ": power on " + id);
      box(id).attempts = 0;
      box(id).boot(BootCause.POWER_ON);
    }
  }

  /** Ticks until {@code done}, at most {@code limit}. */
  void until(java.util.function.BooleanSupplier done, int limit) {
    for (int i = 0; i < limit && !done.getAsBoolean(); i++) {
      tick();
    }
    assertThat(done.getAsBoolean())
        .as("%s at %s\n%s", upgrade().state(), upgrade().step(), String.join("\n", log))
        .isTrue();
  }

  boolean redundantOn(Version release) {
    return active != null
        && boxes.values().stream()
            .allMatch(box -> box.online() && release.equals(box.running()) && box.fallback == null);
  }
}

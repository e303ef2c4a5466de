package io.bascule.sim.world;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.sim.rt.Sim;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One controller's hardware and what the chassis keeps of it: power, slots, boot attempts. It does
 * what {@code cli.chassis} does, which needs real processes and is not simulated itself.
 */
final class Box {
  private static final int MAX_ATTEMPTS = 3;
  private static final long STABLE_NANOS = 10_000_000_000L;

  /** A release being unpacked. */
  record Unpacking(
      Controller by, String tag, Version release, Slot slot, long begunNanos, long readyNanos) {}

  private final Appliance appliance;
  private final ControllerId id;
  private final Map<Slot, Version> slots = new EnumMap<>(Slot.class);
  private Slot bootSlot = Slot.A;
  private @Nullable Slot fallback;
  private int attempts;
  private boolean powered = true;
  private @Nullable Controller controller;
  private BootCause cause = BootCause.POWER_ON;
  private ControllerBoot.@Nullable Failure failure;
  private String tag = "";
  private @Nullable Unpacking unpacking;
  private boolean unpacked;
  private long onlineSinceNanos = -1;

  /** Its last process was, when it was last looked at. */
  private boolean wasStable;

  private boolean againstThePlan;
  private long deadSinceNanos = -1;
  private long boots;

  Box(Appliance appliance, ControllerId id) {
    this.appliance = appliance;
    this.id = id;
  }

  ControllerId id() {
    return id;
  }

  Map<Slot, Version> slots() {
    return slots;
  }

  void holds(Slot slot, Version release) {
    slots.put(slot, release);
  }

  void bootsFrom(Slot slot) {
    bootSlot = slot;
  }

  /** An administrator has it boot from that slot, whatever the upgrade thinks of it. */
  void bootsAgainstThePlan(Slot slot) {
    bootSlot = slot;
    againstThePlan = true;
    boot(BootCause.POWER_ON);
  }

  /** He sees that it was no good, and boots the release that is wanted, if nobody has yet. */
  void bootsAsPlanned(Version wanted) {
    boolean other = !wanted.equals(slots.get(bootSlot));
    if (againstThePlan && other && wanted.equals(slots.get(bootSlot.other()))) {
      bootSlot = bootSlot.other();
      boot(BootCause.POWER_ON);
    }
    againstThePlan = false;
  }

  Optional<Controller> alive() {
    var now = controller;
    return now != null && now.process().isAlive() ? Optional.of(now) : Optional.empty();
  }

  boolean isPowered() {
    return powered;
  }

  /** Starts its process from the slot that is set. */
  void boot(BootCause why) {
    kill("boot");
    cause = why;
    powered = true;
    wasStable = false;
    onlineSinceNanos = -1;
    deadSinceNanos = -1;
    var release = slots.get(bootSlot);
    if (release == null) {
      throw new Violation("boots-a-release", id + " has nothing in slot " + bootSlot);
    }
    controller = new Controller(appliance, id, bootSlot, release, ++boots);
    Sim.current().note("boot " + id + " " + release, boots);
    controller.start();
  }

  /** SIGKILL. */
  void kill(String why) {
    var now = controller;
    if (now != null && now.process().isAlive()) {
      Sim.current().note("kill " + id + ": " + why, 0);
      now.process().kill();
    }
  }

  void powerOff() {
    kill("power off");
    powered = false;
  }

  /** One look of the chassis. */
  void look() {
    long now = Sim.current().nowNanos();
    finishUnpacking(now);
    var present = alive();
    if (present.isPresent()) {
      if (present.get().isOnline()) {
        onlineSinceNanos = onlineSinceNanos < 0 ? now : onlineSinceNanos;
      }
      wasStable = isStable();
      return;
    }
    if (!powered) {
      return;
    }
    if (deadSinceNanos < 0) {
      deadSinceNanos = now;
    } else if (now - deadSinceNanos > 50_000_000L) {
      bootAgain();
    }
  }

  private void bootAgain() {
    var was = controller;
    if (was != null && was.wantsReboot()) {
      boot(BootCause.REQUESTED);
      return;
    }
    if (!wasStable) {
      attempts++;
    }
    var other = fallback;
    if (attempts >= MAX_ATTEMPTS && other != null) {
      failure = new ControllerBoot.Failure(bootSlot, tag, "it does not come up");
      bootSlot = other;
      fallback = null;
      attempts = 0;
    }
    boot(BootCause.CRASH);
  }

  private void finishUnpacking(long now) {
    var work = unpacking().orElse(null);
    if (work != null && now >= work.readyNanos() && !unpacked) {
      unpacked = true;
      slots.put(work.slot(), work.release());
    }
  }

  void stage(String stagingTag, Version release, Slot slot) {
    var work = unpacking().orElse(null);
    if (work == null || !work.tag().equals(stagingTag)) {
      slots.remove(slot);
      unpacked = false;
      long now = Sim.current().nowNanos();
      unpacking =
          new Unpacking(
              alive().orElseThrow(),
              stagingTag,
              release,
              slot,
              now,
              now + appliance.dice().between(100_000_000L, 600_000_000L));
    }
  }

  /** Of the process that runs now: it dies with it. */
  Optional<Unpacking> unpacking() {
    var work = unpacking;
    return work != null && work.by().process().isAlive() ? Optional.of(work) : Optional.empty();
  }

  boolean isUnpacked() {
    return unpacked;
  }

  void dropSlot(Slot slot) {
    unpacking = null;
    slots.remove(slot);
  }

  void setSlot(Slot slot, Optional<Slot> other, String why) {
    if (!tag.equals(why)) {
      failure = null;
    }
    bootSlot = slot;
    fallback = other.orElse(null);
    attempts = 0;
    tag = why;
  }

  void settle() {
    fallback = null;
  }

  Slot bootSlot() {
    return bootSlot;
  }

  Status status() {
    if (!powered) {
      return Status.OFF;
    }
    return alive().filter(Controller::isOnline).isPresent() ? Status.ONLINE : Status.RECOVERING;
  }

  boolean isStable() {
    return status() == Status.ONLINE
        && onlineSinceNanos >= 0
        && Sim.current().nowNanos() - onlineSinceNanos >= STABLE_NANOS;
  }

  ControllerBoot view() {
    var present = alive();
    return new ControllerBoot(
        id,
        status(),
        present
            .filter(Controller::isOnline)
            .map(one -> one.isActive() ? Role.ACTIVE : Role.STANDBY),
        present.filter(Controller::isOnline).map(Controller::release),
        present.map(Controller::slot),
        bootSlot,
        Optional.ofNullable(fallback),
        attempts,
        isStable(),
        cause,
        Optional.ofNullable(failure),
        present.isPresent() ? boots : 0,
        0);
  }
}

package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import java.util.List;
import java.util.Optional;

/**
 * Compares goals with the world and says what to do about the first that does not hold. Pure: the
 * same goals and the same world give the same action, so that a crash at any instant costs nothing
 * but another look.
 */
public final class Reconciler {
  private final Plan plan;
  private final World world;
  private final boolean goingBack;
  private final boolean acceptDisruption;
  private final String stagingTag;
  private final boolean committed;

  private Reconciler(Upgrade upgrade, World world) {
    this.plan = upgrade.plan();
    this.world = world;
    this.goingBack = upgrade.state() == UpgradeState.CANCELING;
    this.acceptDisruption = upgrade.cancel().map(Upgrade.Cancel::acceptDisruption).orElse(false);
    this.stagingTag = upgrade.stagingTag();
    this.committed = upgrade.row().committed();
  }

  /**
   * The next action towards {@code upgrade}'s current goals; {@link Action.AllHold} where there are
   * none.
   */
  public static Action next(Upgrade upgrade, World world) {
    return new Reconciler(upgrade, world).next(upgrade.goals());
  }

  private Action next(List<Primitive> goals) {
    if (committed && goals.contains(new Primitive.Commit())) {
      // What had to hold before it does not matter any more.
      return holds();
    }
    for (var goal : goals) {
      Action action = towards(goal);
      if (!(action instanceof Action.AllHold)) {
        return action;
      }
    }
    return new Action.AllHold();
  }

  private static Action holds() {
    return new Action.AllHold();
  }

  private Action towards(Primitive goal) {
    return switch (goal) {
      case Primitive.Stage stage -> stage(stage);
      case Primitive.SetSlot set -> setSlot(set);
      case Primitive.Boot boot -> boot(boot);
      case Primitive.WaitOnline wait -> waitOnline(wait);
      case Primitive.HandOver handOver -> handOver(handOver);
      case Primitive.WaitStable wait -> waitStable(wait);
      case Primitive.DropSlot drop -> dropSlot(drop);
      case Primitive.Settle settle -> settle(settle);
      case Primitive.Phase phase ->
          phase.number() == Primitive.Phase.DROPPED ? dropped() : phase(phase.number());
      case Primitive.Commit commit -> commit();
      case Primitive.Unknown unknown -> cannot(unknown.code());
    };
  }

  private Action cannot(String code) {
    return new Action.Failed(
        "UNSUPPORTED_STEP",
        "release " + world.release() + " does not know how to carry out " + code,
        false);
  }

  /** Whoever serves sees to it as soon as the record says so; here it is only waited for. */
  private Action dropped() {
    return world.formatTwo().present() ? Action.Wait.until("format 2 is being dropped") : holds();
  }

  private Action phase(int number) {
    var now = world.formatTwo();
    if (!now.known()) {
      return cannot("PHASE " + number);
    }
    if (now.valid() && now.phasesDone() >= number) {
      return holds();
    }
    return new Action.Wait(
        now.waitsFor().orElse("phase " + number + " is under way"),
        Optional.empty(),
        now.phasesDone() + 1 == number ? now.percent() : 0,
        false);
  }

  private Action commit() {
    if (committed) {
      return holds();
    }
    return world.formatTwo().known() ? new Action.Commit() : cannot("COMMIT");
  }

  private Action stage(Primitive.Stage goal) {
    ControllerId id = goal.who().resolve(world.self());
    Slot slot = plan.slot(id, Primitive.PlanSlot.NEW);
    var slots = world.slots().get(id);
    if (slots == null) {
      return absent(id, "does not answer over the peer link");
    }
    var staging =
        Optional.ofNullable(world.stagings().get(id)).filter(s -> s.tag().equals(stagingTag));
    if (staging.isPresent() && !staging.get().done()) {
      var running = staging.get();
      return running
          .error()
          .<Action>map(error -> new Action.Failed("STAGING_FAILED", id + ": " + error, true))
          .orElseGet(() ->
              new Action.Wait(
                  id + " unpacks and verifies " + goal.release(),
                  Optional.empty(),
                  running.percent(),
                  false));
    }
    if (goal.release().equals(slots.get(slot))) {
      return holds();
    }
    return new Action.Stage(id, goal.release(), slot);
  }

  private Action setSlot(Primitive.SetSlot goal) {
    ControllerId id = goal.who().resolve(world.self());
    var boot = world.boot(id);
    if (boot.isEmpty()) {
      return chassisAbsent();
    }
    var failure = failed(id, boot.get());
    if (failure.isPresent()) {
      return failure.get();
    }
    Slot slot = plan.slot(id, goal.slot());
    Optional<Slot> fallback = goal.fallback() ? Optional.of(slot.other()) : Optional.empty();
    if (boot.get().bootSlot() == slot && boot.get().fallback().equals(fallback)) {
      return holds();
    }
    return new Action.SetSlot(id, slot, fallback);
  }

  private Action boot(Primitive.Boot goal) {
    ControllerId id = goal.who().resolve(world.self());
    var known = world.boot(id);
    if (known.isEmpty()) {
      return chassisAbsent();
    }
    var boot = known.get();
    Slot slot = plan.slot(id, goal.slot());
    if (boot.runningSlot().equals(Optional.of(slot))) {
      return holds();
    }
    if (mayBeSkipped(id)) {
      return holds();
    }
    if (id == world.self()) {
      // The roles changed by a crash. Handing over is a reboot into the slot that is set.
      return world.online(world.standby())
          ? new Action.HandOver()
          : absent(world.standby(), "cannot take over yet");
    }
    return switch (boot.status()) {
      case OFF -> off(id);
      case FAILED ->
          goingBack && boot.attempts() == 0 ? new Action.Boot(id) : failedController(id, boot);
      case ONLINE -> new Action.Boot(id);
      case RECOVERING ->
          boot.runningSlot().isEmpty()
              ? Action.Wait.until(id + " is about to boot")
              : new Action.Boot(id);
    };
  }

  private Action waitOnline(Primitive.WaitOnline goal) {
    ControllerId id = goal.who().resolve(world.self());
    if (world.onlineOn(id, goal.release())) {
      return holds();
    }
    if (id == world.self()) {
      return goingBack
          ? new Action.StartOver(id + " is active on " + world.release())
          : Action.Wait.until(id + " is active on " + world.release());
    }
    if (mayBeSkipped(id)) {
      return holds();
    }
    var known = world.boot(id);
    if (known.isEmpty()) {
      return chassisAbsent();
    }
    var boot = known.get();
    var failure = failed(id, boot);
    if (failure.isPresent()) {
      return failure.get();
    }
    return switch (boot.status()) {
      case OFF -> off(id);
      case FAILED -> failedController(id, boot);
      case RECOVERING -> Action.Wait.until(id + " is coming up on " + goal.release());
      case ONLINE ->
          boot.release().equals(Optional.of(goal.release()))
              ? Action.Wait.untilSoon(id + " is ONLINE and does not join over the peer link")
              : goingBack
                  ? new Action.StartOver(id + " came up on another release")
                  : otherRelease(id, boot, goal.release());
    };
  }

  /** Somebody booted it from its other slot. */
  private Action otherRelease(ControllerId id, ControllerBoot boot, Version wanted) {
    String number = Integer.toString(id.number());
    return Action.Wait.forPerson(
        id
            + " runs "
            + boot.release().map(Version::toString).orElse("another release")
            + " instead of "
            + wanted,
        "Boot it from its other slot: bascule controller power-off "
            + number
            + ", then bascule controller power-on "
            + number
            + " --slot "
            + plan.slot(id, Primitive.PlanSlot.NEW)
            + ". The upgrade goes on then.");
  }

  private Action handOver(Primitive.HandOver goal) {
    if (world.release().equals(goal.release())) {
      return holds();
    }
    ControllerId peer = world.standby();
    if (world.onlineOn(peer, goal.release())) {
      return new Action.HandOver();
    }
    if (mayBeSkipped(peer)) {
      return new Action.RebootInPlace();
    }
    return waitOnline(new Primitive.WaitOnline(Who.the(peer), goal.release()));
  }

  private Action waitStable(Primitive.WaitStable goal) {
    ControllerId id = goal.who().resolve(world.self());
    var boot = world.boot(id);
    if (boot.isEmpty()) {
      return chassisAbsent();
    }
    var failure = failed(id, boot.get());
    if (failure.isPresent()) {
      return failure.get();
    }
    return boot.get().stable() && world.online(id)
        ? holds()
        : Action.Wait.until("watching whether " + id + " stays up");
  }

  private Action dropSlot(Primitive.DropSlot goal) {
    ControllerId id = goal.who().resolve(world.self());
    Slot slot = plan.slot(id, Primitive.PlanSlot.NEW);
    var boot = world.boot(id);
    if (boot.isEmpty()) {
      return chassisAbsent();
    }
    if (boot.get().bootSlot() == slot || boot.get().runningSlot().equals(Optional.of(slot))) {
      return new Action.StartOver(id + " still uses slot " + slot);
    }
    var slots = world.slots().get(id);
    if (slots == null) {
      return absent(id, "does not answer over the peer link");
    }
    return slots.containsKey(slot) ? new Action.DropSlot(id, slot) : holds();
  }

  private Action settle(Primitive.Settle goal) {
    ControllerId id = goal.who().resolve(world.self());
    var boot = world.boot(id);
    if (boot.isEmpty()) {
      return chassisAbsent();
    }
    return boot.get().fallback().isEmpty() ? holds() : new Action.Settle(id);
  }

  /**
   * The new release would not come up on a controller: only while going forward is that a failure
   * of the step.
   */
  private Optional<Action> failed(ControllerId id, ControllerBoot boot) {
    if (goingBack) {
      return Optional.empty();
    }
    return boot.lastFailure()
        .filter(failure -> failure.tag().equals(plan.id()))
        .filter(failure -> failure.slot() == plan.slot(id, Primitive.PlanSlot.NEW))
        .map(failure ->
            new Action.Failed(
                "BOOT_FAILED",
                "release " + plan.to() + " did not come up on " + id + ": " + failure.cause(),
                false));
  }

  /**
   * Where disruption was accepted, a peer that will not come is not waited for until the active
   * itself is back on the old release.
   */
  private boolean mayBeSkipped(ControllerId id) {
    if (!goingBack
        || !acceptDisruption
        || id == world.self()
        || world.release().equals(plan.from())) {
      return false;
    }
    var status = world.boot(id).map(ControllerBoot::status);
    return status.isEmpty()
        || status.get() == Status.OFF
        || status.get() == Status.FAILED
        || (status.get() == Status.ONLINE && !world.peerReady());
  }

  private Action absent(ControllerId id, String what) {
    var status = world.boot(id).map(ControllerBoot::status).orElse(Status.RECOVERING);
    return switch (status) {
      case OFF -> off(id);
      case FAILED -> failedController(id, world.boots().get(id));
      case ONLINE -> Action.Wait.untilSoon(id + " " + what);
      case RECOVERING -> Action.Wait.until(id + " " + what);
    };
  }

  private static Action off(ControllerId id) {
    return Action.Wait.forPerson(
        id + " is OFF",
        "Switch it on: bascule controller power-on " + id.number() + ". The upgrade goes on then.");
  }

  private Action failedController(
      ControllerId id, @org.jspecify.annotations.Nullable ControllerBoot boot) {
    String cause =
        Optional.ofNullable(boot)
            .flatMap(ControllerBoot::lastFailure)
            .map(f -> ": " + f.cause())
            .orElse("");
    if (!goingBack) {
      return new Action.Failed("CONTROLLER_FAILED", id + " has FAILED" + cause, false);
    }
    return Action.Wait.forPerson(
        id + " has FAILED" + cause,
        "Look at its log, then: bascule controller power-on " + id.number() + ".");
  }

  private static Action chassisAbsent() {
    return Action.Wait.forPerson(
        "the chassis does not answer",
        "Start it again: bascule up. Hosts are being served meanwhile.");
  }
}

package io.bascule.controller.upgrade;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Two controllers and their chassis in virtual time, a tick being a tenth of a second: what the
 * upgrade's thread acts on. Guarded by the {@link Lab} it belongs to.
 */
final class Enclosure {
  static final Version OLD = Version.parse("1.2.1");
  static final Version NEW = Version.parse("1.2.2");
  static final long TICK_MILLIS = 100;
  static final int BOOT_TICKS = 8;
  static final int HEAD_START_TICKS = 30;
  private static final int STABLE_TICKS = 20;
  private static final int MAX_ATTEMPTS = 3;

  /** One controller. */
  final class Box {
    final ControllerId id;
    final Map<Slot, Version> slots = new EnumMap<>(Slot.class);
    Slot bootSlot = Slot.A;
    @Nullable Slot fallback;
    int attempts;
    boolean powered = true;
    boolean alive = true;
    Slot runningSlot = Slot.A;
    BootCause cause = BootCause.POWER_ON;
    ControllerBoot.@Nullable Failure failure;
    String tag = "";
    int ticksUp = 1_000;
    boolean diedStable;
    @Nullable StagingRun staging;

    private Box(ControllerId id) {
      this.id = id;
      slots.put(Slot.A, OLD);
    }

    @Nullable Version running() {
      return alive ? slots.get(runningSlot) : null;
    }

    boolean online() {
      return alive && ticksUp >= BOOT_TICKS && !(hangs.contains(id) && NEW.equals(running()));
    }

    /** It could take over: the active one hears from it over the peer link. */
    boolean joined() {
      return online() && linkUp && !(strangers.contains(id) && NEW.equals(running()));
    }

    Status status() {
      if (!powered) {
        return Status.OFF;
      }
      return online() ? Status.ONLINE : Status.RECOVERING;
    }

    boolean stable() {
      return online() && ticksUp >= BOOT_TICKS + STABLE_TICKS;
    }

    void boot(BootCause why) {
      die();
      cause = why;
      alive = true;
      powered = true;
      runningSlot = bootSlot;
      ticksUp = 0;
    }

    void die() {
      diedStable = stable();
      alive = false;
      staging = null;
      if (active == id) {
        active = null;
      }
    }

    void powerOff() {
      die();
      powered = false;
    }

    void stage(String stagingTag, Version release, Slot slot) {
      if (staging == null || !staging.tag().equals(stagingTag)) {
        slots.remove(slot);
        staging = new StagingRun(stagingTag, release, slot, tick, tick + stageTicks);
      }
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

    private void live() {
      if (alive) {
        ticksUp++;
        if (staging != null && tick == staging.readyAt()) {
          slots.put(staging.slot(), staging.release());
        }
        if (crashers.contains(id) && NEW.equals(running()) && ticksUp >= 3) {
          die();
        }
      } else if (chassisUp && powered) {
        bootAgain();
      }
    }

    private void bootAgain() {
      if (!diedStable) {
        attempts++;
      }
      if (attempts >= MAX_ATTEMPTS && fallback != null) {
        failure = new ControllerBoot.Failure(bootSlot, tag, "exit code 1");
        bootSlot = fallback;
        fallback = null;
        attempts = 0;
      }
      boot(BootCause.CRASH);
    }

    private ControllerBoot view() {
      return new ControllerBoot(
          id,
          status(),
          online() ? Optional.of(active == id ? Role.ACTIVE : Role.STANDBY) : Optional.empty(),
          Optional.ofNullable(running()),
          alive ? Optional.of(runningSlot) : Optional.empty(),
          bootSlot,
          Optional.ofNullable(fallback),
          attempts,
          stable(),
          cause,
          Optional.ofNullable(failure),
          alive ? 1 : 0,
          0);
    }
  }

  record StagingRun(String tag, Version release, Slot slot, int begunAt, int readyAt) {}

  private final Map<ControllerId, Box> boxes = new EnumMap<>(ControllerId.class);

  /** Controllers on which the new release dies as it boots. */
  final Set<ControllerId> crashers = new HashSet<>();

  /** Controllers that do not come ONLINE on the new release for now. */
  final Set<ControllerId> hangs = new HashSet<>();

  /** Controllers that on the new release are ONLINE and never join the peer link. */
  final Set<ControllerId> strangers = new HashSet<>();

  int stageTicks = 6;
  boolean chassisUp = true;
  boolean linkUp = true;
  @Nullable ControllerId active;
  int tick;

  Enclosure() {
    for (var id : ControllerId.values()) {
      boxes.put(id, new Box(id));
    }
  }

  Box box(ControllerId id) {
    return Check.found(boxes.get(id), "box");
  }

  void tick() {
    tick++;
    boxes.values().forEach(Box::live);
  }

  Map<ControllerId, ControllerBoot> boots() {
    Map<ControllerId, ControllerBoot> all = new EnumMap<>(ControllerId.class);
    boxes.values().forEach(box -> all.put(box.id, box.view()));
    return all;
  }

  Optional<Fleet.Staging> staging(ControllerId id) {
    return Optional.ofNullable(box(id).staging)
        .map(run ->
            new Fleet.Staging(
                run.tag(),
                run.release(),
                run.slot(),
                Math.min(100, 100 * (tick - run.begunAt()) / (run.readyAt() - run.begunAt())),
                tick >= run.readyAt(),
                Optional.empty()));
  }

  /** Both are ONLINE on that release, would boot it again, and hold nothing else. */
  boolean redundantOn(Version release) {
    return active != null
        && boxes.values().stream()
            .allMatch(box ->
                box.joined()
                    && release.equals(box.running())
                    && box.fallback == null
                    && box.bootSlot == box.runningSlot);
  }
}

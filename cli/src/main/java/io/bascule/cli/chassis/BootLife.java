package io.bascule.cli.chassis;

import io.bascule.cli.chassis.Phase.Booting;
import io.bascule.cli.chassis.Phase.Down;
import io.bascule.cli.chassis.Phase.Ending;
import io.bascule.cli.chassis.Phase.Failed;
import io.bascule.cli.chassis.Phase.Launching;
import io.bascule.cli.chassis.Phase.Next;
import io.bascule.cli.chassis.Phase.Off;
import io.bascule.cli.chassis.Phase.Running;
import io.bascule.cli.chassis.Phase.Said;
import io.bascule.cli.chassis.Phase.Up;
import io.bascule.cli.chassis.Phase.Waiting;
import io.bascule.core.Check;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The boot life of one controller as a pure machine: power, boot counting, fallback, hang.
 *
 * <pre>
 *             launch                Launched              says ONLINE
 *   Waiting ---------> Launching -------------> Booting ---------------> Up --(10 s)--> Up, stable
 *      ^                   ^                       |                     |
 *      |  failed boot,     |  failed boot          | died, hung,         | died, hung, BOOT
 *      |  no fallback      |  with fallback        | not ONLINE in 30 s  |
 *      +-------------------+------- Ending &lt;-------+---------------------+
 *                                     |
 *                     Failed, Off, Down
 * </pre>
 *
 * What counts as a failed boot: the process died, hung, or was not ONLINE in time, before it was
 * stable. What does not: an end of its own will, a cut by an operator, the crash of a stable one, a
 * hang after it was ONLINE (unless its slot is on trial, with a fallback), and the end of a process
 * started under another plan than the present one. Three failures of a slot with a fallback take
 * that one, five of a slot without make the controller FAILED.
 *
 * <p>{@link Launching} lasts only within one turn of the chassis: its effect is answered before any
 * other input.
 */
final class BootLife {
  private final BootTimes times;

  BootLife(BootTimes times) {
    this.times = times;
  }

  /**
   * The outcome of a step.
   *
   * @param refusal why the request was not taken; then nothing has changed
   */
  record Step(BootState state, List<BootEffect> effects, Optional<String> refusal) {}

  /** What follows from {@code input} in {@code state}. */
  Step step(BootState state, Moment at, BootInput input) {
    return new Turn(state, at).take(input);
  }

  /**
   * Goes on from what the chassis before this one wrote down.
   *
   * @param recorded its last state
   * @param end how the recorded process ended; empty while it lives (or if there is none)
   * @param sameBoot the machine has not been rebooted since
   */
  Step resume(BootState recorded, Optional<BootInput.Exited> end, boolean sameBoot, Moment at) {
    return new Turn(recorded, at).resume(end, sameBoot);
  }

  /** One step being made; its fields become the next state. */
  private final class Turn {
    private final BootState before;
    private final Moment at;
    private final List<BootEffect> effects = new ArrayList<>();
    private BootPlan plan;
    private Phase phase;
    private BootCause cause;
    private Optional<String> refusal = Optional.empty();

    Turn(BootState before, Moment at) {
      this.before = before;
      this.at = at;
      plan = before.plan();
      phase = before.phase();
      cause = before.cause();
    }

    Step take(BootInput input) {
      switch (input) {
        case BootInput.Tick _ -> tick();
        case BootInput.Launched launched -> launched(launched);
        case BootInput.LaunchFailed failed -> launchFailed(failed);
        case BootInput.Answered answered -> answered(answered);
        case BootInput.Exited exited -> exited(exited);
        case BootInput.SetSlot request -> ifNotGoingDown(() -> setSlot(request));
        case BootInput.Boot request -> ifNotGoingDown(() -> boot(request));
        case BootInput.Settle _ -> ifNotGoingDown(this::settle);
        case BootInput.PowerOff _ -> ifNotGoingDown(this::powerOff);
        case BootInput.PowerOn request -> ifNotGoingDown(() -> powerOn(request));
        case BootInput.GoDown _ -> goDown();
      }
      return done();
    }

    private Step done() {
      if (refusal.isPresent()) {
        return new Step(before, List.of(), refusal);
      }
      var status = status();
      long since = status == before.status() ? before.sinceMillis() : at.wallMillis();
      var after = new BootState(before.id(), plan, phase, cause, status, since);
      return new Step(after, List.copyOf(effects), refusal);
    }

    private Status status() {
      return switch (phase) {
        case Off _, Down _ -> Status.OFF;
        case Failed _ -> Status.FAILED;
        case Waiting _, Launching _, Booting _, Ending _ -> Status.RECOVERING;
        case Up up ->
            at.runMillis() - up.heardMillis() > BootTimes.QUIET_MILLIS
                ? Status.RECOVERING
                : up.said().map(Said::status).orElse(Status.RECOVERING);
      };
    }

    // ---- time

    private void tick() {
      switch (phase) {
        case Off _, Down _, Failed _, Launching _ -> {}
        case Waiting waiting -> {
          if (at.runMillis() >= waiting.dueMillis()) {
            launch(cause);
          }
        }
        case Booting booting -> tickBooting(booting);
        case Up up -> tickUp(up);
        case Ending ending -> {
          if (at.runMillis() >= ending.killAtMillis()) {
            phase = ending(ending.process(), ending.next());
          }
        }
      }
    }

    private void tickBooting(Booting booting) {
      if (booting.heardMillis().isPresent() && silent(booting.heardMillis().get())) {
        fail(booting.process(), BootCause.HANG, hung() + " while it booted");
      } else if (at.runMillis() >= booting.deadlineMillis()) {
        String why = "did not become healthy within " + seconds(times.bootMillis());
        fail(booting.process(), BootCause.BOOT_TIMEOUT, why);
      }
    }

    private void tickUp(Up up) {
      if (silent(up.heardMillis())) {
        if (up.stable() || !onTrial(up.process())) {
          tell(hung() + "; its power is cut, and it boots again");
          phase = ending(up.process(), new Next.Boot(BootCause.HANG));
        } else {
          fail(up.process(), BootCause.HANG, hung());
        }
        return;
      }
      boolean stable =
          up.onlineSinceMillis().isPresent()
              && at.runMillis() - up.onlineSinceMillis().get() >= times.stableMillis();
      if (stable && !up.stable()) {
        tell("is stable on slot " + up.process().slot());
        phase = new Up(up.process(), up.heardMillis(), up.onlineSinceMillis(), true, up.said());
        if (counts(up.process())) {
          plan = plan.withAttempts(0);
        }
      }
    }

    /**
     * Whether the slot of the process was chosen with another to fall back to, and nobody has
     * settled it yet: an upgrade, which must not stay with a release that hangs soon after it came
     * ONLINE. Any other slot has done its duty by coming ONLINE; what stands still then is more
     * likely a disk, which no other slot cures.
     */
    private boolean onTrial(Running process) {
      return plan.fallback().isPresent() && counts(process);
    }

    private boolean silent(long heardMillis) {
      return at.runMillis() - heardMillis >= times.hangMillis();
    }

    private String hung() {
      return "hung: no answer for " + seconds(times.hangMillis());
    }

    // ---- what the process does

    private void launched(BootInput.Launched launched) {
      Check.that(phase instanceof Launching, "%s: a process nobody asked for", before);
      var process = new Running(launched.identity(), plan.slot(), plan.tag());
      long deadlineMillis = at.runMillis() + times.bootMillis();
      phase = new Booting(process, deadlineMillis, Optional.empty(), Optional.empty());
    }

    private void launchFailed(BootInput.LaunchFailed failed) {
      Check.that(phase instanceof Launching, "%s: a failed start nobody asked for", before);
      count(BootCause.CRASH, failed.why());
    }

    private void answered(BootInput.Answered answer) {
      var said = Optional.of(new Said(answer.role(), answer.status(), answer.release()));
      boolean online = answer.status() == Status.ONLINE;
      var now = Optional.of(at.runMillis());
      switch (phase) {
        case Booting booting when is(booting.process(), answer.pid()) -> {
          if (online) {
            tell("is ONLINE as %s on %s".formatted(answer.role(), answer.release()));
            phase = new Up(booting.process(), at.runMillis(), now, false, said);
          } else {
            phase = new Booting(booting.process(), booting.deadlineMillis(), now, said);
          }
        }
        case Up up when is(up.process(), answer.pid()) -> {
          Optional<Long> since = !online ? Optional.empty() : up.onlineSinceMillis().or(() -> now);
          phase = new Up(up.process(), at.runMillis(), since, up.stable(), said);
        }
        // A late answer of a process that is gone, or of one whose end is decided.
        case Off _, Down _, Failed _, Waiting _, Launching _, Booting _, Up _, Ending _ -> {}
      }
    }

    private void exited(BootInput.Exited exited) {
      switch (phase) {
        case Booting booting when is(booting.process(), exited.pid()) ->
            ended(booting.process(), false, false, exited);
        case Up up when is(up.process(), exited.pid()) ->
            ended(up.process(), true, up.stable(), exited);
        case Ending ending when is(ending.process(), exited.pid()) -> {
          switch (ending.next()) {
            case Next.Boot next -> launch(next.cause());
            case Next.Fail next ->
                countIfOf(ending.process(), next.cause(), words(next.why(), exited));
            case Next.PowerOff _ -> phase = new Off();
            case Next.GoDown _ -> phase = new Down();
          }
        }
        // Some other process than the one that matters.
        case Off _, Down _, Failed _, Waiting _, Launching _, Booting _, Up _, Ending _ -> {}
      }
    }

    private void ended(
        Running process, boolean wasOnline, boolean stable, BootInput.Exited exited) {
      if (exited.intent().isPresent()) {
        tell("ended on purpose: " + exited.intent().get());
        switch (exited.intent().get()) {
          case POWER_OFF -> phase = new Off();
          case REBOOT -> {
            if (wasOnline) {
              launch(BootCause.REQUESTED);
            } else {
              cause = BootCause.REQUESTED;
              phase = new Waiting(at.runMillis() + BootTimes.EARLY_EXIT_MILLIS);
            }
          }
        }
        return;
      }
      String why = words(exited.how(), exited);
      if (stable) {
        tell(why + "; it boots again");
        launch(BootCause.CRASH);
      } else {
        countIfOf(process, BootCause.CRASH, why);
      }
    }

    private static String words(String what, BootInput.Exited exited) {
      return exited.lastLines().isEmpty() ? what : what + ": " + exited.lastLines();
    }

    // ---- requests

    private void ifNotGoingDown(Runnable request) {
      boolean goingDown =
          phase instanceof Down
              || (phase instanceof Ending ending && ending.next() instanceof Next.GoDown);
      if (goingDown) {
        refuse("the appliance is going down");
      } else {
        Check.that(!(phase instanceof Launching), "%s: a request in the middle of a turn", before);
        request.run();
      }
    }

    private void setSlot(BootInput.SetSlot request) {
      if (plan.came(request.slot(), request.fallback(), request.tag())) {
        return;
      }
      if (request.fallback().filter(slot -> slot == request.slot()).isPresent()) {
        refuse("slot " + request.slot() + " cannot be its own fallback");
      } else if (!request.complete()) {
        refuse(noRelease(request.slot()));
      } else {
        plan = plan.choose(request.slot(), request.fallback(), request.tag());
        tell(
            "boots from slot %s next%s (%s)"
                .formatted(
                    plan.slot(),
                    plan.fallback().map(slot -> ", falling back to " + slot).orElse(""),
                    plan.tag()));
      }
    }

    private void boot(BootInput.Boot request) {
      switch (phase) {
        case Off _ -> refuse("it is switched off; power it on first");
        case Failed _ -> {
          plan = plan.withAttempts(0);
          tell("boots: " + request.reason());
          launch(BootCause.REQUESTED);
        }
        case Waiting _ -> launch(BootCause.REQUESTED);
        case Booting booting -> {
          // Already on its way, unless to another slot.
          if (booting.process().slot() != plan.slot()) {
            reboot(booting.process(), request.reason());
          }
        }
        case Up up -> reboot(up.process(), request.reason());
        case Ending ending -> {
          if (ending.next() instanceof Next.PowerOff) {
            refuse("it is being switched off; power it on afterwards");
          }
        }
        case Down _, Launching _ -> unreachable();
      }
    }

    private void reboot(Running process, String reason) {
      tell("power cut, then boot: " + reason);
      phase = ending(process, new Next.Boot(BootCause.REQUESTED));
    }

    private void settle() {
      var running = before.process().map(Running::slot);
      if (running.isPresent() && running.get() != plan.slot()) {
        refuse(
            "%s runs slot %s, but its next boot is from slot %s"
                .formatted(before.id(), running.get(), plan.slot()));
      } else {
        plan = plan.withoutFallback();
      }
    }

    private void powerOff() {
      switch (phase) {
        case Off _ -> {}
        case Failed _, Waiting _ -> phase = new Off();
        case Booting booting -> phase = ending(booting.process(), new Next.PowerOff());
        case Up up -> phase = ending(up.process(), new Next.PowerOff());
        case Ending ending -> phase = instead(ending, new Next.PowerOff());
        case Down _, Launching _ -> unreachable();
      }
      if (!(before.phase() instanceof Off)) {
        tell("power off");
      }
    }

    private void powerOn(BootInput.PowerOn request) {
      if (request.slot().isPresent() && !request.complete()) {
        refuse(noRelease(request.slot().get()));
        return;
      }
      switch (phase) {
        case Off _, Failed _, Waiting _ -> {
          chooseForPowerOn(request);
          launch(BootCause.POWER_ON);
        }
        case Booting booting -> refuseOtherSlot(request, booting.process().slot());
        case Up up -> refuseOtherSlot(request, up.process().slot());
        case Ending ending -> {
          if (ending.next() instanceof Next.PowerOff) {
            chooseForPowerOn(request);
            phase = instead(ending, new Next.Boot(BootCause.POWER_ON));
          } else {
            refuseOtherSlot(request, plan.slot());
          }
        }
        case Down _, Launching _ -> unreachable();
      }
    }

    private void chooseForPowerOn(BootInput.PowerOn request) {
      tell("power on" + request.slot().map(slot -> " from slot " + slot).orElse(""));
      plan =
          request
              .slot()
              .map(slot -> plan.choose(slot, Optional.empty(), "power-on"))
              .orElse(plan)
              .withAttempts(0);
    }

    private void refuseOtherSlot(BootInput.PowerOn request, Slot current) {
      if (request.slot().isPresent() && request.slot().get() != current) {
        refuse(
            "%s is on and runs slot %s; power it off first, then on with slot %s"
                .formatted(before.id(), current, request.slot().get()));
      }
    }

    private void goDown() {
      switch (phase) {
        case Off _, Failed _, Waiting _ -> phase = new Down();
        case Down _ -> {}
        case Booting booting -> terminate(booting.process());
        case Up up -> terminate(up.process());
        case Ending ending -> phase = instead(ending, new Next.GoDown());
        case Launching _ -> unreachable();
      }
    }

    private void terminate(Running process) {
      tell("is asked to stop");
      effects.add(new BootEffect.Terminate(process.identity()));
      phase = new Ending(process, new Next.GoDown(), at.runMillis() + BootTimes.STOP_MILLIS);
    }

    // ---- a new chassis

    Step resume(Optional<BootInput.Exited> end, boolean sameBoot) {
      switch (phase) {
        case Off _ -> {}
        case Failed _ -> {
          if (!sameBoot) {
            powerCame();
          }
        }
        case Down _ -> powerCame();
        case Waiting _ -> phase = new Waiting(at.runMillis());
        case Launching _ -> launch(cause);
        case Booting booting -> {
          phase =
              new Booting(
                  booting.process(),
                  at.runMillis() + times.bootMillis(),
                  Optional.empty(),
                  Optional.empty());
          afterAbsence(end, sameBoot);
        }
        case Up up -> {
          long heardMillis = at.runMillis() + BootTimes.REJOIN_MILLIS - times.hangMillis();
          phase =
              new Up(up.process(), heardMillis, Optional.empty(), up.stable(), Optional.empty());
          afterAbsence(end, sameBoot);
        }
        case Ending ending -> {
          Next next =
              ending.next() instanceof Next.GoDown
                  ? new Next.Boot(BootCause.POWER_ON)
                  : ending.next();
          phase = new Ending(ending.process(), next, at.runMillis());
          afterAbsence(end, sameBoot);
        }
      }
      return done();
    }

    private void afterAbsence(Optional<BootInput.Exited> end, boolean sameBoot) {
      if (sameBoot) {
        end.ifPresent(this::exited);
      } else if (phase instanceof Ending ending && ending.next() instanceof Next.PowerOff) {
        phase = new Off();
      } else {
        // The machine went down with it: no fault of the slot.
        tell("power came back");
        launch(BootCause.POWER_ON);
      }
    }

    private void powerCame() {
      plan = plan.withAttempts(0);
      tell("power on");
      launch(BootCause.POWER_ON);
    }

    // ---- shared

    private void launch(BootCause why) {
      cause = why;
      phase = new Launching();
      effects.add(new BootEffect.Launch(plan.slot()));
    }

    private void fail(Running process, BootCause failure, String why) {
      phase = ending(process, new Next.Fail(failure, why));
    }

    private Ending ending(Running process, Next next) {
      effects.add(new BootEffect.Kill(process.identity()));
      return new Ending(process, next, at.runMillis() + BootTimes.KILL_AGAIN_MILLIS);
    }

    /** The process ends already; only what follows is another. */
    private static Ending instead(Ending ending, Next next) {
      return new Ending(ending.process(), next, ending.killAtMillis());
    }

    private boolean counts(Running process) {
      return process.slot() == plan.slot() && process.tag().equals(plan.tag());
    }

    private void countIfOf(Running process, BootCause failure, String why) {
      if (counts(process)) {
        count(failure, why);
      } else {
        tell(why + "; it boots slot " + plan.slot());
        launch(failure);
      }
    }

    private void count(BootCause failure, String why) {
      int attempts = plan.attempts() + 1;
      tell("boot %d of slot %s failed: %s".formatted(attempts, plan.slot(), why));
      if (plan.fallback().isPresent()) {
        if (attempts >= BootTimes.ATTEMPTS_WITH_FALLBACK) {
          plan = plan.fallBack(why);
          tell("falls back to slot " + plan.slot());
        } else {
          plan = plan.withAttempts(attempts);
        }
        launch(failure);
        return;
      }
      plan = plan.withAttempts(attempts);
      cause = failure;
      if (attempts >= BootTimes.ATTEMPTS_WITHOUT_FALLBACK) {
        plan = plan.exhausted(why);
        phase = new Failed();
        tell("is FAILED: its boots are used up");
      } else if (BootTimes.delayMillis(attempts) == 0) {
        launch(failure);
      } else {
        phase = new Waiting(at.runMillis() + BootTimes.delayMillis(attempts));
      }
    }

    private static boolean is(Running process, long pid) {
      return process.identity().pid() == pid;
    }

    private String noRelease(Slot slot) {
      return "slot " + slot + " of " + before.id() + " holds no complete release";
    }

    private void tell(String line) {
      effects.add(new BootEffect.Tell(before.id() + " " + line));
    }

    private void refuse(String reason) {
      refusal = Optional.of(reason);
    }

    private void unreachable() {
      Check.that(false, "%s: judged before", before);
    }

    private static String seconds(long millis) {
      return millis % 1_000 == 0 ? millis / 1_000 + " s" : millis / 1_000.0 + " s";
    }
  }
}

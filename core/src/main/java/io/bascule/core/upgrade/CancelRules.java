package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;
import io.bascule.core.Status;
import io.bascule.core.chassis.ControllerBoot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The cancel contract: when a cancel is possible, and what it would do. Pure; the same answer for
 * everybody.
 */
public final class CancelRules {
  /** Shown before a cancel of the rolling part, to the letter. */
  public static final String ROLLING_WARNING =
      "Canceling the upgrade will result in a reboot of the appliance. Are you sure you want to"
          + " cancel the upgrade progress?";

  private static final String NEXT_IS_HANDOVER =
      "once the standby is upgraded and active, and the other controller is being upgraded";
  private static final String NEXT_IS_PHASE_2 = "when Phase 2 begins";

  private CancelRules() {}

  /** A condition for a cancel. */
  public record Guard(String name, boolean holds, String detail) {}

  /**
   * Whether a cancel is possible.
   *
   * @param reason why not; empty when it is
   * @param nextCancelPoint where it will be; empty when it is now, or never
   */
  public record Answer(
      Availability availability,
      Optional<String> reason,
      Optional<String> warning,
      Optional<String> nextCancelPoint,
      List<Guard> guards) {
    public Answer {
      guards = List.copyOf(guards);
    }
  }

  /** What becomes of a cancel that somebody asks for. */
  public sealed interface Verdict {
    /** Go back now. */
    record Start() implements Verdict {}

    /** Wait for the cancel point. */
    record Queue(String detail) implements Verdict {}

    record NoEffect(String detail) implements Verdict {}

    record Blocked(String detail) implements Verdict {}

    record Unavailable(String detail) implements Verdict {}
  }

  /** The rule of 1-product.md, "The cancel contract". */
  public static Answer availability(Upgrade upgrade, World world) {
    return switch (upgrade.state()) {
      case IDLE -> unavailable("No upgrade is running.");
      case COMPLETED -> unavailable("The upgrade is completed.");
      case CANCELED -> unavailable("The upgrade was canceled.");
      case FAILED -> unavailable("The upgrade has failed and was undone.");
      case CANCELING ->
          unavailable(
              upgrade.cause().isPresent()
                  ? "The upgrade is returning by itself: " + upgrade.cause().get().detail()
                  : "The upgrade is being canceled already.");
      case RUNNING, PAUSED -> whileUnderWay(upgrade, world);
    };
  }

  private static Answer whileUnderWay(Upgrade upgrade, World world) {
    StepName step = upgrade.step().orElseThrow();
    if (upgrade.row().canceled()) { // by the takeover itself; the upgrade thread will say so too
      return unavailable(
          "The upgrade is returning by itself: a release that cannot go on with the migration took"
              + " over");
    }
    if (upgrade.row().committed()) {
      return unavailable("The migration is committed: the volumes are on the new format.");
    }
    return switch (step) {
      case PRECHECK, STAGE_STANDBY, ACTIVATE_STANDBY, HANDOVER ->
          new Answer(
              Availability.UNAVAILABLE,
              Optional.of(
                  "The standby controller is still being upgraded. Cancel becomes possible "
                      + NEXT_IS_HANDOVER
                      + "."),
              Optional.empty(),
              Optional.of(NEXT_IS_HANDOVER),
              List.of());
      case STAGE_ONCE_ACTIVE, ACTIVATE_ONCE_ACTIVE -> guarded(upgrade, world, ROLLING_WARNING);
      case PHASE_1 ->
          new Answer(
              Availability.NO_EFFECT,
              Optional.of(
                  "A cancel in Phase 1 has no effect: the upgrade "
                      + (upgrade.state() == UpgradeState.PAUSED
                          ? "stays paused. Resume it first: Phase 1 has to be completed, and c"
                          : "goes on until Phase 1 is complete. C")
                      + "ancel will work "
                      + NEXT_IS_PHASE_2
                      + "."),
              Optional.empty(),
              Optional.of(NEXT_IS_PHASE_2),
              List.of());
      case PHASE_2, PHASE_3, PHASE_4, COMMIT -> guarded(upgrade, world, migrationWarning(upgrade));
      case FINALIZE -> unavailable("Both controllers are upgraded; the upgrade is being finished.");
    };
  }

  private static String migrationWarning(Upgrade upgrade) {
    return ("Canceling the upgrade will stop the data migration and reboot the appliance to %s"
            + " software. The upgrade to %s will have to be started again from the beginning. Are"
            + " you sure you want to cancel the upgrade?")
        .formatted(upgrade.plan().from(), upgrade.plan().to());
  }

  private static Answer unavailable(String reason) {
    return new Answer(
        Availability.UNAVAILABLE,
        Optional.of(reason),
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  private static Answer guarded(Upgrade upgrade, World world, String warning) {
    var guard = standbyGuard(upgrade, world);
    return new Answer(
        guard.holds() ? Availability.AVAILABLE : Availability.BLOCKED,
        guard.holds() ? Optional.empty() : Optional.of(guard.detail()),
        Optional.of(warning),
        Optional.empty(),
        List.of(guard));
  }

  /**
   * Whether the upgrade is where a cancel works as far as the table goes, whatever the guards say.
   */
  public static boolean isCancelPoint(Upgrade upgrade) {
    if (upgrade.state() != UpgradeState.RUNNING && upgrade.state() != UpgradeState.PAUSED) {
      return false;
    }
    return switch (upgrade.step().orElseThrow()) {
      case STAGE_ONCE_ACTIVE, ACTIVATE_ONCE_ACTIVE, PHASE_2, PHASE_3, PHASE_4, COMMIT ->
          !upgrade.row().canceled() && !upgrade.row().committed();
      case PRECHECK, STAGE_STANDBY, ACTIVATE_STANDBY, HANDOVER, PHASE_1, FINALIZE -> false;
    };
  }

  private static Guard standbyGuard(Upgrade upgrade, World world) {
    String name = "standby-online";
    ControllerId standby = world.standby();
    String who = sentence(standby) + " (standby) ";
    var boot = world.boot(standby);
    if (boot.isEmpty()) {
      return world.peerReady()
          ? new Guard(
              name,
              true,
              sentence(standby) + " answers over the peer link (the chassis is absent).")
          : new Guard(
              name,
              false,
              "Neither the chassis nor " + standby + " answers. Start the chassis: bascule up.");
    }
    Status status = boot.get().status();
    return switch (status) {
      case ONLINE ->
          world.peerReady()
              ? new Guard(name, true, who + "is ONLINE.")
              : new Guard(
                  name,
                  false,
                  who + "is ONLINE but the peer link to it is down; it could not" + " take over.");
      case RECOVERING ->
          ownReboot(upgrade, boot.get())
              ? new Guard(
                  name,
                  true,
                  who
                      + "is RECOVERING in the upgrade's own reboot; the cancel first"
                      + " brings it ONLINE on "
                      + upgrade.plan().from()
                      + ".")
              : new Guard(name, false, who + "is RECOVERING; wait until it is ONLINE.");
      case FAILED ->
          new Guard(
              name,
              false,
              who
                  + "has FAILED; it could not take over while the active reboots. Look"
                  + " at its log, then: bascule controller power-on "
                  + standby.number()
                  + ".");
      case OFF ->
          new Guard(
              name,
              false,
              who
                  + "is OFF; it could not take over while the active reboots. Switch it"
                  + " on: bascule controller power-on "
                  + standby.number()
                  + ".");
    };
  }

  /**
   * RECOVERING because the upgrade boots it, also when that boot hangs: the best reason to cancel.
   */
  private static boolean ownReboot(Upgrade upgrade, ControllerBoot boot) {
    if (!upgrade.step().equals(Optional.of(StepName.ACTIVATE_ONCE_ACTIVE))) {
      return false;
    }
    return switch (boot.bootCause()) {
      // Silent after it had stayed up: that is another reason.
      case REQUESTED, BOOT_TIMEOUT -> !boot.stable();
      case HANG -> boot.attempts() > 0;
      case POWER_ON, CRASH -> false;
    };
  }

  /** Judges a cancel asked for now. Stale revisions and repeated requests are judged before. */
  public static Verdict judge(
      Upgrade upgrade, World world, boolean acceptDisruption, boolean whenPossible) {
    Answer answer = availability(upgrade, world);
    String reason = answer.reason().orElse("");
    return switch (answer.availability()) {
      case AVAILABLE -> new Verdict.Start();
      case NO_EFFECT ->
          whenPossible
              ? new Verdict.Queue("The cancel will be carried out " + NEXT_IS_PHASE_2 + ".")
              : new Verdict.NoEffect(reason);
      case BLOCKED -> {
        if (acceptDisruption) {
          yield new Verdict.Start();
        }
        yield whenPossible
            ? new Verdict.Queue("The cancel will be carried out as soon as this is over: " + reason)
            : new Verdict.Blocked(reason);
      }
      case UNAVAILABLE ->
          whenPossible && answer.nextCancelPoint().isPresent()
              ? new Verdict.Queue(
                  "The cancel will be carried out " + answer.nextCancelPoint().get() + ".")
              : new Verdict.Unavailable(reason);
    };
  }

  /**
   * What a confirmed cancel would do.
   *
   * @param hostPauseMillis the longest pause a host should see
   * @param seconds until redundant on the old version; empty where nobody knows
   */
  public record Preview(
      List<String> steps, Optional<Long> hostPauseMillis, Optional<Long> seconds) {
    public Preview {
      steps = List.copyOf(steps);
    }
  }

  /** The preview of a cancel; without steps where it is not possible at all. */
  public static Preview preview(Upgrade upgrade, World world) {
    Answer answer = availability(upgrade, world);
    return switch (answer.availability()) {
      case AVAILABLE -> wayBack(upgrade, world, false);
      case BLOCKED -> wayBack(upgrade, world, true);
      case NO_EFFECT ->
          new Preview(
              List.of(
                  upgrade.state() == UpgradeState.PAUSED
                      ? "Nothing: the upgrade stays paused in Phase 1."
                      : "Nothing: the upgrade goes on until Phase 1 is complete."),
              Optional.of(0L),
              Optional.empty());
      case UNAVAILABLE -> new Preview(List.of(), Optional.empty(), Optional.empty());
    };
  }

  private static Preview wayBack(Upgrade upgrade, World world, boolean disruptive) {
    Plan plan = upgrade.plan();
    ControllerId standby = world.standby();
    ControllerId active = world.self();
    List<String> steps = new ArrayList<>();
    long seconds = 1;
    if (upgrade.step().flatMap(StepName::phase).isPresent()) {
      steps.add("The migration stops; format 2 is dropped; the volumes are served from format 1.");
    }
    if (disruptive) {
      steps.add("Only with disruption accepted: " + answerDetail(standby));
    } else if (world.onlineOn(standby, plan.from())) {
      steps.add(
          "%s (standby) stays on %s; what was unpacked of %s is removed."
              .formatted(sentence(standby), plan.from(), plan.to()));
    } else {
      steps.add(
          "%s (standby) drops %s, reboots and comes ONLINE on %s."
              .formatted(sentence(standby), plan.to(), plan.from()));
      seconds += 5;
    }
    if (world.release().equals(plan.from())) {
      steps.add(sentence(active) + " (active) runs " + plan.from() + " and stays active.");
      return new Preview(steps, Optional.of(0L), Optional.of(seconds));
    }
    steps.add(
        disruptive
            ? "%s (active) reboots into %s in place: hosts wait until it is back."
                .formatted(sentence(active), plan.from())
            : "%s (active) reboots into %s while %s takes over: hosts see one short pause."
                .formatted(sentence(active), plan.from(), standby));
    steps.add(
        "The appliance is redundant on %s again%s. The upgrade to %s would have to be started from"
                .formatted(
                    plan.from(), disruptive ? " once " + standby + " is back" : "", plan.to())
            + " the beginning.");
    seconds += 6;
    return disruptive
        ? new Preview(steps, Optional.of(8_000L), Optional.empty()) // who knows when it is back
        : new Preview(steps, Optional.of(500L), Optional.of(seconds));
  }

  private static String answerDetail(ControllerId standby) {
    return standby + " cannot take over.";
  }

  private static String sentence(ControllerId id) {
    return "Controller " + id.number();
  }
}

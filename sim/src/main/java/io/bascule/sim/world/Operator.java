package io.bascule.sim.world;

import io.bascule.core.Refusal;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.UpgradeView;
import io.bascule.sim.rt.Dice;
import io.bascule.sim.rt.Sim;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * An administrator who pauses, resumes, tunes and cancels at any moment: also twice, late, and of
 * what he saw a while ago. Judges the answers.
 */
final class Operator {
  private final Appliance appliance;
  private final Dice dice;
  private volatile boolean stopping;
  private CancelView.@Nullable Request seen;
  private CancelView.@Nullable Request answered;
  private String answer = "";

  Operator(Appliance appliance, Dice dice) {
    this.appliance = appliance;
    this.dice = dice;
  }

  void stop() {
    stopping = true;
  }

  void run() {
    while (!stopping) {
      LockSupport.parkNanos(dice.below(1_500_000_000L));
      var serving = appliance.accepting();
      if (serving == null || stopping) {
        continue;
      }
      // On a thread of the controller, as a request is; if that dies there is no answer.
      int wish = dice.below(20);
      var request =
          Sim.current().start(serving.controller().process(), "request", () -> ask(serving, wish));
      serving.controller().process().atDeath(() -> LockSupport.unpark(Thread.currentThread()));
      while (request.isAlive() && serving.controller().process().isAlive()) {
        LockSupport.parkNanos(2_000_000);
      }
    }
  }

  private void ask(Serving serving, int wish) {
    try {
      switch (wish) {
        case 0, 1, 2 -> change(serving, true);
        case 3, 4, 5, 6 -> change(serving, false);
        case 7 -> see(serving);
        case 8, 9 -> {
          see(serving);
          cancel(serving, false);
        }
        case 10 -> cancel(serving, false); // of what was seen before
        case 11 -> {
          see(serving);
          cancel(serving, true);
        }
        case 12 -> serving.upgrades().withdraw("operator");
        case 13 -> again(serving);
        case 14 -> tune(serving);
        default -> see(serving);
      }
    } catch (Refusal e) {
      Sim.current().note("refused: " + e.code(), 0);
    } catch (Violation e) {
      appliance.fail(e);
    }
  }

  private void change(Serving serving, boolean pause) {
    Sim.current().note(pause ? "pause" : "resume", 0);
    var _ = serving.upgrades().change(new UpgradeView.Change(pause, null, null, null), "operator");
  }

  private void tune(Serving serving) {
    String priority = List.of("HOST_FIRST", "BALANCED", "FINISH_SOONER").get(dice.below(3));
    var _ =
        serving.upgrades().change(new UpgradeView.Change(null, null, priority, null), "operator");
  }

  /** Looks at the preview, and at whether the button says what the contract says. */
  private void see(Serving serving) {
    var inside = new Starter(serving.upgrades());
    var view =
        inside.<CancelView>ask(world -> {
          var preview = serving.upgrades().preview();
          inside
              .upgrade()
              .ifPresent(upgrade -> {
                String expected = CancelTable.expected(upgrade, world);
                if (!expected.equals("MAYBE") && !expected.equals(preview.availability())) {
                  throw new Violation(
                      "cancel-contract",
                      "at %s %s the button says %s, the contract %s"
                          .formatted(
                              upgrade.state(), upgrade.step(), preview.availability(), expected));
                }
              });
          return preview;
        });
    if (view.upgradeId() != null) {
      seen = new CancelView.Request(view.upgradeId(), view.revision(), "OTHER", "", false, false);
    }
  }

  private void cancel(Serving serving, boolean whenPossible) {
    var what = seen;
    if (what == null) {
      return;
    }
    var request =
        new CancelView.Request(what.upgradeId(), what.revision(), "OTHER", "", false, whenPossible);
    var before = appliance.state().row();
    var told = serving.upgrades().cancel(request, "operator");
    Sim.current().note("cancel: " + told.outcome(), request.revision());
    answered = request;
    answer = told.outcome();
    judge(request, told.outcome(), before);
  }

  private void judge(CancelView.Request request, String outcome, StateStore.Row before) {
    switch (outcome) {
      case "STARTED" -> appliance.oracles().cancelStarted(request.upgradeId(), request.revision());
      case "NO_EFFECT" -> {
        if (appliance.state().row().canceled() && !before.canceled()) {
          throw new Violation("cancel-contract", "NO_EFFECT, and the upgrade is canceled");
        }
      }
      default -> {}
    }
  }

  /** A cancel that was STARTED or QUEUED answers the same for ever. */
  private void again(Serving serving) {
    var request = answered;
    if (request == null || answer.equals("NO_EFFECT")) {
      return;
    }
    String told;
    try {
      told = serving.upgrades().cancel(request, "operator").outcome();
    } catch (Refusal e) {
      if (e.code() == ErrorCode.NO_ACTIVE) {
        return;
      }
      throw new Violation("cancel-contract", "first " + answer + ", then " + e.code());
    }
    if (!told.equals(answer)) {
      throw new Violation("cancel-contract", "first " + answer + ", then " + told);
    }
  }
}

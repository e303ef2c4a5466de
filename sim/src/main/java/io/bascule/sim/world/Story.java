package io.bascule.sim.world;

import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.sim.rt.Dice;
import io.bascule.sim.rt.Sim;
import io.bascule.sim.world.Knobs.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** One run from the making of an appliance to the last look at its volumes. */
final class Story {
  private static final long SECOND = 1_000_000_000L;

  private final Sim sim;
  private final Appliance appliance;
  private final Knobs knobs;
  private final Dice dice;
  private final Hosts hosts;
  private final Version old;
  private final Version fresh;
  private String outcome = "";
  private String raced = "nothing";

  Story(Sim sim, Appliance appliance) {
    this.sim = sim;
    this.appliance = appliance;
    this.knobs = appliance.knobs();
    this.dice = sim.dice().fork();
    this.hosts = new Hosts(appliance);
    this.old = knobs.path() == Path.ROLLING ? Releases.V121 : Releases.V122;
    this.fresh = knobs.path() == Path.ROLLING ? Releases.V122 : Releases.V201;
  }

  String outcome() {
    return outcome;
  }

  Hosts hosts() {
    return hosts;
  }

  void run() {
    try {
      tell();
    } catch (Violation e) {
      appliance.fail(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    sim.end();
  }

  private void tell() throws InterruptedException {
    appliance.make(old);
    boolean atPhases = knobs.path() == Path.PHASES;
    for (var id : ControllerId.values()) {
      var box = appliance.box(id);
      box.holds(Slot.A, old);
      if (atPhases) {
        box.holds(Slot.B, fresh);
        box.bootsFrom(Slot.B);
      }
    }
    appliance.powerOn();
    await("both ONLINE", 60, () -> appliance.isRedundantOn(atPhases ? fresh : old));
    hosts.start(knobs.hosts(), knobs.thinkMicros());
    pass(dice.between(SECOND / 5, 2 * SECOND));
    begin("u1", atPhases);
    faults();
    if (knobs.race()) {
      sim.start(appliance.process(), "racer", this::race);
    }
    sim.start(appliance.process(), "blows", appliance.blows()::run);
    var operators = new Operator[knobs.operators()];
    for (int i = 0; i < operators.length; i++) {
      var operator = new Operator(appliance, dice.fork());
      operators[i] = operator;
      sim.start(appliance.process(), "operator" + i, operator::run);
    }
    long calmAt = sim.nowNanos() + knobs.troubleMillis() * 1_000_000;
    while (sim.nowNanos() < calmAt && !hasEnded()) {
      pass(SECOND / 20);
      if (knobs.faults() == Knobs.Faults.FORMAT_2_ROTS && appliance.isFormatOne()) {
        boolean _ = dice.oneIn(20) && appliance.disk().rot(SimEnclosure.V2);
      }
    }
    for (var operator : operators) {
      operator.stop();
    }
    appliance.calm();
    bringToAnEnd();
    var row = appliance.state().row();
    appliance.oracles().ended(row);
    outcome = row.state() + (knobs.race() ? " after " + raced : "");
    if (knobs.race() && raced.equals("STARTED") == row.committed()) {
      throw new Violation("cancel-or-commit", "the cancel was told " + raced + ": " + row);
    }
    var expected = row.state().equals("COMPLETED") ? fresh : old;
    await("ends-redundant", 120, () -> appliance.isRedundantOn(expected));
    leftovers(row);
    pass(dice.below(SECOND));
    hosts.stop();
    lookAgain(expected);
  }

  private void begin(String id, boolean atPhases) throws InterruptedException {
    var tuning =
        new Upgrade.Tuning(
            Upgrade.Priority.FINISH_SOONER, java.util.Optional.empty(), knobs.confirmSeconds());
    var serving = appliance.accepting();
    if (serving == null) {
      throw new Violation("upgrade-ends", "nobody serves before it begins");
    }
    var request =
        sim.start(
            serving.controller().process(),
            "start",
            () ->
                new Starter(serving.upgrades())
                    .begin(
                        id,
                        old,
                        fresh,
                        atPhases ? StepName.PHASE_1 : StepName.PRECHECK,
                        appliance.oldSlots(old),
                        tuning));
    request.join();
  }

  /**
   * One cancel, some time from just before the commit is asked for to just after it is recorded.
   */
  private void race() {
    while (!appliance.state().row().step().equals("COMMIT") && !hasEnded()) {
      pass(1_000_000);
    }
    pass(dice.below(120_000_000L));
    var serving = appliance.accepting();
    if (serving == null) {
      return;
    }
    sim.start(
        serving.controller().process(),
        "cancel",
        () -> {
          var preview = serving.upgrades().preview();
          pass(dice.below(3_000_000L));
          boolean committedBefore = appliance.state().row().committed();
          String told;
          try {
            told =
                serving
                    .upgrades()
                    .cancel(
                        new CancelView.Request(
                            String.valueOf(preview.upgradeId()),
                            preview.revision(),
                            "OTHER",
                            "",
                            false,
                            false),
                        "racer")
                    .outcome();
          } catch (Refusal e) {
            told = e.code().name();
          }
          sim.note("race: " + told, 0);
          raced = told;
          boolean started = told.equals("STARTED");
          if (started && committedBefore) {
            appliance.fail(new Violation("cancel-or-commit", "STARTED after the commit"));
          }
          if (started) {
            appliance
                .oracles()
                .cancelStarted(String.valueOf(preview.upgradeId()), preview.revision());
          }
        });
  }

  private void faults() {
    var two = appliance.disk().faults(SimEnclosure.V2);
    switch (knobs.faults()) {
      case NONE, FORMAT_2_ROTS -> {}
      case FORMAT_2_FAILS -> {
        int rate = 1 << dice.between(6, 12);
        two.readFails = dice.oneIn(2) ? rate : 0;
        two.writeFails = dice.oneIn(2) ? rate : 0;
        two.syncFails = dice.oneIn(2) ? rate / 8 : 0;
      }
      case FORMAT_2_STALLS -> {
        two.stalls = 1 << dice.between(7, 11);
        two.stallMillis = dice.oneIn(4) ? dice.between(3_000, 20_000) : dice.between(50, 3_000);
      }
      case FORMAT_2_SLOW -> two.slowMicrosMax = (int) dice.between(500, 20_000);
      case FULL ->
          appliance
              .disk()
              .capacity(
                  appliance.disk().usedBytes() + dice.between(0, 2L * knobs.volumeKib() * 1024));
    }
  }

  private boolean hasEnded() {
    return switch (appliance.state().row().state()) {
      case "COMPLETED", "CANCELED", "FAILED" -> true;
      default -> false;
    };
  }

  /** Nothing fails any more: it ends, or rests with a reason until somebody says how to go on. */
  private void bringToAnEnd() throws InterruptedException {
    int said = 0;
    long deadline = sim.nowNanos() + 900 * SECOND;
    long pausedSince = -1;
    while (!hasEnded()) {
      if (sim.nowNanos() > deadline) {
        throw new Violation("upgrade-ends", "it does not end: " + appliance.state().row());
      }
      pass(SECOND / 10);
      boolean paused = appliance.state().row().state().equals("PAUSED");
      pausedSince = !paused ? -1 : pausedSince < 0 ? sim.nowNanos() : pausedSince;
      if (paused && sim.nowNanos() - pausedSince > SECOND) {
        boolean cancel = said++ > 3 || dice.oneIn(2);
        decide(cancel);
        pausedSince = -1;
      }
    }
  }

  private void decide(boolean cancel) throws InterruptedException {
    var serving = appliance.accepting();
    if (serving == null) {
      return;
    }
    var asked =
        sim.start(
            serving.controller().process(),
            "decide",
            () -> {
              try {
                if (cancel) {
                  var preview = serving.upgrades().preview();
                  if (preview.availability().equals("AVAILABLE")) {
                    var told =
                        serving
                            .upgrades()
                            .cancel(
                                new CancelView.Request(
                                    java.util.Objects.requireNonNull(preview.upgradeId()),
                                    preview.revision(),
                                    "OTHER",
                                    "",
                                    false,
                                    false),
                                "director");
                    sim.note("cancel at last: " + told.outcome(), 0);
                    if (told.outcome().equals("STARTED")) {
                      appliance.oracles().cancelStarted(preview.upgradeId(), preview.revision());
                    }
                    return;
                  }
                }
                var _ =
                    serving
                        .upgrades()
                        .change(new UpgradeView.Change(false, null, null, null), "director");
                sim.note("resumed at last", 0);
              } catch (Refusal e) {
                sim.note("refused at last: " + e.code(), 0);
              }
            });
    asked.join();
  }

  /** What is not needed any more goes. */
  private void leftovers(StateStore.Row row) throws InterruptedException {
    if (knobs.path() == Path.ROLLING) {
      return;
    }
    if (row.committed()) {
      await(
          "format 1 is freed",
          120,
          () -> appliance.disk().directory(SimEnclosure.V1).list().isEmpty());
    } else {
      await("format 2 is dropped", 120, () -> !appliance.disk().exists(SimEnclosure.V2));
      appliance.oracles().forkOpensAsFormatOne(false);
      appliance.oracles().forkOpensAsFormatOne(true);
    }
  }

  /** Everything dies once more, and everything is there. */
  private void lookAgain(Version expected) throws InterruptedException {
    if (dice.oneIn(2) && knobs.faults() != Knobs.Faults.FORMAT_2_ROTS) {
      appliance.losePower();
    } else {
      appliance.judgeBeforeDeath();
      for (var id : ControllerId.values()) {
        appliance.box(id).kill("the end");
      }
    }
    await("ends-redundant", 120, () -> appliance.isRedundantOn(expected));
  }

  private void await(String what, int seconds, BooleanSupplier condition)
      throws InterruptedException {
    long deadline = sim.nowNanos() + seconds * SECOND;
    while (!condition.getAsBoolean()) {
      if (sim.nowNanos() > deadline) {
        throw new Violation(
            what,
            "not within %d s: %s, %s and %s"
                .formatted(
                    seconds,
                    appliance.state().row(),
                    appliance.box(ControllerId.CONTROLLER_0).view(),
                    appliance.box(ControllerId.CONTROLLER_1).view()));
      }
      pass(SECOND / 50);
    }
  }

  private static void pass(long nanos) {
    long until = System.nanoTime() + nanos;
    while (System.nanoTime() < until) {
      LockSupport.parkNanos(until - System.nanoTime());
    }
  }
}

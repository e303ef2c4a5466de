package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.host.initiator.InitiatorOptions;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.core.ConditionTimeoutException;

/**
 * One appliance of a campaign, from 1.2.1 until it has lived a while on 2.0.1: rounds of a few
 * actions and faults, and after each round what must hold once faults stop: the upgrade has ended
 * or says for what it waits, both controllers run one release, and nothing is lost.
 */
final class ChaosLife implements AutoCloseable {
  private static final List<String> ENDED = List.of("IDLE", "COMPLETED", "CANCELED", "FAILED");
  private static final int ROUNDS_ON_THE_LAST = 3;
  private static final int MAX_RESUMES = 20;
  private static final Duration SETTLES = Duration.ofMinutes(10);

  private final Appliance appliance;
  private final HostSide host;
  private final Outside.Writer outside;
  private final OnlyOneActive watch;
  private final ChaosFaults faults;
  private final Random random;
  private final ChaosTally tally;

  /** The release that both run when nothing is under way. */
  private String release = "1.2.1";

  /** The upgrade whose end was told last. */
  private String told = "";

  private ChaosLife(
      Appliance appliance,
      Optional<SteppedClock> clock,
      OwnDisk disk,
      Path folder,
      Random random,
      ChaosTally tally)
      throws IOException {
    this.appliance = appliance;
    this.random = random;
    this.tally = tally;
    appliance.volume("db", "96M");
    appliance.volume("image", "16M");
    // Our load sees its own volume alone; whoever else comes gets the other one.
    appliance
        .bascule("host", "add", "load", "--iqn", InitiatorOptions.DEFAULT_NAME, "--volume", "db")
        .ok();
    appliance.anyHost();
    appliance.addPackage("1.2.2");
    appliance.addPackage("2.0.1");
    faults = new ChaosFaults(appliance, clock, disk, folder, random, tally);
    host = HostSide.start(appliance.url("db"), random.nextLong());
    outside = Outside.writer(appliance.url("image"), 0);
    // QEMU gives up if its very first login fails; once it is there it comes back by itself.
    appliance.eventually("QEMU writes", () -> outside.written() > 0);
    watch = OnlyOneActive.of(appliance);
  }

  static ChaosLife begin(OwnDisk disk, Path folder, Random random, ChaosTally tally)
      throws IOException {
    var clock = SteppedClock.in(folder);
    var environment = clock.map(SteppedClock::environment).orElse(Map.of());
    var appliance = Appliance.createIn(disk.path(), "chaos", environment);
    return new ChaosLife(appliance, clock, disk, folder, random, tally);
  }

  /** Until it has lived enough, or that time has come. */
  void run(long endNanos) throws IOException {
    int last = 0;
    while (last < ROUNDS_ON_THE_LAST && System.nanoTime() - endNanos < 0) {
      int things = 1 + random.nextInt(4);
      for (int i = 0; i < things; i++) {
        if (random.nextInt(5) < 3) {
          act();
        } else {
          faults.any();
        }
        // When the next one comes; nothing waits for it.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(4_000)));
      }
      settle();
      last += release.equals("2.0.1") ? 1 : 0;
    }
    outside.stopClean();
    var report = host.stopClean();
    tally.add(report, outside.written());
    watch.assertHeld();
    appliance.bascule("down").ok();
    var check = appliance.bascule("volume", "check");
    assertThat(check.exit()).as("%s", check).isZero();
  }

  /** What an administrator may do now; refusals are part of it. */
  private void act() {
    var now = appliance.upgrade();
    String state = now.text("state");
    if (ENDED.contains(state)) {
      if (random.nextInt(4) > 0 && !release.equals("2.0.1")) {
        start();
      } else {
        controllers();
      }
    } else if (state.equals("CANCELING")) {
      controllers();
    } else {
      under(state);
    }
  }

  private void start() {
    String to = release.equals("1.2.1") ? "1.2.2" : "2.0.1";
    boolean stops = random.nextBoolean();
    String at =
        to.equals("1.2.2")
            ? "once-active"
            : List.of("phase-1", "phase-2", "phase-3", "phase-4", "commit").get(random.nextInt(5));
    String[] command =
        stops
            ? new String[] {"upgrade", "start", to, "--pause-at", at}
            : new String[] {"upgrade", "start", to};
    tried("start " + to + (stops ? " --pause-at " + at : ""), command);
  }

  private void under(String state) {
    switch (random.nextInt(6)) {
      case 0, 1 ->
          tried(
              "cancel",
              "upgrade",
              "cancel",
              "--yes",
              random.nextBoolean() ? "--when-possible" : "--accept-disruption");
      case 2 ->
          tried(
              state.equals("PAUSED") ? "resume" : "pause",
              "upgrade",
              state.equals("PAUSED") ? "resume" : "pause");
      case 3 -> tried("set FINISH_SOONER", "upgrade", "set", "--priority", "FINISH_SOONER");
      case 4 -> controllers();
      default -> tried("resume", "upgrade", "resume");
    }
  }

  private void controllers() {
    String number = Integer.toString(random.nextInt(2));
    switch (random.nextInt(3)) {
      case 0 -> tried("handover", "controller", "handover");
      case 1 -> tried("reboot " + number, "controller", "reboot", number);
      default -> {
        tried("power-off " + number, "controller", "power-off", number, "--yes");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(3_000)));
        tried("power-on " + number, "controller", "power-on", number);
      }
    }
  }

  /** Done, refused with a reason, or nobody was there: anything else is a fault of ours. */
  private void tried(String what, String... command) {
    var result = appliance.bascule(command);
    assertThat(result.exit()).as("%s", result).isIn(0, 1, 3, 4);
    tally.action(
        what + (result.exit() == 0 ? "" : result.exit() == 3 ? " (refused)" : " (failed)"));
    if (result.exit() != 0) {
      assertThat(result.err() + result.out()).as("a reason: %s", result).isNotBlank();
    }
  }

  /** Hosts come first, and those of a campaign leave little: from here on the migration does. */
  private void awaitEnd() {
    if (appliance.state().equals("RUNNING")) {
      appliance.bascule("upgrade", "set", "--priority", "FINISH_SOONER");
    }
    try {
      appliance.eventually(
          SETTLES,
          "an end of the upgrade",
          () -> !Set.of("RUNNING", "CANCELING").contains(appliance.state()));
    } catch (ConditionTimeoutException e) {
      throw new AssertionError("no end of " + appliance.upgrade(), e);
    }
  }

  /** Faults have stopped: what the product promises holds soon. */
  private void settle() throws IOException {
    faults.end();
    for (var id : ControllerId.values()) {
      if (appliance.process(id).isEmpty()) {
        appliance.bascule("controller", "power-on", Integer.toString(id.number()));
      }
    }
    String was = appliance.upgrade().text("id");
    for (int i = 0; i < MAX_RESUMES; i++) {
      awaitEnd();
      var now = appliance.upgrade();
      if (!now.text("state").equals("PAUSED")) {
        break;
      }
      assertThat(now.text("pausedReason")).as("%s", now).isNotEqualTo("null").isNotBlank();
      assertThat(i).as("resumed again and again: %s", now).isLessThan(MAX_RESUMES - 1);
      if (random.nextInt(4) == 0) {
        tried("cancel", "upgrade", "cancel", "--yes");
      } else {
        tried("resume", "upgrade", "resume");
      }
    }
    var ended = appliance.upgrade();
    String state = ended.text("state");
    if (state.equals("COMPLETED")) {
      release = ended.text("to");
    } else if (!state.equals("IDLE")) {
      release = ended.text("from");
    }
    appliance.awaitRedundant(release);
    if (!was.equals(told)) {
      told = was;
      tally.ended(
          state
              + (state.equals("IDLE") ? "" : " " + ended.text("from") + " to " + ended.text("to")));
    }
    if (!release.equals("2.0.1")) {
      Path formatTwo = Layout.of(appliance.data).volumesV2();
      appliance.eventually("no format 2 is left", () -> !Files.exists(formatTwo));
    }
    host.assertNothingLost();
    watch.assertHeld();
  }

  @Override
  public void close() throws IOException {
    try (var closing = appliance;
        var mended = faults;
        var still = watch) {
      outside.close();
      host.close();
    }
  }
}

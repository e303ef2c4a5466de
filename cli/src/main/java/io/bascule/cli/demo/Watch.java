package io.bascule.cli.demo;

import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Bar;
import io.bascule.cli.screen.LiveView;
import io.bascule.cli.screen.Style;
import io.bascule.core.ControllerId;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.UpgradeView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Waits for the appliance to become what the story tells, showing how it goes. */
final class Watch {
  /** Generous on a slow machine; the usual is a tenth of it. */
  private static final Duration BOUND = Duration.ofSeconds(120);

  private static final int POLL_MILLIS = 150;

  private final Narrator narrator;
  private final ApplianceClient client;

  Watch(Narrator narrator, ApplianceClient client) {
    this.narrator = narrator;
    this.client = client;
  }

  /** Until the upgrade is as wanted; its end in another state breaks the story. */
  UpgradeView awaitUpgrade(HostSide running, Predicate<UpgradeView> until)
      throws NotReachable, Refused, StoryBroke {
    long start = System.nanoTime();
    String said = "";
    try (var live = narrator.live()) {
      while (true) {
        var upgrade = client.get("/upgrade", UpgradeView.class);
        if (until.test(upgrade)) {
          live.show(List.of());
          return upgrade;
        }
        boolean ended = List.of("FAILED", "COMPLETED", "CANCELED").contains(upgrade.state());
        if (ended || since(start).compareTo(BOUND) > 0) {
          var cause = upgrade.cause();
          throw new StoryBroke(
              "the upgrade is %s at %s%s"
                  .formatted(
                      upgrade.state(), upgrade.step(), cause == null ? "" : ": " + cause.detail()));
        }
        said = show(live, upgrade, running, said);
        pause();
      }
    }
  }

  private String show(LiveView live, UpgradeView upgrade, HostSide running, String said) {
    String now = upgrade.state() + "  " + current(upgrade);
    var screen = narrator.screen();
    if (screen.terminal()) {
      String state = screen.styled(Style.ofState(upgrade.state()), upgrade.state());
      live.show(
          List.of(
              "   " + Bar.of(upgrade.percent(), screen) + "  " + state,
              "   " + current(upgrade),
              "   " + HostSide.line(running.now())));
    } else if (!now.equals(said)) {
      narrator.say(now);
    }
    return now;
  }

  /** The steps that are being done or undone now. */
  private static String current(UpgradeView upgrade) {
    var words = new ArrayList<String>();
    for (var step : upgrade.steps()) {
      if (step.state().equals("RUNNING") || step.state().equals("UNDOING")) {
        String where = step.controller() == null ? "" : " on controller " + step.controller();
        words.add(step.name() + where + " " + step.state());
      }
    }
    return String.join(", ", words);
  }

  /** Until both controllers run the release and either may take over; the time since then. */
  Duration awaitRedundant(HostSide running, String release, long startNanos)
      throws NotReachable, Refused, StoryBroke {
    awaitAppliance(running, a -> isRedundantOn(a, release));
    return since(startNanos);
  }

  /** The same before there is a host. */
  ApplianceView awaitRedundant(String release) throws StoryBroke {
    long start = System.nanoTime();
    try {
      while (true) {
        var view = client.get("/appliance", ApplianceView.class);
        if (isRedundantOn(view, release)) {
          return view;
        }
        if (since(start).compareTo(BOUND) > 0) {
          throw new StoryBroke("the appliance does not become redundant: " + view.healthDetail());
        }
        pause();
      }
    } catch (NotReachable | Refused e) {
      throw new StoryBroke(String.valueOf(e.getMessage()), e);
    }
  }

  /** Until the appliance is as wanted. */
  void awaitAppliance(HostSide running, Predicate<ApplianceView> until)
      throws NotReachable, Refused, StoryBroke {
    long start = System.nanoTime();
    try (var live = narrator.live()) {
      while (true) {
        var view = client.get("/appliance", ApplianceView.class);
        if (until.test(view)) {
          live.show(List.of());
          return;
        }
        if (since(start).compareTo(BOUND) > 0) {
          throw new StoryBroke("the appliance does not come to rest: " + view.healthDetail());
        }
        live.show(List.of("   " + view.healthDetail(), "   " + HostSide.line(running.now())));
        pause();
      }
    }
  }

  private static boolean isRedundantOn(ApplianceView view, String release) {
    return view.redundant()
        && view.controllers().stream().allMatch(c -> release.equals(c.version()));
  }

  static boolean isActive(ApplianceView view, ControllerId id) {
    return view.controllers().stream()
        .anyMatch(c -> c.id() == id.number() && "ACTIVE".equals(c.role()));
  }

  static ControllerId activeOf(ApplianceView view) throws StoryBroke {
    for (var id : ControllerId.values()) {
      if (isActive(view, id)) {
        return id;
      }
    }
    throw new StoryBroke("no controller is active");
  }

  static Duration since(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  static void pause() throws StoryBroke {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoryBroke("interrupted", e);
    }
  }
}

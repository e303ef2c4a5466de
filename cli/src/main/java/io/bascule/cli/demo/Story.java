package io.bascule.cli.demo;

import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Bar;
import io.bascule.cli.screen.LiveView;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Style;
import io.bascule.cli.screen.Times;
import io.bascule.core.ControllerId;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.HostView;
import io.bascule.core.api.PackageView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.api.VolumeView;
import io.bascule.host.load.LoadReport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The story, chapter by chapter. Each one says what will be, does it, waits until it is so, and
 * breaks if it is not. Run once, by one thread.
 */
final class Story {
  private static final String OLD = "1.2.1";
  private static final String NEW = "1.2.2";
  private static final long VOLUME_BYTES = 1L << 30;
  private static final long OUTSIDE_BYTES = 64L << 20;

  /** Generous on a slow machine; the usual is a tenth of it. */
  private static final Duration BOUND = Duration.ofSeconds(120);

  private static final Duration QUIET = Duration.ofSeconds(4);
  private static final int POLL_MILLIS = 150;

  private final Narrator narrator;
  private final DemoAppliance appliance;
  private final Path home;
  private final Ledger ledger = new Ledger();
  private ApplianceClient client;
  private Optional<HostSide> host = Optional.empty();

  Story(Narrator narrator, DemoAppliance appliance, Path home) throws StoryBroke {
    this.narrator = narrator;
    this.appliance = appliance;
    this.home = home;
    narrator.chapter("An appliance at release " + OLD);
    narrator.say("Two controllers, each a process of its own, and the storage both can reach.");
    long start = System.nanoTime();
    try (var live = narrator.live()) {
      appliance.up(OLD, line -> live.show(List.of("   " + line.strip())));
      live.show(List.of());
    }
    try {
      this.client = appliance.client().patient(Duration.ofSeconds(30));
    } catch (NotReachable e) {
      throw new StoryBroke(String.valueOf(e.getMessage()), e);
    }
    var view = awaitRedundant(OLD);
    narrator.done("redundant after " + Times.duration(since(start)));
    narrator.say(
        "iSCSI at %s, console at %s".formatted(view.portals().floating(), client.access().url()));
  }

  /** The host's I/O ends, if it has begun. */
  void abandon() {
    host.ifPresent(HostSide::close);
  }

  /** Tells it to the end, with the table. */
  void tell() throws StoryBroke {
    try {
      var volumes = volumes();
      var outside = outsideClient();
      packages();
      var running = HostSide.start(volumes);
      host = Optional.of(running);
      quiet(running);
      upgradeToTheWindow(running);
      cancel(running);
      upgradeToTheEnd(running);
      takeover(running);
      end(running, outside);
    } catch (NotReachable | Refused | IOException e) {
      throw new StoryBroke(String.valueOf(e.getMessage()), e);
    }
  }

  private List<VolumeView> volumes() throws NotReachable, Refused {
    narrator.chapter("Volumes, a host, and the release to come");
    var volumes = new ArrayList<VolumeView>();
    for (String name : List.of("alpha", "beta")) {
      String body = client.change("POST", "/volumes", new VolumeView.Create(name, VOLUME_BYTES));
      volumes.add(Json.read(VolumeView.class, body));
    }
    client.change("POST", "/hosts", new HostView.Create("any", "*", null, null, null));
    narrator.done("volumes alpha and beta, %s each".formatted(Sizes.format(VOLUME_BYTES)));
    return volumes;
  }

  private Optional<OutsideClient> outsideClient() throws NotReachable, Refused, StoryBroke {
    String body =
        client.change("POST", "/volumes", new VolumeView.Create("outside", OUTSIDE_BYTES));
    var outside = OutsideClient.write(HostSide.url(Json.read(VolumeView.class, body)));
    if (outside.isPresent()) {
      narrator.done("QEMU's initiator, which is not ours, wrote 16M to a third volume");
    } else {
      narrator.say("(QEMU with iSCSI is not installed here: no client but ours)");
    }
    return outside;
  }

  private void packages() throws NotReachable, Refused, IOException {
    var file = home.resolve("releases/" + NEW + "/target/bascule-" + NEW + ".pkg");
    String body = client.upload("/packages", file, sent -> {});
    var release = Json.read(PackageView.class, body);
    narrator.done(
        "release %s uploaded, %s, its signature is good"
            .formatted(release.version(), Sizes.format(release.sizeBytes())));
  }

  private void quiet(HostSide running) throws StoryBroke {
    narrator.chapter("The host works");
    narrator.say("Every block it writes names its volume, address and sequence; every read is");
    narrator.say("compared. First some seconds in which nothing happens, to compare with.");
    running.mark("nothing happens");
    long start = System.nanoTime();
    try (var live = narrator.live()) {
      while (since(start).compareTo(QUIET) < 0) {
        live.show(List.of("   " + HostSide.line(running.now())));
        pause();
      }
    }
    ledger.add("nothing happens", since(start), OLD + ", redundant");
    narrator.done(HostSide.line(running.checked(running.endMark())));
  }

  private void upgradeToTheWindow(HostSide running) throws NotReachable, Refused, StoryBroke {
    narrator.chapter("Upgrade to " + NEW + ", up to where it can be canceled");
    narrator.say("The standby is upgraded first and becomes active; then it is told to pause as");
    narrator.say("the once-active controller's turn begins.");
    String event = "upgrade to " + NEW + ", up to its cancel window";
    running.mark(event);
    long start = System.nanoTime();
    client.change(
        "POST",
        "/upgrade",
        new UpgradeView.Start(NEW, false, List.of("once-active"), null, null, null));
    var paused = awaitUpgrade(running, u -> u.state().equals("PAUSED"));
    String availability = paused.cancel().availability();
    if (!availability.equals("AVAILABLE")) {
      throw new StoryBroke(
          "cancel is %s in the window: %s".formatted(availability, paused.cancel().reason()));
    }
    var took = since(start);
    ledger.add(event, took, "active " + NEW + ", standby " + OLD);
    done(running, "paused at %s after %s".formatted(paused.step(), Times.duration(took)));
    narrator.say("Two releases serve one appliance. The verdict of the server: cancel AVAILABLE.");
  }

  private void cancel(HostSide running) throws NotReachable, Refused, StoryBroke {
    narrator.chapter("Cancel");
    var preview = client.get("/upgrade/cancel", CancelView.class);
    int number = 1;
    for (String step : preview.steps()) {
      narrator.say(number++ + ". " + step);
    }
    if (preview.warning() != null) {
      narrator.say(narrator.screen().styled(Style.YELLOW, preview.warning()));
      narrator.say("yes");
    }
    String id = preview.upgradeId();
    if (id == null) {
      throw new StoryBroke("the upgrade is gone");
    }
    String event = "cancel, back to " + OLD;
    running.mark(event);
    long start = System.nanoTime();
    var request =
        new CancelView.Request(
            id, preview.revision(), "NOT_INTERESTED", "the demonstration", false, false);
    var answer =
        Json.read(CancelView.Answer.class, client.change("POST", "/upgrade/cancel", request));
    if (!answer.outcome().equals("STARTED")) {
      throw new StoryBroke("the cancel is " + answer.outcome() + ": " + answer.detail());
    }
    awaitUpgrade(running, u -> u.state().equals("CANCELED"));
    var took = awaitRedundant(running, OLD, start);
    ledger.add(event, took, OLD + ", redundant");
    done(
        running,
        "CANCELED: both controllers run %s again, redundant, after %s"
            .formatted(OLD, Times.duration(took)));
    verified(running);
  }

  private void upgradeToTheEnd(HostSide running) throws NotReachable, Refused, StoryBroke {
    narrator.chapter("The same upgrade again, from the beginning to the end");
    String event = "upgrade to " + NEW;
    running.mark(event);
    long start = System.nanoTime();
    client.change("POST", "/upgrade", new UpgradeView.Start(NEW, false, null, null, null, null));
    awaitUpgrade(running, u -> u.state().equals("COMPLETED"));
    var took = awaitRedundant(running, NEW, start);
    ledger.add(event, took, NEW + ", redundant");
    done(
        running,
        "COMPLETED: both controllers run %s, redundant, after %s"
            .formatted(NEW, Times.duration(took)));
    verified(running);
  }

  private void takeover(HostSide running) throws NotReachable, Refused, StoryBroke {
    var active = activeOf(client.get("/appliance", ApplianceView.class));
    narrator.chapter("kill -9 of the active controller, " + active);
    String event = "kill -9 of the active";
    running.mark(event);
    long start = System.nanoTime();
    appliance.kill(active);
    awaitAppliance(running, a -> isActive(a, active.other()));
    narrator.done("controller " + active.other().number() + " took over");
    var took = awaitRedundant(running, NEW, start);
    ledger.add(event, took, NEW + ", redundant");
    done(running, "the killed one came back as standby; redundant after " + Times.duration(took));
    verified(running);
  }

  private void end(HostSide running, Optional<OutsideClient> outside)
      throws NotReachable, Refused, StoryBroke {
    narrator.chapter("The reckoning");
    if (outside.isPresent()) {
      outside.get().compare();
      narrator.done("QEMU reads its 16M back as it wrote them");
    }
    var report = running.end();
    var view = client.get("/appliance", ApplianceView.class);
    var screen = narrator.screen();
    screen.line();
    screen.table(ledger.events(report), "   ");
    screen.line();
    screen.table(Ledger.totals(report, view), "   ");
    screen.line();
    running.checked(report);
    if (!view.redundant()) {
      throw new StoryBroke("the appliance is not redundant at the end: " + view.healthDetail());
    }
    screen.line(
        "   "
            + screen.styled(
                Style.GREEN,
                "Nothing that was acknowledged is lost, no I/O failed, and every state was as told."));
  }

  private void verified(HostSide running) throws StoryBroke {
    long before = running.now().blocksVerified();
    var report = running.verify();
    narrator.done(
        "everything read back and compared: %s blocks, none lost, none wrong"
            .formatted(Ledger.number(report.blocksVerified() - before)));
  }

  /** What happened, and the longest pause the host saw in it. */
  private void done(HostSide running, String what) throws StoryBroke {
    LoadReport report = running.checked(running.endMark());
    narrator.done(what);
    narrator.done(HostSide.line(report));
  }

  private UpgradeView awaitUpgrade(HostSide running, Predicate<UpgradeView> until)
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
  private Duration awaitRedundant(HostSide running, String release, long startNanos)
      throws NotReachable, Refused, StoryBroke {
    awaitAppliance(running, a -> isRedundantOn(a, release));
    return since(startNanos);
  }

  private ApplianceView awaitRedundant(String release) throws StoryBroke {
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

  private void awaitAppliance(HostSide running, Predicate<ApplianceView> until)
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

  private static boolean isActive(ApplianceView view, ControllerId id) {
    return view.controllers().stream()
        .anyMatch(c -> c.id() == id.number() && "ACTIVE".equals(c.role()));
  }

  private static ControllerId activeOf(ApplianceView view) throws StoryBroke {
    for (var id : ControllerId.values()) {
      if (isActive(view, id)) {
        return id;
      }
    }
    throw new StoryBroke("no controller is active");
  }

  private static Duration since(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  private static void pause() throws StoryBroke {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoryBroke("interrupted", e);
    }
  }
}

package io.bascule.cli.demo;

import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Style;
import io.bascule.cli.screen.Times;
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

/**
 * The story, chapter by chapter. Each one says what will be, does it, waits until it is so, and
 * breaks if it is not. Run once, by one thread.
 */
final class Story {
  private static final String OLD = "1.2.1";
  private static final String NEW = "1.2.2";
  static final String NEXT = "2.0.1";
  private static final long VOLUME_BYTES = 1L << 30;
  private static final long OUTSIDE_BYTES = 64L << 20;

  private static final Duration QUIET = Duration.ofSeconds(4);

  private final Narrator narrator;
  private final DemoAppliance appliance;
  private final Path home;
  private final Ledger ledger = new Ledger();
  private ApplianceClient client;
  private Watch watch;
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
    this.watch = new Watch(narrator, client);
    var view = watch.awaitRedundant(OLD);
    narrator.done("redundant after " + Times.duration(Watch.since(start)));
    narrator.say(
        "iSCSI at %s, console at %s".formatted(view.portals().floating(), client.access().url()));
  }

  Narrator narrator() {
    return narrator;
  }

  ApplianceClient client() {
    return client;
  }

  Watch watch() {
    return watch;
  }

  Ledger ledger() {
    return ledger;
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
      new MigrationChapters(this, running).tell();
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
    for (String version : List.of(NEW, NEXT)) {
      var file = home.resolve("releases/" + version + "/target/bascule-" + version + ".pkg");
      String body = client.upload("/packages", file, sent -> {});
      var release = Json.read(PackageView.class, body);
      narrator.done(
          "release %s uploaded, %s, its signature is good"
              .formatted(release.version(), Sizes.format(release.sizeBytes())));
    }
  }

  private void quiet(HostSide running) throws StoryBroke {
    narrator.chapter("The host works");
    narrator.say("Every block it writes names its volume, address and sequence; every read is");
    narrator.say("compared. First some seconds in which nothing happens, to compare with.");
    running.mark("nothing happens");
    long start = System.nanoTime();
    try (var live = narrator.live()) {
      while (Watch.since(start).compareTo(QUIET) < 0) {
        live.show(List.of("   " + HostSide.line(running.now())));
        Watch.pause();
      }
    }
    ledger.add("nothing happens", Watch.since(start), OLD + ", redundant");
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
    var paused = watch.awaitUpgrade(running, u -> u.state().equals("PAUSED"));
    String availability = paused.cancel().availability();
    if (!availability.equals("AVAILABLE")) {
      throw new StoryBroke(
          "cancel is %s in the window: %s".formatted(availability, paused.cancel().reason()));
    }
    var took = Watch.since(start);
    ledger.add(event, took, "active " + NEW + ", standby " + OLD);
    done(running, "paused at %s after %s".formatted(paused.step(), Times.duration(took)));
    narrator.say("Two releases serve one appliance. The verdict of the server: cancel AVAILABLE.");
  }

  private void cancel(HostSide running) throws NotReachable, Refused, StoryBroke {
    narrator.chapter("Cancel");
    cancelTo(OLD, "cancel, back to " + OLD, "NOT_INTERESTED", running);
  }

  /** Shows the preview, cancels, and waits until the old release is redundant again. */
  void cancelTo(String old, String event, String reason, HostSide running)
      throws NotReachable, Refused, StoryBroke {
    var preview = client.get("/upgrade/cancel", CancelView.class);
    int number = 1;
    for (String step : preview.steps()) {
      narrator.say(number++ + ". " + step);
    }
    if (preview.warning() != null) {
      narrator.say(narrator.screen().styled(Style.YELLOW, preview.warning()));
      narrator.say("yes");
    }
    running.mark(event);
    long start = System.nanoTime();
    var answer = askToCancel(preview, reason);
    if (!answer.outcome().equals("STARTED")) {
      throw new StoryBroke("the cancel is " + answer.outcome() + ": " + answer.detail());
    }
    watch.awaitUpgrade(running, u -> u.state().equals("CANCELED"));
    var took = watch.awaitRedundant(running, old, start);
    ledger.add(event, took, old + ", redundant");
    done(
        running,
        "CANCELED: both controllers run %s again, redundant, after %s"
            .formatted(old, Times.duration(took)));
    verified(running);
  }

  /** The answer to a cancel of what that preview shows. */
  CancelView.Answer askToCancel(CancelView preview, String reason)
      throws NotReachable, Refused, StoryBroke {
    String id = preview.upgradeId();
    if (id == null) {
      throw new StoryBroke("the upgrade is gone");
    }
    var request =
        new CancelView.Request(id, preview.revision(), reason, "the demonstration", false, false);
    return Json.read(CancelView.Answer.class, client.change("POST", "/upgrade/cancel", request));
  }

  private void upgradeToTheEnd(HostSide running) throws NotReachable, Refused, StoryBroke {
    narrator.chapter("The same upgrade again, from the beginning to the end");
    String event = "upgrade to " + NEW;
    running.mark(event);
    long start = System.nanoTime();
    client.change("POST", "/upgrade", new UpgradeView.Start(NEW, false, null, null, null, null));
    watch.awaitUpgrade(running, u -> u.state().equals("COMPLETED"));
    var took = watch.awaitRedundant(running, NEW, start);
    ledger.add(event, took, NEW + ", redundant");
    done(
        running,
        "COMPLETED: both controllers run %s, redundant, after %s"
            .formatted(NEW, Times.duration(took)));
    verified(running);
  }

  private void takeover(HostSide running) throws NotReachable, Refused, StoryBroke {
    var active = Watch.activeOf(client.get("/appliance", ApplianceView.class));
    narrator.chapter("kill -9 of the active controller, " + active);
    String event = "kill -9 of the active";
    running.mark(event);
    long start = System.nanoTime();
    appliance.kill(active);
    watch.awaitAppliance(running, a -> Watch.isActive(a, active.other()));
    narrator.done("controller " + active.other().number() + " took over");
    var took = watch.awaitRedundant(running, NEXT, start);
    ledger.add(event, took, NEXT + ", redundant");
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

  /** Everything that was acknowledged so far is read back, while the host goes on. */
  void verified(HostSide running) throws StoryBroke {
    long before = running.now().blocksVerified();
    var report = running.verify();
    narrator.done(
        "everything read back and compared: %s blocks, none lost, none wrong"
            .formatted(Ledger.number(report.blocksVerified() - before)));
  }

  /** What happened, and the longest pause the host saw in it. */
  void done(HostSide running, String what) throws StoryBroke {
    LoadReport report = running.checked(running.endMark());
    narrator.done(what);
    narrator.done(HostSide.line(report));
  }
}

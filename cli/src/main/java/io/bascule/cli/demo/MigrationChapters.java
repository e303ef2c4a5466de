package io.bascule.cli.demo;

import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Times;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.UpgradeView;
import java.util.List;

/**
 * The second part of the story: the release that moves every volume to another format on disk,
 * canceled in the middle of that, and then for good.
 */
final class MigrationChapters {
  private static final String OLD = "1.2.2";
  private static final String NEW = Story.NEXT;

  /** Long enough to be seen, short enough for a story. */
  private static final int CONFIRM_SECONDS = 3;

  private final Story story;
  private final Narrator narrator;
  private final HostSide running;

  MigrationChapters(Story story, HostSide running) {
    this.story = story;
    this.narrator = story.narrator();
    this.running = running;
  }

  void tell() throws NotReachable, Refused, StoryBroke {
    upgradeToPhaseThree();
    narrator.chapter("Cancel in the middle of the migration");
    story.cancelTo(OLD, "cancel in Phase 3, back to " + OLD, "TAKING_TOO_LONG", running);
    migrate();
  }

  private void start(List<String> pauseAt) throws NotReachable, Refused {
    story
        .client()
        .change(
            "POST",
            "/upgrade",
            new UpgradeView.Start(NEW, false, pauseAt, "FINISH_SOONER", null, CONFIRM_SECONDS));
  }

  private void upgradeToPhaseThree() throws NotReachable, Refused, StoryBroke {
    narrator.chapter("Upgrade to " + NEW + ", which migrates every volume to a new format");
    narrator.say("First both controllers are upgraded as before; then come the four phases:");
    narrator.say("Prepare, Copy, Verify, Confirm. The host goes on writing.");
    String event = "upgrade to " + NEW + ", up to Phase 3";
    running.mark(event);
    long start = System.nanoTime();
    start(List.of("phase-1", "phase-3"));
    awaitPaused("PHASE_1");
    var answer =
        story.askToCancel(
            story.client().get("/upgrade/cancel", CancelView.class), "NOT_INTERESTED");
    if (!answer.outcome().equals("NO_EFFECT")) {
      throw new StoryBroke("a cancel in Phase 1 is " + answer.outcome());
    }
    narrator.done("a cancel in Phase 1 is answered NO_EFFECT, and changes nothing");
    story.client().change("PATCH", "/upgrade", new UpgradeView.Change(false, null, null, null));
    awaitPaused("PHASE_3");
    var took = Watch.since(start);
    story.ledger().add(event, took, NEW + " on both, volumes in both formats");
    story.done(running, "everything is copied: paused at PHASE_3 after " + Times.duration(took));
  }

  private void awaitPaused(String step) throws NotReachable, Refused, StoryBroke {
    story.watch().awaitUpgrade(running, u -> u.state().equals("PAUSED") && step.equals(u.step()));
  }

  private void migrate() throws NotReachable, Refused, StoryBroke {
    narrator.chapter("The same again, from the beginning to the commit");
    String event = "upgrade to " + NEW;
    running.mark(event);
    long start = System.nanoTime();
    start(List.of());
    story.watch().awaitUpgrade(running, u -> u.state().equals("COMPLETED"));
    var took = story.watch().awaitRedundant(running, NEW, start);
    story.ledger().add(event, took, NEW + ", redundant, format 2");
    story.done(
        running,
        "COMPLETED: both controllers run %s, every volume is in format 2, after %s"
            .formatted(NEW, Times.duration(took)));
    story.verified(running);
  }
}

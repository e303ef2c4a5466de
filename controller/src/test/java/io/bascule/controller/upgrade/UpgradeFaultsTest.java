package io.bascule.controller.upgrade;

import static io.bascule.core.ControllerId.CONTROLLER_0;
import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.controller.packages.ReleaseMaker;
import io.bascule.core.ControllerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One blow at every call that does or tells something, in whole upgrades and cancels: refused, its
 * answer lost, or the process dead before or after it. It ends as it would have, nothing skipped,
 * and never was anything done that state.db did not say. A rotating sample in ./check, all of it in
 * ./check --all; {@code -Dbascule.faults.only=REGEX} runs the cases it finds.
 */
class UpgradeFaultsTest {
  private static final int SAMPLE = 16;

  /** What happens but for the blow. */
  enum Story {
    UPGRADE("COMPLETED") {
      @Override
      void tell(Lab lab) {
        lab.start();
      }
    },
    CANCEL_IN_THE_WINDOW("CANCELED") {
      @Override
      void tell(Lab lab) {
        lab.start("once-active");
        lab.untilState("PAUSED");
        lab.cancelWhenever();
      }
    },
    CANCEL_WHILE_THE_ONCE_ACTIVE_BOOTS("CANCELED") {
      @Override
      void tell(Lab lab) {
        lab.enclosure.hangs.add(CONTROLLER_0);
        lab.start();
        lab.until(
            "booting the new release",
            () -> Enclosure.NEW.equals(lab.enclosure.box(CONTROLLER_0).running()));
        lab.cancelWhenever();
      }
    },
    BAD_RELEASE("FAILED") {
      @Override
      void tell(Lab lab) {
        lab.enclosure.crashers.add(CONTROLLER_0);
        lab.start();
      }
    };

    private final String end;

    Story(String end) {
      this.end = end;
    }

    abstract void tell(Lab lab);
  }

  record Case(Story story, Lab.Blow blow, int at) {}

  @TempDir private static Path releases;
  private static ReleaseMaker maker;
  private static Path packages = Path.of("");

  @TempDir private Path dir;

  @BeforeAll
  static void compose() throws Exception {
    maker = new ReleaseMaker(releases);
    packages = Objects.requireNonNull(maker.release("1.2.2", "1.2.1", 1, "").getParent());
  }

  @Test
  void shouldEndAsItWouldHaveWhateverCallFails() throws IOException {
    List<Case> cases = new ArrayList<>();
    for (var story : Story.values()) {
      for (var blow : List.of(Lab.Blow.DIES_BEFORE, Lab.Blow.REFUSED)) {
        // A blow that never falls counts the calls it could fall on.
        int calls = run(new Case(story, blow, Integer.MAX_VALUE));
        assertThat(calls).as("calls in %s", story).isGreaterThan(5);
        for (int at = 0; at < calls; at++) {
          cases.add(new Case(story, blow, at));
          cases.add(
              new Case(
                  story,
                  blow == Lab.Blow.REFUSED ? Lab.Blow.ANSWER_LOST : Lab.Blow.DIES_AFTER,
                  at));
        }
      }
    }
    boolean all = Boolean.getBoolean("bascule.check.all");
    Collections.shuffle(cases, new Random(Long.getLong("bascule.check.seed", 1)));
    String only = System.getProperty("bascule.faults.only");
    var wanted = Pattern.compile(only == null ? "" : only);
    for (var one : all || only != null ? cases : cases.subList(0, SAMPLE)) {
      if (!wanted.matcher(one.toString()).find()) {
        continue;
      }
      try {
        run(one);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(one + ": " + e.getMessage(), e);
      }
    }
  }

  private int run(Case one) throws IOException {
    Path folder = Files.createTempDirectory(dir, one.story().name());
    try (var lab = new Lab(folder, packages, maker.trust())) {
      lab.strike(one.blow(), where -> true, one.at(), 1);
      one.story().tell(lab);
      lab.untilState("COMPLETED", "CANCELED", "FAILED");
      int calls = lab.strikes();
      assertEnd(lab, one.story().end);
      return calls;
    }
  }

  private static void assertEnd(Lab lab, String end) {
    assertThat(lab.view().state()).isEqualTo(end);
    boolean completed = end.equals("COMPLETED");
    var release = completed ? Enclosure.NEW : Enclosure.OLD;
    lab.until("redundant on " + release, () -> lab.enclosure.redundantOn(release));
    lab.untilNoAlert();
    assertThat(lab.record().row().allowedReleases()).isEqualTo(Set.of(release));
    assertThat(lab.report().receipt()).isNotNull();
    if (completed) {
      // In the plan's order, none twice, none missing.
      assertThat(lab.steps("step.done"))
          .containsExactly(
              "PRECHECK",
              "STAGE_STANDBY",
              "ACTIVATE_STANDBY",
              "HANDOVER",
              "STAGE_ONCE_ACTIVE",
              "ACTIVATE_ONCE_ACTIVE",
              "FINALIZE");
    } else {
      assertThat(lab.steps("step.undone"))
          .contains("HANDOVER", "ACTIVATE_STANDBY", "STAGE_ONCE_ACTIVE", "STAGE_STANDBY");
      for (var id : ControllerId.values()) {
        assertThat(lab.enclosure.box(id).slots.values()).containsExactly(Enclosure.OLD);
      }
    }
    assertThat(lab.failed()).isEmpty();
  }
}

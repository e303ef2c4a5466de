package io.bascule.cli.demo;

import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Times;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToIntBiFunction;

/**
 * The frame of the story: what must be there before, and that nothing is left after, also when it
 * breaks or somebody presses Ctrl-C.
 */
public final class Demo {
  private static final int LAST_LINES = 25;

  private final Screen screen;
  private final Path home;
  private final boolean keep;
  private final int portsFrom;
  private final ToIntBiFunction<String[], PrintWriter> bascule;

  /**
   * @param home of the built tree
   * @param keep leave the appliance running at the end of a story that went well
   * @param portsFrom where to look for free ports; 0 for anywhere
   * @param bascule runs a command line of ours, with its output to the writer
   */
  public Demo(
      Screen screen,
      Path home,
      boolean keep,
      int portsFrom,
      ToIntBiFunction<String[], PrintWriter> bascule) {
    this.screen = screen;
    this.home = home;
    this.keep = keep;
    this.portsFrom = portsFrom;
    this.bascule = bascule;
  }

  /** Tells the story; true if it was as told and nothing was lost. */
  public boolean run() {
    var narrator = new Narrator(screen);
    long start = System.nanoTime();
    narrator.title("Bascule: an upgrade that is canceled while a host writes");
    for (String release : new String[] {"1.2.1", "1.2.2", Story.NEXT}) {
      var file = home.resolve("releases/" + release + "/target/bascule-" + release + ".pkg");
      if (!Files.isRegularFile(file)) {
        narrator.broke("the package " + file + " is not built");
        return false;
      }
    }
    DemoAppliance appliance;
    try {
      appliance = DemoAppliance.create(portsFrom, bascule);
    } catch (StoryBroke e) {
      narrator.broke(String.valueOf(e.getMessage()));
      return false;
    }
    var end = new End(appliance);
    var interrupted = new Thread(end::interrupted, "demo-end");
    Runtime.getRuntime().addShutdownHook(interrupted);
    boolean good = false;
    Optional<Story> story = Optional.empty();
    try {
      story = Optional.of(new Story(narrator, appliance, home));
      story.get().tell();
      good = true;
    } catch (StoryBroke e) {
      if (!end.begun.get()) {
        narrator.broke(String.valueOf(e.getMessage()));
        appliance.lastWords(LAST_LINES).forEach(screen::error);
      }
    } finally {
      if (!end.begun.get()) {
        story.ifPresent(Story::abandon);
      }
      if (good && keep) {
        end.begun.set(true);
        kept(appliance);
      } else {
        end.now();
      }
      forget(interrupted);
    }
    if (end.interrupted) {
      return false;
    }
    var took = Duration.ofNanos(System.nanoTime() - start);
    screen.line();
    screen.line((good ? "Told in " : "Ended after ") + Times.duration(took) + ".");
    return good;
  }

  private void kept(DemoAppliance appliance) {
    screen.line();
    screen.line("The appliance is left running.");
    appliance.signInLink().ifPresent(link -> screen.line("   Console  " + link));
    screen.line("   bascule status --data " + appliance.data());
    screen.line("   bascule down --data " + appliance.data());
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending: the hook runs, and finds everything done.
      System.getLogger(Demo.class.getName()).log(System.Logger.Level.DEBUG, "ending", e);
    }
  }

  /** Removes everything, once, from whichever thread comes first. */
  private final class End {
    private final DemoAppliance appliance;
    private final AtomicBoolean begun = new AtomicBoolean();
    private volatile boolean interrupted;

    End(DemoAppliance appliance) {
      this.appliance = appliance;
    }

    void interrupted() {
      if (!begun.get()) {
        interrupted = true;
        screen.line();
        screen.line("Interrupted: stopping and removing everything.");
        now();
        screen.line("Nothing is left.");
      }
    }

    void now() {
      if (begun.compareAndSet(false, true)) {
        for (String left : appliance.remove()) {
          screen.error("left behind: " + left);
        }
      }
    }
  }
}

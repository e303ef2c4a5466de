package io.bascule.sim.rt;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The product and the simulated world around it, loaded once, played with any number of seeds. */
public final class Stage {
  /** What is played: {@code knobs} are those, as {@code a=1,b=2}, that the seed does not draw. */
  public interface Play {
    Report run(long seed, String knobs, @Nullable Consumer<String> trace);
  }

  private final SimLoader loader;
  private final Play play;

  /** {@code play} names the class, {@code defects} what is broken in the product. */
  public Stage(String play, List<Defect> defects) {
    this.loader = new SimLoader(defects);
    try {
      this.play = (Play) loader.loadClass(play).getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot play " + play, e);
    }
  }

  public Report run(long seed, @Nullable Consumer<String> trace) {
    return play.run(seed, "", trace);
  }

  public Report run(long seed, String knobs, @Nullable Consumer<String> trace) {
    return play.run(seed, knobs, trace);
  }

  /** The defects whose places were found so far: classes are loaded when they are used. */
  public List<Defect> planted() {
    return loader.planted();
  }
}

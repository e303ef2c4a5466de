package io.bascule.sim.world;

import io.bascule.sim.rt.Dice;
import io.bascule.sim.rt.Report;
import io.bascule.sim.rt.Sim;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where {@link io.bascule.sim.rt.Stage} enters what it has loaded. */
public class Play implements io.bascule.sim.rt.Stage.Play {
  /** About a minute of a processor: far beyond any run that comes to an end. */
  private static final long CHOICES_MAX = 30_000_000;

  public Play() {}

  /** What the seed makes of the run. */
  Knobs draw(Dice dice) {
    return Knobs.draw(dice);
  }

  @Override
  public Report run(long seed, String others, @Nullable Consumer<String> trace) {
    var sim = new Sim(seed);
    if (trace != null) {
      sim.trace(trace);
    }
    sim.limit(CHOICES_MAX);
    var knobs = draw(sim.dice()).with(others);
    PoolKnobs.set(knobs);
    sim.say(knobs.inWords());
    try (var appliance = new Appliance(sim, knobs)) {
      Mischief.in(appliance);
      var story = new Story(sim, appliance);
      sim.start(appliance.process(), "story", story::run);
      boolean ended = sim.run();
      var violation = appliance.violation();
      String verdict =
          violation != null ? violation.oracle() : ended ? "" : "the-run-comes-to-an-end";
      return new Report(
          seed,
          verdict,
          violation == null ? "" : String.valueOf(violation.getMessage()),
          knobs.path() + " " + story.outcome(),
          sim.choices(),
          sim.nowNanos() / 1_000_000,
          sim.traceHash(),
          sim.foreignWakeups(),
          story.hosts().commands(),
          appliance.blows().struck(),
          appliance.oracles().losses(),
          knobs.inWords());
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    } finally {
      sim.close();
    }
  }
}

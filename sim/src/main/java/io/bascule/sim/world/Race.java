package io.bascule.sim.world;

import io.bascule.sim.rt.Dice;

/** A cancel against the commit, once for each seed: one of both wins, and the answer says which. */
public final class Race extends Play {
  public Race() {}

  @Override
  Knobs draw(Dice dice) {
    return Knobs.race(dice);
  }
}

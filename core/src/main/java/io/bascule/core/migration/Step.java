package io.bascule.core.migration;

import java.util.List;

/** The next state and what to do to make it true, in order. */
public record Step(State state, List<Effect> effects) {
  public Step {
    effects = List.copyOf(effects);
  }

  static Step of(State state, Effect... effects) {
    return new Step(state, List.of(effects));
  }
}

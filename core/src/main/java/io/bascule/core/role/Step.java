package io.bascule.core.role;

import java.util.List;

/** The next state and what to do to make it true. */
public record Step(State state, List<Effect> effects) {
  static Step of(State state, Effect... effects) {
    return new Step(state, List.of(effects));
  }
}

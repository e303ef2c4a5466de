package io.bascule.core.upgrade;

import java.util.Optional;

/** The steps of any plan, in order. The names are persisted and shown: never rename one. */
public enum StepName {
  PRECHECK,
  STAGE_STANDBY,
  ACTIVATE_STANDBY,
  HANDOVER,
  STAGE_ONCE_ACTIVE,
  ACTIVATE_ONCE_ACTIVE,
  PHASE_1,
  PHASE_2,
  PHASE_3,
  PHASE_4,
  COMMIT,
  FINALIZE;

  /** The phase this step is, 1 to 4; COMMIT before it is recorded still counts as Phase 4. */
  public Optional<Integer> phase() {
    return switch (this) {
      case PHASE_1 -> Optional.of(1);
      case PHASE_2 -> Optional.of(2);
      case PHASE_3 -> Optional.of(3);
      case PHASE_4, COMMIT -> Optional.of(4);
      case PRECHECK,
          STAGE_STANDBY,
          ACTIVATE_STANDBY,
          HANDOVER,
          STAGE_ONCE_ACTIVE,
          ACTIVATE_ONCE_ACTIVE,
          FINALIZE ->
          Optional.empty();
    };
  }
}

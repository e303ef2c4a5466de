package io.bascule.core.upgrade;

/** The state of the upgrade as a whole. The names are persisted and shown: never rename one. */
public enum UpgradeState {
  /** There never was one. */
  IDLE,
  RUNNING,
  /** At a pause point, paused by somebody, or waiting for a person (with a reason). */
  PAUSED,
  /** Going back, by a cancel or by itself (then with a cause). */
  CANCELING,
  /** The new release on both controllers. */
  COMPLETED,
  /** The old release on both controllers, as asked. */
  CANCELED,
  /** The old release on both controllers, since the new one did not come up; the cause says why. */
  FAILED;

  /** No work is left; a new upgrade may start. */
  public boolean ended() {
    return switch (this) {
      case IDLE, COMPLETED, CANCELED, FAILED -> true;
      case RUNNING, PAUSED, CANCELING -> false;
    };
  }
}

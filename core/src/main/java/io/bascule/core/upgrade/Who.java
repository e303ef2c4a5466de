package io.bascule.core.upgrade;

import io.bascule.core.ControllerId;

/**
 * Which controller a goal is about: a fixed one, or whichever has the role when the goal is looked
 * at. A cancel always takes the non-active controller first, by its role now, whatever happened
 * meanwhile.
 */
public enum Who {
  CONTROLLER_0,
  CONTROLLER_1,
  ACTIVE,
  STANDBY;

  /** That very controller. */
  public static Who the(ControllerId id) {
    return id == ControllerId.CONTROLLER_0 ? CONTROLLER_0 : CONTROLLER_1;
  }

  /** The controller meant while {@code active} is the active one. */
  public ControllerId resolve(ControllerId active) {
    return switch (this) {
      case CONTROLLER_0 -> ControllerId.CONTROLLER_0;
      case CONTROLLER_1 -> ControllerId.CONTROLLER_1;
      case ACTIVE -> active;
      case STANDBY -> active.other();
    };
  }
}

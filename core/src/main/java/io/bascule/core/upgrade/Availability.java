package io.bascule.core.upgrade;

/** Whether a cancel is possible now. The names are shown. */
public enum Availability {
  /** The button works. */
  AVAILABLE,
  /** It may be pressed and changes nothing. */
  NO_EFFECT,
  /** A guard stands in the way. */
  BLOCKED,
  /** No button; the reason and the next cancel point instead. */
  UNAVAILABLE
}

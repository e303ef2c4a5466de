package io.bascule.core;

/** How a controller is. */
public enum Status {
  /** Healthy in its role. */
  ONLINE,
  /** Booting or rejoining. */
  RECOVERING,
  /** The chassis has used up its boot attempts. */
  FAILED,
  /** No power. */
  OFF
}

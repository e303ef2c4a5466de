package io.bascule.core;

/** What a controller does: {@code ACTIVE} serves hosts, {@code STANDBY} is ready to. */
public enum Role {
  ACTIVE,
  STANDBY
}

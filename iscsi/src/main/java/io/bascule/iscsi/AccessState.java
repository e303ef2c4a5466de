package io.bascule.iscsi;

/** Asymmetric logical unit access state of a target port group (SPC-4, 5.15.2). */
public enum AccessState {
  ACTIVE_OPTIMIZED(0x0),
  STANDBY(0x2),
  TRANSITIONING(0xF);

  /** The value in REPORT TARGET PORT GROUPS. */
  final int code;

  AccessState(int code) {
    this.code = code;
  }
}

package io.bascule.core.role;

/** How a controller process ends. The codes are part of the contract with the chassis. */
public enum Exit {
  /** Somebody asked it to stop: power off, or the end of the appliance. */
  STOPPED(0),
  /** It could not start: bad arguments, an unreadable slot. */
  NOT_STARTED(2),
  /** It wants to be booted again, at once. */
  REBOOT(64),
  /** It found itself broken and stopped rather than go on. */
  BROKEN(70);

  private final int code;

  Exit(int code) {
    this.code = code;
  }

  /** The process's exit code. */
  public int code() {
    return code;
  }
}

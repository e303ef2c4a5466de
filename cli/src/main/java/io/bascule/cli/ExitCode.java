package io.bascule.cli;

/** The exit codes of every command. */
public final class ExitCode {
  public static final int DONE = 0;
  public static final int FAILED = 1;
  public static final int USAGE = 2;

  /** Refused, or without effect; the reason is on standard error. */
  public static final int REFUSED = 3;

  public static final int NOT_REACHABLE = 4;

  private ExitCode() {}
}

package io.bascule.host.initiator;

import java.io.IOException;

/** A command was answered with something else than GOOD. */
public final class ScsiException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient ScsiResult result;

  public ScsiException(String command, ScsiResult result) {
    super(command + ": " + result);
    this.result = result;
  }

  public ScsiResult result() {
    return result;
  }
}

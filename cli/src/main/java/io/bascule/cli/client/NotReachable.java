package io.bascule.cli.client;

/** No controller answers, or none of them is active. The message says what was tried. */
public final class NotReachable extends Exception {
  private static final long serialVersionUID = 1L;

  public NotReachable(String message) {
    super(message);
  }

  public NotReachable(String message, Throwable cause) {
    super(message, cause);
  }
}

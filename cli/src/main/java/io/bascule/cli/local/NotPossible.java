package io.bascule.cli.local;

/** Something stands in the way, and nothing has been changed; the message says what to do. */
public final class NotPossible extends Exception {
  private static final long serialVersionUID = 1L;

  public NotPossible(String message) {
    super(message);
  }
}

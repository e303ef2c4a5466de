package io.bascule.controller.state;

/** state.db could not do what it was asked; nothing of it has happened. */
public final class StateDbException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StateDbException(String message) {
    super(message);
  }

  StateDbException(String message, Throwable cause) {
    super(message, cause);
  }
}

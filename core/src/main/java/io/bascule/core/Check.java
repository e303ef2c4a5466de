package io.bascule.core;

/**
 * Invariants that hold in production. A broken one is a bug of ours, never bad input: it throws,
 * and the process that owns the state stops rather than go on with it.
 */
public final class Check {
  private Check() {}

  /** Throws {@link BrokenInvariant} unless {@code holds}; the message is formatted only then. */
  public static void that(boolean holds, String message, Object... args) {
    if (!holds) {
      throw new BrokenInvariant(String.format(message, args));
    }
  }

  /** An invariant of Bascule itself does not hold. */
  public static final class BrokenInvariant extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    BrokenInvariant(String message) {
      super(message);
    }
  }
}

package io.bascule.core;

import org.jspecify.annotations.Nullable;

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

  /** {@code value}, which must be there. */
  public static <T> T found(@Nullable T value, String what) {
    if (value == null) {
      throw new Missing(what + " is missing");
    }
    return value;
  }

  /** An invariant of Bascule itself does not hold. */
  public static sealed class BrokenInvariant extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    BrokenInvariant(String message) {
      super(message);
    }
  }

  /** Something that must be there is not. */
  public static final class Missing extends BrokenInvariant {
    private static final long serialVersionUID = 1L;

    public Missing(String message) {
      super(message);
    }
  }
}

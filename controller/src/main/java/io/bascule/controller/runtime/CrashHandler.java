package io.bascule.controller.runtime;

import io.bascule.core.Check;
import io.bascule.core.role.Exit;
import io.bascule.core.volume.StoreException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What nobody caught. A broken invariant, an error of the JVM, or the end of a thread the
 * controller cannot do without ends the process at once: its successor starts from what is on disk.
 * Anything else costs only the thread it happened in.
 */
public final class CrashHandler implements Thread.UncaughtExceptionHandler {
  private static final System.Logger LOG = System.getLogger(CrashHandler.class.getName());
  private static final Set<String> VITAL =
      Set.of(
          "main",
          "role",
          "peer-link",
          "peer-status",
          "chassis-link",
          "upgrade",
          "housekeeping",
          "management");

  public static void install() {
    Thread.setDefaultUncaughtExceptionHandler(new CrashHandler());
  }

  @Override
  public void uncaughtException(Thread thread, Throwable e) {
    boolean vital =
        VITAL.contains(thread.getName())
            || e instanceof Error
            || e instanceof Check.BrokenInvariant;
    if (vital) {
      stop("thread " + thread.getName() + " failed", e);
    }
    LOG.log(System.Logger.Level.ERROR, "thread " + thread.getName() + " failed", e);
  }

  /** What a store could not do says so in words; anything else is a bug, and its kind matters. */
  private static String words(@Nullable Throwable cause) {
    return switch (cause) {
      case null -> "";
      case StoreException store -> ": " + store.getMessage();
      default -> ": " + cause;
    };
  }

  /** Ends the process now. Nothing of it runs afterwards; its death gives the lease up. */
  static void stop(String why, @Nullable Throwable cause) {
    try {
      LOG.log(System.Logger.Level.ERROR, "this controller stops itself: " + why, cause);
      System.err.println("controller stops itself: " + why + words(cause));
    } finally {
      Runtime.getRuntime().halt(Exit.BROKEN.code());
    }
  }
}

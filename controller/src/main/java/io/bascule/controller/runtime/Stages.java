package io.bascule.controller.runtime;

import java.util.Locale;

/** How long each stage of a promotion or a handover took, for the log. One thread. */
final class Stages {
  private static final System.Logger LOG = System.getLogger(Stages.class.getName());

  private final String what;
  private final long startedNanos = System.nanoTime();
  private final StringBuilder text = new StringBuilder();
  private long lastNanos = startedNanos;

  Stages(String what) {
    this.what = what;
  }

  /** The stage that began with the last call ends now. */
  void done(String stage) {
    long now = System.nanoTime();
    text.append(String.format(Locale.ROOT, " %s %.1f ms,", stage, (now - lastNanos) / 1e6));
    lastNanos = now;
  }

  /** Logs all of it; returns the milliseconds since the beginning. */
  long log() {
    long millis = (System.nanoTime() - startedNanos) / 1_000_000;
    LOG.log(System.Logger.Level.INFO, "{0}:{1} in all {2} ms", what, text, millis);
    return millis;
  }
}

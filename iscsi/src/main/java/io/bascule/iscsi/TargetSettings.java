package io.bascule.iscsi;

import io.bascule.core.Check;

/**
 * What does not change while a target lives.
 *
 * @param iqn the target's name, the same on both controllers
 * @param maxConnections further connections are closed at once
 * @param slowThreads threads for work that waits for a disk
 * @param loginMillis a connection that has not logged in by then is closed
 * @param silenceMillis after so long without a PDU the host is asked with a NOP-In; after as long
 *     again without an answer, or with a write to its socket stuck, the connection is closed
 */
public record TargetSettings(
    String iqn, int maxConnections, int slowThreads, long loginMillis, long silenceMillis) {
  public TargetSettings {
    Check.that(!iqn.isBlank() && iqn.length() <= 223, "target name of %d bytes", iqn.length());
    Check.that(maxConnections > 0 && slowThreads > 0, "limits must be positive");
    Check.that(loginMillis > 0 && silenceMillis > 0, "times must be positive");
  }

  /** The usual limits. */
  public TargetSettings(String iqn) {
    this(iqn, 128, 8, 15_000, 60_000);
  }
}

package io.bascule.iscsi;

import java.io.IOException;

/** An iSCSI target: portals, sessions, and the model they show. Safe for use by many threads. */
public final class IscsiTarget implements AutoCloseable {
  private final TargetSettings settings;

  public IscsiTarget(TargetSettings settings) {
    this.settings = settings;
  }

  /** Listens there and accepts from now on. */
  public Portal open(PortalSpec spec) throws IOException {
    throw new IOException("cannot listen on " + spec.address() + " for " + settings.iqn());
  }

  /**
   * Shows hosts another model from now on. Sessions that the new model would not let in are closed;
   * the others learn of what changed by unit attentions.
   */
  public void update(TargetView view) {}

  /**
   * Takes no new commands (they stay unanswered) and waits for those in flight.
   *
   * @return whether all of them were finished within the bound
   */
  public boolean drain(long boundMillis) {
    return true;
  }

  public Stats stats() {
    return new Stats(java.util.List.of(), 0, 0, 0, 0, 0, 0);
  }

  /** Starts a measurement. */
  public LatencyWindow latencyWindow() {
    throw new UnsupportedOperationException("not built yet");
  }

  /** Grows with every operation finished. */
  public long progress() {
    return 0;
  }

  /** Whether a thread has been stuck in one in-memory operation for more than two seconds. */
  public boolean stalled(long nowNanos) {
    return false;
  }

  /** Closes portals, sessions and threads; no volume is touched after it returns. */
  @Override
  public void close() {}
}

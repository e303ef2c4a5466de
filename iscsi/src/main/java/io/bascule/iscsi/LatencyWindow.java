package io.bascule.iscsi;

/** Latency of reads and writes since the moment {@link IscsiTarget#latencyWindow} was called. */
public interface LatencyWindow {
  /** Reads and writes in the window. */
  long count();

  /** 0 if there were none. */
  long p99Micros();

  /** 0 if there were none. */
  long maxMicros();
}

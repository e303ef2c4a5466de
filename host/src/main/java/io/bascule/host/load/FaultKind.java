package io.bascule.host.load;

/** What can be wrong with a block that was acknowledged. */
public enum FaultKind {
  /** Zeros, or an earlier run's data: the acknowledged write is not there. */
  LOST,
  /** An earlier version of this run: the last acknowledged write is not there. */
  STALE,
  /** A 4 KiB physical block holds parts of two versions. */
  TORN,
  /** Whole, but written for another address or volume. */
  MISDIRECTED,
  /** Nothing this load ever wrote. */
  CORRUPT,
  /** Data where an acknowledged TRIM must read zeros. */
  RESURRECTED,
  /** The answer did not hold all the data asked for. */
  SHORT_READ
}

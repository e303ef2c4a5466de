package io.bascule.core.migration;

/** From what volumes are served. */
public enum Service {
  /** Everything is in format 1, and nobody keeps marks. */
  V1,
  /** As V1, but a write marks its regions first, for format 2 does not get it. */
  MARKING,
  /** Writes go to both where the region is copied; reads come from format 1. */
  BOTH,
  /** Writes as BOTH; reads come from format 2 where the region is copied. */
  READ_V2,
  /** Writes wait for the commit's end; reads as READ_V2. */
  HELD,
  /** Everything is in format 2: the commit is recorded. */
  V2;

  /** Whether writes go to both formats. */
  public boolean mirrors() {
    return this == BOTH || this == READ_V2;
  }
}

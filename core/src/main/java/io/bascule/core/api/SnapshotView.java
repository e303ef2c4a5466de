package io.bascule.core.api;

import java.time.Instant;

/**
 * GET /snapshots, /volumes/{name}/snapshots, /volumes/{name}/snapshots/{snapshot}. A name is unique
 * among the snapshots of one volume.
 *
 * @param sizeBytes of the volume at that time
 * @param allocatedBytes what is not a hole, shared with the volume or not
 */
public record SnapshotView(
    String volume, String name, long sizeBytes, long allocatedBytes, Instant createdAt) {

  /** POST /volumes/{name}/snapshots. */
  public record Create(String name) {}

  /**
   * POST /volumes/{name}/snapshots/{snapshot}/clone.
   *
   * @param volume the name of the volume to be made
   */
  public record Clone(String volume) {}
}

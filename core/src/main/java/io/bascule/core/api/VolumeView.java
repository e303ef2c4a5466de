package io.bascule.core.api;

import java.util.List;

/**
 * GET /volumes, /volumes/{name}.
 *
 * @param portals {@code address:port}, the floating one first
 */
public record VolumeView(
    String name,
    int lun,
    long sizeBytes,
    long allocatedBytes,
    String serial,
    String target,
    List<String> portals) {

  /** POST /volumes. */
  public record Create(String name, long sizeBytes) {}

  /** PATCH /volumes/{name}: grows only. */
  public record Resize(long sizeBytes) {}
}

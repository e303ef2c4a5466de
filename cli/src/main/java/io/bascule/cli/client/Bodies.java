package io.bascule.cli.client;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** JSON that has no record in {@code core.api}. */
public final class Bodies {
  private Bodies() {}

  /** What the server says after an operation on a controller. */
  @Json
  public record Done(String detail) {}

  /** The body of a power-on. */
  @Json
  public record PowerOn(@Nullable String slot) {}

  /** What {@code package verify --json} prints. */
  @Json
  public record Verified(
      boolean accepted,
      @Nullable String version,
      @Nullable List<String> from,
      @Nullable String reason,
      @Nullable String detail) {}
}

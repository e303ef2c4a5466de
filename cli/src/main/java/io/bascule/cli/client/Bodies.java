package io.bascule.cli.client;

import io.avaje.jsonb.Json;
import io.bascule.core.api.ApplianceView;
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

  /**
   * What {@code up --json} prints.
   *
   * @param redundant either controller may take over; if not, {@code warning} says why
   * @param consoleUrl signs one person in, once
   */
  @Json
  public record Up(
      String data,
      String name,
      boolean redundant,
      @Nullable String warning,
      String consoleUrl,
      String target,
      ApplianceView.Portals portals) {}

  /**
   * What {@code down --json} prints.
   *
   * @param outcome STOPPED or NOT_RUNNING
   * @param detail what was done, a sentence each
   */
  @Json
  public record Down(String data, String outcome, List<String> detail) {}

  /** What {@code package verify --json} prints. */
  @Json
  public record Verified(
      boolean accepted,
      @Nullable String version,
      @Nullable List<String> from,
      @Nullable String reason,
      @Nullable String detail) {}
}

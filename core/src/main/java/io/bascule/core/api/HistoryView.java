package io.bascule.core.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** GET /upgrades: one line per upgrade, newest first. */
public record HistoryView(
    String id,
    String from,
    String to,
    String state,
    String startedBy,
    Instant startedAt,
    @Nullable Instant endedAt,
    @Nullable String cancelReason,
    @Nullable String cancelComment,
    UpgradeView.@Nullable Cause cause) {

  /** GET /upgrades/{id}/report. */
  public record Report(
      HistoryView upgrade,
      List<UpgradeView.Step> steps,
      List<Entry> events,
      @Nullable Latency hostLatency,
      @Nullable Receipt receipt) {}

  /** Something that happened. */
  public record Entry(Instant at, String what, String detail) {}

  /** p99 in microseconds; null where nothing was measured. */
  public record Latency(
      @Nullable Long beforeP99Micros,
      @Nullable Long duringP99Micros,
      @Nullable Long afterP99Micros) {}

  /** What the appliance vouches for at the end. */
  public record Receipt(
      int volumesVerified,
      long writesAcknowledged,
      boolean redundant,
      Map<String, String> versions,
      Map<String, String> slots) {}
}

package io.bascule.core.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GET /upgrade. In state IDLE everything but {@code revision}, {@code state}, {@code percent},
 * {@code steps}, {@code pauseAt} and {@code cancel} is null.
 *
 * @param state IDLE, RUNNING, PAUSED, CANCELING, COMPLETED, CANCELED, FAILED
 * @param step the current step's name; null when none is
 * @param phase 1-4 or null
 * @param percent of the whole plan by expected time; 100 only when COMPLETED
 * @param etaSeconds null while there is nothing to say
 * @param waiting what it waits for that will not come by itself, or has not come for a minute; null
 *     while it goes on
 */
public record UpgradeView(
    @Nullable String id,
    long revision,
    @Nullable String from,
    @Nullable String to,
    String state,
    @Nullable String step,
    @Nullable Integer phase,
    int percent,
    @Nullable Range etaSeconds,
    @Nullable String priority,
    @Nullable Long maxBytesPerSecond,
    List<String> pauseAt,
    @Nullable String pausedReason,
    @Nullable Waiting waiting,
    @Nullable Integer onceActive,
    @Nullable String startedBy,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt,
    @Nullable Cause cause,
    List<Step> steps,
    @Nullable Migration migration,
    @Nullable HostLatency hostLatency,
    Cancel cancel) {

  /** From {@code low} to {@code high}. */
  public record Range(long low, long high) {}

  /** What it waits for, and what a person can do about it. */
  public record Waiting(String why, String whatToDo) {}

  /** Why it ended, or returns by itself. */
  public record Cause(String code, String detail) {}

  /** A step. {@code state}: PENDING, RUNNING, DONE, UNDOING, UNDONE, FAILED. */
  public record Step(
      String name,
      @Nullable Integer controller,
      String state,
      int percent,
      @Nullable Instant startedAt,
      @Nullable Instant endedAt,
      @Nullable String error) {}

  /** The data migration, where the release declares one. */
  public record Migration(@Nullable Integer phase, List<Phase> phases, long bytesPerSecond) {}

  /** One of the four phases. */
  public record Phase(int number, String name, int percent, long bytesDone, long bytesTotal) {}

  /** What hosts feel; null where nothing was measured. */
  public record HostLatency(@Nullable Long baselineP99Micros, @Nullable Long currentP99Micros) {}

  /**
   * @param availability AVAILABLE, NO_EFFECT, BLOCKED or UNAVAILABLE
   * @param reason why it is not available; null when it is
   * @param warning shown before a cancel is confirmed; null when there is none
   * @param nextCancelPoint where cancel will be possible; null when it is now, or never
   */
  public record Cancel(
      String availability,
      @Nullable String reason,
      @Nullable String warning,
      @Nullable String nextCancelPoint,
      List<Guard> guards,
      @Nullable Queued queued) {}

  /** A condition for a cancel. */
  public record Guard(String name, boolean holds, String detail) {}

  /** A cancel that waits for its cancel point. */
  public record Queued(String by, Instant at, @Nullable String reason, @Nullable String comment) {}

  /** POST /upgrade. Null means the default. */
  public record Start(
      String version,
      @Nullable Boolean dryRun,
      @Nullable List<String> pauseAt,
      @Nullable String priority,
      @Nullable Long maxBytesPerSecond,
      @Nullable Integer confirmSeconds) {}

  /** The answer to a dry run, and the detail of a refused start. */
  public record Prechecks(boolean passed, List<Precheck> checks, List<String> plan) {}

  /** One precheck; {@code remedy} says what to do when it does not pass. */
  public record Precheck(String name, boolean passed, String detail, @Nullable String remedy) {}

  /** PATCH /upgrade: what is null stays. */
  public record Change(
      @Nullable Boolean paused,
      @Nullable List<String> pauseAt,
      @Nullable String priority,
      @Nullable Long maxBytesPerSecond) {}
}

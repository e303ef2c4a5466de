package io.bascule.host.load;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a load saw, until now or to its end. Its JSON is what {@code hostload --json} prints; the
 * names are a contract (docs/hostload.md).
 *
 * @param ok nothing acknowledged is missing or wrong, and no I/O failed
 * @param seconds since the start
 * @param ios answered; iops is their number by the seconds
 * @param longestPause the longest time in which no I/O of a session was answered while some were
 *     outstanding; null if nothing was ever outstanding
 * @param pauses those above 100 ms, the first 1000
 * @param longestHostStallMillis the longest time in which this process itself did not get to run; a
 *     pause of that order is no fault of the target
 * @param windows the named windows of {@link Load#mark}
 * @param errors I/Os that failed as the host sees it; the first 20 in errorMessages
 * @param writesAcknowledged writes and TRIMs answered GOOD
 * @param blocksVerified 512-byte blocks read and compared
 * @param lost blocks, as are the following; each wrong block counts once until it is written again
 * @param faults the first 100 of them, in words
 */
@Json
public record LoadReport(
    boolean ok,
    List<String> volumes,
    long seed,
    Instant startedAt,
    double seconds,
    long ios,
    double iops,
    long reads,
    long writes,
    long trims,
    long flushes,
    long bytesRead,
    long bytesWritten,
    Latency latency,
    Latency readLatency,
    Latency writeLatency,
    @Nullable Pause longestPause,
    List<Pause> pauses,
    long pausesTotal,
    double longestHostStallMillis,
    List<Window> windows,
    long reconnects,
    long reissued,
    long retried,
    long unitAttentions,
    long logoutRequests,
    long errors,
    List<String> errorMessages,
    long writesAcknowledged,
    long blocksVerified,
    long fullVerifications,
    long lost,
    long stale,
    long torn,
    long misdirected,
    long corrupt,
    long resurrected,
    long shortReads,
    List<Fault> faults) {

  /** Of I/Os, from issue to answer, reconnects included, in microseconds. */
  @Json
  public record Latency(
      long count, long p50Micros, long p99Micros, long p999Micros, long maxMicros) {}

  /** A time without an answer: when it began, how long it was, on which volume. */
  @Json
  public record Pause(Instant startedAt, double millis, String volume) {}

  /**
   * A named window, from its mark to the next one; {@code endedAt} null while it lasts. A pause
   * that reaches into it counts with its whole length.
   */
  @Json
  public record Window(
      String name,
      Instant startedAt,
      @Nullable Instant endedAt,
      long ios,
      double longestPauseMillis,
      Latency latency) {}

  /** Wrong blocks of every kind. */
  public long wrongBlocks() {
    return lost + stale + torn + misdirected + corrupt + resurrected + shortReads;
  }

  public double longestPauseMillis() {
    return longestPause == null ? 0 : longestPause.millis();
  }

  /** The last window of that name; null if none was marked so. */
  public @Nullable Window window(String name) {
    for (int i = windows.size() - 1; i >= 0; i--) {
      if (windows.get(i).name().equals(name)) {
        return windows.get(i);
      }
    }
    return null;
  }
}

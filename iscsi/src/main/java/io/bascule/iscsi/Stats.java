package io.bascule.iscsi;

import java.time.Instant;
import java.util.List;

/**
 * What the target has done since it was made.
 *
 * @param writesAcknowledged writes answered with GOOD
 * @param latencyP99Micros over about the last ten seconds, of reads and writes; 0 if there were
 *     none
 */
public record Stats(
    List<SessionStats> sessions,
    long reads,
    long writes,
    long readBytes,
    long writtenBytes,
    long writesAcknowledged,
    long latencyP99Micros) {
  /** A normal session in its full feature phase. */
  public record SessionStats(String initiatorIqn, String address, int groupTag, Instant since) {}
}

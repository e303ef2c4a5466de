package io.bascule.host.load;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What one worker counted. The worker writes, anyone reads: both under the object's own monitor,
 * which is hardly ever contended.
 */
final class Stats {
  static final int MAX_FAULTS = 100;
  static final int MAX_MESSAGES = 20;

  /** Longer than any recovery time; a longer latency is recorded as this one. */
  private static final long MAX_MICROS = 3_600_000_000L;

  final Histogram readMicros = histogram();
  final Histogram writeMicros = histogram();
  final Histogram otherMicros = histogram();
  final PauseTracker pauses = new PauseTracker();
  final Map<FaultKind, Long> wrong = new EnumMap<>(FaultKind.class);
  final List<Fault> faults = new ArrayList<>();
  final List<String> messages = new ArrayList<>();
  long trims;
  long flushes;
  long bytesRead;
  long bytesWritten;
  long writesAcknowledged;
  long blocksVerified;
  long errors;

  static Histogram histogram() {
    Histogram histogram = new Histogram(MAX_MICROS, 3);
    histogram.setAutoResize(false);
    return histogram;
  }

  static long micros(long nanos) {
    return Math.clamp(nanos / 1000, 0, MAX_MICROS);
  }

  /** With a hundredth's precision: what a person reads. */
  static double millis(long nanos) {
    return Math.round(nanos / 10_000.0) / 100.0;
  }

  static LoadReport.Latency latency(Histogram micros) {
    return new LoadReport.Latency(
        micros.getTotalCount(),
        micros.getValueAtPercentile(50),
        micros.getValueAtPercentile(99),
        micros.getValueAtPercentile(99.9),
        micros.getTotalCount() == 0 ? 0 : micros.getMaxValue());
  }

  void fault(Fault fault) {
    wrong.merge(fault.kind(), 1L, Long::sum);
    if (faults.size() < MAX_FAULTS) {
      faults.add(fault);
    }
  }

  void error(String message) {
    errors++;
    if (messages.size() < MAX_MESSAGES) {
      messages.add(message);
    }
  }
}

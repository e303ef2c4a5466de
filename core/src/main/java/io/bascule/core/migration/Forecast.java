package io.bascule.core.migration;

import java.util.Optional;

/**
 * How long the migration will take, from how it went so far. Immutable; fed once a tick.
 *
 * @param copyBytesPerSecond smoothed
 * @param remarkBytesPerSecond how fast copied regions need copying again, smoothed
 * @param fed ticks so far
 */
public record Forecast(double copyBytesPerSecond, double remarkBytesPerSecond, long fed) {
  /** Nothing is known. */
  public static final Forecast NONE = new Forecast(0, 0, 0);

  /** The weight of a new tick: what lies 30 s back counts for a fifth. */
  private static final double WEIGHT = 0.01;

  /** As many ticks as give a first opinion. */
  private static final int FED_MIN = 10;

  private static final double LOW = 0.8;
  private static final double HIGH = 1.6;

  /** From {@code lowSeconds} to {@code highSeconds}. */
  public record Range(long lowSeconds, long highSeconds) {}

  /**
   * What is left to do.
   *
   * @param doneBytes copied so far, with {@code copyBytes} left to copy
   * @param compareBytes left to compare in Phase 3
   * @param confirmSeconds left of Phase 4
   */
  public record Left(long doneBytes, long copyBytes, long compareBytes, long confirmSeconds) {}

  /** After a tick in which so much was done. */
  public Forecast next(long copiedBytes, long remarkedBytes) {
    double perSecond = 1000.0 / Throttle.TICK_MILLIS;
    double weight = Math.max(WEIGHT, 1.0 / (fed + 1));
    return new Forecast(
        copyBytesPerSecond + weight * (copiedBytes * perSecond - copyBytesPerSecond),
        remarkBytesPerSecond + weight * (remarkedBytes * perSecond - remarkBytesPerSecond),
        fed + 1);
  }

  /** Empty before one percent is done, and while nothing can be said. */
  public Optional<Range> eta(Left left) {
    long allBytes = left.doneBytes() + left.copyBytes() + left.compareBytes();
    boolean early = left.doneBytes() * 100 < allBytes;
    if (fed < FED_MIN || early || !converges(left)) {
      return Optional.empty();
    }
    double seconds = 0;
    if (left.copyBytes() > 0) {
      seconds += left.copyBytes() / (copyBytesPerSecond - remarkBytesPerSecond);
    }
    if (left.compareBytes() > 0) {
      if (copyBytesPerSecond <= 0) {
        return Optional.empty();
      }
      // Comparing reads both and writes nothing: about as fast as copying.
      seconds += left.compareBytes() / copyBytesPerSecond;
    }
    return Optional.of(
        new Range(
            Math.round(seconds * LOW) + left.confirmSeconds(),
            (long) Math.ceil(seconds * HIGH) + left.confirmSeconds() + 1));
  }

  private boolean converges(Left left) {
    return left.copyBytes() == 0 || copyBytesPerSecond > remarkBytesPerSecond;
  }

  /** Said in the place of an estimate when copying would not end like this. */
  public Optional<String> warning(Left left) {
    if (fed < FED_MIN || converges(left)) {
      return Optional.empty();
    }
    return Optional.of(
        "Copying does not get ahead: %d MiB/s are copied, %d MiB/s need copying again. It ends when"
                .formatted(mib(copyBytesPerSecond), mib(remarkBytesPerSecond))
            + " hosts write less, or with a higher priority of the migration.");
  }

  private static long mib(double bytes) {
    return Math.round(bytes / (1 << 20));
  }
}

package io.bascule.cli.screen;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Times and durations for people. Instants are shown in UTC, with the Z that says so. */
public final class Times {
  private static final DateTimeFormatter INSTANT =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Times() {}

  /** {@code 2026-11-22 18:20:31Z}, or a dash. */
  public static String instant(@Nullable Instant at) {
    return at == null ? "-" : INSTANT.format(at);
  }

  /** {@code 0.2 s}, {@code 12 s}, {@code 3 min 20 s}, {@code 2 h 05 min}. */
  public static String duration(Duration duration) {
    long millis = duration.toMillis();
    if (millis < 10_000) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }
    long seconds = Math.round(millis / 1000.0);
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return String.format(Locale.ROOT, "%d min %02d s", seconds / 60, seconds % 60);
    }
    return String.format(Locale.ROOT, "%d h %02d min", seconds / 3600, seconds % 3600 / 60);
  }

  /**
   * From {@code from} to {@code to}; a dash while either is missing. If the clock was set back so
   * far that it ended before it began, nobody knows how long it took.
   */
  public static String between(@Nullable Instant from, @Nullable Instant to) {
    if (from == null || to == null) {
      return "-";
    }
    return to.isBefore(from) ? "unknown (clock set back)" : duration(Duration.between(from, to));
  }

  /** {@code about 12 s left}, {@code 1 min 00 s to 2 min 00 s left}. */
  public static String left(long lowSeconds, long highSeconds) {
    if (highSeconds <= 0) {
      return "a moment left";
    }
    String high = duration(Duration.ofSeconds(Math.max(10, highSeconds)));
    if (highSeconds < 10) {
      return "under 10 s left";
    }
    if (lowSeconds >= highSeconds || lowSeconds < 1) {
      return "up to " + high + " left";
    }
    return compact(lowSeconds) + " to " + high + " left";
  }

  /** {@code 430 us}, {@code 1.2 ms}, {@code 1.4 s}. */
  public static String micros(@Nullable Long micros) {
    if (micros == null) {
      return "-";
    }
    if (micros < 1000) {
      return micros + " us";
    }
    if (micros < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f ms", micros / 1000.0);
    }
    return String.format(Locale.ROOT, "%.2f s", micros / 1_000_000.0);
  }

  private static String compact(long seconds) {
    return seconds < 60 ? seconds + " s" : duration(Duration.ofSeconds(seconds));
  }
}

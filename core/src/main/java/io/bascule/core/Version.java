package io.bascule.core;

import java.util.Comparator;
import java.util.regex.Pattern;

/** A release's version, {@code major.minor.patch}, each part 0..9999. */
public record Version(int major, int minor, int patch) implements Comparable<Version> {
  private static final Pattern SHAPE = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})\\.(\\d{1,4})");
  private static final Comparator<Version> ORDER =
      Comparator.comparingInt(Version::major)
          .thenComparingInt(Version::minor)
          .thenComparingInt(Version::patch);

  /**
   * Reads {@code "1.2.2"}.
   *
   * @throws IllegalArgumentException if the text is not of that shape; the message names it
   */
  public static Version parse(String text) {
    var matcher = SHAPE.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a version (expected like 1.2.2): '" + text + "'");
    }
    return new Version(
        Integer.parseInt(matcher.group(1)),
        Integer.parseInt(matcher.group(2)),
        Integer.parseInt(matcher.group(3)));
  }

  @Override
  public int compareTo(Version other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return major + "." + minor + "." + patch;
  }
}

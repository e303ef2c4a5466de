package io.bascule.cli.screen;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 512}, {@code 10G}, {@code 1.5T}; powers of 1024. */
public final class Sizes {
  private static final Pattern WRITTEN =
      Pattern.compile("(\\d{1,12}(?:\\.\\d{1,6})?)\\s*([KMGT]?)(?:i?B)?", Pattern.CASE_INSENSITIVE);
  private static final String UNITS = "KMGT";

  private Sizes() {}

  /**
   * Bytes of a written size.
   *
   * @throws IllegalArgumentException with a sentence for a person
   */
  public static long parse(String text) {
    var matcher = WRITTEN.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a size; write a number with K, M, G or T, like 10G");
    }
    String unit = matcher.group(2).toUpperCase(Locale.ROOT);
    int power = unit.isEmpty() ? 0 : UNITS.indexOf(unit.charAt(0)) + 1;
    var bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << (10 * power)));
    try {
      return bytes.longValueExact();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("'" + text + "' is not a whole number of bytes", e);
    }
  }

  /** {@code 50M a second}, {@code 100 bytes a second}. */
  public static String rate(long bytesPerSecond) {
    String number = format(bytesPerSecond);
    return (bytesPerSecond < 1024 ? number + " bytes" : number) + " a second";
  }

  /** At most one decimal, the largest unit that fits: {@code 10G}, {@code 1.5G}, {@code 300}. */
  public static String format(long bytes) {
    int power = 0;
    while (power < UNITS.length() && Math.abs(bytes) >= 1L << (10 * (power + 1))) {
      power++;
    }
    if (power == 0) {
      return Long.toString(bytes);
    }
    var value =
        BigDecimal.valueOf(bytes)
            .divide(BigDecimal.valueOf(1L << (10 * power)), 1, RoundingMode.HALF_UP)
            .stripTrailingZeros();
    return value.toPlainString() + UNITS.charAt(power - 1);
  }
}

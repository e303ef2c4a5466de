package io.bascule.host;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and times as people type them: {@code 256K}, {@code 10G}; {@code 500ms}, {@code 5m}. */
final class Quantities {
  private static final Pattern FORM = Pattern.compile("(\\d{1,15})([A-Za-z]*)");

  private Quantities() {}

  /** K, M, G, T are powers of 1024. */
  static long bytes(String text) {
    Matcher form = match(text, "a size such as 256K or 10G");
    long factor =
        switch (form.group(2).toUpperCase(Locale.ROOT)) {
          case "", "B" -> 1L;
          case "K" -> 1L << 10;
          case "M" -> 1L << 20;
          case "G" -> 1L << 30;
          case "T" -> 1L << 40;
          default ->
              throw new IllegalArgumentException(text + " is not a size such as 256K or 10G");
        };
    return Math.multiplyExact(Long.parseLong(form.group(1)), factor);
  }

  /** Without a unit: seconds. */
  static long millis(String text) {
    Matcher form = match(text, "a time such as 500ms, 30s or 5m");
    long factor =
        switch (form.group(2).toLowerCase(Locale.ROOT)) {
          case "ms" -> 1L;
          case "", "s" -> 1_000L;
          case "m" -> 60_000L;
          case "h" -> 3_600_000L;
          default ->
              throw new IllegalArgumentException(text + " is not a time such as 500ms, 30s or 5m");
        };
    return Math.multiplyExact(Long.parseLong(form.group(1)), factor);
  }

  private static Matcher match(String text, String what) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException(text + " is not " + what);
    }
    return form;
  }
}

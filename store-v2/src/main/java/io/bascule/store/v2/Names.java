package io.bascule.store.v2;

import java.util.OptionalLong;

/** Names of the pool's files. */
final class Names {
  private static final String SEGMENT = ".segment";
  private static final String CHECKPOINT = ".checkpoint";
  private static final int DIGITS = 16;

  private Names() {}

  static String segment(long serial) {
    return "%016x%s".formatted(serial, SEGMENT);
  }

  static String checkpoint(int number) {
    return "%016x%s".formatted(number, CHECKPOINT);
  }

  static OptionalLong segmentSerial(String name) {
    return number(name, SEGMENT);
  }

  static OptionalLong checkpointNumber(String name) {
    return number(name, CHECKPOINT);
  }

  private static OptionalLong number(String name, String suffix) {
    if (name.length() != DIGITS + suffix.length() || !name.endsWith(suffix)) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(name.substring(0, DIGITS), 16));
    } catch (NumberFormatException e) {
      return OptionalLong.empty(); // somebody else's file
    }
  }
}

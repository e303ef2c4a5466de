package io.bascule.core.migration;

import io.bascule.core.Check;
import java.util.Arrays;

/** The four phases of the migration. The numbers and names are shown; the numbers are persisted. */
public enum Phase {
  PREPARE(1, "Prepare"),
  COPY(2, "Copy"),
  VERIFY(3, "Verify"),
  CONFIRM(4, "Confirm");

  private final int number;
  private final String title;

  Phase(int number, String title) {
    this.number = number;
    this.title = title;
  }

  public int number() {
    return number;
  }

  /** As shown. */
  public String title() {
    return title;
  }

  /** The phase of that number, 1 to 4. */
  public static Phase of(int number) {
    return Arrays.stream(values())
        .filter(phase -> phase.number == number)
        .findFirst()
        .orElseThrow(() -> new Check.Missing("phase " + number));
  }
}

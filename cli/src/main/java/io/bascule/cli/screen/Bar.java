package io.bascule.cli.screen;

import java.util.Locale;

/** A progress bar: blocks on a terminal, number signs elsewhere. */
public final class Bar {
  private static final int CELLS = 40;

  private Bar() {}

  /** {@code ##################...................... 45 %}. */
  public static String of(int percent, Screen screen) {
    int full = Math.clamp((long) percent * CELLS / 100, 0, CELLS);
    String done = (screen.unicode() ? "\u2588" : "#").repeat(full);
    String open = (screen.unicode() ? "\u2591" : ".").repeat(CELLS - full);
    return String.format(
        Locale.ROOT,
        "%s%s  %3d %%",
        screen.styled(Style.CYAN, done),
        screen.styled(Style.DIM, open),
        percent);
  }
}

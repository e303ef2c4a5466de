package io.bascule.cli.screen;

import java.io.PrintWriter;
import java.util.List;

/**
 * Lines that are drawn again in place. On a screen that is no terminal it draws nothing. Used by
 * one thread; {@link #close} leaves the last picture and the cursor below it, also when the process
 * is interrupted.
 */
public final class LiveView implements AutoCloseable {
  private static final String CLEAR_LINE_END = "\u001b[K";
  private static final String CLEAR_BELOW = "\u001b[J";
  private static final String HIDE_CURSOR = "\u001b[?25l";
  private static final String SHOW_CURSOR = "\u001b[?25h";

  private final PrintWriter out;
  private final boolean terminal;
  private final Thread restore;
  private int drawnLines;

  private LiveView(Screen screen) {
    this.out = screen.out();
    this.terminal = screen.terminal();
    this.restore = new Thread(this::showCursor, "cursor");
  }

  /** A view at the present place of the screen. */
  public static LiveView on(Screen screen) {
    var view = new LiveView(screen);
    if (view.terminal) {
      Runtime.getRuntime().addShutdownHook(view.restore);
      view.out.print(HIDE_CURSOR);
    }
    return view;
  }

  /** How many lines can be drawn at once. */
  public static int rows() {
    return TerminalSize.rows() - 1;
  }

  /** How long a line may be. */
  public static int columns() {
    return TerminalSize.columns();
  }

  /** Draws these lines where the former ones were. */
  public void show(List<String> lines) {
    if (!terminal) {
      return;
    }
    var picture = new StringBuilder();
    if (drawnLines > 0) {
      picture.append("\u001b[").append(drawnLines).append("F");
    }
    // What scrolled out of the screen could not be drawn again: the first lines matter most.
    var shown = lines.subList(0, Math.min(lines.size(), rows()));
    for (String line : shown) {
      picture.append(fit(line)).append(CLEAR_LINE_END).append('\n');
    }
    picture.append(CLEAR_BELOW);
    out.print(picture);
    out.flush();
    drawnLines = shown.size();
  }

  /** A line that wrapped would break the drawing in place. */
  private static String fit(String line) {
    int width = TerminalSize.columns();
    var fitted = new StringBuilder();
    int visible = 0;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '\u001b') {
        int end = line.indexOf('m', i);
        if (end < 0) {
          break;
        }
        fitted.append(line, i, end + 1);
        i = end;
      } else if (visible < width) {
        fitted.append(c);
        visible++;
      }
    }
    return fitted.toString();
  }

  private void showCursor() {
    out.print(SHOW_CURSOR);
    out.flush();
  }

  @Override
  public void close() {
    if (terminal) {
      showCursor();
      try {
        Runtime.getRuntime().removeShutdownHook(restore);
      } catch (IllegalStateException e) {
        // the process is ending already, and runs the hook itself
        return;
      }
    }
  }
}

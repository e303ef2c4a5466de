package io.bascule.cli.screen;

import java.util.ArrayList;
import java.util.List;

/** Lines that fit: a long one goes on below, between words, indented. */
public final class Wrapped {
  private Wrapped() {}

  /**
   * Every line, none longer than {@code columns}, colours not counted.
   *
   * @param indent of what goes on below
   */
  public static List<String> lines(List<String> lines, int columns, int indent) {
    var all = new ArrayList<String>();
    for (String line : lines) {
      wrap(line, columns, indent, all);
    }
    return all;
  }

  private static void wrap(String line, int columns, int indent, List<String> into) {
    String rest = line;
    // A terminal as narrow as the indent shows what it can; the view cuts the rest.
    while (visible(rest) > columns && columns > 2 * indent) {
      int cut = lastBlankWithin(rest, columns);
      if (cut <= leading(rest)) {
        break;
      }
      into.add(rest.substring(0, cut).stripTrailing());
      rest = " ".repeat(indent) + rest.substring(cut).stripLeading();
    }
    into.add(rest);
  }

  /** The place to break: the last blank that still leaves a line of {@code columns} signs. */
  private static int lastBlankWithin(String text, int columns) {
    int found = 0;
    int visible = 0;
    for (int i = 0; i < text.length() && visible <= columns; i++) {
      if (text.charAt(i) == '\u001b') {
        i = endOfColour(text, i);
      } else {
        if (text.charAt(i) == ' ') {
          found = i;
        }
        visible++;
      }
    }
    return found;
  }

  /** How many signs of it are seen. */
  public static int visible(String text) {
    int visible = 0;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '\u001b') {
        i = endOfColour(text, i);
      } else {
        visible++;
      }
    }
    return visible;
  }

  private static int endOfColour(String text, int at) {
    int end = text.indexOf('m', at);
    return end < 0 ? text.length() : end;
  }

  private static int leading(String text) {
    return text.length() - text.stripLeading().length();
  }
}

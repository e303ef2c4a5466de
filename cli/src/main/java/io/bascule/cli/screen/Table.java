package io.bascule.cli.screen;

import java.util.ArrayList;
import java.util.List;

/** Aligned columns under a heading. Not thread-safe. */
public final class Table {
  /** The text of a cell and how it is shown. */
  public record Cell(String text, Style style) {}

  private final List<String> heading;
  private final boolean[] right;
  private final List<List<Cell>> rows = new ArrayList<>();

  /** Columns by name; a name that begins with {@code >} is aligned to the right. */
  public Table(String... columns) {
    right = new boolean[columns.length];
    heading = new ArrayList<>();
    for (int i = 0; i < columns.length; i++) {
      right[i] = columns[i].startsWith(">");
      heading.add(right[i] ? columns[i].substring(1) : columns[i]);
    }
  }

  /** One row: strings, or {@link Cell}s where a style is wanted. */
  public Table row(Object... cells) {
    var row = new ArrayList<Cell>();
    for (Object cell : cells) {
      row.add(cell instanceof Cell styled ? styled : new Cell(String.valueOf(cell), Style.PLAIN));
    }
    rows.add(row);
    return this;
  }

  /** A cell in the style of the state it names. */
  public static Cell state(String state) {
    return new Cell(state, Style.ofState(state));
  }

  /** Every line, heading first, without trailing blanks. */
  public List<String> lines(boolean colours) {
    int[] widths = new int[heading.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = heading.get(i).length();
      for (var row : rows) {
        widths[i] = Math.max(widths[i], row.get(i).text().length());
      }
    }
    var lines = new ArrayList<String>();
    if (heading.stream().anyMatch(name -> !name.isEmpty())) {
      lines.add(
          line(heading.stream().map(name -> new Cell(name, Style.DIM)).toList(), widths, colours));
    }
    for (var row : rows) {
      lines.add(line(row, widths, colours));
    }
    return lines;
  }

  private String line(List<Cell> cells, int[] widths, boolean colours) {
    var line = new StringBuilder();
    var blanks = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      var cell = cells.get(i);
      int gap = widths[i] - cell.text().length();
      if (right[i]) {
        blanks.repeat(' ', gap);
      }
      if (!cell.text().isEmpty()) {
        line.append(blanks).append(cell.style().of(cell.text(), colours));
        blanks.setLength(0);
      }
      if (!right[i]) {
        blanks.repeat(' ', gap);
      }
      blanks.append("  ");
    }
    return line.toString();
  }
}

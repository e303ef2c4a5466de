package io.bascule.cli.screen;

import io.bascule.core.Check;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a command writes and asks: standard output and error, and the keyboard if there is one.
 * Owned by the command's thread.
 *
 * @param terminal standard output is a terminal: colours and live views make sense
 * @param interactive somebody can also answer a question
 */
public record Screen(
    PrintWriter out,
    PrintWriter err,
    BufferedReader in,
    boolean terminal,
    boolean interactive,
    boolean colours) {

  /** The process' own, writing to {@code out} and {@code err}. */
  public static Screen system(PrintWriter out, PrintWriter err) {
    boolean terminal = isTerminal(1);
    boolean colours = terminal && System.getenv("NO_COLOR") == null;
    var keyboard = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
    return new Screen(out, err, keyboard, terminal, terminal && isTerminal(0), colours);
  }

  /** Linux says what a descriptor is by a link; asking costs nothing, unlike a console. */
  private static boolean isTerminal(int descriptor) {
    Check.that(descriptor >= 0 && descriptor <= 2, "a standard descriptor");
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return false; // no /proc: plain lines are always right
    }
  }

  /** Signs beyond ASCII can be shown. */
  public boolean unicode() {
    return terminal && "UTF-8".equalsIgnoreCase(System.getProperty("stdout.encoding"));
  }

  /** One line. */
  public void line(String text) {
    out.println(text);
    out.flush();
  }

  /** An empty line. */
  public void line() {
    line("");
  }

  /** Every line of the table, indented. */
  public void table(Table table, String indent) {
    for (String line : table.lines(colours)) {
      out.println(line.isEmpty() ? line : indent + line);
    }
    out.flush();
  }

  /** Every line. */
  public void lines(List<String> lines) {
    lines.forEach(out::println);
    out.flush();
  }

  /** A line on standard error. */
  public void error(String text) {
    err.println(text);
    err.flush();
  }

  /** The text in a style, where colours are on. */
  public String styled(Style style, String text) {
    return style.of(text, colours);
  }

  /** Asks; null at the end of the input. */
  public @Nullable String ask(String question) throws IOException {
    out.print(question);
    out.flush();
    return in.readLine();
  }

  /** Asks for a yes; anything else is a no. */
  public boolean confirm(String question) throws IOException {
    String answer = ask(question + " [y/N] ");
    if (answer == null) {
      line();
      return false;
    }
    String word = answer.strip().toLowerCase(Locale.ROOT);
    return word.equals("y") || word.equals("yes");
  }
}

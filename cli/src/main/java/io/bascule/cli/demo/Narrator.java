package io.bascule.cli.demo;

import io.bascule.cli.screen.LiveView;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Style;
import java.util.List;

/** Tells the story: chapters, sentences, and a view that moves while something happens. */
final class Narrator {
  private final Screen screen;
  private int chapters;

  Narrator(Screen screen) {
    this.screen = screen;
  }

  Screen screen() {
    return screen;
  }

  void title(String title) {
    screen.line();
    screen.line(screen.styled(Style.BOLD, title));
  }

  void chapter(String title) {
    screen.line();
    screen.line(screen.styled(Style.BOLD, ++chapters + "  " + title));
  }

  void say(String sentence) {
    screen.line("   " + sentence);
  }

  /** Something happened as it should. */
  void done(String what) {
    String mark = screen.styled(Style.GREEN, screen.unicode() ? "\u2713 " : "- ");
    screen.line("   " + mark + what);
  }

  /** Something failed. */
  void broke(String what) {
    screen.line();
    screen.line(screen.styled(Style.RED, "   The story broke: ") + what);
  }

  /** A place that changes while something happens. */
  LiveView live() {
    return LiveView.on(screen);
  }

  void lines(List<String> lines) {
    screen.lines(lines);
  }
}

package io.bascule.host.load;

import io.bascule.core.Check;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The named windows of a run, one after the other. For all threads; {@code this} guards.
 *
 * <p>A gap counts in every window it reaches into, so that a pause that begins just before a mark
 * is not lost between two windows.
 */
final class Windows {
  static final int MOST = 64;
  private static final int RECENT = 4;

  private static final class Window {
    final String name;
    final long startNanos;
    long endNanos = Long.MAX_VALUE;
    boolean open = true;
    long ios;
    long longestNanos;
    final Histogram micros = Stats.histogram();

    Window(String name, long startNanos) {
      this.name = name;
      this.startNanos = startNanos;
    }

    boolean overlaps(PauseTracker.Gap gap) {
      return gap.endNanos() - startNanos > 0 && (open || endNanos - gap.startNanos() > 0);
    }
  }

  private final List<Window> windows = new ArrayList<>();

  synchronized void mark(@Nullable String name, long nowNanos) {
    if (!windows.isEmpty() && windows.getLast().open) {
      windows.getLast().open = false;
      windows.getLast().endNanos = nowNanos;
    }
    if (name != null) {
      Check.that(windows.size() < MOST, "more than %d windows", MOST);
      windows.add(new Window(name, nowNanos));
    }
  }

  synchronized void answered(PauseTracker.Gap gap, long latencyNanos) {
    if (windows.isEmpty()) {
      return;
    }
    Window last = windows.getLast();
    if (last.open) {
      last.ios++;
      last.micros.recordValue(Stats.micros(latencyNanos));
    }
    reach(gap);
  }

  /** A pause that still lasts is known to its windows before it ends. */
  synchronized void reach(PauseTracker.Gap gap) {
    int first = Math.max(0, windows.size() - RECENT);
    for (Window window : windows.subList(first, windows.size())) {
      if (window.overlaps(gap)) {
        window.longestNanos = Math.max(window.longestNanos, gap.nanos());
      }
    }
  }

  synchronized List<LoadReport.Window> report(PauseTracker.Epoch epoch) {
    return windows.stream()
        .map(window ->
            new LoadReport.Window(
                window.name,
                epoch.at(window.startNanos),
                window.open ? null : epoch.at(window.endNanos),
                window.ios,
                Stats.millis(window.longestNanos),
                Stats.latency(window.micros)))
        .toList();
  }
}

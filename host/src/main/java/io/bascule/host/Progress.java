package io.bascule.host;

import io.bascule.host.load.Load;
import io.bascule.host.load.LoadReport;
import java.io.Console;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/**
 * Tells how a load goes: one line that is rewritten on a terminal, a line now and then elsewhere.
 */
final class Progress {
  private static final long TERMINAL_MILLIS = 500;
  private static final long PLAIN_MILLIS = 5_000;

  private final PrintWriter out;
  private final boolean terminal;
  private final boolean plain;
  private boolean lineOpen;

  /** {@code plain}: whether anything is said where there is no terminal. */
  @SuppressWarnings("SystemConsoleNull") // whether it may be null the tools disagree on
  Progress(PrintWriter out, boolean plain) {
    this.out = out;
    this.plain = plain;
    Console console = System.console();
    this.terminal = console != null && console.isTerminal();
  }

  void follow(Load load, Duration duration) throws InterruptedException {
    long end = System.nanoTime() + duration.toNanos();
    long lastIos = 0;
    long lastNanos = System.nanoTime();
    while (true) {
      long leftMillis = (end - System.nanoTime()) / 1_000_000;
      if (leftMillis <= 0) {
        return;
      }
      if (!load.await(Math.min(leftMillis, terminal ? TERMINAL_MILLIS : PLAIN_MILLIS))) {
        return;
      }
      LoadReport now = load.snapshot();
      long nanos = System.nanoTime();
      double iops = (now.ios() - lastIos) * 1e9 / Math.max(1, nanos - lastNanos);
      lastIos = now.ios();
      lastNanos = nanos;
      say(
          String.format(
              Locale.ROOT,
              "%6.1f s  %,8.0f IO/s  p99 %7.2f ms  longest pause %7.1f ms  reconnects %d  verified %,d"
                  + "  errors %d  wrong %d",
              now.seconds(),
              iops,
              now.latency().p99Micros() / 1e3,
              now.longestPauseMillis(),
              now.reconnects(),
              now.blocksVerified(),
              now.errors(),
              now.wrongBlocks()));
    }
  }

  void say(String line) {
    if (terminal) {
      out.print("\r" + line + "\u001b[K");
      lineOpen = true;
    } else if (plain) {
      out.println(line);
    }
    out.flush();
  }

  void end() {
    if (lineOpen) {
      out.print("\r\u001b[K");
      out.flush();
      lineOpen = false;
    }
  }
}

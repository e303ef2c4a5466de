package io.bascule.controller.rest;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Counts wrong credentials per address, so that nobody guesses at speed. Whoever holds the right
 * one is never locked out by it. The one-time codes of sign-in links are not counted.
 *
 * <p>Any thread; guarded by itself. Holds at most {@link #MAX_ADDRESSES} addresses, the oldest is
 * forgotten first.
 */
final class FailedSignIns {
  /** Generous for a person or a script that holds an old token, useless for guessing. */
  static final int MAX_FAILURES = 30;

  private static final long WINDOW_NANOS = 60_000_000_000L;
  private static final int MAX_ADDRESSES = 1024;

  private final LongSupplier nanoTime;
  private final Map<String, Window> windows =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Window> eldest) {
          return size() > MAX_ADDRESSES;
        }
      };

  FailedSignIns(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Notes a failure from there. */
  synchronized void failed(String address) {
    long now = nanoTime.getAsLong();
    Window window = windows.get(address);
    if (window == null || now - window.beganNanos > WINDOW_NANOS) {
      windows.remove(address);
      windows.put(address, new Window(now, 1));
    } else {
      windows.put(address, new Window(window.beganNanos, window.failures + 1));
    }
  }

  /** Whether there were more failures from there, within a minute, than honest mistakes explain. */
  synchronized boolean tooMany(String address) {
    Window window = windows.get(address);
    return window != null
        && nanoTime.getAsLong() - window.beganNanos <= WINDOW_NANOS
        && window.failures >= MAX_FAILURES;
  }

  private record Window(long beganNanos, int failures) {}
}

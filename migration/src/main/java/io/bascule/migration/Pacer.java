package io.bascule.migration;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets copying and comparing go as fast as the throttle says: what was not used adds up for a few
 * milliseconds only, so that hosts meet no bursts. Any thread.
 */
final class Pacer {
  /** The longest wait in one go: a changed rate, or the end of the work, is noticed after that. */
  private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final long SAVED_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** A piece of work is what the rate gives in this time: small while it is slow. */
  private static final double PIECE_SECONDS = 0.01;

  private long bytesPerSecond;

  /** What the rate gives, at most {@link #SAVED_NANOS} of it; less than 0 if too much was taken. */
  private double tokens;

  /** What was granted beside the rate, until it is used. */
  private double granted;

  private long atNanos = System.nanoTime();

  /** From now on so fast, and {@code grantBytes} beside. */
  synchronized void set(long nextBytesPerSecond, long grantBytes) {
    refill();
    bytesPerSecond = nextBytesPerSecond;
    // What a faster rate has saved would be a burst at this one.
    tokens = Math.min(tokens, savedMaxBytes());
    granted += grantBytes;
  }

  /**
   * How many regions to work on at once, from 1 to {@code most}: hosts that share the processors,
   * the log and the locks wait for a piece.
   */
  synchronized int pieceRegions(int most) {
    return (int) Math.clamp((long) (bytesPerSecond * PIECE_SECONDS) / Regions.BYTES, 1, most);
  }

  /** Waits a little; whether {@code bytes} may be worked on now. */
  boolean take(long bytes) {
    long waitNanos;
    synchronized (this) {
      refill();
      if (tokens + granted > 0) {
        double ofGrant = Math.min(granted, bytes);
        granted -= ofGrant;
        tokens -= bytes - ofGrant; // what is too much is waited for by the next one
        return true;
      }
      waitNanos =
          bytesPerSecond == 0
              ? WAIT_NANOS
              : (long) Math.min(WAIT_NANOS, (1 - tokens - granted) / bytesPerSecond * 1e9 + 1);
    }
    LockSupport.parkNanos(waitNanos);
    return false;
  }

  /** The work turned out not to be there. */
  synchronized void giveBack(long bytes) {
    tokens += bytes;
  }

  private void refill() {
    long now = System.nanoTime();
    double gained = bytesPerSecond / 1e9 * (now - atNanos);
    double savedMax = savedMaxBytes();
    if (tokens < savedMax) {
      tokens = Math.min(savedMax, tokens + gained);
    }
    atNanos = now;
  }

  private double savedMaxBytes() {
    return bytesPerSecond / 1e9 * SAVED_NANOS;
  }
}

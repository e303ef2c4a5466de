package io.bascule.sim.rt;

/** SplitMix64: the only source of chance in a run. */
public final class Dice {
  private long state;

  public Dice(long seed) {
    this.state = seed;
  }

  /** Any 64 bits. */
  public long next() {
    state += 0x9E3779B97F4A7C15L;
    return mix(state);
  }

  static long mix(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** {@code [0, bound)}. */
  public int below(int bound) {
    return (int) Long.remainderUnsigned(next(), bound);
  }

  /** {@code [0, bound)}. */
  public long below(long bound) {
    return Long.remainderUnsigned(next(), bound);
  }

  /** {@code [from, to]}. */
  public long between(long from, long to) {
    return from + below(to - from + 1);
  }

  /** True once in {@code times} on average. */
  public boolean oneIn(int times) {
    return below(times) == 0;
  }

  /** Dice of their own for one part of a run, so that it does not change what others throw. */
  public Dice fork() {
    return new Dice(next());
  }
}

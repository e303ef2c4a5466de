package io.bascule.sim.world;

import io.bascule.sim.rt.Dice;

/**
 * What a seed makes of a run.
 *
 * @param path which upgrade, and from which step on
 * @param blows how often something is killed or loses power while the upgrade runs
 * @param faults what the disks do wrong
 * @param race one cancel, as near to the commit as can be
 */
record Knobs(
    Path path,
    int volumes,
    int volumeKib,
    int hosts,
    long thinkMicros,
    int confirmSeconds,
    int blows,
    boolean powerLoss,
    boolean deepBlows,
    int operators,
    Faults faults,
    boolean badRelease,
    int segmentKib,
    int checkpointRecords,
    boolean race) {

  /** What is upgraded. */
  enum Path {
    /** 1.2.2 to 2.0.1, beginning where both controllers run 2.0.1 already. */
    PHASES,
    /** 1.2.2 to 2.0.1 from the first step on. */
    WHOLE,
    /** 1.2.1 to 1.2.2. */
    ROLLING
  }

  /** What the disks do wrong. */
  enum Faults {
    NONE,
    /** Format 2 fails now and then. */
    FORMAT_2_FAILS,
    /** Format 2 stands still now and then. */
    FORMAT_2_STALLS,
    /** Bits of format 2 flip. */
    FORMAT_2_ROTS,
    /** The file system fills up. */
    FULL
  }

  static Knobs draw(Dice dice) {
    Path path =
        switch (dice.below(10)) {
          case 0 -> Path.ROLLING;
          case 1, 2, 3 -> Path.WHOLE;
          default -> Path.PHASES;
        };
    Faults faults =
        switch (dice.below(10)) {
          case 0, 1 -> Faults.FORMAT_2_FAILS;
          case 2 -> Faults.FORMAT_2_STALLS;
          case 3 -> Faults.FORMAT_2_ROTS;
          case 4 -> Faults.FULL;
          default -> Faults.NONE;
        };
    return new Knobs(
        path,
        1 + dice.below(2),
        (int) dice.between(256, 1_536) / 4 * 4,
        1 + dice.below(3),
        dice.between(500, 20_000),
        dice.oneIn(4) ? 5 + dice.below(10) : 1 + dice.below(3),
        dice.below(5),
        dice.oneIn(2),
        dice.oneIn(2),
        dice.below(4),
        faults,
        dice.oneIn(20),
        512 * (1 + dice.below(2)),
        (int) dice.between(100, 2_000),
        false);
  }

  /** A small migration without trouble, and somebody who cancels just when it is committed. */
  static Knobs race(Dice dice) {
    return new Knobs(
        Path.PHASES,
        1 + dice.below(2),
        (int) dice.between(64, 192) / 4 * 4,
        1,
        dice.between(1_000, 5_000),
        0,
        0,
        false,
        false,
        0,
        Faults.NONE,
        false,
        512,
        1_000,
        true);
  }
}

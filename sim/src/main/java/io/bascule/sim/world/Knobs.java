package io.bascule.sim.world;

import io.bascule.sim.rt.Dice;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashMap;
import java.util.stream.Collectors;

/**
 * What a seed makes of a run.
 *
 * @param path which upgrade, and from which step on
 * @param troubleMillis how long there are blows, faults and operators
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
    long troubleMillis,
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
    /** Format 2 is slow, though not so slow that it is given up. */
    FORMAT_2_SLOW,
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
          case 5, 6 -> Faults.FORMAT_2_SLOW;
          default -> Faults.NONE;
        };
    return new Knobs(
        path,
        1 + dice.below(2),
        (int) dice.between(256, 1_536) / 4 * 4,
        1 + dice.below(3),
        dice.between(500, 20_000),
        dice.oneIn(4) ? 5 + dice.below(10) : 1 + dice.below(3),
        dice.between(5_000, 40_000),
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
        20_000,
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

  /** {@code a=1,b=2}: what {@link #with} takes. */
  String inWords() {
    return Arrays.stream(Knobs.class.getRecordComponents())
        .map(part -> part.getName() + "=" + value(part))
        .collect(Collectors.joining(","));
  }

  /** These knobs, but for those that {@code others} names. */
  Knobs with(String others) {
    var named = new HashMap<String, String>();
    for (String one : others.isEmpty() ? new String[0] : others.split(",", -1)) {
      var pair = one.split("=", 2);
      named.put(pair[0], pair.length == 2 ? pair[1] : "");
    }
    var parts = Knobs.class.getRecordComponents();
    var values = new Object[parts.length];
    for (int i = 0; i < parts.length; i++) {
      String other = named.remove(parts[i].getName());
      values[i] = other == null ? value(parts[i]) : parsed(parts[i].getType(), other);
    }
    if (!named.isEmpty()) {
      throw new IllegalArgumentException("there are no knobs " + named.keySet());
    }
    try {
      return (Knobs) Knobs.class.getDeclaredConstructors()[0].newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private Object value(RecordComponent part) {
    try {
      return part.getAccessor().invoke(this);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object parsed(Class<?> type, String text) {
    if (type == int.class) {
      return Integer.valueOf(text);
    }
    if (type == long.class) {
      return Long.valueOf(text);
    }
    if (type == boolean.class) {
      return Boolean.valueOf(text);
    }
    return type == Path.class ? Path.valueOf(text) : Faults.valueOf(text);
  }
}

package io.bascule.sim.world;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What hosts wrote to each block of a volume, when, and what was promised of it: so it is known
 * which values may be read. Times are numbers that grow with every beginning and end.
 *
 * <p>A version may be read unless one that was acknowledged, or read, began after the end of it,
 * and was so before the read began. After a power loss a version may be found unless one that was
 * on stable storage began after the end of it.
 */
final class History {
  private static final long NEVER = Long.MAX_VALUE;

  /** One write of one block. */
  private static final class Version {
    final long value;
    long begun;
    long ended = NEVER;

    /** The end of the first read that has found it: from then on it has happened. */
    long seen = NEVER;

    boolean durable;

    Version(long value, long begun) {
      this.value = value;
      this.begun = begun;
    }
  }

  /** A write, trim or zeroing under way. */
  static final class Write {
    private final long first;
    private final List<Version> versions = new ArrayList<>();

    Write(long first) {
      this.first = first;
    }
  }

  private final String volume;
  private final List<List<Version>> blocks = new ArrayList<>();
  private long time;

  /** When each of the reads under way began. */
  private final List<Long> reading = new ArrayList<>();

  /** Everything that had ended before this time is on stable storage. */
  private long flushed;

  History(String volume, long blockCount) {
    this.volume = volume;
    for (long i = 0; i < blockCount; i++) {
      var zeros = new Version(0, 0);
      zeros.ended = 0;
      zeros.durable = true;
      var versions = new ArrayList<Version>(2);
      versions.add(zeros);
      blocks.add(versions);
    }
  }

  long blockCount() {
    return blocks.size();
  }

  long now() {
    return ++time;
  }

  /** A write begins; {@code value} 0 is a trim. */
  Write begin(long first, long count, long value) {
    var write = new Write(first);
    long begun = now();
    for (long block = first; block < first + count; block++) {
      var version = new Version(value, begun);
      blocks.get((int) block).add(version);
      write.versions.add(version);
    }
    return write;
  }

  void acknowledged(Write write, boolean durable) {
    long ended = now();
    for (int i = 0; i < write.versions.size(); i++) {
      var version = write.versions.get(i);
      version.ended = ended;
      version.durable |= durable;
      prune((int) write.first + i);
    }
  }

  /** A flush that began at {@code begun} is acknowledged. */
  void flushed(long begun) {
    flushed = Math.max(flushed, begun);
  }

  private boolean isDurable(Version version) {
    return version.durable || version.ended < flushed;
  }

  /** A read begins; {@link #endRead} has to follow, unless its process dies. */
  long beginRead() {
    long begun = now();
    reading.add(begun);
    return begun;
  }

  void endRead(long begun) {
    boolean _ = reading.remove(begun);
  }

  /** What can neither be read, also by who began before now, nor come back by a power loss. */
  private void prune(int block) {
    var versions = blocks.get(block);
    if (versions.size() < 4) {
      return;
    }
    long oldestRead = reading.isEmpty() ? NEVER : reading.getFirst();
    long latest = -1;
    for (var version : versions) {
      if (version.ended < oldestRead && isDurable(version)) {
        latest = Math.max(latest, version.begun);
      }
    }
    long bound = latest;
    versions.removeIf(version -> version.ended < bound);
  }

  private static boolean isReadable(List<Version> versions, Version one, long readBegun) {
    for (var other : versions) {
      if (one.ended < other.begun && Math.min(other.ended, other.seen) < readBegun) {
        return false;
      }
    }
    return true;
  }

  private boolean isLeftByPowerLoss(List<Version> versions, Version one) {
    for (var other : versions) {
      if (other.ended != NEVER && one.ended < other.begun && isDurable(other)) {
        return false;
      }
    }
    return true;
  }

  /** Judges what a read that began at {@code readBegun} and ends now has found. */
  void read(long first, ByteBuffer found, long readBegun, String oracle) {
    for (int at = 0; at < found.limit(); at += Blocks.BYTES) {
      long block = first + at / Blocks.BYTES;
      long value = Blocks.value(found, at, block);
      var versions = blocks.get((int) block);
      var alike = versions.stream().filter(version -> version.value == value).toList();
      if (alike.stream().noneMatch(version -> isReadable(versions, version, readBegun))) {
        throw new Violation(oracle, told(block, value));
      }
      if (alike.size() == 1) {
        var one = alike.getFirst();
        one.seen = Math.min(one.seen, now());
      }
    }
  }

  /**
   * Judges what a disk holds that nobody uses, and changes nothing.
   *
   * @param powerLost only what was on stable storage must be there
   */
  void inspect(long first, ByteBuffer found, boolean powerLost, String oracle) {
    for (int at = 0; at < found.limit(); at += Blocks.BYTES) {
      fits(first + at / Blocks.BYTES, found, at, powerLost, oracle);
    }
  }

  /**
   * The same, after a restart: from now on, what was found is what there is. Whatever was under way
   * at the time has happened or not.
   */
  void settle(long first, ByteBuffer found, boolean powerLost, String oracle) {
    reading.clear();
    for (int at = 0; at < found.limit(); at += Blocks.BYTES) {
      long block = first + at / Blocks.BYTES;
      var kept = fits(block, found, at, powerLost, oracle);
      var versions = blocks.get((int) block);
      if (powerLost) {
        versions.clear();
        versions.add(kept);
        kept.durable = true;
      }
      boolean durable = isDurable(kept) && kept.ended != NEVER;
      for (var version : versions) {
        if (version.ended == NEVER) {
          version.ended = time;
        }
      }
      kept.durable = durable || powerLost;
      kept.seen = NEVER;
      kept.begun = now();
      kept.ended = now();
    }
  }

  /**
   * Of what was found in two places one after the other, the first is no newer than the second: a
   * version that ended before another began is older.
   */
  void notNewer(long first, ByteBuffer found, ByteBuffer then, String oracle) {
    for (int at = 0; at < found.limit(); at += Blocks.BYTES) {
      long block = first + at / Blocks.BYTES;
      long one = Blocks.value(found, at, block);
      long two = Blocks.value(then, at, block);
      if (one != two && !mayFollow(blocks.get((int) block), one, two)) {
        throw new Violation(oracle, "write " + one + " was read; " + told(block, two));
      }
    }
  }

  private static boolean mayFollow(List<Version> versions, long one, long two) {
    for (var before : versions) {
      for (var after : versions) {
        if (before.value == one && after.value == two && after.ended >= before.begun) {
          return true;
        }
      }
    }
    return false;
  }

  private Version fits(long block, ByteBuffer found, int at, boolean powerLost, String oracle) {
    long value = Blocks.value(found, at, block);
    var versions = blocks.get((int) block);
    // The latest of those that look alike: trims do.
    for (int i = versions.size() - 1; i >= 0; i--) {
      var version = versions.get(i);
      boolean may =
          powerLost
              ? isLeftByPowerLoss(versions, version)
              : isReadable(versions, version, time + 1);
      if (version.value == value && may) {
        return version;
      }
    }
    throw new Violation(oracle, told(block, value));
  }

  private String told(long block, long value) {
    var text = new StringBuilder();
    text.append("block ").append(block).append(" of ").append(volume).append(" holds ");
    text.append(value == -1 ? "garbage" : value == 0 ? "zeros" : "write " + value);
    text.append("; its versions:");
    for (var version : blocks.get((int) block)) {
      text.append(" [").append(version.value).append(" from ").append(version.begun);
      text.append(version.ended == NEVER ? ", not acknowledged" : " to " + version.ended);
      text.append(isDurable(version) && version.ended != NEVER ? ", durable]" : "]");
    }
    return text.toString();
  }
}

package io.bascule.sim.world;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoredFile;
import io.bascule.sim.world.Tape.Length;
import io.bascule.sim.world.Tape.Link;
import io.bascule.sim.world.Tape.OfData;
import io.bascule.sim.world.Tape.OfNames;
import io.bascule.sim.world.Tape.Op;
import io.bascule.sim.world.Tape.Punch;
import io.bascule.sim.world.Tape.Sync;
import io.bascule.sim.world.Tape.SyncNames;
import io.bascule.sim.world.Tape.Unlink;
import io.bascule.sim.world.Tape.Write;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The states in which a crash may leave a disk on which was done what a {@link Tape} tells, every
 * one of a systematic set, after each operation of the tape:
 *
 * <ul>
 *   <li>the death of the process: all operations so far; and of the next one, if it is a write,
 *       only its first page, its first half, or all but its last page;
 *   <li>the loss of power. What may be missing are the writes, lengths and holes of files, and the
 *       names made and removed, that no sync covers. Of these are lost
 *       <ul>
 *         <li>none; all; all of files; all of names; all that files hold, but not their lengths;
 *         <li>each one alone; all but each one, and of the other kind all or none: so whatever was
 *             done first may be missing where what was done last is there;
 *         <li>all of each file; all but those of each file;
 *         <li>all behind each one, names included or not;
 *         <li>each write in part, by sectors of 512 bytes: without its first one, all but its first
 *             one, without either half, without the one in the middle, without its last one, all
 *             but its last one; whatever was done after it there or not; and where it makes the
 *             file longer, the length there or not;
 *         <li>every subset, where they are few ({@code subsetsOf} or less);
 *         <li>if asked for, every pair, and every single sector of writes of up to 32.
 *       </ul>
 * </ul>
 *
 * <p>A state that was judged before by what was promised by then is not judged again.
 */
final class CrashStates {
  private static final int SECTOR = 512;
  private static final int PAGE = Disk.PAGE;
  private static final int SECTORS_TOLD_SINGLY = 32;

  /** Looks at a state of the disk; throws if it is not as it must be. */
  interface Judge {
    /**
     * @param position operations before the crash
     * @param power whether the power was lost, else only the process died
     */
    void judge(Directory found, int position, boolean power);
  }

  /** What was promised by then: a number that grows with each promise. */
  interface Promises {
    int at(int position, boolean power);
  }

  /** What is lost of the operations before {@code position}. */
  private record State(
      int position,
      boolean power,
      BitSet lost,
      boolean lengthsKept,
      int torn,
      long fromSector,
      long toSector) {}

  /** States with the same key are the same disk, judged by the same promises. */
  private record Key(
      boolean power,
      int promised,
      BitSet kept,
      boolean lengthsKept,
      int torn,
      long fromSector,
      long toSector) {}

  private final Tape tape;
  private final int subsetsOf;
  private final boolean large;
  private final Promises promises;
  private final Judge judge;
  private final Set<Key> seen = new HashSet<>();
  private int count;

  /**
   * @param subsetsOf how many unsynced operations may be there for all their subsets to be tried
   * @param large whether to try pairs and single sectors as well
   */
  CrashStates(Tape tape, int subsetsOf, boolean large, Promises promises, Judge judge) {
    this.tape = tape;
    this.subsetsOf = subsetsOf;
    this.large = large;
    this.promises = promises;
    this.judge = judge;
  }

  /** Judges all states; returns how many there were. */
  int judgeAll() {
    for (int position = tape.start(); position <= tape.position(); position++) {
      kills(position);
      powerLosses(position);
    }
    return count;
  }

  /** The disk after that many operations, with all that is not synced or without it. */
  Directory at(int position, boolean unsynced) {
    var lost = new BitSet();
    if (!unsynced) {
      lost = pending(position, OfData.class);
      lost.or(pending(position, OfNames.class));
    }
    return disk(new State(position, true, lost, false, -1, 0, 0));
  }

  private void kills(int position) {
    offer(new State(position, false, new BitSet(), false, -1, 0, 0), position);
    if (position < tape.position() && tape.ops().get(position) instanceof Write write) {
      long first = (write.at() / PAGE + 1) * PAGE;
      long last = (write.end() - 1) / PAGE * PAGE;
      long half = (first + last) / 2 / PAGE * PAGE;
      for (long cut : new long[] {first, half, last}) {
        if (cut > write.at() && cut < write.end()) {
          var cutOff =
              new State(
                  position + 1,
                  false,
                  new BitSet(),
                  false,
                  position,
                  cut / SECTOR,
                  Long.MAX_VALUE / SECTOR);
          offer(cutOff, position);
        }
      }
    }
  }

  private void powerLosses(int position) {
    var data = pending(position, OfData.class);
    var names = pending(position, OfNames.class);
    var both = or(data, names);
    lose(position, new BitSet());
    lose(position, both);
    lose(position, data);
    lose(position, names);
    offer(new State(position, true, data, true, -1, 0, 0), position);
    singles(position, data, names);
    singles(position, names, data);
    files(position, data);
    for (int op : list(data)) {
      var behind = behind(data, op);
      lose(position, behind);
      lose(position, or(behind, names));
      if (tape.ops().get(op) instanceof Write write) {
        tears(position, op, write, behind(both, op));
      }
    }
    if (both.cardinality() <= subsetsOf) {
      subsets(position, list(both));
    }
    if (large) {
      pairs(position, list(both));
    }
  }

  private void singles(int position, BitSet these, BitSet others) {
    for (int op : list(these)) {
      var one = new BitSet();
      one.set(op);
      lose(position, one);
      var allButOne = (BitSet) these.clone();
      allButOne.clear(op);
      lose(position, allButOne);
      lose(position, or(allButOne, others));
    }
  }

  private void files(int position, BitSet data) {
    var byFile = new TreeMap<Integer, BitSet>();
    for (int op : list(data)) {
      byFile.computeIfAbsent(((OfData) tape.ops().get(op)).file(), _ -> new BitSet()).set(op);
    }
    for (var ofFile : byFile.values()) {
      lose(position, ofFile);
      var others = (BitSet) data.clone();
      others.andNot(ofFile);
      lose(position, others);
    }
  }

  private void tears(int position, int op, Write write, BitSet behind) {
    long first = write.at() / SECTOR;
    long end = (write.end() + SECTOR - 1) / SECTOR;
    long sectors = end - first;
    if (sectors < 2) {
      return;
    }
    long half = first + sectors / 2;
    var ranges = new ArrayList<long[]>();
    ranges.add(new long[] {first, first + 1});
    ranges.add(new long[] {first + 1, end});
    ranges.add(new long[] {first, half});
    ranges.add(new long[] {half, end});
    ranges.add(new long[] {half, half + 1});
    ranges.add(new long[] {end - 1, end});
    ranges.add(new long[] {first, end - 1});
    if (large && sectors <= SECTORS_TOLD_SINGLY) {
      for (long sector = first; sector < end; sector++) {
        ranges.add(new long[] {sector, sector + 1});
      }
    }
    for (long[] range : ranges) {
      for (var lost : List.of(new BitSet(), behind)) {
        offer(new State(position, true, lost, false, op, range[0], range[1]), position);
        if (range[1] == end) {
          offer(new State(position, true, lost, true, op, range[0], range[1]), position);
        }
      }
    }
  }

  private void subsets(int position, List<Integer> ops) {
    for (int chosen = 0; chosen < 1 << ops.size(); chosen++) {
      var lost = new BitSet();
      for (int i = 0; i < ops.size(); i++) {
        lost.set(ops.get(i), (chosen >> i & 1) == 1);
      }
      lose(position, lost);
    }
  }

  private void pairs(int position, List<Integer> ops) {
    for (int i = 0; i < ops.size(); i++) {
      for (int j = i + 1; j < ops.size(); j++) {
        var lost = new BitSet();
        lost.set(ops.get(i));
        lost.set(ops.get(j));
        lose(position, lost);
      }
    }
  }

  private static List<Integer> list(BitSet ops) {
    return ops.stream().boxed().toList();
  }

  private static BitSet or(BitSet one, BitSet other) {
    var all = (BitSet) one.clone();
    all.or(other);
    return all;
  }

  private static BitSet behind(BitSet ops, int op) {
    var behind = (BitSet) ops.clone();
    behind.clear(0, op + 1);
    return behind;
  }

  /** The operations of a kind before a position that no sync covers. */
  private BitSet pending(int position, Class<? extends Op> kind) {
    var pending = new BitSet();
    for (int i = 0; i < position; i++) {
      switch (tape.ops().get(i)) {
        case Sync sync -> clear(pending, op -> op instanceof OfData of && of.file() == sync.file());
        case SyncNames sync ->
            clear(pending, op -> op instanceof OfNames of && sync.covers(of.name()));
        case Op op -> pending.set(i, kind.isInstance(op));
      }
    }
    return pending;
  }

  private void clear(BitSet pending, Predicate<Op> synced) {
    for (int op : list(pending)) {
      if (synced.test(tape.ops().get(op))) {
        pending.clear(op);
      }
    }
  }

  private void lose(int position, BitSet lost) {
    offer(new State(position, true, lost, false, -1, 0, 0), position);
  }

  private void offer(State state, int promisedAt) {
    var kept = new BitSet();
    for (int i = 0; i < state.position; i++) {
      var op = tape.ops().get(i);
      kept.set(i, !state.lost.get(i) && (op instanceof OfData || op instanceof OfNames));
    }
    var key =
        new Key(
            state.power,
            promises.at(promisedAt, state.power),
            kept,
            state.lengthsKept,
            state.torn,
            state.fromSector,
            state.toSector);
    if (!seen.add(key)) {
      return;
    }
    count++;
    try {
      judge.judge(disk(state), promisedAt, state.power);
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(told(state), e);
    }
  }

  private Directory disk(State state) {
    var names = new TreeMap<String, Integer>();
    for (int i = 0; i < state.position; i++) {
      if (!state.lost.get(i)) {
        switch (tape.ops().get(i)) {
          case Link link -> names.put(link.name(), link.file());
          case Unlink unlink -> names.remove(unlink.name());
          case Op _ -> {}
        }
      }
    }
    var directory = Disk.still().directory("found");
    names.forEach((name, number) -> {
      try (var file = directory.create(name)) {
        for (int i = 0; i < state.position; i++) {
          if (tape.ops().get(i) instanceof OfData op && op.file() == number) {
            apply(state, i, op, file);
          }
        }
        file.sync();
      }
    });
    directory.sync();
    return directory;
  }

  private static void apply(State state, int i, OfData op, StoredFile file) {
    boolean lost = state.lost.get(i);
    switch (op) {
      case Write write when lost -> {
        if (state.lengthsKept && write.end() > file.lengthBytes()) {
          file.setLength(write.end());
        }
      }
      case Write write when i == state.torn -> {
        put(file, write, write.at(), state.fromSector * SECTOR);
        put(file, write, state.toSector * SECTOR, write.end());
        if (state.lengthsKept && write.end() > file.lengthBytes()) {
          file.setLength(write.end());
        }
      }
      case Write write -> file.write(write.at(), write.bytes().duplicate());
      case Length length -> {
        if (!lost || state.lengthsKept) {
          file.setLength(length.bytes());
        }
      }
      case Punch punch -> {
        if (!lost) {
          file.punch(punch.from(), punch.bytes());
        }
      }
    }
  }

  private static void put(StoredFile file, Write write, long from, long end) {
    long start = Math.max(from, write.at());
    long stop = Math.min(end, write.end());
    if (start < stop) {
      file.write(start, write.bytes().slice((int) (start - write.at()), (int) (stop - start)));
    }
  }

  private String told(State state) {
    var what = new StringBuilder();
    what.append(state.power ? "power lost" : "killed").append(" after operation ");
    what.append(state.position).append(" of ").append(tape.position());
    if (!state.lost.isEmpty()) {
      what.append("\n lost:\n");
      what.append(state.lost.stream().mapToObj(this::line).collect(Collectors.joining("\n")));
    }
    if (state.torn >= 0) {
      what.append("\n without sectors ").append(state.fromSector).append(" to ");
      what.append(state.toSector - 1).append(":\n").append(line(state.torn));
    }
    if (state.lengthsKept) {
      what.append("\n the lengths are there");
    }
    what.append("\n the last operations:");
    for (int i = Math.max(0, state.position - 12); i < state.position; i++) {
      what.append('\n').append(line(i));
    }
    return what.toString();
  }

  private String line(int i) {
    return "  %d %s".formatted(i, tape.ops().get(i));
  }
}

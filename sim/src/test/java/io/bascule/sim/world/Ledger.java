package io.bascule.sim.world;

import io.bascule.core.Check;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * What a host did to a store's volumes, one thing after another, and where on the {@link Tape} each
 * began and was acknowledged; and so what each state of the disk may hold.
 */
final class Ledger {
  private static final int BLOCK = Volume.BLOCK_BYTES;

  /**
   * One thing that was done.
   *
   * @param whole whether it is there or not, and never in part
   * @param durable whether its acknowledgment promises anything about a loss of power
   * @param after what the volumes hold after it
   * @param floors of each block, the last step that may not be lost once this one is acknowledged
   */
  private record Step(
      String what,
      int begun,
      int done,
      boolean whole,
      boolean durable,
      Map<UUID, byte[]> after,
      Map<UUID, int[]> floors) {}

  private final Tape tape;
  private final List<Step> steps = new ArrayList<>();

  Ledger(Tape tape) {
    this(tape, Map.of());
  }

  /** Goes on from what the volumes hold. */
  Ledger(Tape tape, Map<UUID, byte[]> volumes) {
    this.tape = tape;
    var floors = new HashMap<UUID, int[]>();
    volumes.forEach((uuid, content) -> floors.put(uuid, new int[content.length / BLOCK]));
    steps.add(
        new Step("what was there", 0, tape.position(), true, true, Map.copyOf(volumes), floors));
  }

  private Map<UUID, byte[]> now() {
    return steps.getLast().after;
  }

  byte[] content(UUID uuid) {
    return Check.found(now().get(uuid), "volume");
  }

  /** Bytes that tell which step wrote them and where, and do not compress. */
  byte[] fresh(int length) {
    var bytes = new byte[length];
    new java.util.Random(steps.size()).nextBytes(bytes);
    return bytes;
  }

  /** Writes what no other write has written. */
  void write(Volume volume, int from, int length) {
    byte[] bytes = fresh(length);
    var data = ByteBuffer.wrap(bytes);
    changed("write", volume.uuid(), from, bytes, false, () -> volume.write(from, data, false));
  }

  /** The same with FUA. */
  void through(Volume volume, int from, int length) {
    byte[] bytes = fresh(length);
    var data = ByteBuffer.wrap(bytes);
    changed(
        "write with FUA", volume.uuid(), from, bytes, true, () -> volume.write(from, data, true));
  }

  void trim(Volume volume, int from, int length) {
    var zeros = new byte[length];
    changed("trim", volume.uuid(), from, zeros, false, () -> volume.trim(from, length));
  }

  private void changed(
      String what, UUID uuid, int from, byte[] bytes, boolean fua, Runnable action) {
    byte[] content = content(uuid).clone();
    System.arraycopy(bytes, 0, content, from, bytes.length);
    var floors = new HashMap<>(steps.getLast().floors);
    if (fua) {
      int[] floor = Check.found(floors.get(uuid), "floor").clone();
      Arrays.fill(floor, from / BLOCK, (from + bytes.length) / BLOCK, steps.size());
      floors.put(uuid, floor);
    }
    add(what + " at " + from, false, fua, with(uuid, content), floors, action);
  }

  void flushed(UUID uuid, Runnable action) {
    var floors = new HashMap<>(steps.getLast().floors);
    floors.put(uuid, all(content(uuid), steps.size()));
    add("flush", true, true, now(), floors, action);
  }

  /** Something that changes nothing, and promises nothing about it. */
  void did(String what, Runnable action) {
    add(what, true, false, now(), steps.getLast().floors, action);
  }

  /** A volume is made, resized or gets another content: durable once acknowledged. */
  void put(String what, UUID uuid, byte[] content, Runnable action) {
    var floors = new HashMap<>(steps.getLast().floors);
    floors.put(uuid, all(content, steps.size()));
    add(what, true, true, with(uuid, content), floors, action);
  }

  /** A volume grows by zeros: its new size is durable, what was written before need not be. */
  void grew(UUID uuid, int bytes, Runnable action) {
    byte[] content = Arrays.copyOf(content(uuid), bytes);
    var floors = new HashMap<>(steps.getLast().floors);
    floors.put(uuid, Arrays.copyOf(Check.found(floors.get(uuid), "floor"), bytes / BLOCK));
    add("grow", true, true, with(uuid, content), floors, action);
  }

  void deleted(UUID uuid, Runnable action) {
    var after = new HashMap<>(now());
    after.remove(uuid);
    add("delete", true, true, after, steps.getLast().floors, action);
  }

  private static int[] all(byte[] content, int step) {
    var floor = new int[content.length / BLOCK];
    Arrays.fill(floor, step);
    return floor;
  }

  private Map<UUID, byte[]> with(UUID uuid, byte[] content) {
    var after = new HashMap<>(now());
    after.put(uuid, content);
    return after;
  }

  private void add(
      String what,
      boolean whole,
      boolean durable,
      Map<UUID, byte[]> after,
      Map<UUID, int[]> floors,
      Runnable action) {
    int begun = tape.position();
    action.run();
    steps.add(new Step(what, begun, tape.position(), whole, durable, Map.copyOf(after), floors));
  }

  /** The last step that was acknowledged by then. */
  private int acknowledged(int position) {
    int last = 0;
    for (int i = 1; i < steps.size() && steps.get(i).done <= position; i++) {
      last = i;
    }
    return last;
  }

  /** The last step that had begun by then. A process may be killed amid its first operation. */
  private int begun(int position, boolean power) {
    int last = acknowledged(position);
    while (last + 1 < steps.size()
        && (power ? steps.get(last + 1).begun < position : steps.get(last + 1).begun <= position)) {
      last++;
    }
    return last;
  }

  /** A number that grows with each promise. */
  int promised(int position, boolean power) {
    int last = acknowledged(position);
    while (power && last > 0 && !steps.get(last).durable) {
      last--;
    }
    return last;
  }

  /** Volumes that are there by then, whatever is under way. */
  Set<UUID> certain(int position, boolean power) {
    var uuids = new TreeSet<>(steps.get(acknowledged(position)).after.keySet());
    uuids.retainAll(steps.get(begun(position, power)).after.keySet());
    return uuids;
  }

  /** Volumes that may be there by then. */
  Set<UUID> possible(int position, boolean power) {
    var uuids = new TreeSet<>(steps.get(acknowledged(position)).after.keySet());
    uuids.addAll(steps.get(begun(position, power)).after.keySet());
    return uuids;
  }

  /** What is under way by then. */
  String underWay(int position, boolean power) {
    int from = acknowledged(position);
    int to = begun(position, power);
    return "acknowledged: step %d, %s%s"
        .formatted(
            from, steps.get(from).what, to > from ? "; under way: " + steps.get(to).what : "");
  }

  /**
   * Every volume is there that must be, no other is, and each block holds a version that it may.
   *
   * @param inOrder whether the store promises besides that what is there is a beginning of what was
   *     done
   */
  void check(int position, boolean power, Map<UUID, byte[]> found, boolean inOrder) {
    int last = begun(position, power);
    if (!found.keySet().containsAll(certain(position, power))
        || !possible(position, power).containsAll(found.keySet())) {
      throw wrong(position, power, "the volumes are " + found.keySet());
    }
    for (var volume : found.entrySet()) {
      checkVolume(position, power, volume.getKey(), volume.getValue(), last);
    }
    if (inOrder && !isBeginning(found, last)) {
      throw wrong(position, power, "what is there is no beginning of what was done");
    }
  }

  private void checkVolume(int position, boolean power, UUID uuid, byte[] content, int last) {
    int sure = acknowledged(position);
    if (content.length != size(sure, uuid) && content.length != size(last, uuid)) {
      throw wrong(position, power, uuid + " has " + content.length + " bytes");
    }
    int[] floor = steps.get(sure).floors.get(uuid);
    for (int block = 0; block < content.length / BLOCK; block++) {
      int from = !power ? sure : floor != null && block < floor.length ? floor[block] : 0;
      if (!isVersion(uuid, content, block, from, last)) {
        throw wrong(
            position,
            power,
            "block %d of %s holds none of the versions %d to %d, but %s"
                .formatted(block, uuid, from, last, versions(uuid, content, block)));
      }
    }
  }

  private AssertionError wrong(int position, boolean power, String what) {
    return new AssertionError(underWay(position, power) + ": " + what);
  }

  private int size(int step, UUID uuid) {
    byte[] content = steps.get(step).after.get(uuid);
    return content == null ? -1 : content.length;
  }

  private boolean isVersion(UUID uuid, byte[] found, int block, int from, int to) {
    for (int step = to; step >= from; step--) {
      if (isAt(step, uuid, found, block)) {
        return true;
      }
    }
    return false;
  }

  private List<Integer> versions(UUID uuid, byte[] found, int block) {
    var versions = new ArrayList<Integer>();
    for (int step = 0; step < steps.size(); step++) {
      if (isAt(step, uuid, found, block)) {
        versions.add(step);
      }
    }
    return versions;
  }

  /** What is behind the end is zeros. */
  private boolean isAt(int step, UUID uuid, byte[] found, int block) {
    byte[] content = steps.get(step).after.get(uuid);
    if (content == null) {
      return false;
    }
    int at = block * BLOCK;
    if (at >= content.length) {
      return isZero(found, at);
    }
    return Arrays.equals(found, at, at + BLOCK, content, at, at + BLOCK);
  }

  private static boolean isZero(byte[] bytes, int at) {
    for (int i = at; i < at + BLOCK; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private boolean isBeginning(Map<UUID, byte[]> found, int last) {
    for (int step = last; step >= 0; step--) {
      if (isAfter(step, found)
          || (step < last && !steps.get(step + 1).whole && isBetween(step, found))) {
        return true;
      }
    }
    return false;
  }

  private boolean isAfter(int step, Map<UUID, byte[]> found) {
    var after = steps.get(step).after;
    return after.keySet().equals(found.keySet())
        && after.entrySet().stream()
            .allMatch(volume -> Arrays.equals(volume.getValue(), found.get(volume.getKey())));
  }

  private boolean isBetween(int step, Map<UUID, byte[]> found) {
    return steps.get(step).after.keySet().equals(found.keySet())
        && found.entrySet().stream()
            .allMatch(volume -> {
              for (int block = 0; block < volume.getValue().length / BLOCK; block++) {
                if (!isVersion(volume.getKey(), volume.getValue(), block, step, step + 1)) {
                  return false;
                }
              }
              return true;
            });
  }
}

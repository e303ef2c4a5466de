package io.bascule.sim.world;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A directory that notes all that changes it, and all that puts something of it on stable storage,
 * in order. Files are numbered, because a name may mean one file after another. Used by one thread.
 *
 * <p>What a power loss leaves is told by the port's words and nothing stronger: a sync of a file
 * covers its content, not its name; {@link #replace} covers its own name, not those of other files.
 */
final class Tape implements Directory {
  /** Something that was asked of the disk. */
  sealed interface Op {}

  /** A change of what a file holds; on stable storage once the file is synced. */
  sealed interface OfData extends Op {
    int file();
  }

  record Write(int file, long at, ByteBuffer bytes) implements OfData {
    long end() {
      return at + bytes.remaining();
    }

    @Override
    public String toString() {
      return "write of %d at %d to file %d".formatted(bytes.remaining(), at, file);
    }
  }

  record Length(int file, long bytes) implements OfData {}

  record Punch(int file, long from, long bytes) implements OfData {}

  /** A change of what a name means; on stable storage once the names are synced. */
  sealed interface OfNames extends Op {
    String name();
  }

  record Link(String name, int file) implements OfNames {}

  record Unlink(String name) implements OfNames {}

  /**
   * The file's content is on stable storage.
   *
   * @param renamed whether it is renamed next: the first half of a replacement
   */
  record Sync(int file, String name, boolean renamed) implements Op {}

  /**
   * Names are on stable storage.
   *
   * @param only the one that was replaced; empty for all
   */
  record SyncNames(String only) implements Op {
    boolean covers(String name) {
      return only.isEmpty() || only.equals(name);
    }
  }

  private final Directory live = Disk.still().directory("live");
  private final Map<String, Integer> names = new TreeMap<>();
  private final List<Op> ops = new ArrayList<>();
  private final Predicate<Op> ignored;
  private int files;

  /** Where the recording begins: before that is what lay there. */
  private int start;

  Tape() {
    this(op -> false);
  }

  /**
   * @param ignored which syncs this disk claims to have done and does not do: a deliberate defect
   */
  Tape(Predicate<Op> ignored) {
    this.ignored = ignored;
  }

  /** A tape that goes on from what lies there, all of it on stable storage. */
  static Tape from(Directory there) {
    var tape = new Tape();
    for (var name : there.list()) {
      try (var from = there.open(name);
          var to = tape.create(name)) {
        to.setLength(from.lengthBytes());
        for (var extent : from.extents(0, from.lengthBytes())) {
          var bytes = ByteBuffer.allocate((int) extent.lengthBytes());
          from.read(extent.offsetBytes(), bytes);
          to.write(extent.offsetBytes(), bytes.flip());
        }
        to.sync();
      }
    }
    tape.sync();
    tape.start = tape.position();
    return tape;
  }

  int start() {
    return start;
  }

  /** How much was asked so far. */
  int position() {
    return ops.size();
  }

  List<Op> ops() {
    return ops;
  }

  private void note(Op op) {
    if (!ignored.test(op)) {
      ops.add(op);
    }
  }

  private static ByteBuffer copy(ByteBuffer source) {
    return ByteBuffer.allocate(source.remaining()).put(source.duplicate()).flip();
  }

  @Override
  public Survives writesSurvive() {
    return Survives.PROCESS_DEATH;
  }

  @Override
  public StoredFile create(String name) {
    var file = live.create(name);
    int number = files++;
    names.put(name, number);
    note(new Link(name, number));
    return new Recorded(number, name, file);
  }

  @Override
  public StoredFile open(String name) {
    var number = names.get(name);
    if (number == null) {
      throw new StoreException.Io("there is no " + name, new IOException("no such file"));
    }
    return new Recorded(number, name, live.open(name));
  }

  @Override
  public boolean exists(String name) {
    return live.exists(name);
  }

  @Override
  public List<String> list() {
    return live.list();
  }

  /** As it is done: a file of another name, written and synced; renamed; the name synced. */
  @Override
  public void replace(String name, byte[] content) {
    live.replace(name, content);
    int number = files++;
    note(new Write(number, 0, copy(ByteBuffer.wrap(content))));
    note(new Sync(number, name, true));
    names.put(name, number);
    note(new Link(name, number));
    note(new SyncNames(name));
  }

  @Override
  public void delete(String name) {
    if (names.remove(name) != null) {
      live.delete(name);
      note(new Unlink(name));
    }
  }

  @Override
  public void sync() {
    note(new SyncNames(""));
  }

  @Override
  public long freeBytes() {
    return live.freeBytes();
  }

  private final class Recorded implements StoredFile {
    private final int number;
    private final String name;
    private final StoredFile file;

    Recorded(int number, String name, StoredFile file) {
      this.number = number;
      this.name = name;
      this.file = file;
    }

    @Override
    public void read(long offsetBytes, ByteBuffer destination) {
      file.read(offsetBytes, destination);
    }

    @Override
    public int tryRead(long offsetBytes, ByteBuffer destination) {
      return file.tryRead(offsetBytes, destination);
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) {
      var bytes = copy(source);
      file.write(offsetBytes, source);
      note(new Write(number, offsetBytes, bytes));
    }

    @Override
    public void sync() {
      file.sync();
      note(new Sync(number, name, false));
    }

    @Override
    public void punch(long offsetBytes, long lengthBytes) {
      file.punch(offsetBytes, lengthBytes);
      note(new Punch(number, offsetBytes, lengthBytes));
    }

    @Override
    public long lengthBytes() {
      return file.lengthBytes();
    }

    @Override
    public void setLength(long lengthBytes) {
      file.setLength(lengthBytes);
      note(new Length(number, lengthBytes));
    }

    @Override
    public long allocatedBytes() {
      return file.allocatedBytes();
    }

    @Override
    public List<Volume.Extent> extents(long offsetBytes, long lengthBytes) {
      return file.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void close() {
      file.close();
    }
  }
}

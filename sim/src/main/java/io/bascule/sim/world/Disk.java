package io.bascule.sim.world;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import io.bascule.sim.rt.Dice;
import io.bascule.sim.rt.Sim;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The disk system of the enclosure: directories of files, one capacity, one page cache. What is
 * written is in the cache at once and survives every process. What is synced survives power loss;
 * of the rest any sectors of any pages may have got there. A write of several pages may be cut
 * between two of them by the death of its process.
 *
 * <p>Every call takes virtual time, as {@link Faults} says, and may fail as it says.
 */
final class Disk {
  static final int PAGE = 4096;
  private static final int SECTOR = 512;

  /** What goes wrong with one directory, and how slow it is. Rates are one in so many; 0 never. */
  static final class Faults {
    int readFails;
    int writeFails;
    int syncFails;
    int stalls;
    long stallMillis = 1_500;
    long syncMicrosMax = 3_000;
    int slowMicrosMax;
  }

  /** Told of every operation that changes something, before and after. */
  interface Watcher {
    void touched(String what);

    /** Something was not done, because the disk failed. */
    default void failed(String folder, String what) {}
  }

  /** What one file holds, now and after a power loss. */
  static final class Content {
    byte[] @Nullable [] pages = new byte[0][];
    byte[] @Nullable [] durable = new byte[0][];
    long length;
    long durableLength;
    final BitSet dirty = new BitSet();

    byte @Nullable [] page(int at) {
      return at < pages.length ? pages[at] : null;
    }

    byte @Nullable [] durablePage(int at) {
      return at < durable.length ? durable[at] : null;
    }

    private static byte[] @Nullable [] grown(byte[] @Nullable [] pages, int at) {
      return at < pages.length ? pages : Arrays.copyOf(pages, Math.max(at + 1, pages.length * 2));
    }

    /** The page to be changed: a copy, if it is on stable storage as it is. */
    byte[] toChange(int at) {
      pages = grown(pages, at);
      byte[] page = pages[at];
      if (page == null) {
        page = new byte[PAGE];
        pages[at] = page;
      } else if (page == durablePage(at)) {
        page = page.clone();
        pages[at] = page;
      }
      dirty.set(at);
      return page;
    }

    void drop(int at) {
      if (at < pages.length && pages[at] != null) {
        pages[at] = null;
        dirty.set(at);
      }
    }

    void writeBack(int at) {
      durable = grown(durable, at);
      durable[at] = page(at);
      dirty.clear(at);
    }

    void sync() {
      for (int at = dirty.nextSetBit(0); at >= 0; at = dirty.nextSetBit(at + 1)) {
        writeBack(at);
      }
      durableLength = length;
    }

    long allocatedPages() {
      long count = 0;
      for (byte[] page : pages) {
        count += page == null ? 0 : 1;
      }
      return count;
    }
  }

  /** One directory. */
  private static final class Folder {
    final TreeMap<String, Content> files = new TreeMap<>();
    TreeMap<String, Content> durableFiles = new TreeMap<>();
  }

  private final Map<String, Folder> folders = new TreeMap<>();
  private final Map<String, Faults> faults = new TreeMap<>();
  private final Dice dice;
  private final boolean timed;
  private long capacityBytes = 1L << 40;
  private long usedPages;
  private Watcher watcher = what -> {};
  private long operations;

  Disk(Dice dice) {
    this(dice, true);
  }

  /** A disk without delay and faults, to put something on and look at it. */
  static Disk still() {
    return new Disk(new Dice(0), false);
  }

  private Disk(Dice dice, boolean timed) {
    this.dice = dice;
    this.timed = timed;
  }

  Faults faults(String folder) {
    return faults.computeIfAbsent(folder, name -> new Faults());
  }

  void noFaults() {
    faults.clear();
    capacityBytes = 1L << 40;
  }

  void watch(Watcher by) {
    watcher = by;
  }

  void capacity(long bytes) {
    capacityBytes = bytes;
  }

  long usedBytes() {
    return usedPages * PAGE;
  }

  long operations() {
    return operations;
  }

  boolean exists(String folder) {
    return folders.containsKey(folder);
  }

  Directory directory(String folder) {
    folders.computeIfAbsent(folder, name -> new Folder());
    return new View(folder);
  }

  /** As renaming it away does: gone at once, with all that is in it. */
  void drop(String folder) {
    change("drop " + folder);
    var gone = folders.remove(folder);
    if (gone != null) {
      gone.files.values().forEach(content -> usedPages -= content.allocatedPages());
    }
  }

  /** The disk as the machine finds it when power is back. */
  void losePower() {
    losePower(dice);
  }

  private void losePower(Dice by) {
    usedPages = 0;
    folders.values().forEach(folder -> losePower(folder, by));
  }

  private void losePower(Folder folder, Dice by) {
    var names = new TreeSet<>(folder.files.keySet());
    names.addAll(folder.durableFiles.keySet());
    var after = new TreeMap<String, Content>();
    for (var name : names) {
      var now = folder.files.get(name);
      var durable = folder.durableFiles.get(name);
      var kept = now == durable || by.oneIn(2) ? now : durable;
      if (kept != null) {
        after.put(name, kept);
      }
    }
    after.values().forEach(content -> loseUnsynced(content, by));
    folder.files.clear();
    folder.files.putAll(after);
    folder.durableFiles = new TreeMap<>(after);
    after.values().forEach(content -> usedPages += content.allocatedPages());
  }

  private static void loseUnsynced(Content content, Dice by) {
    int kindOfFile = by.below(4); // nothing of it got there, all, or page by page
    for (int at = content.dirty.nextSetBit(0); at >= 0; at = content.dirty.nextSetBit(at + 1)) {
      int kind = kindOfFile < 2 ? kindOfFile : by.below(3);
      if (kind == 1) {
        content.writeBack(at);
      } else if (kind == 2) {
        tear(content, at, by);
      }
    }
    content.dirty.clear();
    long length = by.oneIn(2) ? content.durableLength : content.length;
    content.pages = content.durable.clone();
    content.length = length;
    content.durableLength = length;
    cut(content, length);
  }

  private static void tear(Content content, int at, Dice by) {
    byte[] now = content.page(at);
    byte[] durable = content.durablePage(at);
    byte[] torn = durable == null ? new byte[PAGE] : durable.clone();
    for (int from = 0; from < PAGE; from += SECTOR) {
      if (by.oneIn(2)) {
        if (now == null) {
          Arrays.fill(torn, from, from + SECTOR, (byte) 0);
        } else {
          System.arraycopy(now, from, torn, from, SECTOR);
        }
      }
    }
    content.durable = Content.grown(content.durable, at);
    content.durable[at] = torn;
  }

  /** Nothing lies behind the end. */
  private static void cut(Content content, long length) {
    int last = (int) (length / PAGE);
    int rest = (int) (length % PAGE);
    if (rest > 0 && content.page(last) != null) {
      byte[] page = content.toChange(last);
      Arrays.fill(page, rest, PAGE, (byte) 0);
    }
    for (int at = rest > 0 ? last + 1 : last; at < content.pages.length; at++) {
      content.drop(at);
    }
  }

  /** A disk of the same content, without delay and faults, to look at what there would be. */
  Disk fork(boolean powerLoss) {
    var copy = new Disk(dice.fork(), false);
    for (var entry : folders.entrySet()) {
      var folder = new Folder();
      var copies = new java.util.IdentityHashMap<Content, Content>();
      entry
          .getValue()
          .files
          .forEach((name, content) -> {
            folder.files.put(name, copies.computeIfAbsent(content, Disk::shared));
          });
      entry
          .getValue()
          .durableFiles
          .forEach((name, content) -> {
            folder.durableFiles.put(name, copies.computeIfAbsent(content, Disk::shared));
          });
      copy.folders.put(entry.getKey(), folder);
    }
    if (powerLoss) {
      copy.losePower(copy.dice);
    } else {
      copy.folders.values().forEach(folder -> folder.files.values().forEach(Content::sync));
    }
    return copy;
  }

  /** A {@link #fork} that stays what it is, whatever happens to this disk from now on. */
  Disk copy() {
    var copy = fork(false);
    for (var folder : copy.folders.values()) {
      for (var content : folder.files.values()) {
        content.durable = new byte[0][];
        for (int at = 0; at < content.pages.length; at++) {
          byte[] page = content.pages[at];
          content.pages[at] = page == null ? null : page.clone();
        }
      }
    }
    return copy;
  }

  /** What the file holds there, without time and faults; false if there is no such file. */
  boolean peek(String folder, String name, long offset, ByteBuffer into) {
    var in = folders.get(folder);
    var content = in == null ? null : in.files.get(name);
    if (content == null) {
      return false;
    }
    copy(content, offset, into);
    return true;
  }

  private static void copy(Content content, long offset, ByteBuffer destination) {
    while (destination.hasRemaining()) {
      int from = (int) (offset % PAGE);
      int bytes = Math.min(PAGE - from, destination.remaining());
      byte[] page = offset < content.length ? content.page((int) (offset / PAGE)) : null;
      if (page == null) {
        for (int i = 0; i < bytes; i++) {
          destination.put((byte) 0);
        }
      } else {
        destination.put(page, from, bytes);
      }
      offset += bytes;
    }
  }

  private static Content shared(Content of) {
    var copy = new Content();
    copy.pages = of.pages.clone();
    copy.durable = of.durable.clone();
    copy.length = of.length;
    copy.durableLength = of.durableLength;
    copy.dirty.or(of.dirty);
    return copy;
  }

  /** Flips one bit somewhere in a file of the folder, on the disk and in the cache. */
  boolean rot(String folder) {
    var in = folders.get(folder);
    if (in == null || in.files.isEmpty()) {
      return false;
    }
    var contents = List.copyOf(in.files.values());
    var content = contents.get(dice.below(contents.size()));
    var full = new ArrayList<Integer>();
    for (int at = 0; at < content.pages.length; at++) {
      if (content.pages[at] != null) {
        full.add(at);
      }
    }
    if (full.isEmpty()) {
      return false;
    }
    int at = full.get(dice.below(full.size()));
    int bit = dice.below(PAGE * 8);
    flip(content.pages[at], bit);
    byte[] durable = content.durablePage(at);
    if (durable != null && durable != content.pages[at]) {
      flip(durable, bit);
    }
    return true;
  }

  private static void flip(byte @Nullable [] page, int bit) {
    if (page != null) {
      page[bit / 8] ^= (byte) (1 << bit % 8);
    }
  }

  // ---- time and faults

  private void change(String what) {
    operations++;
    if (timed) {
      Sim.current().note(what, 0);
    }
    watcher.touched(what);
  }

  private void takes(long micros) {
    if (timed && micros > 0) {
      LockSupport.parkNanos(micros * 1_000);
    }
  }

  private void stallSometimes(String folder) {
    var now = faults.get(folder);
    if (now != null && happens(now.stalls)) {
      Sim.current().say(folder + " stalls");
      takes(now.stallMillis * 1_000);
    }
  }

  private long slowMicros(String folder) {
    int most = faults(folder).slowMicrosMax;
    return most == 0 ? 0 : dice.below(most);
  }

  private boolean happens(int oneIn) {
    return timed && oneIn > 0 && dice.oneIn(oneIn);
  }

  private static StoreException io(String what) {
    return new StoreException.Io(what, new IOException("Input/output error"));
  }

  private final class View implements Directory {
    private final String folder;

    View(String folder) {
      this.folder = folder;
    }

    private Folder in() {
      var found = folders.get(folder);
      if (found == null) {
        throw io(folder + " is not there");
      }
      return found;
    }

    private void failSometimes(int rate, String what) {
      if (happens(rate)) {
        Sim.current().note("fails: " + folder + " " + what, 0);
        watcher.failed(folder, what);
        throw io("cannot " + what);
      }
    }

    @Override
    public Survives writesSurvive() {
      return Survives.PROCESS_DEATH;
    }

    @Override
    public StoredFile create(String name) {
      takes(timed ? dice.below(40) : 0);
      failSometimes(faults(folder).writeFails, "create " + name);
      if (in().files.containsKey(name)) {
        throw io(name + " exists");
      }
      change("create " + name);
      var content = new Content();
      in().files.put(name, content);
      return new Open(folder, name, content);
    }

    @Override
    public StoredFile open(String name) {
      takes(timed ? dice.below(20) : 0);
      var content = in().files.get(name);
      if (content == null) {
        throw io("there is no " + name);
      }
      return new Open(folder, name, content);
    }

    @Override
    public boolean exists(String name) {
      var found = folders.get(folder);
      return found != null && found.files.containsKey(name);
    }

    @Override
    public List<String> list() {
      var found = folders.get(folder);
      return found == null ? List.of() : List.copyOf(found.files.keySet());
    }

    @Override
    public void replace(String name, byte[] bytes) {
      takes(timed ? 200 + dice.below(faults(folder).syncMicrosMax) : 0);
      failSometimes(faults(folder).syncFails, "replace " + name);
      change("replace " + name);
      var content = new Content();
      put(content, 0, ByteBuffer.wrap(bytes));
      content.sync();
      var was = in().files.put(name, content);
      usedPages -= was == null ? 0 : was.allocatedPages();
      in().durableFiles.put(name, content);
      watcher.touched("replaced " + name);
    }

    @Override
    public void delete(String name) {
      takes(timed ? dice.below(40) : 0);
      change("delete " + name);
      var found = folders.get(folder);
      var was = found == null ? null : found.files.remove(name);
      usedPages -= was == null ? 0 : was.allocatedPages();
    }

    @Override
    public void sync() {
      takes(timed ? 200 + dice.below(faults(folder).syncMicrosMax) : 0);
      failSometimes(faults(folder).syncFails, "sync " + folder);
      change("sync folder " + folder);
      in().durableFiles = new TreeMap<>(in().files);
    }

    @Override
    public long freeBytes() {
      return Math.max(0, capacityBytes - usedBytes());
    }
  }

  private void put(Content content, long offset, ByteBuffer source) {
    while (source.hasRemaining()) {
      int at = (int) (offset / PAGE);
      int from = (int) (offset % PAGE);
      int bytes = Math.min(PAGE - from, source.remaining());
      usedPages += content.page(at) == null ? 1 : 0;
      source.get(content.toChange(at), from, bytes);
      offset += bytes;
      content.length = Math.max(content.length, offset);
    }
  }

  private final class Open implements StoredFile {
    private final String folder;
    private final String name;
    private final Content content;
    private boolean closed;

    Open(String folder, String name, Content content) {
      this.folder = folder;
      this.name = name;
      this.content = content;
    }

    private void check() {
      if (closed) {
        throw new StoreException.Io(name + " is closed", new ClosedChannelException());
      }
    }

    private void failSometimes(int rate, String what) {
      if (happens(rate)) {
        Sim.current().note("fails: " + what + " " + name, 0);
        watcher.failed(folder, what);
        throw io("cannot " + what + " " + name);
      }
    }

    @Override
    public void read(long offsetBytes, ByteBuffer destination) {
      check();
      takes(timed && dice.oneIn(3) ? 60 + dice.below(300) : 0);
      stallSometimes(folder);
      failSometimes(faults(folder).readFails, "read");
      check();
      copy(content, offsetBytes, destination);
    }

    @Override
    public int tryRead(long offsetBytes, ByteBuffer destination) {
      check();
      if (timed && dice.oneIn(3)) {
        return Volume.WOULD_BLOCK;
      }
      int bytes = destination.remaining();
      copy(content, offsetBytes, destination);
      return bytes;
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) {
      check();
      takes(timed && dice.oneIn(2) ? 5 + dice.below(25) + slowMicros(folder) : 0);
      stallSometimes(folder);
      failSometimes(faults(folder).writeFails, "write");
      check();
      requireSpace(offsetBytes, source.remaining());
      change("write " + name + " " + offsetBytes + " " + source.remaining());
      long offset = offsetBytes;
      int inFirstPage = PAGE - (int) (offset % PAGE);
      if (timed && source.remaining() > inFirstPage && dice.oneIn(4)) {
        // A process may be killed between two pages of one write.
        int part = inFirstPage + dice.below(source.remaining() / PAGE + 1) * PAGE;
        if (part < source.remaining()) {
          int limit = source.limit();
          source.limit(source.position() + part);
          put(content, offset, source);
          source.limit(limit);
          offset += part;
          takes(1 + dice.below(20));
          watcher.touched("half of a write to " + name);
        }
      }
      put(content, offset, source);
      watcher.touched("written " + name);
      if (timed && dice.oneIn(32)) {
        writeSomeBack();
      }
    }

    /** What the kernel does in the background. */
    private void writeSomeBack() {
      int at = content.dirty.nextSetBit(dice.below(content.pages.length + 1));
      if (at >= 0) {
        content.writeBack(at);
      }
    }

    private void requireSpace(long offset, int bytes) {
      long fresh = 0;
      for (long at = offset / PAGE; at * PAGE < offset + bytes; at++) {
        fresh += content.page((int) at) == null ? 1 : 0;
      }
      if (fresh * PAGE > capacityBytes - usedBytes()) {
        throw new StoreException.Full(
            "no room for " + name, new IOException("No space left on device"));
      }
    }

    @Override
    public void sync() {
      check();
      takes(timed ? 100 + dice.below(faults(folder).syncMicrosMax) : 0);
      stallSometimes(folder);
      failSometimes(faults(folder).syncFails, "sync");
      check();
      change("sync " + name);
      content.sync();
      watcher.touched("synced " + name);
    }

    @Override
    public void punch(long offsetBytes, long lengthBytes) {
      check();
      takes(timed ? dice.below(30) : 0);
      failSometimes(faults(folder).writeFails, "punch");
      change("punch " + name);
      long end = offsetBytes + lengthBytes;
      for (long at = offsetBytes; at < end; ) {
        int page = (int) (at / PAGE);
        int from = (int) (at % PAGE);
        int to = (int) Math.min(PAGE, from + end - at);
        if (content.page(page) != null) {
          if (from == 0 && to == PAGE) {
            content.drop(page);
            usedPages--;
          } else {
            Arrays.fill(content.toChange(page), from, to, (byte) 0);
          }
        }
        at += to - from;
      }
      watcher.touched("punched " + name);
    }

    @Override
    public long lengthBytes() {
      check();
      return content.length;
    }

    @Override
    public void setLength(long lengthBytes) {
      check();
      change("length " + name + " " + lengthBytes);
      if (lengthBytes < content.length) {
        long before = content.allocatedPages();
        cut(content, lengthBytes);
        usedPages -= before - content.allocatedPages();
      }
      content.length = lengthBytes;
    }

    @Override
    public long allocatedBytes() {
      return content.allocatedPages() * PAGE;
    }

    @Override
    public List<Volume.Extent> extents(long offsetBytes, long lengthBytes) {
      check();
      var found = new ArrayList<Volume.Extent>();
      long end = Math.min(offsetBytes + lengthBytes, content.length);
      for (long at = offsetBytes; at < end; ) {
        long pageEnd = Math.min(end, (at / PAGE + 1) * PAGE);
        if (content.page((int) (at / PAGE)) != null) {
          int last = found.size() - 1;
          if (last >= 0 && found.get(last).offsetBytes() + found.get(last).lengthBytes() == at) {
            var before = found.remove(last);
            found.add(new Volume.Extent(before.offsetBytes(), before.lengthBytes() + pageEnd - at));
          } else {
            found.add(new Volume.Extent(at, pageEnd - at));
          }
        }
        at = pageEnd;
      }
      return found;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}

package io.bascule.migration;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * A disk in memory with a page cache: what is written survives the process at once, and power loss
 * only once it is synced; of the rest any subset of pages may survive. Faults can be set.
 */
final class MemoryDirectory {
  private static final int PAGE = 4096;

  private final TreeMap<String, Content> files = new TreeMap<>();

  /** The names that survive a power loss. */
  private TreeMap<String, Content> durableNames = new TreeMap<>();

  /** Every file operation after this many fails; never below zero. */
  volatile int writesLeft = Integer.MAX_VALUE;

  volatile boolean syncFails;

  /** Runs before each write to a file. */
  volatile Runnable beforeWrite = () -> {};

  volatile long freeBytes = 1L << 40;

  /** What a process that was killed may not do any more. */
  private volatile int generation;

  private static final class Content {
    byte[] cached = new byte[0];
    byte[] durable = new byte[0];
    final BitSet allocated = new BitSet();
    BitSet durableAllocated = new BitSet();
    final BitSet dirty = new BitSet();
  }

  /** The process is dead: what it opened does nothing any more; what it wrote is there. */
  synchronized void processDies() {
    generation++;
  }

  /** The machine is without power: of what was not synced, each page survives or does not. */
  synchronized void powerFails(Random random) {
    generation++;
    files.clear();
    files.putAll(durableNames);
    for (var content : files.values()) {
      byte[] after = Arrays.copyOf(content.durable, content.durable.length);
      var allocated = (BitSet) content.durableAllocated.clone();
      for (int page = content.dirty.nextSetBit(0); page >= 0; ) {
        if (random.nextBoolean()
            && (page + 1) * PAGE <= Math.min(after.length, content.cached.length)) {
          System.arraycopy(content.cached, page * PAGE, after, page * PAGE, PAGE);
          allocated.set(page, content.allocated.get(page));
        }
        page = content.dirty.nextSetBit(page + 1);
      }
      content.cached = after;
      content.durable = after.clone();
      content.allocated.clear();
      content.allocated.or(allocated);
      content.durableAllocated = (BitSet) allocated.clone();
      content.dirty.clear();
    }
  }

  private static StoreException io(String what) {
    return new StoreException.Io(what, new IOException("Input/output error"));
  }

  private synchronized void mayWrite(int openedIn) {
    if (openedIn != generation) {
      throw io("the process is dead");
    }
    if (writesLeft-- <= 0) {
      writesLeft = 0;
      throw new StoreException.Full("no space is left", new IOException("No space left on device"));
    }
  }

  /** The disk as the process sees it that runs now; of no use any more once that is dead. */
  Directory open() {
    return new View(generation);
  }

  private synchronized StoredFile create(String name, int by) {
    mayWrite(by);
    if (files.containsKey(name)) {
      throw io(name + " exists");
    }
    var content = new Content();
    files.put(name, content);
    return new OpenFile(name, content, by);
  }

  private synchronized StoredFile open(String name, int by) {
    var content = files.get(name);
    if (content == null) {
      throw io(name + " is not there");
    }
    return new OpenFile(name, content, by);
  }

  synchronized List<String> list() {
    return List.copyOf(files.keySet());
  }

  private synchronized void replace(String name, byte[] bytes, int by) {
    mayWrite(by);
    var content = new Content();
    content.cached = bytes.clone();
    content.durable = bytes.clone();
    files.put(name, content);
    durableNames.put(name, content);
  }

  private synchronized void delete(String name, int by) {
    if (by == generation) {
      files.remove(name);
    }
  }

  private synchronized void sync(int by) {
    if (by == generation) {
      durableNames = new TreeMap<>(files);
    }
  }

  /** Changes one byte behind everybody's back. */
  synchronized int length(String name) {
    var content = files.get(name);
    return content == null ? 0 : content.cached.length;
  }

  synchronized void flip(String name, int at) {
    var content = files.get(name);
    if (content == null) {
      throw new IllegalArgumentException(name);
    }
    content.cached[at] ^= 0x10;
    if (at < content.durable.length) {
      content.durable[at] ^= 0x10;
    }
  }

  private final class View implements Directory {
    private final int by;

    View(int by) {
      this.by = by;
    }

    @Override
    public Survives writesSurvive() {
      return Survives.PROCESS_DEATH;
    }

    @Override
    public StoredFile create(String name) {
      return MemoryDirectory.this.create(name, by);
    }

    @Override
    public StoredFile open(String name) {
      return MemoryDirectory.this.open(name, by);
    }

    @Override
    public boolean exists(String name) {
      return list().contains(name);
    }

    @Override
    public List<String> list() {
      return MemoryDirectory.this.list();
    }

    @Override
    public void replace(String name, byte[] content) {
      MemoryDirectory.this.replace(name, content, by);
    }

    @Override
    public void delete(String name) {
      MemoryDirectory.this.delete(name, by);
    }

    @Override
    public void sync() {
      MemoryDirectory.this.sync(by);
    }

    @Override
    public long freeBytes() {
      return freeBytes;
    }
  }

  private final class OpenFile implements StoredFile {
    private final String name;
    private final Content content;
    private final int openedIn;

    OpenFile(String name, Content content, int openedIn) {
      this.name = name;
      this.content = content;
      this.openedIn = openedIn;
    }

    private void alive() {
      if (openedIn != generation) {
        throw io("the process is dead");
      }
    }

    @Override
    public void read(long offsetBytes, ByteBuffer destination) {
      synchronized (content) {
        alive();
        while (destination.hasRemaining()) {
          int at = (int) offsetBytes++;
          destination.put(at < content.cached.length ? content.cached[at] : 0);
        }
      }
    }

    @Override
    public int tryRead(long offsetBytes, ByteBuffer destination) {
      int length = destination.remaining();
      read(offsetBytes, destination);
      return length;
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) {
      beforeWrite.run();
      mayWrite(openedIn);
      synchronized (content) {
        int length = source.remaining();
        if (length == 0) {
          return;
        }
        grow(offsetBytes + length);
        source.get(content.cached, (int) offsetBytes, length);
        touch(offsetBytes, length, true);
      }
    }

    private void grow(long end) {
      if (end > content.cached.length) {
        content.cached = Arrays.copyOf(content.cached, (int) end);
      }
    }

    private void touch(long offsetBytes, long length, boolean allocated) {
      int first = (int) (offsetBytes / PAGE);
      int end = (int) ((offsetBytes + length + PAGE - 1) / PAGE);
      content.dirty.set(first, end);
      content.allocated.set(first, end, allocated);
    }

    @Override
    public void sync() {
      alive();
      if (syncFails) {
        throw io("cannot sync " + name);
      }
      synchronized (content) {
        content.durable = content.cached.clone();
        content.durableAllocated = (BitSet) content.allocated.clone();
        content.dirty.clear();
      }
    }

    @Override
    public void punch(long offsetBytes, long lengthBytes) {
      mayWrite(openedIn);
      synchronized (content) {
        int end = (int) Math.min(offsetBytes + lengthBytes, content.cached.length);
        if (end <= offsetBytes) {
          return;
        }
        Arrays.fill(content.cached, (int) offsetBytes, end, (byte) 0);
        int first = (int) ((offsetBytes + PAGE - 1) / PAGE);
        int last = end == content.cached.length ? (end + PAGE - 1) / PAGE : end / PAGE;
        content.dirty.set((int) (offsetBytes / PAGE), (end + PAGE - 1) / PAGE);
        if (last > first) {
          content.allocated.clear(first, last);
        }
      }
    }

    @Override
    public long lengthBytes() {
      synchronized (content) {
        return content.cached.length;
      }
    }

    @Override
    public void setLength(long lengthBytes) {
      mayWrite(openedIn);
      synchronized (content) {
        content.cached = Arrays.copyOf(content.cached, (int) lengthBytes);
      }
    }

    @Override
    public long allocatedBytes() {
      synchronized (content) {
        return (long) content.allocated.cardinality() * PAGE;
      }
    }

    @Override
    public List<Volume.Extent> extents(long offsetBytes, long lengthBytes) {
      synchronized (content) {
        alive();
        var extents = new ArrayList<Volume.Extent>();
        long end = Math.min(offsetBytes + lengthBytes, content.cached.length);
        int page = content.allocated.nextSetBit((int) (offsetBytes / PAGE));
        while (page >= 0 && (long) page * PAGE < end) {
          int next = content.allocated.nextClearBit(page);
          long from = Math.max(offsetBytes, (long) page * PAGE);
          extents.add(new Volume.Extent(from, Math.min(end, (long) next * PAGE) - from));
          page = content.allocated.nextSetBit(next);
        }
        return extents;
      }
    }

    @Override
    public void close() {}
  }
}

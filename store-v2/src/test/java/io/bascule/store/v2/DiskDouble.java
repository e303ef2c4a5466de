package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A directory in memory that knows what is on stable storage and what is not: it can lose power,
 * and then of every file that was not synced any pieces of any writes may be missing. It can also
 * refuse to sync, be full, and have bits flipped.
 */
final class DiskDouble implements Directory {
  private static final int SECTOR = 512;

  private static final class Content {
    byte[] now = new byte[0];
    int length;
    byte[] durable = new byte[0];
    int durableLength;
    final List<int[]> pending = new ArrayList<>();
  }

  private final Map<String, Content> files = new TreeMap<>();
  private final Map<String, Content> durableFiles = new HashMap<>();
  private boolean dead;
  volatile boolean syncFails;
  volatile long capacityBytes = 1L << 40;
  volatile int syncs;

  /** Places that cannot be read at all: name of the file, begin, end. */
  private record Unreadable(String name, int from, int end) {}

  private final List<Unreadable> unreadable = new ArrayList<>();

  /** Thrown to what still runs after the machine stopped. */
  static final class Dead extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** From now on whoever reads something of it gets an error. */
  synchronized void makeUnreadable(String name, int from, int end) {
    unreadable.add(new Unreadable(name, from, end));
  }

  private void checkReadable(String name, int from, int end) {
    for (var place : unreadable) {
      if (place.name.equals(name) && from < place.end && place.from < end) {
        throw new StoreException.Io("cannot read " + name, new IOException("Input/output error"));
      }
    }
  }

  @Override
  public Survives writesSurvive() {
    return Survives.PROCESS_DEATH;
  }

  /** The process dies: what was written stays. Returns the disk as the next process finds it. */
  synchronized DiskDouble kill() {
    dead = true;
    var next = new DiskDouble();
    next.capacityBytes = capacityBytes;
    files.forEach((name, content) -> next.files.put(name, content));
    next.durableFiles.putAll(durableFiles);
    return next;
  }

  /** Power is lost: of what was not synced, any sectors of any writes are missing. */
  synchronized DiskDouble losePower(Random random) {
    dead = true;
    var next = new DiskDouble();
    next.capacityBytes = capacityBytes;
    var names = new TreeMap<>(durableFiles);
    for (var entry : files.entrySet()) {
      if (durableFiles.get(entry.getKey()) != entry.getValue() && random.nextBoolean()) {
        names.put(entry.getKey(), entry.getValue()); // created, and it happened to get there
      }
    }
    durableFiles.forEach((name, content) -> {
      if (!files.containsKey(name) && random.nextBoolean()) {
        names.remove(name); // deleted, and it happened to get there
      }
    });
    names.forEach((name, content) -> {
      var kept = new Content();
      kept.durable = content.durable;
      kept.durableLength = content.durableLength;
      for (int[] write : content.pending) {
        keepSome(content, kept, write, random);
      }
      kept.now = kept.durable.clone();
      kept.length = kept.durableLength;
      next.files.put(name, kept);
      next.durableFiles.put(name, kept);
    });
    return next;
  }

  private static void keepSome(Content content, Content kept, int[] write, Random random) {
    int kind = random.nextInt(3); // none, all, some
    for (int at = write[0]; at < write[1]; ) {
      int to = Math.min(write[1], (at / SECTOR + 1) * SECTOR);
      if (kind == 1 || (kind == 2 && random.nextBoolean())) {
        put(kept, at, to, content.now);
      }
      at = to;
    }
  }

  /** A second disk with the same content, all of it on stable storage. */
  synchronized DiskDouble copy() {
    var copy = new DiskDouble();
    files.forEach(
        (name, content) -> copy.replace(name, Arrays.copyOf(content.now, content.length)));
    return copy;
  }

  private static void put(Content to, int from, int end, byte[] source) {
    if (to.durable.length < end) {
      to.durable = Arrays.copyOf(to.durable, Math.max(end, to.durable.length * 2));
    }
    System.arraycopy(source, from, to.durable, from, end - from);
    to.durableLength = Math.max(to.durableLength, end);
  }

  /** Flips a bit on stable storage and in the cache. */
  synchronized void flip(String name, int offset, int bit) {
    var content = existing(name);
    content.now[offset] ^= (byte) (1 << bit);
    if (offset < content.durable.length) {
      content.durable[offset] ^= (byte) (1 << bit);
    }
  }

  synchronized int length(String name) {
    return existing(name).length;
  }

  synchronized byte[] bytes(String name) {
    var content = existing(name);
    return Arrays.copyOf(content.now, content.length);
  }

  synchronized void truncate(String name, int length) {
    existing(name).length = length;
    existing(name).durableLength = Math.min(length, existing(name).durableLength);
  }

  private void live() {
    if (dead) {
      throw new Dead();
    }
  }

  private Content existing(String name) {
    var content = files.get(name);
    if (content == null) {
      throw new StoreException.Io("there is no " + name, new IOException("no such file"));
    }
    return content;
  }

  @Override
  public synchronized StoredFile create(String name) {
    live();
    if (files.containsKey(name)) {
      throw new StoreException.Io(name + " exists", new IOException("exists"));
    }
    var content = new Content();
    files.put(name, content);
    return new File(name, content);
  }

  @Override
  public synchronized StoredFile open(String name) {
    live();
    return new File(name, existing(name));
  }

  @Override
  public synchronized boolean exists(String name) {
    return files.containsKey(name);
  }

  @Override
  public synchronized List<String> list() {
    return List.copyOf(files.keySet());
  }

  @Override
  public synchronized void replace(String name, byte[] bytes) {
    live();
    var content = new Content();
    content.now = bytes.clone();
    content.durable = bytes.clone();
    content.length = bytes.length;
    content.durableLength = bytes.length;
    files.put(name, content);
    durableFiles.put(name, content);
  }

  @Override
  public synchronized void delete(String name) {
    live();
    files.remove(name);
  }

  @Override
  public synchronized void sync() {
    live();
    durableFiles.clear();
    durableFiles.putAll(files);
  }

  @Override
  public synchronized long freeBytes() {
    return Math.max(0, capacityBytes - files.values().stream().mapToLong(c -> c.length).sum());
  }

  private final class File implements StoredFile {
    private final String name;
    private final Content content;
    private boolean closed;

    File(String name, Content content) {
      this.name = name;
      this.content = content;
    }

    private void check() {
      live();
      if (closed) {
        throw new StoreException.Io(name + " is closed", new ClosedChannelException());
      }
    }

    @Override
    public void read(long offsetBytes, ByteBuffer destination) {
      synchronized (DiskDouble.this) {
        check();
        int at = (int) offsetBytes;
        checkReadable(name, at, at + destination.remaining());
        int have = Math.max(0, Math.min(destination.remaining(), content.length - at));
        destination.put(content.now, Math.min(at, content.now.length), have);
        while (destination.hasRemaining()) {
          destination.put((byte) 0);
        }
      }
    }

    @Override
    public int tryRead(long offsetBytes, ByteBuffer destination) {
      int wanted = destination.remaining();
      read(offsetBytes, destination);
      return wanted;
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) {
      synchronized (DiskDouble.this) {
        check();
        int at = (int) offsetBytes;
        int end = at + source.remaining();
        long room = freeBytes() + content.length - end;
        if (end > content.length && room < 0) {
          int some = Math.max(0, source.remaining() / 2); // a part gets there
          writeNow(at, source.slice(source.position(), some));
          throw new StoreException.Full("no room for " + name, new IOException("no space left"));
        }
        writeNow(at, source);
      }
    }

    private void writeNow(int at, ByteBuffer source) {
      int end = at + source.remaining();
      if (content.now.length < end) {
        content.now = Arrays.copyOf(content.now, Math.max(end, content.now.length * 2));
      }
      source.get(content.now, at, end - at);
      content.length = Math.max(content.length, end);
      content.pending.add(new int[] {at, end});
    }

    @Override
    public void sync() {
      synchronized (DiskDouble.this) {
        check();
        syncs++;
        if (syncFails) {
          throw new StoreException.Io("cannot sync " + name, new IOException("I/O error"));
        }
        for (int[] write : content.pending) {
          int end = Math.min(write[1], content.length);
          if (write[0] < end) {
            put(content, write[0], end, content.now);
          }
        }
        content.durableLength = content.length;
        if (content.durable.length < content.length) {
          content.durable = Arrays.copyOf(content.durable, content.length);
        }
        content.pending.clear();
      }
    }

    @Override
    public void punch(long offsetBytes, long lengthBytes) {
      throw new UnsupportedOperationException("punch");
    }

    @Override
    public long lengthBytes() {
      synchronized (DiskDouble.this) {
        check();
        return content.length;
      }
    }

    @Override
    public void setLength(long lengthBytes) {
      synchronized (DiskDouble.this) {
        check();
        content.length = (int) lengthBytes;
        content.pending.replaceAll(
            w -> new int[] {w[0], Math.max(w[0], Math.min(w[1], content.length))});
      }
    }

    @Override
    public long allocatedBytes() {
      return lengthBytes();
    }

    @Override
    public List<Volume.Extent> extents(long offsetBytes, long lengthBytes) {
      return List.of(new Volume.Extent(offsetBytes, lengthBytes));
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}

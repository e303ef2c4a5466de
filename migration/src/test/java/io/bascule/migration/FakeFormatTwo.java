package io.bascule.migration;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.store.v1.VolumeStoreV1;
import io.bascule.store.v2.DamageListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Format 1 in the part of format 2, with faults: what matters here is that it is another store. */
final class FakeFormatTwo implements FormatTwo {
  private final Directory directory;
  private final Faults faults;
  private final Map<UUID, Volume> open = new ConcurrentHashMap<>();
  private @Nullable VolumeStoreV1 store;

  /** What goes wrong, from now on. */
  static final class Faults {
    /** Runs at the begin of every call, with its name; may throw or wait. */
    volatile Consumer<String> before = call -> {};

    /** Set when format 2 is closed. */
    volatile boolean closed;

    static Consumer<String> fails(String name) {
      return call -> {
        if (call.equals(name)) {
          throw new StoreException.Io(
              name + " of format 2 failed", new IOException("Input/output error"));
        }
      };
    }

    static Consumer<String> full(String name) {
      return call -> {
        if (call.equals(name)) {
          throw new StoreException.Full("full", new IOException("No space left on device"));
        }
      };
    }

    static Consumer<String> stalls(String name, CountDownLatch until) {
      return call -> {
        if (call.equals(name)) {
          try {
            until.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }
      };
    }
  }

  FakeFormatTwo(Directory directory, Faults faults) {
    this.directory = directory;
    this.faults = faults;
  }

  private VolumeStoreV1 store() {
    if (store == null) {
      throw new IllegalStateException("closed");
    }
    return store;
  }

  @Override
  public void onDamage(DamageListener listener) {} // nobody scrubs this one

  @Override
  public void createEmpty() {
    faults.before.accept("create");
    drop();
    open();
  }

  @Override
  public void open() {
    faults.before.accept("open");
    store = new VolumeStoreV1(directory);
  }

  @Override
  public void createVolume(UUID uuid, long sizeBytes) {
    faults.before.accept("createVolume");
    store().create(uuid, sizeBytes);
  }

  @Override
  public Volume openVolume(UUID uuid) {
    faults.before.accept("openVolume");
    var volume = new Faulty(store().open(uuid));
    open.put(uuid, volume);
    return volume;
  }

  @Override
  public void sync() {
    faults.before.accept("sync");
    open.values().forEach(Volume::flush);
  }

  @Override
  public void checkFiles() {
    faults.before.accept("checkFiles");
  }

  @Override
  public long freeBytes() {
    faults.before.accept("freeBytes");
    return directory.freeBytes();
  }

  @Override
  public void close() {
    faults.closed = true;
    open.values().forEach(Volume::close);
    open.clear();
    store = null;
  }

  @Override
  public void drop() {
    close();
    directory.list().forEach(directory::delete);
    directory.sync();
  }

  private final class Faulty implements Volume {
    private final Volume real;

    Faulty(Volume real) {
      this.real = real;
    }

    @Override
    public UUID uuid() {
      return real.uuid();
    }

    @Override
    public long sizeBytes() {
      return real.sizeBytes();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer destination) {
      faults.before.accept("read");
      real.read(offsetBytes, destination);
    }

    @Override
    public int tryRead(long offsetBytes, ByteBuffer destination) {
      faults.before.accept("tryRead");
      return real.tryRead(offsetBytes, destination);
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source, boolean fua) {
      faults.before.accept("write");
      real.write(offsetBytes, source, fua);
    }

    @Override
    public void trim(long offsetBytes, long lengthBytes) {
      faults.before.accept("trim");
      real.trim(offsetBytes, lengthBytes);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes) {
      faults.before.accept("trim");
      real.zero(offsetBytes, lengthBytes);
    }

    @Override
    public void flush() {
      real.flush();
    }

    @Override
    public <T> T atomically(long offsetBytes, long lengthBytes, AtomicOperation<T> operation) {
      return real.atomically(offsetBytes, lengthBytes, operation);
    }

    @Override
    public long allocatedBytes() {
      return real.allocatedBytes();
    }

    @Override
    public List<Extent> extents(long offsetBytes, long lengthBytes) {
      faults.before.accept("extents");
      return real.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void close() {
      real.close();
    }
  }
}

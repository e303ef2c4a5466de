package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A directory in which tests come between: before and after what is done with a file. */
final class HookedDirectory implements Directory {
  /** What is about to be done, or was just done, with a file. */
  enum Call {
    READ,
    WRITE,
    WRITTEN,
    SYNC,
    SYNCED,
    DELETE
  }

  interface Hook {
    void at(Call call, String name);
  }

  private final Directory behind;
  volatile Hook hook = (_, _) -> {};
  final AtomicInteger openFiles = new AtomicInteger();

  HookedDirectory(Directory behind) {
    this.behind = behind;
  }

  @Override
  public Survives writesSurvive() {
    return behind.writesSurvive();
  }

  @Override
  public StoredFile create(String name) {
    return new File(name, behind.create(name));
  }

  @Override
  public StoredFile open(String name) {
    return new File(name, behind.open(name));
  }

  @Override
  public boolean exists(String name) {
    return behind.exists(name);
  }

  @Override
  public List<String> list() {
    return behind.list();
  }

  @Override
  public void replace(String name, byte[] content) {
    hook.at(Call.WRITE, name);
    behind.replace(name, content);
    hook.at(Call.WRITTEN, name);
  }

  @Override
  public void delete(String name) {
    hook.at(Call.DELETE, name);
    behind.delete(name);
  }

  @Override
  public void sync() {
    behind.sync();
  }

  @Override
  public long freeBytes() {
    return behind.freeBytes();
  }

  private final class File implements StoredFile {
    private final String name;
    private final StoredFile behind;

    File(String name, StoredFile behind) {
      this.name = name;
      this.behind = behind;
      openFiles.incrementAndGet();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer destination) {
      hook.at(Call.READ, name);
      behind.read(offsetBytes, destination);
    }

    @Override
    public int tryRead(long offsetBytes, ByteBuffer destination) {
      hook.at(Call.READ, name);
      return behind.tryRead(offsetBytes, destination);
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) {
      hook.at(Call.WRITE, name);
      behind.write(offsetBytes, source);
      hook.at(Call.WRITTEN, name);
    }

    @Override
    public void sync() {
      hook.at(Call.SYNC, name);
      behind.sync();
      hook.at(Call.SYNCED, name);
    }

    @Override
    public void punch(long offsetBytes, long lengthBytes) {
      behind.punch(offsetBytes, lengthBytes);
    }

    @Override
    public long lengthBytes() {
      return behind.lengthBytes();
    }

    @Override
    public void setLength(long lengthBytes) {
      behind.setLength(lengthBytes);
    }

    @Override
    public long allocatedBytes() {
      return behind.allocatedBytes();
    }

    @Override
    public List<Volume.Extent> extents(long offsetBytes, long lengthBytes) {
      return behind.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void close() {
      openFiles.decrementAndGet();
      behind.close();
    }
  }
}

package io.bascule.store.v1;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A real directory that dies like a killed process before its n-th change, after which nothing
 * changes any more; or whose files fail to sync.
 */
final class FaultyDirectory implements Directory {
  private final Directory real;
  private int changesLeft = Integer.MAX_VALUE;
  private int changes;
  volatile boolean syncFails;

  /** Runs in each sync of a file, before it. */
  volatile Runnable onSync = () -> {};

  int syncs;

  FaultyDirectory(Directory real) {
    this.real = real;
  }

  /** Thrown in the place of a kill. */
  static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  FaultyDirectory dieBeforeChange(int n) {
    changesLeft = n;
    return this;
  }

  /** Changes asked for so far. */
  int changes() {
    return changes;
  }

  private void change() {
    if (changesLeft-- <= 0) {
      throw new Killed();
    }
    changes++;
  }

  @Override
  public Survives writesSurvive() {
    return real.writesSurvive();
  }

  @Override
  public StoredFile create(String name) {
    change();
    return new FaultyFile(real.create(name));
  }

  @Override
  public StoredFile open(String name) {
    return new FaultyFile(real.open(name));
  }

  @Override
  public boolean exists(String name) {
    return real.exists(name);
  }

  @Override
  public List<String> list() {
    return real.list();
  }

  @Override
  public void replace(String name, byte[] content) {
    change();
    real.replace(name, content);
  }

  @Override
  public void delete(String name) {
    change();
    real.delete(name);
  }

  @Override
  public void sync() {
    real.sync();
  }

  @Override
  public long freeBytes() {
    return real.freeBytes();
  }

  private final class FaultyFile implements StoredFile {
    private final StoredFile file;

    FaultyFile(StoredFile file) {
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
      change();
      file.write(offsetBytes, source);
    }

    @Override
    public void sync() {
      syncs++;
      onSync.run();
      if (syncFails) {
        throw new StoreException.Io("cannot sync", new java.io.IOException("Input/output error"));
      }
      file.sync();
    }

    @Override
    public void punch(long offsetBytes, long lengthBytes) {
      change();
      file.punch(offsetBytes, lengthBytes);
    }

    @Override
    public long lengthBytes() {
      return file.lengthBytes();
    }

    @Override
    public void setLength(long lengthBytes) {
      change();
      file.setLength(lengthBytes);
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

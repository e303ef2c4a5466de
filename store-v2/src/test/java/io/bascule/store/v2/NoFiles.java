package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoredFile;
import java.util.List;

/** A directory of which a test needs little: what it does not override is not called. */
abstract class NoFiles implements Directory {
  private static final long PLENTY_BYTES = 1L << 40;

  @Override
  public Survives writesSurvive() {
    return Survives.PROCESS_DEATH;
  }

  @Override
  public boolean exists(String name) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public StoredFile open(String name) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public List<String> list() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void replace(String name, byte[] content) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public void delete(String name) {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public void sync() {}

  @Override
  public long freeBytes() {
    return PLENTY_BYTES;
  }
}

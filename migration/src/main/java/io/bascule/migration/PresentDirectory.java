package io.bascule.migration;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoredFile;
import java.util.List;
import java.util.function.Supplier;

/**
 * A directory that may be taken away as a whole and made anew: each call goes to the present one.
 */
final class PresentDirectory implements Directory {
  private final Supplier<Directory> present;

  PresentDirectory(Supplier<Directory> present) {
    this.present = present;
  }

  @Override
  public Survives writesSurvive() {
    return present.get().writesSurvive();
  }

  @Override
  public StoredFile create(String name) {
    return present.get().create(name);
  }

  @Override
  public StoredFile open(String name) {
    return present.get().open(name);
  }

  @Override
  public boolean exists(String name) {
    return present.get().exists(name);
  }

  @Override
  public List<String> list() {
    return present.get().list();
  }

  @Override
  public void replace(String name, byte[] content) {
    present.get().replace(name, content);
  }

  @Override
  public void delete(String name) {
    present.get().delete(name);
  }

  @Override
  public void sync() {
    present.get().sync();
  }

  @Override
  public long freeBytes() {
    return present.get().freeBytes();
  }
}

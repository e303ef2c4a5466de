package io.bascule.migration;

import io.bascule.core.storage.Enclosure;
import io.bascule.core.storage.Storage;
import io.bascule.core.storage.StorageProvider;

/** The storage of releases since 2.0.1: format 2, and the way there from format 1. */
public final class TwoFormats implements StorageProvider {
  private static final int TWO = 2;

  @Override
  public Storage open(Enclosure enclosure) {
    return enclosure.format() == TWO
        ? PoolStorage.open(enclosure)
        : new MigratingStorage(enclosure);
  }
}

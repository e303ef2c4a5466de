package io.bascule.migration;

import io.bascule.core.storage.Enclosure;
import io.bascule.core.storage.FormatTwoCheck;
import io.bascule.core.storage.Storage;
import io.bascule.core.storage.StorageProvider;
import io.bascule.core.volume.Directory;
import io.bascule.store.v2.PoolChecker;
import io.bascule.store.v2.PoolWarmUp;
import io.bascule.store.v2.VolumeInfo;
import java.util.UUID;
import java.util.stream.Collectors;

/** The storage of releases since 2.0.1: format 2, and the way there from format 1. */
public final class TwoFormats implements StorageProvider {
  private static final int TWO = 2;

  @Override
  public Storage open(Enclosure enclosure) {
    return enclosure.format() == TWO
        ? PoolStorage.open(enclosure)
        : new MigratingStorage(enclosure);
  }

  @Override
  public FormatTwoCheck check(Directory formatTwo, String bootId) {
    var report = PoolChecker.check(formatTwo, UUID.fromString(bootId));
    return new FormatTwoCheck(
        report.volumes().stream()
            .filter(VolumeInfo::writable)
            .collect(
                Collectors.toMap(
                    VolumeInfo::uuid, info -> PoolVolumes.checked(info, report.suspect()))),
        report.volumes().stream().filter(info -> !info.writable()).map(VolumeInfo::uuid).toList(),
        report.findings().stream().map(PoolVolumes::damage).toList(),
        report.readable());
  }

  @Override
  public void warmUp(Directory scratch) {
    PoolWarmUp.run(scratch);
  }
}

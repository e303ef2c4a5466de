package io.bascule.migration;

import io.bascule.core.volume.Damage;
import io.bascule.core.volume.DamageReport;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeStore;
import io.bascule.store.v2.Finding;
import io.bascule.store.v2.VolumeInfo;
import io.bascule.store.v2.VolumePool;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;

/** The volumes of a pool, as the controller uses them. */
final class PoolVolumes implements VolumeStore {
  private static final int FORMAT = 2;

  private final VolumePool pool;

  PoolVolumes(VolumePool pool) {
    this.pool = pool;
  }

  @Override
  public Volume create(UUID uuid, long sizeBytes) {
    pool.create(uuid, sizeBytes);
    return pool.open(uuid);
  }

  @Override
  public Volume open(UUID uuid) {
    return pool.open(uuid);
  }

  @Override
  public void grow(UUID uuid, long sizeBytes) {
    pool.resize(uuid, sizeBytes);
  }

  @Override
  public void delete(UUID uuid) {
    pool.delete(uuid);
  }

  @Override
  public boolean isSound(UUID uuid) {
    return !pool.isSuspect() && info(uuid).isPresent();
  }

  private Optional<VolumeInfo> info(UUID uuid) {
    return pool.list().stream().filter(info -> info.uuid().equals(uuid)).findFirst();
  }

  @Override
  public VolumeCheck check(UUID uuid) {
    return info(uuid)
        .map(info -> checked(info, pool.isSuspect()))
        .orElseGet(() ->
            new VolumeCheck(
                FORMAT,
                OptionalLong.empty(),
                List.of(
                    new VolumeCheck.Finding(
                        VolumeCheck.Trouble.DATA_MISSING, "the pool has no volume " + uuid))));
  }

  /** A volume that is there. */
  static VolumeCheck checked(VolumeInfo info, boolean suspect) {
    return new VolumeCheck(
        FORMAT,
        OptionalLong.of(info.sizeBytes()),
        suspect
            ? List.of(
                new VolumeCheck.Finding(
                    VolumeCheck.Trouble.SUSPECT,
                    "a sync of the pool failed: what was acknowledged may not be on the disk"))
            : List.of());
  }

  @Override
  public void accept(UUID uuid) {
    throw new StoreException.Io(
        "volumes of format 2 share one pool; none is accepted by itself",
        new UnsupportedOperationException("accept"));
  }

  @Override
  public DamageReport damage() {
    var met = pool.scrubReport();
    var found =
        Stream.concat(
            pool.findings().stream().map(Damage::shared),
            met.findings().stream().map(PoolVolumes::damage));
    return new DamageReport(found.distinct().toList(), met.passes() > 0);
  }

  static Damage damage(Finding finding) {
    return new Damage(finding.volume(), finding.inPlace());
  }

  @Override
  public List<String> strays(Collection<UUID> known) {
    return pool.list().stream()
        .filter(info -> !known.contains(info.uuid()))
        .map(info -> (info.writable() ? "volume " : "snapshot ") + info.uuid())
        .toList();
  }
}

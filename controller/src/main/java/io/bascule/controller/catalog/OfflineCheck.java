package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.catalog.SnapshotTable.SnapshotEntry;
import io.bascule.controller.state.LostState;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.storage.FormatTwoCheck;
import io.bascule.core.storage.StorageProvider;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.platform.Layout;
import io.bascule.platform.LocalDirectory;
import io.bascule.platform.OfdLock;
import io.bascule.platform.ProcessIdentity;
import io.bascule.store.v1.CheckV1;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Looks at the volumes of an appliance that is down: the catalog against the files. Holds the lease
 * meanwhile, so that nobody becomes active, and changes nothing.
 */
public final class OfflineCheck {
  private OfflineCheck() {}

  private record Rows(
      int format,
      List<VolumeEntry> all,
      List<VolumeEntry> ready,
      List<SnapshotEntry> allSnapshots,
      List<SnapshotEntry> readySnapshots) {

    /**
     * What is half created or half deleted has data, and no meaning: the next start clears it away.
     */
    List<UUID> known() {
      return Stream.concat(
              all.stream().map(VolumeEntry::uuid), allSnapshots.stream().map(SnapshotEntry::uuid))
          .toList();
    }
  }

  /**
   * Does it.
   *
   * @param scratch an empty folder of one's own
   * @param newer the storage that the release brings along
   * @throws Refusal CONFLICTING_OPERATION while a controller is active, if state.db is gone, or if
   *     the volumes are in a format that the release does not know
   */
  public static VolumeCheckView run(Layout layout, Path scratch, Optional<StorageProvider> newer)
      throws IOException {
    var lost = LostState.look(layout);
    if (lost.isPresent()) {
      throw new Refusal(ErrorCode.CONFLICTING_OPERATION, lost.get() + ".");
    }
    if (Files.notExists(layout.stateDb()) || Files.notExists(layout.lease())) {
      return VolumeChecks.view(false, List.of(), List.of(), List.of());
    }
    try (var lease = OfdLock.open(layout.lease())) {
      if (!lease.tryLock()) {
        throw new Refusal(
            ErrorCode.CONFLICTING_OPERATION, "A controller is active here: ask it, over the API.");
      }
      var catalog =
          StateDb.read(
              layout.stateDb(),
              scratch,
              sql ->
                  new Rows(
                      VolumeFormat.of(sql),
                      CatalogTable.volumes(sql),
                      CatalogTable.volumes(sql, CatalogTable.READY),
                      SnapshotTable.snapshots(sql),
                      SnapshotTable.snapshots(sql, CatalogTable.READY)));
      if (catalog.format() == VolumeFormat.ONE) {
        return formatOne(catalog, LocalDirectory.existing(layout.volumesV1()));
      }
      var provider =
          newer.orElseThrow(() ->
              new Refusal(
                  ErrorCode.CONFLICTING_OPERATION,
                  "The volumes are in format "
                      + catalog.format()
                      + ", which this release does not know."));
      var directory = LocalDirectory.existing(layout.volumesV2());
      return formatTwo(catalog, provider.check(directory, ProcessIdentity.currentBootId()));
    }
  }

  private static VolumeCheckView formatOne(Rows catalog, LocalDirectory directory) {
    var checked =
        catalog.ready().stream()
            .map(entry ->
                VolumeChecks.checked(
                    entry, CheckV1.volume(directory, entry.uuid()), List.of(), false))
            .toList();
    return VolumeChecks.view(false, checked, List.of(), CheckV1.strays(directory, catalog.known()));
  }

  private static VolumeCheckView formatTwo(Rows catalog, FormatTwoCheck found) {
    var checked =
        catalog.ready().stream()
            .map(entry ->
                VolumeChecks.checked(entry, volume(found, entry.uuid()), found.damage(), false))
            .toList();
    var missing =
        catalog.readySnapshots().stream()
            .filter(snapshot -> found.readable() && !found.snapshots().contains(snapshot.uuid()))
            .toList();
    var known = catalog.known();
    var strays =
        Stream.concat(
                found.volumes().keySet().stream()
                    .filter(uuid -> !known.contains(uuid))
                    .map(uuid -> "volume " + uuid),
                found.snapshots().stream()
                    .filter(uuid -> !known.contains(uuid))
                    .map(uuid -> "snapshot " + uuid))
            .toList();
    var pool =
        VolumeChecks.pool(found.damage(), catalog.ready(), catalog.readySnapshots(), missing);
    return VolumeChecks.view(false, checked, pool, strays);
  }

  private static VolumeCheck volume(FormatTwoCheck found, UUID uuid) {
    var volume = found.volumes().get(uuid);
    return volume != null
        ? volume
        : new VolumeCheck(
            VolumeFormat.TWO,
            OptionalLong.empty(),
            List.of(
                found.readable()
                    ? new VolumeCheck.Finding(
                        VolumeCheck.Trouble.DATA_MISSING, "the pool has no volume " + uuid)
                    : new VolumeCheck.Finding(
                        VolumeCheck.Trouble.UNREADABLE, "nobody can tell what the pool holds")));
  }
}

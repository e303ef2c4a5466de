package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.platform.Layout;
import io.bascule.platform.LocalDirectory;
import io.bascule.platform.OfdLock;
import io.bascule.store.v1.CheckV1;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Looks at the volumes of an appliance that is down: the catalog against the files. Holds the lease
 * meanwhile, so that nobody becomes active, and changes nothing.
 */
public final class OfflineCheck {
  private OfflineCheck() {}

  private record Rows(int format, List<VolumeEntry> all, List<VolumeEntry> ready) {}

  /**
   * Does it.
   *
   * @param scratch an empty folder of one's own
   * @throws Refusal CONFLICTING_OPERATION while a controller is active, or if the volumes are in
   *     another format
   */
  public static VolumeCheckView run(Layout layout, Path scratch) throws IOException {
    if (Files.notExists(layout.stateDb()) || Files.notExists(layout.lease())) {
      return VolumeChecks.view(false, List.of(), List.of());
    }
    try (var lease = OfdLock.open(layout.lease())) {
      if (!lease.tryLock()) {
        throw new Refusal(
            ErrorCode.CONFLICTING_OPERATION, "A controller is active here: ask it, over the API.");
      }
      var directory = LocalDirectory.existing(layout.volumesV1());
      var catalog =
          StateDb.read(
              layout.stateDb(),
              scratch,
              sql ->
                  new Rows(
                      VolumeFormat.of(sql),
                      CatalogTable.volumes(sql),
                      CatalogTable.volumes(sql, CatalogTable.READY)));
      if (catalog.format() != VolumeFormat.ONE) {
        throw new Refusal(
            ErrorCode.CONFLICTING_OPERATION,
            "The volumes are in format "
                + catalog.format()
                + ", which is checked while the appliance runs: `bascule up` first.");
      }
      var checked =
          catalog.ready().stream()
              .map(entry ->
                  VolumeChecks.checked(entry, CheckV1.volume(directory, entry.uuid()), false))
              .toList();
      // What is half created or half deleted has files, and no meaning: the next start clears it.
      var known = catalog.all().stream().map(VolumeEntry::uuid).toList();
      return VolumeChecks.view(false, checked, CheckV1.strays(directory, known));
    }
  }
}

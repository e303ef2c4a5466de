package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.catalog.SnapshotTable.SnapshotEntry;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeCheckView.Checked;
import io.bascule.core.api.VolumeCheckView.Finding;
import io.bascule.core.volume.Damage;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeCheck.Trouble;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;

/** What a look at volumes is told as, of a running appliance and of one that is down. */
final class VolumeChecks {
  private static final String NO_CHECKSUMS =
      "Headers, files, sizes and marks were looked at. What the blocks hold was not: format 1 keeps"
          + " no checksums.";

  private static final String CHECKSUMS =
      "This is what reading, and the scrubbing that goes on all the time, have met since the pool"
          + " was opened. While the appliance is down, a check reads every block.";

  private static final String ALL_READ =
      "Every structure and every block was read and compared with its checksum.";

  private static final String DISK =
      "Look at the disk under the enclosure, and stop writing to it. What cannot be restored there"
          + " comes from a backup: delete the volume, create it again.";

  private static final String POOL =
      "Blocks that lie there are answered with an error, never with wrong data. Look at the disk"
          + " under the enclosure. Volumes that miss blocks for it are told above; where none is,"
          + " hosts have lost nothing.";

  private static final String BLOCKS =
      "Hosts get an error for it, never wrong data. Look at the disk under the enclosure. What a"
          + " host writes there anew is whole again: restore it from a backup.";

  private static final String NOT_READABLE =
      "Delete nothing: what the volumes held may all be there. Put back the files of the pool that"
          + " are missing or damaged, or restore the volumes from a backup.";

  private VolumeChecks() {}

  /** All that was looked at. */
  static VolumeCheckView view(
      boolean live, List<Checked> volumes, List<Finding> pool, List<String> strays) {
    boolean sound =
        volumes.stream().allMatch(volume -> volume.findings().isEmpty())
            && pool.isEmpty()
            && strays.isEmpty();
    boolean one = volumes.stream().allMatch(volume -> volume.format() <= VolumeFormat.ONE);
    return new VolumeCheckView(
        sound, live, volumes, pool, strays, one ? NO_CHECKSUMS : live ? CHECKSUMS : ALL_READ);
  }

  /** What is wrong with the pool of format 2. */
  static List<Finding> pool(
      List<Damage> damage,
      List<VolumeEntry> volumes,
      List<SnapshotEntry> snapshots,
      List<SnapshotEntry> missing) {
    return Stream.concat(
            damage.stream()
                .filter(one -> volumes.stream().noneMatch(entry -> isOf(one, entry.uuid())))
                .map(one -> new Finding("POOL_DAMAGED", of(one, snapshots) + one.what(), POOL)),
            missing.stream()
                .map(snapshot ->
                    new Finding(
                        "SNAPSHOT_MISSING",
                        "the pool does not hold snapshot " + snapshot.name(),
                        "Delete it; a backup may hold what it held.")))
        .toList();
  }

  private static boolean isOf(Damage damage, UUID uuid) {
    return damage.volume().filter(uuid::equals).isPresent();
  }

  /** Whose block it is, if it is of no volume in the catalog. */
  private static String of(Damage damage, List<SnapshotEntry> snapshots) {
    for (var snapshot : snapshots) {
      if (isOf(damage, snapshot.uuid())) {
        return "snapshot " + snapshot.name() + ": ";
      }
    }
    return damage.volume().map(uuid -> "volume " + uuid + ": ").orElse("");
  }

  /**
   * A volume of the catalog, as its store found it.
   *
   * @param damage of all volumes
   */
  static Checked checked(
      VolumeEntry entry, VolumeCheck found, List<Damage> damage, boolean shouldBeOpen) {
    var findings = new ArrayList<Finding>();
    boolean damaged = false;
    for (var one : found.findings()) {
      damaged |= one.trouble() != Trouble.SUSPECT;
      findings.add(
          new Finding(
              one.trouble().name(), one.detail(), remedy(entry, found.format(), one.trouble())));
    }
    for (var one : damage) {
      if (isOf(one, entry.uuid())) {
        damaged = true;
        findings.add(new Finding(Trouble.BLOCK_DAMAGED.name(), one.what(), BLOCKS));
      }
    }
    if (isSmaller(found.sizeBytes(), entry)) {
      damaged = true;
      findings.add(
          new Finding(
              "SIZE_DIFFERS",
              "its header says %d bytes, hosts were told %d"
                  .formatted(found.sizeBytes().orElseThrow(), entry.sizeBytes()),
              DISK));
    }
    if (shouldBeOpen) {
      damaged = true;
      findings.add(
          new Finding(
              "NOT_OPEN",
              "it could not be opened when this controller became active: hosts get errors",
              "Mend what else is told here; then let the active controller hand over, which opens"
                  + " the volume again."));
    }
    String state = damaged ? "DAMAGED" : findings.isEmpty() ? "SOUND" : "SUSPECT";
    return new Checked(
        entry.name(), entry.lun(), entry.uuid().toString(), found.format(), state, findings);
  }

  /** A larger one is a grow that was cut off: opening the volume tells the catalog. */
  private static boolean isSmaller(OptionalLong sizeBytes, VolumeEntry entry) {
    return sizeBytes.isPresent() && sizeBytes.getAsLong() < entry.sizeBytes();
  }

  private static String remedy(VolumeEntry entry, int format, Trouble trouble) {
    return switch (trouble) {
      case SUSPECT ->
          format == VolumeFormat.ONE
              ? "Hosts read it and cannot write. Check its data; `bascule volume check "
                  + entry.name()
                  + " --accept` lets them write again."
              : "Hosts read the pool's volumes and cannot write. Look at the disk under the"
                  + " enclosure; copy the volumes elsewhere while they can be read.";
      case HEADER_TOO_NEW -> "A newer release wrote it: run that release.";
      case HEADER_TOO_OLD -> "An older format wrote it: it is not one of this product's releases.";
      case BLOCK_DAMAGED -> BLOCKS;
      case UNREADABLE -> format == VolumeFormat.ONE ? DISK : NOT_READABLE;
      case HEADER_MISSING, HEADER_CORRUPT, DATA_MISSING, DATA_SHORT -> DISK;
    };
  }
}

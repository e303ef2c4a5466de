package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.state.VolumeFormat;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeCheckView.Checked;
import io.bascule.core.api.VolumeCheckView.Finding;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeCheck.Trouble;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** What a look at volumes is told as, of a running appliance and of one that is down. */
final class VolumeChecks {
  private static final String LIMITS =
      "Headers, files, sizes and marks were looked at. What the blocks hold was not: ";

  private static final String NO_CHECKSUMS = "format 1 keeps no checksums.";

  private static final String CHECKSUMS = "format 2 compares its checksums whenever it reads.";

  private static final String DISK =
      "Look at the disk under the enclosure, and stop writing to it. What cannot be restored there"
          + " comes from a backup: delete the volume, create it again.";

  private VolumeChecks() {}

  /** All that was looked at. */
  static VolumeCheckView view(boolean live, List<Checked> volumes, List<String> strays) {
    boolean sound =
        volumes.stream().allMatch(volume -> volume.findings().isEmpty()) && strays.isEmpty();
    boolean one = volumes.stream().allMatch(volume -> volume.format() <= VolumeFormat.ONE);
    return new VolumeCheckView(
        sound, live, volumes, strays, LIMITS + (one ? NO_CHECKSUMS : CHECKSUMS));
  }

  /** A volume of the catalog, as its store found it. */
  static Checked checked(VolumeEntry entry, VolumeCheck found, boolean shouldBeOpen) {
    var findings = new ArrayList<Finding>();
    boolean damaged = false;
    for (var one : found.findings()) {
      damaged |= one.trouble() != Trouble.SUSPECT;
      findings.add(
          new Finding(
              one.trouble().name(), one.detail(), remedy(entry, found.format(), one.trouble())));
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
      case HEADER_MISSING, HEADER_CORRUPT, DATA_MISSING, DATA_SHORT, UNREADABLE -> DISK;
    };
  }
}

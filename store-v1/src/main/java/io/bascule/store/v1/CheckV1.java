package io.bascule.store.v1;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeCheck.Finding;
import io.bascule.core.volume.VolumeCheck.Trouble;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Looks at format 1 volumes and changes nothing, not even what a killed process left half done: for
 * a store that nobody has open. What is open is looked at by {@link VolumeStoreV1#check}.
 */
public final class CheckV1 {
  private CheckV1() {}

  /** One volume: its header, its data file, whether the one fits the other. */
  public static VolumeCheck volume(Directory directory, UUID uuid) {
    var findings = new ArrayList<Finding>();
    var size = OptionalLong.empty();
    try {
      var header =
          VolumeStoreV1.read(directory, uuid)
              .filter(found -> found.state() != HeaderV1.State.DELETED);
      if (header.isEmpty()) {
        findings.add(
            new Finding(Trouble.HEADER_MISSING, VolumeStoreV1.headerName(uuid) + " is missing"));
      } else {
        size = OptionalLong.of(header.get().sizeBytes());
        if (header.get().state() == HeaderV1.State.SUSPECT) {
          findings.add(suspect());
        }
      }
    } catch (StoreException e) {
      findings.add(new Finding(trouble(e), String.valueOf(e.getMessage())));
    }
    data(directory, uuid, size).ifPresent(findings::add);
    return new VolumeCheck(HeaderV1.FORMAT, size, findings);
  }

  /** A sync of the volume failed. */
  static Finding suspect() {
    return new Finding(
        Trouble.SUSPECT, "a sync failed: what hosts were told is written may not be on the disk");
  }

  private static java.util.Optional<Finding> data(
      Directory directory, UUID uuid, OptionalLong sizeBytes) {
    String name = VolumeStoreV1.dataName(uuid);
    if (!directory.exists(name)) {
      return java.util.Optional.of(new Finding(Trouble.DATA_MISSING, name + " is missing"));
    }
    try (var file = directory.open(name)) {
      long lengthBytes = file.lengthBytes();
      // A longer one is a grow that was cut off; opening the volume makes that good.
      return sizeBytes.isPresent() && lengthBytes < sizeBytes.getAsLong()
          ? java.util.Optional.of(
              new Finding(
                  Trouble.DATA_SHORT,
                  "%s has %d bytes, its header says %d"
                      .formatted(name, lengthBytes, sizeBytes.getAsLong())))
          : java.util.Optional.empty();
    } catch (StoreException e) {
      return java.util.Optional.of(new Finding(Trouble.UNREADABLE, String.valueOf(e.getMessage())));
    }
  }

  private static Trouble trouble(StoreException e) {
    return switch (e) {
      case StoreException.Corrupt _ -> Trouble.HEADER_CORRUPT;
      case StoreException.TooOld _ -> Trouble.HEADER_TOO_OLD;
      case StoreException.TooNew _ -> Trouble.HEADER_TOO_NEW;
      case StoreException.Io _, StoreException.Full _ -> Trouble.UNREADABLE;
    };
  }

  /**
   * What lies in the directory and belongs to none of these volumes, told for a person. Leftovers
   * of a create or a delete that was cut off are none: opening the store clears them away.
   */
  public static List<String> strays(Directory directory, Collection<UUID> known) {
    var strays = new ArrayList<String>();
    for (String name : directory.list()) {
      VolumeStoreV1.headerOf(name)
          .filter(uuid -> !known.contains(uuid) && !VolumeStoreV1.isDeleted(directory, uuid))
          .ifPresent(uuid -> strays.add("volume " + uuid));
      if (VolumeStoreV1.isStrayData(directory, name)) {
        strays.add("file " + name);
      }
    }
    return strays;
  }
}

package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.service.EventService;
import io.bascule.core.volume.Damage;
import io.bascule.core.volume.DamageReport;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Tells the administrator of what is damaged on disk, before a host meets it. An alert is over only
 * when everything was read and nothing of the kind was found. Used by one thread.
 */
public final class DamageAlerts {
  private static final String POOL = "pool.damaged";

  private final EventService events;

  /** Whether the alert is open; one that is not here may be, raised by a controller before us. */
  private final Map<String, Boolean> open = new HashMap<>();

  private DamageReport last = DamageReport.NONE;
  private List<VolumeEntry> volumesThen = List.of();

  public DamageAlerts(EventService events) {
    this.events = events;
  }

  static String kind(VolumeEntry entry) {
    return "volume.blocks-damaged." + entry.name();
  }

  void look(DamageReport report, List<VolumeEntry> volumes) {
    if (report.equals(last) && volumes.equals(volumesThen)) {
      return;
    }
    last = report;
    volumesThen = volumes;
    for (var entry : volumes) {
      var of = damageOf(report, entry.uuid());
      show(
          kind(entry),
          "CRITICAL",
          of.isEmpty(),
          "Volume %s has blocks that are damaged on disk; hosts get errors for them.",
          entry.name(),
          "`bascule volume check %s` names them. Look at the disk under the enclosure, and restore"
              + " them from a backup: what is written anew is whole again.");
    }
    open.keySet()
        .removeIf(kind ->
            !kind.equals(POOL) && volumes.stream().noneMatch(entry -> kind(entry).equals(kind)));
    var others =
        report.damage().stream()
            .filter(one -> volumes.stream().noneMatch(entry -> isOf(one, entry.uuid())))
            .toList();
    show(
        POOL,
        "WARNING",
        others.isEmpty(),
        "Something of format 2 is damaged on disk%s.",
        others.isEmpty() ? "" : ": " + others.getFirst().what(),
        "`bascule volume check` tells all of it. Look at the disk under the enclosure before hosts"
            + " feel it.");
  }

  private void show(
      String kind, String severity, boolean good, String message, String name, String whatToDo) {
    if (!good) {
      if (!open.getOrDefault(kind, false)) {
        events.raise(severity, kind, message.formatted(name), whatToDo.formatted(name));
        open.put(kind, true);
      }
    } else if (last.complete() && open.getOrDefault(kind, true)) {
      events.clear(kind);
      open.put(kind, false);
    }
  }

  private static List<Damage> damageOf(DamageReport report, UUID volume) {
    return report.damage().stream().filter(one -> isOf(one, volume)).toList();
  }

  private static boolean isOf(Damage damage, UUID volume) {
    return damage.volume().filter(volume::equals).isPresent();
  }
}

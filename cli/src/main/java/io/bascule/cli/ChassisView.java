package io.bascule.cli;

import io.bascule.cli.chassis.ChassisClient;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.api.ApplianceView;
import io.bascule.platform.Layout;
import io.bascule.release.Slots;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The controllers as the chassis knows them, for when none of them answers. */
final class ChassisView {
  private ChassisView() {}

  static List<ApplianceView.Controller> controllers(ChassisClient chassis, Layout layout)
      throws IOException {
    var views = new ArrayList<ApplianceView.Controller>();
    var states = chassis.state();
    for (var id : ControllerId.values()) {
      var boot = states.get(id);
      if (boot == null) {
        throw new IOException("the chassis says nothing of " + id);
      }
      views.add(
          new ApplianceView.Controller(
              id.number(),
              name(boot.role()),
              boot.status().name(),
              name(boot.release()),
              slots(layout, id),
              name(boot.runningSlot()),
              boot.attempts(),
              Instant.ofEpochMilli(boot.sinceMillis())));
    }
    return views;
  }

  private static Map<String, @Nullable String> slots(Layout layout, ControllerId id) {
    var slots = new LinkedHashMap<String, @Nullable String>();
    for (var slot : Slot.values()) {
      var manifest = Slots.read(layout.slot(id, slot));
      slots.put(slot.name(), manifest.map(m -> m.version().toString()).orElse(null));
    }
    return slots;
  }

  private static @Nullable String name(Optional<?> value) {
    return value.map(Object::toString).orElse(null);
  }
}

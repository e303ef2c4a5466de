package io.bascule.controller.upgrade;

import io.bascule.controller.service.EventService;
import java.util.HashMap;
import java.util.Map;

/**
 * The upgrade's alerts, told to the event service only when they change: the upgrade's thread looks
 * many times a second. Used by that thread alone.
 */
final class UpgradeAlerts {
  private final EventService events;

  /**
   * What was told last, by kind; a kind that is not here may still be raised from before a
   * takeover.
   */
  private final Map<String, String> told = new HashMap<>();

  UpgradeAlerts(EventService events) {
    this.events = events;
  }

  void raise(String kind, String message, String whatToDo) {
    String last = told.put(kind, message);
    if (last == null || !last.equals(message)) {
      if (last != null && !last.isEmpty()) {
        events.clear(kind);
      }
      events.raise("WARNING", kind, message, whatToDo);
    }
  }

  void clear(String kind) {
    String last = told.put(kind, "");
    if (last == null || !last.isEmpty()) {
      events.clear(kind);
    }
  }
}

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
   * What was told last was about this, by kind; a kind that is not here may still be raised from
   * before a takeover.
   */
  private final Map<String, String> told = new HashMap<>();

  UpgradeAlerts(EventService events) {
    this.events = events;
  }

  /**
   * @param about tells one reason from another; the message of the same one may change and is told
   *     once
   */
  void raise(String kind, String about, String message, String whatToDo) {
    String last = told.put(kind, about);
    if (last == null || !last.equals(about)) {
      if (last == null || !last.isEmpty()) {
        // One from before a takeover may speak of something else.
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

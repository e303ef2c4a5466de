package io.bascule.controller.service;

import io.bascule.core.api.AlertView;
import io.bascule.core.api.EventView;
import java.util.List;

/** Events and alerts, kept in the enclosure. */
public interface EventService {
  /** Records an event. {@code severity} is INFO, WARNING or CRITICAL. */
  void record(String severity, String kind, String message);

  /** At most {@code limit} events with an id above {@code afterId}, ascending. */
  List<EventView> after(long afterId, int limit);

  /** The newest {@code limit}, ascending. */
  List<EventView> newest(int limit);

  /** Returns when there is an event above {@code afterId}, or after {@code timeoutMillis}. */
  void await(long afterId, long timeoutMillis) throws InterruptedException;

  /** Raises the alert of that kind, if it is not raised already. */
  void raise(String severity, String kind, String message, String whatToDo);

  /** The condition is over. */
  void clear(String kind);

  /** Open ones first, newest first. */
  List<AlertView> alerts();

  void acknowledge(long alertId, String by);
}

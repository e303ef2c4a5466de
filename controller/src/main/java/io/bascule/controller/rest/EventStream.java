package io.bascule.controller.rest;

import io.bascule.controller.rest.Route.Call;
import io.bascule.controller.service.Services;
import io.bascule.core.Refusal;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.EventView;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * GET /events: server-sent events {@code upgrade}, {@code appliance}, {@code alert} and {@code
 * event}. A subscriber gets the present state first, and the events after the one it saw last.
 *
 * <p>One watcher thread looks for changes while anybody listens, and puts each into the queue of
 * every subscriber; the virtual thread of each subscriber's request empties its queue into the
 * socket. A subscriber whose queue is full is dropped: it comes back and gets the state anew. All
 * streams end when this controller is no longer active.
 */
final class EventStream implements AutoCloseable {
  private static final Logger LOG = System.getLogger(EventStream.class.getName());

  static final int MAX_SUBSCRIBERS = 200;

  /** A minute of the most that can happen; who is further behind is not reading. */
  private static final int QUEUE_LENGTH = 512;

  /** A subscriber's connection is proven alive so often. */
  static final long HEARTBEAT_MILLIS = 5_000;

  /** At most five upgrade messages a second: as smooth as a progress bar needs. */
  private static final long UPGRADE_MILLIS = 200;

  private static final long APPLIANCE_MILLIS = 500;
  private static final int EVENT_BATCH = 100;
  private static final int MAX_REPLAYED = 1_000;

  private final Supplier<Optional<Services>> activeServices;
  private final Set<Subscriber> subscribers = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}; null while nobody listens. */
  private @Nullable Thread watcher;

  private volatile boolean closed;

  EventStream(Supplier<Optional<Services>> activeServices) {
    this.activeServices = activeServices;
  }

  int subscriberCount() {
    return subscribers.size();
  }

  /** Serves one subscriber until it goes, is too slow, or this controller stops being active. */
  void serve(Call call) throws IOException {
    var subscriber = new Subscriber(lastSeen(call));
    subscribe(subscriber, call.services());
    try {
      OutputStream out = begin(call.http());
      try {
        subscriber.run(call.services(), out);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "an event subscriber is gone", e);
      }
    } finally {
      subscribers.remove(subscriber);
    }
  }

  private static OutputStream begin(Context http) throws IOException {
    http.res().setStatus(200);
    http.res().setContentType("text/event-stream");
    http.res().setCharacterEncoding("utf-8");
    http.res().setHeader("Cache-Control", "no-store");
    http.res().setHeader("X-Accel-Buffering", "no");
    return http.res().getOutputStream();
  }

  /**
   * From here on the subscriber is told every change. The watcher's view of the present is taken
   * before the subscriber's own, or what happens in between would be told by neither.
   */
  private void subscribe(Subscriber subscriber, Services services) {
    lock.lock();
    try {
      if (closed) {
        throw new Refusal(ErrorCode.NO_ACTIVE, "This controller is going down.");
      }
      if (subscribers.size() >= MAX_SUBSCRIBERS) {
        throw new Refusal(
            ErrorCode.TOO_MANY_REQUESTS,
            "%d event streams are open; close one.".formatted(MAX_SUBSCRIBERS));
      }
      if (watcher == null) {
        var changes = new Changes(services);
        watcher =
            Thread.ofVirtual().name("event-watcher").unstarted(() -> watch(services, changes));
        subscribers.add(subscriber);
        watcher.start();
      } else {
        subscribers.add(subscriber);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Watches until nobody listens or this controller is no longer active. */
  private void watch(Services services, Changes changes) {
    Optional<Services> own = Optional.of(services);
    try {
      while (!closed && activeServices.get().equals(own) && !idle()) {
        changes.lookAndTell();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "the event watcher failed; its subscribers are asked to come back", e);
    } finally {
      stopWatching();
    }
  }

  /** Whether nobody listens; if so this watcher is no longer the watcher. */
  private boolean idle() {
    lock.lock();
    try {
      if (subscribers.isEmpty()) {
        watcher = null;
      }
      return subscribers.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  private void stopWatching() {
    lock.lock();
    try {
      if (watcher == Thread.currentThread()) {
        watcher = null;
        subscribers.forEach(Subscriber::drop);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends every stream. */
  @Override
  public void close() {
    closed = true;
    subscribers.forEach(Subscriber::drop);
  }

  /**
   * The event after which to begin: the header a browser sends when it reconnects by itself, or
   * {@code ?after=ID}, or so that the last {@code ?newest=N} are told. -1: none of the past.
   */
  private static long lastSeen(Call call) {
    String id = call.http().header("Last-Event-ID");
    if (id != null && !id.isBlank()) {
      return number(id, "Last-Event-ID must be the id of an event.");
    }
    String after = call.http().queryParam("after");
    if (after != null) {
      return number(after, "'after' must be the id of an event.");
    }
    String newest = call.http().queryParam("newest");
    if (newest == null) {
      return -1;
    }
    long wanted = number(newest, "'newest' must be a number of events.");
    int count = (int) Math.clamp(wanted, 1, MAX_REPLAYED);
    List<EventView> past = call.services().events().newest(count);
    return past.isEmpty() ? -1 : past.getFirst().id() - 1;
  }

  private static long number(String text, String problem) {
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      throw new Refusal(ErrorCode.INVALID_ARGUMENT, problem);
    }
  }

  private static String message(String name, @Nullable Long id, Object value) {
    return (id == null ? "" : "id: " + id + "\n")
        + "event: "
        + name
        + "\ndata: "
        + Wire.text(value)
        + "\n\n";
  }

  /** What the watcher has told already. Only the watcher's thread uses it. */
  private final class Changes {
    private final Services services;
    private final Map<Long, AlertView> alerts = new HashMap<>();
    private long seenChange;
    private long seenEvent;
    private @Nullable ApplianceView appliance;
    private long upgradeToldNanos = System.nanoTime() - 1_000_000_000L;
    private long applianceLookedNanos = upgradeToldNanos;

    /**
     * Each subscriber is told the present state as it subscribes, later than this begins; so here
     * only what changes from now on counts.
     */
    Changes(Services services) {
      this.services = services;
      List<EventView> newest = services.events().newest(1);
      seenEvent = newest.isEmpty() ? 0 : newest.getLast().id();
      seenChange = services.upgrade().changeCount();
      appliance = services.appliance().view();
      services.events().alerts().forEach(alert -> alerts.put(alert.id(), alert));
    }

    void lookAndTell() throws InterruptedException {
      services.events().await(seenEvent, UPGRADE_MILLIS / 2);
      long now = System.nanoTime();
      tellEvents();
      if (now - upgradeToldNanos >= TimeUnit.MILLISECONDS.toNanos(UPGRADE_MILLIS)) {
        tellUpgrade(now);
      }
      if (now - applianceLookedNanos >= TimeUnit.MILLISECONDS.toNanos(APPLIANCE_MILLIS)) {
        applianceLookedNanos = now;
        tellAppliance();
        tellAlerts();
      }
      // A flood of events is told in batches, not one wake-up each.
      Thread.sleep(10);
    }

    private void tellEvents() {
      for (EventView event : services.events().after(seenEvent, EVENT_BATCH)) {
        seenEvent = event.id();
        tell(new Message(message("event", event.id(), event), event.id()));
      }
    }

    private void tellUpgrade(long now) {
      long change = services.upgrade().changeCount();
      if (change != seenChange) {
        seenChange = change;
        upgradeToldNanos = now;
        tell(new Message(message("upgrade", null, services.upgrade().view()), -1));
      }
    }

    private void tellAppliance() {
      ApplianceView view = services.appliance().view();
      if (!view.equals(appliance)) {
        appliance = view;
        tell(new Message(message("appliance", null, view), -1));
      }
    }

    private void tellAlerts() {
      List<AlertView> present = services.events().alerts();
      for (AlertView alert : present) {
        if (!alert.equals(alerts.get(alert.id()))) {
          tell(new Message(message("alert", null, alert), -1));
        }
      }
      alerts.clear();
      present.forEach(alert -> alerts.put(alert.id(), alert));
    }

    private void tell(Message message) {
      for (Subscriber subscriber : subscribers) {
        subscriber.offer(message);
      }
    }
  }

  /**
   * @param eventId of an {@code event}; -1 with the others
   */
  private record Message(String text, long eventId) {}

  /** One listener. {@link #run} belongs to the thread of its request. */
  private static final class Subscriber {
    private static final Message END = new Message("", -1);

    private final BlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE_LENGTH);
    private volatile boolean dropped;

    /** The newest event it has; -1: it asks for none of the past. */
    private long lastEventId;

    Subscriber(long lastEventId) {
      this.lastEventId = lastEventId;
    }

    void offer(Message message) {
      if (!queue.offer(message)) {
        drop();
      }
    }

    void drop() {
      dropped = true;
      queue.clear();
      // Wakes it when it waits; when there is no room it is awake.
      boolean woken = queue.offer(END);
      if (!woken) {
        LOG.log(Level.DEBUG, "a dropped subscriber is busy");
      }
    }

    void run(Services services, OutputStream out) throws IOException {
      write(out, "retry: 500\n\n");
      write(out, message("appliance", null, services.appliance().view()));
      write(out, message("upgrade", null, services.upgrade().view()));
      for (AlertView alert : services.events().alerts()) {
        if (alert.clearedAt() == null) {
          write(out, message("alert", null, alert));
        }
      }
      replay(services, out);
      out.flush();
      try {
        while (!dropped) {
          Message next = queue.poll(HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS);
          if (next == null) {
            write(out, ": still here\n\n");
          } else if (next != END && (next.eventId < 0 || next.eventId > lastEventId)) {
            write(out, next.text);
          }
          if (queue.isEmpty()) {
            out.flush();
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** The watcher may have queued some of these meanwhile; they are left out there by their id. */
    private void replay(Services services, OutputStream out) throws IOException {
      if (lastEventId < 0) {
        return;
      }
      int replayed = 0;
      List<EventView> batch = services.events().after(lastEventId, EVENT_BATCH);
      while (!batch.isEmpty() && replayed < MAX_REPLAYED) {
        for (EventView event : batch) {
          write(out, message("event", event.id(), event));
          lastEventId = event.id();
        }
        replayed += batch.size();
        batch = services.events().after(lastEventId, EVENT_BATCH);
      }
    }

    private static void write(OutputStream out, String text) throws IOException {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}

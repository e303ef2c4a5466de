package io.bascule.controller.runtime;

import io.bascule.controller.link.PeerLink;
import io.bascule.controller.service.EventService;
import io.bascule.core.Refusal;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Twice a second, while active: tells the standby what has changed, and raises and clears the
 * alerts about the chassis, about redundancy, about space and about damage. One thread, {@code
 * housekeeping}.
 */
final class Housekeeping {
  private static final System.Logger LOG = System.getLogger(Housekeeping.class.getName());

  private static final long PERIOD_MILLIS = 500;

  /** Damage is looked for once in so many turns. */
  private static final int DAMAGE_TURNS = 6;

  /** A reboot takes a few seconds; longer than this a person should know. */
  private static final long NOT_REDUNDANT_MILLIS = 30_000;

  private static final long CHASSIS_ABSENT_MILLIS = 5_000;

  private final NodeSettings settings;
  private final Links links;
  private final EventService events;
  private final Supplier<PeerLink.Pushed> pushed;
  private final SpaceWatch space;
  private final Runnable damage;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition stop = lock.newCondition();
  private long turns;
  private boolean stopping;
  private boolean standbyReady;
  private PeerLink.@Nullable Pushed lastPushed;
  private final Lasting notRedundant;
  private final Lasting noChassis;

  Housekeeping(
      NodeSettings settings,
      Links links,
      EventService events,
      Supplier<PeerLink.Pushed> pushed,
      SpaceWatch space,
      Runnable damage) {
    this.space = space;
    this.damage = damage;
    this.settings = settings;
    this.links = links;
    this.events = events;
    this.pushed = pushed;
    int other = settings.self().other().number();
    this.notRedundant =
        new Lasting(
            "redundancy.lost",
            NOT_REDUNDANT_MILLIS,
            "Controller " + other + " could not take over for half a minute.",
            "Look at its status and its log; power it on, or reboot it.");
    this.noChassis =
        new Lasting(
            "chassis.absent",
            CHASSIS_ABSENT_MILLIS,
            "The chassis does not answer: a controller that hangs or dies stays down.",
            "Run 'bascule up': a new chassis takes the running controllers over.");
    this.thread = Thread.ofPlatform().daemon().name("housekeeping").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  void stop() {
    lock.lock();
    try {
      stopping = true;
      stop.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      thread.join(1_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (pause()) {
        look();
      }
    } catch (Refusal closed) {
      LOG.log(System.Logger.Level.DEBUG, "state.db was closed first", closed);
    }
  }

  private void look() {
    var now = pushed.get();
    if (!now.equals(lastPushed)) {
      lastPushed = now;
      links.peer().push();
    }
    var peer = links.peer().peer();
    noteStandby(peer.isPresent() && peer.get().ready());
    notRedundant.observe(peer.isEmpty() || !peer.get().ready());
    noChassis.observe(!links.chassis().linked());
    space.look();
    if (turns++ % DAMAGE_TURNS == 0) {
      damage.run();
    }
  }

  private void noteStandby(boolean ready) {
    if (ready != standbyReady) {
      standbyReady = ready;
      String name = "Controller " + settings.self().other().number();
      events.record(
          ready ? "INFO" : "WARNING",
          ready ? "controller.ready" : "controller.lost",
          ready ? name + " is ready to take over" : name + " cannot take over any more");
    }
  }

  /** Returns false when it is time to stop. */
  private boolean pause() {
    long left = TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
    lock.lock();
    try {
      while (!stopping && left > 0) {
        left = stop.awaitNanos(left);
      }
      return !stopping;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** An alert for a condition that lasts. Used by the thread alone. */
  private final class Lasting {
    private final String kind;
    private final long millis;
    private final String message;
    private final String whatToDo;
    private long sinceNanos = System.nanoTime();
    private boolean raised;
    private boolean cleared;

    Lasting(String kind, long millis, String message, String whatToDo) {
      this.kind = kind;
      this.millis = millis;
      this.message = message;
      this.whatToDo = whatToDo;
    }

    void observe(boolean holds) {
      long now = System.nanoTime();
      if (!holds) {
        sinceNanos = now;
        if (raised || !cleared) {
          // Also one that a controller before us has raised.
          events.clear(kind);
          raised = false;
          cleared = true;
        }
      } else if (!raised && now - sinceNanos > TimeUnit.MILLISECONDS.toNanos(millis)) {
        events.raise("WARNING", kind, message, whatToDo);
        raised = true;
      }
    }
  }
}

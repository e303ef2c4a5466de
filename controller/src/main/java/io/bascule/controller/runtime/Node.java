package io.bascule.controller.runtime;

import io.bascule.controller.catalog.Catalog;
import io.bascule.controller.link.ChassisLink;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.link.PeerStatus;
import io.bascule.controller.link.StagingFrames;
import io.bascule.controller.packages.SlotStaging;
import io.bascule.controller.rest.RestServer;
import io.bascule.controller.rest.RestSettings;
import io.bascule.controller.service.Services;
import io.bascule.controller.state.Claim;
import io.bascule.controller.state.LostState;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.Refusal;
import io.bascule.core.Role;
import io.bascule.core.Status;
import io.bascule.core.link.Frame;
import io.bascule.core.role.Effect;
import io.bascule.core.role.Event;
import io.bascule.core.role.Exit;
import io.bascule.core.role.RoleMachine;
import io.bascule.core.role.State;
import io.bascule.core.role.Step;
import io.bascule.platform.Ballast;
import io.bascule.platform.Layout;
import io.bascule.platform.OfdLock;
import io.bascule.release.TrustStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A controller process.
 *
 * <p>The thread {@code role} owns the state of the role, the lease and what exists while active; it
 * alone steps the machine and carries its effects out. Other threads offer events and read volatile
 * fields.
 *
 * <p>Invariants: state.db and the volumes are open only between a claim granted by state.db and the
 * end of {@link #close}, all of that under the lock on the lease; after an Ended state nothing of
 * this process writes.
 */
public final class Node {
  private static final System.Logger LOG = System.getLogger(Node.class.getName());

  /** How often a standby tries the lease: it bounds how long hosts wait for nothing. */
  private static final long TICK_MILLIS = 10;

  /** Events come from operators, signals and links: a handful at most. */
  private static final int EVENTS_MAX = 64;

  /** The role thread turns every 10 ms; without a turn for this long it is stuck. */
  private static final long STUCK_NANOS = TimeUnit.MILLISECONDS.toNanos(2_000);

  /**
   * A promotion or a handover takes well under a second, but both sync state.db: as long as a
   * volume's call may wait for a disk that stands still.
   */
  private static final long EFFECT_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** A standby that hears nothing from an active one is as good as it gets after this long. */
  private static final long CATALOG_WAIT_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** The log of state.db takes 4 MiB between two checkpoints, a whole upgrade adds less than 1. */
  private static final long BALLAST_BYTES = 16L << 20;

  private final NodeSettings settings;
  private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(EVENTS_MAX);
  private final TargetSide target;
  private final Ballast ballast;
  private final ChassisLink chassis;
  private final PeerLink peer;
  private final AtomicReference<@Nullable Runnable> standbyWork = new AtomicReference<>();
  private final StagingFrames.OwnSlots ownSlots;
  private final Management management;
  private final Links links;
  private final Thread roleThread;
  private final CompletableFuture<State.Ended> ended = new CompletableFuture<>();
  private final CompletableFuture<Boolean> leaving = new CompletableFuture<>();

  private volatile State state = new State.Starting();
  private volatile @Nullable Serving serving;

  private volatile PeerLink.@Nullable Pushed fromPeer;
  private volatile long warmedNanos;
  private volatile long turnNanos = System.nanoTime();
  private volatile long busySinceNanos;

  // Of the role thread.
  private OfdLock lease;
  private @Nullable Stages promotion;
  private Taken.@Nullable Granted granted;
  private boolean stateLost;

  /**
   * @throws IOException if the lease or the trusted keys cannot be read
   */
  public Node(NodeSettings settings, Path javaHome) throws IOException {
    this.settings = settings;
    this.target = new TargetSide(settings);
    this.ballast = ballast(settings.layout());
    this.chassis =
        new ChassisLink(settings.layout(), settings.self(), settings.release(), this::health);
    this.peer =
        new PeerLink(
            settings.layout(),
            settings.self(),
            settings.release(),
            new PeerLink.Ends(this::status, this::pushed, this::received, this::answer));
    var trust = TrustStore.load(settings.layout().trust());
    this.ownSlots =
        new StagingSlots(
            new SlotStaging(settings.layout(), settings.self(), settings::slot, trust, javaHome));
    this.links = new Links(chassis, peer, ownSlots, trust, this::rebootSelf);
    this.management =
        new Management(
            new RestServer(
                new RestSettings(
                    settings.self(),
                    settings.managementFixed(settings.self()),
                    settings.appliance().managementPort()),
                this::services,
                this::activeManagement),
            settings.managementFloating());
    this.lease = OfdLock.open(settings.layout().lease());
    this.roleThread = Thread.ofPlatform().name("role").unstarted(this::run);
  }

  /** The appliance's ballast. */
  public static Ballast ballast(Layout layout) {
    return Ballast.of(layout.ballast(), BALLAST_BYTES);
  }

  /** Starts everything but the wish to serve. */
  public void start() {
    peer.start();
    chassis.start();
    management.start();
    roleThread.start();
  }

  /** What is to be done beside, once, when this controller has become a standby. */
  public void onceStandby(Runnable work) {
    standbyWork.set(work);
  }

  /** The process is ready to work: it may take the lease from now on. */
  public void warmed() {
    warmedNanos = System.nanoTime();
    offer(new Event.Warmed(nowMillis()));
  }

  /** Asks the process to end, as a signal does; {@link #awaitEnd} returns when it may. */
  public void stop(String why) {
    offer(new Event.Leave(Exit.STOPPED, why));
  }

  /** Waits for the end; everything is closed when this returns. */
  public State.Ended awaitEnd() {
    return ended.join();
  }

  /** Waits for the end, for so long. */
  public boolean awaitEnd(long timeoutMillis) {
    try {
      ended.get(timeoutMillis, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private void rebootSelf(String why) {
    offer(new Event.Leave(Exit.REBOOT, why));
    leaving.join();
  }

  private void offer(Event event) {
    if (!events.offer(event)) {
      throw new IllegalStateException("too many role events wait already: " + event);
    }
  }

  // ---- the role thread ----

  private void run() {
    while (!(state instanceof State.Ended)) {
      turnNanos = System.nanoTime();
      Event event;
      try {
        event = events.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        event = new Event.Broken("the role thread was interrupted");
      }
      handle(event == null ? new Event.Tick(nowMillis()) : event);
    }
  }

  /** The event, and whatever follows from it at once. */
  private void handle(Event first) {
    var waiting = new ArrayDeque<Event>();
    waiting.add(first);
    while (!waiting.isEmpty()) {
      for (var effect : step(waiting.remove()).effects()) {
        perform(effect).ifPresent(waiting::add);
      }
    }
  }

  private Step step(Event event) {
    State before = state;
    var step = RoleMachine.step(before, event);
    state = step.state();
    if (!(event instanceof Event.Tick) && !(before instanceof State.Claiming)) {
      LOG.log(System.Logger.Level.DEBUG, "{0} -> {1} by {2}", before, state, event);
    }
    return step;
  }

  private Optional<Event> perform(Effect effect) {
    busySinceNanos = System.nanoTime();
    try {
      return switch (effect) {
        case Effect.TryLease _ -> tryLease();
        case Effect.Claim(boolean mayYield) -> Optional.of(claim(mayYield));
        case Effect.ReturnLease _ -> {
          lease.close();
          lease = OfdLock.open(settings.layout().lease());
          yield Optional.empty();
        }
        case Effect.Serve _ -> Optional.of(serve());
        case Effect.Close(Exit exit, String why) -> Optional.of(close(exit, why));
        case Effect.End(Exit exit, String why) -> end(exit, why);
      };
    } catch (IOException | RuntimeException e) {
      CrashHandler.stop(
          effect instanceof Effect.Serve ? "it cannot serve" : "the role could not " + effect, e);
      return Optional.empty();
    } finally {
      busySinceNanos = 0;
      turnNanos = System.nanoTime();
    }
  }

  private Optional<Event> tryLease() throws IOException {
    return Optional.of(
        lease.tryLock() ? new Event.LeaseHeld(nowMillis()) : new Event.LeaseTaken(nowMillis()));
  }

  private Event claim(boolean mayYield) throws IOException {
    promotion = new Stages("promotion");
    if (isStateLost()) {
      return new Event.Yielded(nowMillis()); // looked at again soon
    }
    boolean peerForbidden = peer.peer().flatMap(PeerStatus::forbidden).isPresent();
    var claim =
        new Claim(
            settings.self(), settings.release(), settings.migrations(), mayYield && !peerForbidden);
    var taken =
        StateDb.take(
            settings.layout().stateDb(), claim, CrashHandler::stop, this::throwBallastOverboard);
    return switch (taken) {
      case Taken.Granted ours -> {
        granted = ours;
        yield new Event.Granted();
      }
      case Taken.Forbidden(String reason) -> {
        if (!forbidden().equals(Optional.of(reason))) {
          LOG.log(System.Logger.Level.WARNING, "not serving: {0}", reason);
        }
        yield new Event.Forbidden(nowMillis(), reason);
      }
      case Taken.Yielded(var preferred) -> {
        LOG.log(System.Logger.Level.INFO, "{0} is preferred and goes first", preferred);
        yield new Event.Yielded(nowMillis());
      }
    };
  }

  /** Told once; the other controller may be the one that sees it back first. */
  private boolean isStateLost() throws IOException {
    var lost = LostState.look(settings.layout());
    if (lost.isPresent() && !stateLost) {
      LOG.log(System.Logger.Level.WARNING, "not serving: {0}", lost.get());
    }
    stateLost = lost.isPresent();
    return stateLost;
  }

  private boolean throwBallastOverboard() {
    try {
      return ballast.release();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "the ballast cannot be thrown overboard", e);
      return false;
    }
  }

  private Event serve() throws IOException {
    var ours = Objects.requireNonNull(granted);
    var stages = Objects.requireNonNull(promotion);
    stages.done("state.db");
    var made = Serving.open(settings, links, ours.db(), target, ballast, stages);
    serving = made;
    long millis = stages.log();
    LOG.log(
        System.Logger.Level.INFO,
        "ACTIVE on release {0}, epoch {1}",
        settings.release(),
        ours.db().epoch());
    management.openFloating();
    made.begin(ours.canceledMigration(), millis);
    return new Event.Serving();
  }

  private Event close(Exit exit, String why) throws IOException {
    var stages = new Stages(exit == Exit.REBOOT ? "handover" : "stop");
    if (exit == Exit.REBOOT) {
      tellIntent(why);
      stages.done("intent");
    }
    var made = serving;
    serving = null;
    leaving.complete(true);
    if (made != null) {
      if (!made.close(stages)) {
        LOG.log(
            System.Logger.Level.WARNING,
            "work on volumes does not end; this process ends with it: {0}",
            why);
        Runtime.getRuntime().halt(exit.code());
      }
    } else if (granted != null) {
      granted.db().close();
    }
    lease.close();
    stages.done("lease given up");
    stages.log();
    return new Event.Closed();
  }

  /** The exit code says the same to the chassis that started this process. */
  private void tellIntent(String why) {
    try {
      writeIntent(why);
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING, "the intent could not be written; it goes all the same", e);
    }
  }

  private void writeIntent(String why) throws IOException {
    byte[] text = ("REBOOT " + why + "\n").getBytes(StandardCharsets.UTF_8);
    try (var file =
        FileChannel.open(
            settings.layout().intent(settings.self()),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      var bytes = ByteBuffer.wrap(text);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
  }

  private Optional<Event> end(Exit exit, String why) throws IOException {
    if (exit == Exit.BROKEN) {
      CrashHandler.stop(why, null);
    }
    if (exit == Exit.REBOOT && !leaving.isDone()) {
      // It was the standby that was asked.
      tellIntent(why);
    }
    leaving.complete(true);
    LOG.log(System.Logger.Level.INFO, "the end: {0}, {1}", exit, why);
    chassis.close();
    peer.close();
    ended.complete(new State.Ended(exit, why));
    return Optional.empty();
  }

  // ---- what others ask, from any thread ----

  /** Empty while the process makes no progress: then the chassis gets no answer. */
  private Optional<ChassisLink.Health> health() {
    long now = System.nanoTime();
    long busy = busySinceNanos;
    boolean stuck = busy == 0 ? now - turnNanos > STUCK_NANOS : now - busy > EFFECT_NANOS;
    if (stuck || target.stalled()) {
      return Optional.empty();
    }
    return Optional.of(new ChassisLink.Health(role(), onlineness()));
  }

  private Role role() {
    return switch (state) {
      case State.Promoting _, State.Active _, State.HandingOver _ -> Role.ACTIVE;
      case State.Starting _, State.Standby _, State.Claiming _, State.Ended _ -> Role.STANDBY;
    };
  }

  private Status onlineness() {
    return switch (state) {
      case State.Active _ -> Status.ONLINE;
      case State.Standby _, State.Claiming _ -> {
        // With nobody to hear from, it waits no longer: a broken link makes nobody reboot.
        boolean waited = System.nanoTime() - warmedNanos > CATALOG_WAIT_NANOS;
        yield fromPeer != null || waited ? Status.ONLINE : Status.RECOVERING;
      }
      case State.Starting _, State.Promoting _, State.HandingOver _, State.Ended _ ->
          Status.RECOVERING;
    };
  }

  private Optional<String> forbidden() {
    var known = fromPeer;
    return switch (state) {
      case State.Standby standby when standby.forbidden().isPresent() -> standby.forbidden();
      case State.Claiming claiming when claiming.before().forbidden().isPresent() ->
          claiming.before().forbidden();
      case State.Standby _, State.Claiming _ ->
          known == null ? Optional.empty() : notAllowed(known);
      case State.Starting _,
          State.Promoting _,
          State.Active _,
          State.HandingOver _,
          State.Ended _ ->
          Optional.empty();
    };
  }

  private Optional<String> notAllowed(PeerLink.Pushed known) {
    boolean allowed =
        known.allowed().isBlank()
            || Arrays.stream(known.allowed().split(",", -1))
                .anyMatch(one -> one.strip().equals(settings.release().toString()));
    return allowed
        ? Optional.empty()
        : Optional.of(
            "release " + settings.release() + " may not serve, only " + known.allowed() + " may");
  }

  private PeerStatus status() {
    var made = serving;
    boolean standby = state instanceof State.Standby || state instanceof State.Claiming;
    var forbidden = forbidden();
    return new PeerStatus(
        role(),
        onlineness(),
        settings.release(),
        made == null ? 0 : made.epoch(),
        standby && fromPeer != null && forbidden.isEmpty(),
        forbidden,
        settings.appliance().managementPort() + 1 + settings.self().number(),
        target.initiators());
  }

  private Optional<PeerLink.Pushed> pushed() {
    var made = serving;
    try {
      return made == null ? Optional.empty() : Optional.of(made.pushed());
    } catch (Refusal closed) {
      // This controller hands over.
      return Optional.empty();
    }
  }

  private void received(PeerLink.Pushed pushed) {
    try {
      target.showStandby(Catalog.fromJson(pushed.catalogJson()));
      fromPeer = pushed;
      warmUpOnce();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "the fixed portal does not open", e);
    }
  }

  private void warmUpOnce() {
    var work = standbyWork.getAndSet(null);
    if (work != null) {
      Thread.ofPlatform().daemon().name("warm-up").start(work);
    }
  }

  private Frame answer(Frame request) {
    return StagingFrames.answer(request, ownSlots);
  }

  private Optional<Services> services() {
    return Optional.ofNullable(serving).map(Serving::all);
  }

  private Optional<InetSocketAddress> activeManagement() {
    return peer.peer()
        .filter(says -> says.role() == Role.ACTIVE)
        .map(says -> new InetSocketAddress(settings.appliance().address(), says.managementPort()));
  }

  private static long nowMillis() {
    return System.nanoTime() / 1_000_000;
  }
}

package io.bascule.controller.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.controller.event.Events;
import io.bascule.controller.service.EventService;
import io.bascule.controller.state.Claim;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.EventView;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.core.upgrade.Action;
import io.bascule.core.upgrade.Reconciler;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.World;
import io.bascule.release.TrustStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The real upgrade service, thread, store and state.db over an {@link Enclosure} in virtual time:
 * each look of the upgrade's thread lets a tenth of a second pass. Whoever may take state.db when
 * nobody is active becomes active, in a {@link Term} of its own, as another process would.
 *
 * <p>Before it performs anything, the fleet reads the record from state.db and insists that this is
 * what follows from it: persist before act.
 *
 * <p>The lock of this object guards all of it; the upgrade's threads and the test's share it.
 */
final class Lab implements AutoCloseable {
  /** Nothing here takes a second of real time on an idle machine. */
  private static final long PATIENCE_MILLIS = 60_000;

  /** Where a term was cut short; it is no exception anybody expects. */
  static final class Died extends Error {
    private static final long serialVersionUID = 1L;

    Died(String where) {
      super(where);
    }
  }

  /** What goes wrong. */
  enum Blow {
    /** The process dies before the call did anything. */
    DIES_BEFORE,
    /** The process dies when the call has done its work. */
    DIES_AFTER,
    /** The call does nothing, and says so. */
    REFUSED,
    /** The call has done its work, and its answer is lost. */
    ANSWER_LOST;

    boolean kills() {
      return this == DIES_BEFORE || this == DIES_AFTER;
    }
  }

  private final Path folder;
  private final TrustStore trust;
  private final Path packages;
  private final Thread.@Nullable UncaughtExceptionHandler before;
  final Enclosure enclosure = new Enclosure();

  /** What the fleet was asked to do, in order. */
  final List<String> done = new ArrayList<>();

  /** Ends of upgrade threads that nobody meant. */
  final List<Throwable> failures = new ArrayList<>();

  private final List<StateDb> opened = new ArrayList<>();
  private Path home;
  private @Nullable Term term;
  private int deaths;
  private int meddled;
  private int acted;
  private final Map<String, Runnable> afterwards = new HashMap<>();

  private @Nullable Blow blow;
  private int strikeAt;
  private int strikes;
  private int strikesLeft;
  private Predicate<String> strikesOn = where -> true;
  private String struckAt = "";

  /** Of failed calls so far: each reason is worded anew, as those of sockets are. */
  private int refusals;

  Lab(Path folder, Path packages, TrustStore trust) throws IOException {
    this.folder = folder;
    this.packages = packages;
    this.trust = trust;
    this.home = Files.createDirectories(folder.resolve("0"));
    this.before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler(this::ended);
  }

  private synchronized void ended(Thread thread, Throwable e) {
    if (!(e instanceof Died)) {
      failures.add(e);
    }
    notifyAll();
  }

  /**
   * That blow falls on the calls it can fall on and that match, from the {@code at}-th on, so many
   * times.
   */
  synchronized void strike(Blow what, Predicate<String> on, int at, int times) {
    blow = what;
    strikesOn = on;
    strikeAt = at;
    strikesLeft = times;
    strikes = 0;
    struckAt = "";
  }

  /** Calls on which that blow could have fallen so far. */
  synchronized int strikes() {
    return strikes;
  }

  synchronized List<Throwable> failed() {
    return List.copyOf(failures);
  }

  synchronized String struckAt() {
    return struckAt;
  }

  /** Changes something between two turns. */
  synchronized void meddle(Runnable change) {
    change.run();
    meddled++;
  }

  /** Changes something right after the fleet has done that for the first time. */
  synchronized void after(String action, Runnable change) {
    afterwards.put(action, change);
  }

  /** How often the fleet was asked to do something. */
  synchronized int acted() {
    return acted;
  }

  // ---- the time in which one process is active ----

  /** One process' time as the active one. */
  final class Term {
    final ControllerId self;
    final Version release;
    final StateDb db;
    final Events events;
    final Upgrades upgrades;
    boolean over;
    private int lookedAt;

    private Term(ControllerId self, Version release, StateDb db) {
      this.self = self;
      this.release = release;
      this.db = db;
      this.events = new Events(db);
      this.upgrades =
          new Upgrades(
              db,
              new Seat(this),
              new Io(this),
              new Leftovers(
                  new FormatTwoRemoval(
                      folder.resolve("v2"), folder.resolve("v1"), Set::of, events)),
              new Told(this, events),
              packages,
              trust,
              folder,
              new VirtualClock(),
              new Pace(1, 1, () -> nowMillis() * 1_000_000));
    }
  }

  private synchronized long nowMillis() {
    return enclosure.tick * Enclosure.TICK_MILLIS;
  }

  private final class VirtualClock extends Clock {
    @Override
    public Instant instant() {
      return Instant.EPOCH.plusMillis(nowMillis());
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  /** Whoever is active now. */
  synchronized Term term() {
    var now = term;
    if (now != null && !now.over) {
      return now;
    }
    term = null;
    return elect();
  }

  private Path homeOf(int number) {
    return folder.resolve(Integer.toString(number));
  }

  private Term elect() {
    for (int i = 0; i < 600; i++) {
      enclosure.tick();
      for (var id : ControllerId.values()) {
        var box = enclosure.box(id);
        var release = box.running();
        if (box.online() && release != null && take(box, release)) {
          return java.util.Objects.requireNonNull(term);
        }
      }
    }
    throw new AssertionError("nobody becomes active");
  }

  private boolean take(Enclosure.Box box, Version release) {
    boolean yields =
        box.ticksUp < Enclosure.BOOT_TICKS + Enclosure.HEAD_START_TICKS
            && enclosure.box(box.id.other()).alive;
    var taken =
        StateDb.take(
            home.resolve("state.db"),
            new Claim(box.id, release, Claim.Migrations.CANCELS, yields),
            (why, cause) -> {
              throw new Fenced(why, cause);
            });
    if (taken instanceof Taken.Granted granted) {
      opened.add(granted.db());
      enclosure.active = box.id;
      done.add(box.id + " is active on " + release);
      var begun = new Term(box.id, release, granted.db());
      term = begun;
      begun.upgrades.start();
      return true;
    }
    return false;
  }

  /** What ends a real process at once. */
  static final class Fenced extends Error {
    private static final long serialVersionUID = 1L;

    Fenced(String why, @Nullable Throwable cause) {
      super(why, cause);
    }
  }

  /** {@code kill -9} of the active: what state.db and its log hold now is all that is left. */
  synchronized void killActive() {
    meddle(() -> {
      if (term != null && !term.over) {
        crash(term);
      }
    });
  }

  private void crash(Term dying) {
    deaths++;
    Path next = homeOf(deaths);
    try {
      Files.createDirectories(next);
      try (var files = Files.newDirectoryStream(home, "state.db*")) {
        for (Path file : files) {
          Files.copy(file, next.resolve(file.getFileName()));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    home = next;
    leave(dying);
  }

  private void leave(Term leaving) {
    leaving.over = true;
    enclosure.box(leaving.self).die();
    notifyAll();
  }

  private Died die(Term dying, String where) {
    crash(dying);
    return new Died(where);
  }

  // ---- waiting ----

  /** Lets time pass until that holds; whoever may be active then is. */
  synchronized void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    while (!condition.getAsBoolean()) {
      if (!failures.isEmpty()) {
        throw new AssertionError(story(what), failures.getFirst());
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("this does not come: " + story(what));
      }
      term();
      try {
        wait(20);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private synchronized String story(String what) {
    var now = view();
    return what
        + "; "
        + now.state()
        + " at "
        + now.step()
        + ", tick "
        + enclosure.tick
        + ", struck at "
        + struckAt
        + "\n"
        + String.join("\n", done)
        + "\n"
        + alerts();
  }

  synchronized void untilState(String... states) {
    until("state " + List.of(states), () -> List.of(states).contains(view().state()));
  }

  synchronized void untilStep(String step) {
    until("step " + step, () -> step.equals(view().step()));
  }

  synchronized void untilTick(int tick) {
    until("tick " + tick, () -> enclosure.tick >= tick);
  }

  synchronized void untilAlert(String kind) {
    until("alert " + kind, () -> openAlerts().contains(kind));
  }

  synchronized void untilNoAlert() {
    until("no alert", () -> openAlerts().isEmpty());
  }

  // ---- what users do and see ----

  synchronized UpgradeView view() {
    return term().upgrades.view();
  }

  synchronized List<AlertView> alerts() {
    return term().events.alerts();
  }

  synchronized List<String> openAlerts() {
    return alerts().stream().filter(a -> a.clearedAt() == null).map(AlertView::kind).toList();
  }

  /** The report of the last upgrade. */
  synchronized HistoryView.Report report() {
    return term().upgrades.report(java.util.Objects.requireNonNull(view().id()));
  }

  List<String> notes(String what) {
    return report().events().stream()
        .filter(entry -> entry.what().equals(what))
        .map(HistoryView.Entry::detail)
        .toList();
  }

  /** The steps that notes of that kind are about, in order. */
  List<String> steps(String what) {
    return notes(what).stream().map(detail -> detail.substring(0, detail.indexOf(' '))).toList();
  }

  /** The record as state.db has it. */
  synchronized Upgrade record() {
    return new UpgradeStore(term().db).current().orElseThrow().upgrade();
  }

  /** Asks the active controller; not under the lock, the upgrade's thread needs that. */
  void start(String... pauseAt) {
    var wanted =
        new UpgradeView.Start(Enclosure.NEW.toString(), null, List.of(pauseAt), null, null, null);
    try {
      term().upgrades.start(wanted, "admin");
    } catch (IllegalStateException e) {
      if (!(e.getCause() instanceof ExecutionException died)
          || !(died.getCause() instanceof Died)) {
        throw e;
      }
      // Who asked got no answer, and looks.
      if (view().id() == null) {
        term().upgrades.start(wanted, "admin");
      }
    }
  }

  void resume() {
    term().upgrades.change(new UpgradeView.Change(false, null, null, null), "admin");
  }

  /** Cancels what the upgrade is now; empty when that is refused, or nobody is active. */
  Optional<String> cancel(boolean whenPossible) {
    try {
      Term now = term();
      var preview = now.upgrades.preview();
      return Optional.of(
          now.upgrades
              .cancel(
                  new CancelView.Request(
                      java.util.Objects.requireNonNull(preview.upgradeId()),
                      preview.revision(),
                      "OTHER",
                      "",
                      false,
                      whenPossible),
                  "admin")
              .outcome());
    } catch (Refusal | IllegalStateException e) {
      return Optional.empty();
    }
  }

  /** Cancels as soon as that is possible, unless the upgrade ends before. */
  void cancelWhenever() {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    while (cancel(false).isEmpty()) {
      if (view().endedAt() != null) {
        return;
      }
      assertThat(System.nanoTime())
          .as("%s", System.nanoTime() < deadline ? "" : story("cancel refused for long"))
          .isLessThan(deadline);
    }
  }

  // ---- the ports ----

  /** Whether the blow falls on this call. */
  private @Nullable Blow falls(boolean acts, String where) {
    var what = blow;
    if (what == null || !(acts || what.kills()) || !strikesOn.test(where)) {
      return null;
    }
    int at = strikes++;
    if (at < strikeAt || strikesLeft == 0) {
      return null;
    }
    strikesLeft--;
    struckAt = struckAt.isEmpty() ? where : struckAt;
    return what;
  }

  private interface Effect {
    void run() throws Fleet.Unreachable;
  }

  private void perform(Term asking, Action asked, Effect effect) throws Fleet.Unreachable {
    synchronized (this) {
      stillAlive(asking);
      acted++;
      checkRecord(asking, asked);
      String what = asked.toString();
      int repeated = done.isEmpty() || !done.getLast().startsWith(what) ? 0 : 1;
      if (repeated == 0) {
        done.add(what);
      } else if (!done.getLast().endsWith("again")) {
        done.set(done.size() - 1, what + ", again and again");
      }
      var falls = falls(true, what);
      if (falls == Blow.DIES_BEFORE) {
        throw die(asking, "before " + asked);
      }
      if (falls == Blow.REFUSED) {
        throw new Fleet.Unreachable("refused, number " + ++refusals);
      }
      effect.run();
      Optional.ofNullable(afterwards.remove(what)).ifPresent(this::meddle);
      if (falls == Blow.DIES_AFTER) {
        throw die(asking, "after " + asked);
      }
      if (falls == Blow.ANSWER_LOST) {
        throw new Fleet.Unreachable("the answer is lost, number " + ++refusals);
      }
    }
  }

  private static void stillAlive(Term asking) {
    if (asking.over) {
      throw new Died("long ago");
    }
  }

  /** What is asked for follows from what is stored, and from nothing else. */
  private void checkRecord(Term asking, Action asked) {
    var stored = new UpgradeStore(asking.db).current().orElseThrow().upgrade();
    try {
      assertThat(stored.state().ended()).as("ended: %s", stored).isFalse();
      if (asking.lookedAt == meddled) {
        assertThat(Reconciler.next(stored, world(asking))).isEqualTo(asked);
      }
      if (asked instanceof Action.Boot && stored.cancel().isEmpty()) {
        assertThat(stored.row().allowedReleases()).contains(Enclosure.NEW);
      }
      if (asked instanceof Action.HandOver && stored.cancel().isEmpty()) {
        assertThat(stored.row().preferredActive()).contains(asking.self.other());
      }
    } catch (AssertionError e) {
      failures.add(e);
      throw e;
    }
  }

  private World world(Term asking) {
    Map<ControllerId, Map<Slot, Version>> slots = new EnumMap<>(ControllerId.class);
    Map<ControllerId, World.Staging> stagings = new EnumMap<>(ControllerId.class);
    boolean peerReady = peerReady(asking);
    for (var id : ControllerId.values()) {
      if (id == asking.self || peerReady) {
        slots.put(id, Map.copyOf(enclosure.box(id).slots));
        enclosure
            .staging(id)
            .ifPresent(s ->
                stagings.put(
                    id,
                    new World.Staging(
                        s.tag(), s.release(), s.slot(), s.percent(), s.done(), s.error())));
      }
    }
    return new World(
        asking.self,
        asking.release,
        enclosure.chassisUp ? enclosure.boots() : Map.of(),
        peerReady,
        slots,
        stagings);
  }

  private boolean peerReady(Term asking) {
    return enclosure.box(asking.self.other()).joined();
  }

  /** The fleet as one term's process has it. */
  private final class Seat implements Fleet {
    private final Term mine;

    Seat(Term mine) {
      this.mine = mine;
    }

    @Override
    public ControllerId self() {
      return mine.self;
    }

    @Override
    public Version release() {
      return mine.release;
    }

    @Override
    public Map<ControllerId, ControllerBoot> boots() throws Unreachable {
      synchronized (Lab.this) {
        stillAlive(mine);
        enclosure.tick();
        mine.lookedAt = meddled;
        Lab.this.notifyAll();
        requireChassis();
        return enclosure.boots();
      }
    }

    private void requireChassis() throws Unreachable {
      if (!enclosure.chassisUp) {
        throw new Unreachable("the chassis is not there");
      }
    }

    @Override
    public boolean peerReady() {
      synchronized (Lab.this) {
        return Lab.this.peerReady(mine);
      }
    }

    @Override
    public Map<Slot, Version> slots(ControllerId id) throws Unreachable {
      synchronized (Lab.this) {
        requirePeer(id);
        return Map.copyOf(enclosure.box(id).slots);
      }
    }

    private void requirePeer(ControllerId id) throws Unreachable {
      if (id != mine.self && !enclosure.box(id).joined()) {
        throw new Unreachable(id + " does not answer");
      }
    }

    @Override
    public void setSlot(ControllerId id, Slot slot, Optional<Slot> fallback, String tag)
        throws Unreachable {
      perform(
          mine,
          new Action.SetSlot(id, slot, fallback),
          () -> {
            requireChassis();
            enclosure.box(id).setSlot(slot, fallback, tag);
          });
    }

    @Override
    public void boot(ControllerId id, String reason) throws Unreachable {
      perform(
          mine,
          new Action.Boot(id),
          () -> {
            requireChassis();
            assertThat(id).isNotEqualTo(mine.self);
            enclosure.box(id).boot(BootCause.REQUESTED);
          });
    }

    @Override
    public void settle(ControllerId id) throws Unreachable {
      perform(
          mine,
          new Action.Settle(id),
          () -> {
            requireChassis();
            enclosure.box(id).fallback = null;
          });
    }

    @Override
    public void stage(ControllerId id, Version release, Slot slot, String tag) throws Unreachable {
      perform(
          mine,
          new Action.Stage(id, release, slot),
          () -> {
            requirePeer(id);
            enclosure.box(id).stage(tag, release, slot);
          });
    }

    @Override
    public Optional<Staging> staging(ControllerId id) throws Unreachable {
      synchronized (Lab.this) {
        requirePeer(id);
        return enclosure.staging(id);
      }
    }

    @Override
    public void dropSlot(ControllerId id, Slot slot) throws Unreachable {
      perform(
          mine,
          new Action.DropSlot(id, slot),
          () -> {
            requirePeer(id);
            var box = enclosure.box(id);
            assertThat(box.runningSlot).isNotEqualTo(slot);
            assertThat(box.bootSlot).isNotEqualTo(slot);
            box.slots.remove(slot);
          });
    }

    @Override
    public void handOver(String reason) throws Unreachable {
      perform(
          mine,
          new Action.HandOver(),
          () -> {
            if (!Lab.this.peerReady(mine)) {
              throw new Unreachable("the standby was lost just before the handover");
            }
            goneToReboot(mine);
            throw new Leaving(reason);
          });
    }

    @Override
    public void rebootInPlace(String reason) {
      try {
        perform(
            mine,
            new Action.RebootInPlace(),
            () -> {
              goneToReboot(mine);
              throw new Leaving(reason);
            });
      } catch (Unreachable e) {
        throw new AssertionError(e);
      }
    }
  }

  /** Its thread has nothing more to say; state.db is closed in order. */
  private void goneToReboot(Term leaving) {
    leaving.db.close();
    opened.remove(leaving.db);
    leave(leaving);
    enclosure.box(leaving.self).boot(BootCause.REQUESTED);
  }

  /** Events are told after what they tell of is stored: a process may die right there. */
  private final class Told implements EventService {
    private final Term mine;
    private final Events events;

    Told(Term mine, Events events) {
      this.mine = mine;
      this.events = events;
    }

    private void tell(String what, Runnable telling) {
      synchronized (Lab.this) {
        stillAlive(mine);
        var falls = falls(false, what);
        if (falls == Blow.DIES_BEFORE) {
          throw die(mine, "before " + what);
        }
        telling.run();
        if (falls == Blow.DIES_AFTER) {
          throw die(mine, "after " + what);
        }
      }
    }

    @Override
    public void record(String severity, String kind, String message) {
      tell("event " + kind, () -> events.record(severity, kind, message));
    }

    @Override
    public void raise(String severity, String kind, String message, String whatToDo) {
      tell("raise " + kind, () -> events.raise(severity, kind, message, whatToDo));
    }

    @Override
    public void clear(String kind) {
      tell("clear " + kind, () -> events.clear(kind));
    }

    @Override
    public List<EventView> after(long afterId, int limit) {
      return events.after(afterId, limit);
    }

    @Override
    public List<EventView> newest(int limit) {
      return events.newest(limit);
    }

    @Override
    public void await(long afterId, long timeoutMillis) throws InterruptedException {
      events.await(afterId, timeoutMillis);
    }

    @Override
    public List<AlertView> alerts() {
      return events.alerts();
    }

    @Override
    public void acknowledge(long alertId, String by) {
      events.acknowledge(alertId, by);
    }
  }

  private final class Io implements HostIo {
    private final Term mine;

    Io(Term mine) {
      this.mine = mine;
    }

    @Override
    public long writesAcknowledged() {
      synchronized (Lab.this) {
        // Of this process, and it always serves.
        return enclosure.tick + mine.self.number();
      }
    }

    @Override
    public Optional<Long> latencyP99Micros() {
      return Optional.of(500L);
    }

    @Override
    public int verifyVolumes() {
      return 1;
    }

    @Override
    public int volumes() {
      return 1;
    }

    @Override
    public long allocatedBytes() {
      return 0;
    }

    @Override
    public List<String> unsoundVolumes() {
      return List.of();
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      if (term != null) {
        term.over = true;
      }
    }
    if (term != null) {
      term.upgrades.stop();
    }
    opened.forEach(StateDb::close);
    Thread.setDefaultUncaughtExceptionHandler(before);
  }
}

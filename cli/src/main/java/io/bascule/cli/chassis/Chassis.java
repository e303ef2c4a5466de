package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import io.bascule.platform.PowerSupply;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The supervisor of one appliance: one thread that owns both bays, fed by a bounded queue of what
 * its links receive.
 *
 * <p>Each turn of its loop takes what has arrived, looks after both processes, and sends pings.
 * Only one chassis of an appliance exists at a time: its caller holds the chassis lock.
 */
final class Chassis {
  /** How long a turn waits for something to do: the grain of all its deadlines. */
  static final long TICK_MILLIS = 50;

  /** As often as the watchdog asks; a booting controller is asked each turn, to see it ONLINE. */
  private static final long PING_MILLIS = 200;

  private static final int INBOX_MAX = 1_024;
  private static final System.Logger LOG = System.getLogger(Chassis.class.getName());

  private final Layout layout;
  private final Map<ControllerId, Bay> bays = new EnumMap<>(ControllerId.class);
  private final BlockingQueue<Received> inbox = new ArrayBlockingQueue<>(INBOX_MAX);
  private final RunClock clock = new RunClock(System.nanoTime());
  private Moment now = moment();
  private boolean goingDown;
  private boolean powered = true;
  private long pingSeq;
  private long pingedMillis;

  /** A frame that arrived; or, without a link, only a reason to take a turn at once. */
  private record Received(@Nullable ChassisLink link, Frame frame) {}

  private static final Received WAKE = new Received(null, Frame.of("WAKE"));

  Chassis(Layout layout, BootTimes times, Path javaHome) throws IOException {
    this.layout = layout;
    var launcher = new SlotLauncher(layout, javaHome);
    for (var id : ControllerId.values()) {
      // If the inbox is full a turn is due anyhow.
      bays.put(
          id, new Bay(id, layout, times, launcher, () -> inbox.offer(WAKE), this::lookAtPower));
    }
  }

  /** Runs until somebody asks it to go down and both controllers have stopped. */
  void run() throws IOException, InterruptedException {
    try (var server = new ChassisServer(layout.chassisSocket(), this::arrived)) {
      LOG.log(System.Logger.Level.INFO, "chassis of {0} listens", layout.root());
      lookAtPower();
      for (var bay : bays.values()) {
        bay.resume(now);
      }
      while (!isDown()) {
        turn(server);
      }
      LOG.log(System.Logger.Level.INFO, "down");
    }
  }

  private void arrived(ChassisLink link, Frame frame) {
    try {
      inbox.put(new Received(link, frame));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void turn(ChassisServer server) throws IOException, InterruptedException {
    var received = inbox.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
    now = moment();
    // Everything that waits is heard before anybody is judged by the time that has passed.
    for (int i = 0; received != null && i < INBOX_MAX; i++) {
      take(received);
      received = inbox.poll();
    }
    if (goingDown) {
      stopNext();
    }
    for (var bay : bays.values()) {
      bay.turn(now);
    }
    ping(server);
  }

  /** Notes when neither controller has power. */
  private void lookAtPower() {
    boolean before = powered;
    powered = bays.values().stream().anyMatch(Bay::hasPower);
    if (before && !powered) {
      try {
        PowerSupply.interrupted(layout);
      } catch (IOException e) {
        // What should end with the power lives on: hosts can end it themselves.
        LOG.log(System.Logger.Level.ERROR, "cannot note the loss of power", e);
      }
    }
  }

  private Moment moment() {
    return new Moment(clock.turn(System.nanoTime()), System.currentTimeMillis());
  }

  // ---- what links say

  private void take(Received received) {
    var link = received.link();
    if (link == null) {
      return;
    }
    try {
      take(link, received.frame());
    } catch (Frame.MalformedFrame | IllegalArgumentException e) {
      LOG.log(System.Logger.Level.WARNING, "a client's frame makes no sense", e);
      answer(link, received.frame(), Optional.of("malformed request: " + e.getMessage()));
    }
  }

  private void take(ChassisLink link, Frame frame) {
    switch (frame.type()) {
      case ChassisProtocol.HELLO -> hello(link, frame);
      case ChassisProtocol.PONG -> pong(link, frame);
      case ChassisProtocol.STATE -> link.send(state(frame));
      case ChassisProtocol.DOWN -> {
        goingDown = true;
        answer(link, frame, Optional.empty());
      }
      case ChassisProtocol.SET_SLOT -> request(link, frame, (bay, _) -> setSlot(frame, bay));
      case ChassisProtocol.BOOT ->
          request(link, frame, (_, _) -> new BootInput.Boot(frame.text("reason")));
      case ChassisProtocol.SETTLE -> request(link, frame, (_, _) -> new BootInput.Settle());
      case ChassisProtocol.POWER_OFF -> request(link, frame, (_, _) -> new BootInput.PowerOff());
      case ChassisProtocol.POWER_ON ->
          request(
              link,
              frame,
              (bay, slot) -> new BootInput.PowerOn(slot, slot.map(bay::isComplete).orElse(true)));
      default ->
          link.send(
              Frame.of(
                  Frame.UNSUPPORTED,
                  "seq",
                  frame.optional("seq").orElse("0"),
                  "type",
                  frame.type()));
    }
  }

  private void hello(ChassisLink link, Frame frame) {
    if (frame.text("kind").equals("controller")) {
      var id = ControllerId.of((int) frame.number("controller"));
      link.introduced(new ChassisLink.Hello(id, frame.number("pid")));
      // At once: it may be ONLINE already, and somebody waits for it.
      link.send(Frame.of(ChassisProtocol.PING, "seq", ++pingSeq));
    }
  }

  private void pong(ChassisLink link, Frame frame) {
    if (link.hello().isEmpty()) {
      throw new Frame.MalformedFrame("PONG before HELLO");
    }
    var hello = link.hello().get();
    var answered =
        new BootInput.Answered(
            hello.pid(),
            Role.valueOf(frame.text("role")),
            Status.valueOf(frame.text("status")),
            Version.parse(frame.text("release")));
    bay(hello.controller()).take(answered, now);
  }

  private Frame state(Frame frame) {
    var answer = Frame.of(ChassisProtocol.OK, "seq", frame.number("seq"));
    for (var bay : bays.values()) {
      var view = bay.state().view();
      answer = answer.with("state." + view.id().number(), view.encode());
    }
    return answer;
  }

  /** Makes the input of a request that names a controller, and perhaps a slot. */
  private interface Reading {
    BootInput read(Bay bay, Optional<Slot> slot);
  }

  private void request(ChassisLink link, Frame frame, Reading reading) {
    var bay = bay(ControllerId.of((int) frame.number("controller")));
    if (goingDown) {
      answer(link, frame, Optional.of("the appliance is going down"));
      return;
    }
    var input = reading.read(bay, frame.optional("slot").map(Slot::valueOf));
    answer(link, frame, bay.take(input, now));
  }

  private static BootInput setSlot(Frame frame, Bay bay) {
    var slot = Slot.valueOf(frame.text("slot"));
    var fallback = frame.optional("fallback").map(Slot::valueOf);
    return new BootInput.SetSlot(slot, fallback, frame.text("tag"), bay.isComplete(slot));
  }

  private static void answer(ChassisLink link, Frame request, Optional<String> refusal) {
    String seq = request.optional("seq").orElse("0");
    link.send(
        refusal
            .map(reason -> Frame.of(ChassisProtocol.REFUSED, "seq", seq, "reason", reason))
            .orElseGet(() -> Frame.of(ChassisProtocol.OK, "seq", seq)));
  }

  private void ping(ChassisServer server) {
    boolean all = now.runMillis() - pingedMillis >= PING_MILLIS;
    if (all) {
      pingedMillis = now.runMillis();
    }
    for (var link : server.links()) {
      boolean wanted =
          link.hello()
              .filter(h -> all || bay(h.controller()).state().phase() instanceof Phase.Booting)
              .isPresent();
      if (wanted) {
        link.send(Frame.of(ChassisProtocol.PING, "seq", ++pingSeq));
      }
    }
  }

  // ---- the end

  /** The standby goes first: it must not take over from an active that stops. */
  private void stopNext() {
    boolean oneStops = bays.values().stream().anyMatch(bay -> isGoing(bay) && !isDown(bay));
    if (oneStops) {
      return;
    }
    bays.values().stream()
        .filter(bay -> !isGoing(bay))
        .min((a, b) -> Boolean.compare(isActive(a), isActive(b)))
        .ifPresent(bay -> bay.take(new BootInput.GoDown(), now));
  }

  private boolean isDown() {
    return goingDown && bays.values().stream().allMatch(Chassis::isDown);
  }

  private static boolean isActive(Bay bay) {
    return bay.state().said().filter(said -> said.role() == Role.ACTIVE).isPresent();
  }

  private static boolean isDown(Bay bay) {
    return bay.state().phase() instanceof Phase.Down;
  }

  private static boolean isGoing(Bay bay) {
    return isDown(bay)
        || (bay.state().phase() instanceof Phase.Ending ending
            && ending.next() instanceof Phase.Next.GoDown);
  }

  private Bay bay(ControllerId id) {
    var bay = bays.get(id);
    if (bay == null) {
      throw new IllegalArgumentException("no bay for " + id);
    }
    return bay;
  }
}

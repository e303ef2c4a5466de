package io.bascule.controller.link;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The controller's end of the link to the chassis: answers its heartbeat while this controller
 * makes progress, and asks it for power and boot slots. Connects again forever: a chassis may come
 * and go.
 *
 * <p>One thread, {@code chassis-link}, connects and receives; any thread asks.
 */
public final class ChassisLink implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ChassisLink.class.getName());

  private static final long RECONNECT_MILLIS = 100;

  /** The chassis answers in microseconds; a boot kills and forks first. */
  private static final long ASK_MILLIS = 1_800;

  /** What {@link #recentBoots} may be old. */
  private static final long FRESH_NANOS = 250_000_000;

  private final Layout layout;
  private final ControllerId self;
  private final Version release;
  private final Supplier<Optional<Health>> health;
  private final Thread thread;
  private volatile @Nullable FrameConnection connection;
  private volatile boolean closed;
  private volatile @Nullable Boots cached;

  /** What a PONG says; none is sent while there is no answer. */
  public record Health(Role role, Status status) {}

  private record Boots(Map<ControllerId, ControllerBoot> all, long atNanos) {}

  /**
   * @param health empty while this controller makes no progress; must not block
   */
  public ChassisLink(
      Layout layout, ControllerId self, Version release, Supplier<Optional<Health>> health) {
    this.layout = layout;
    this.self = self;
    this.release = release;
    this.health = health;
    this.thread = Thread.ofPlatform().daemon().name("chassis-link").unstarted(this::run);
  }

  public void start() {
    thread.start();
  }

  private void run() {
    boolean told = false;
    while (!closed) {
      try (var fresh = FrameConnection.dial(layout.chassisSocket())) {
        fresh.send(
            Frame.of(
                ChassisProtocol.HELLO,
                "protocol",
                ChassisProtocol.VERSION,
                "kind",
                "controller",
                "controller",
                self.number(),
                "pid",
                ProcessHandle.current().pid(),
                "release",
                release));
        connection = fresh;
        LOG.log(System.Logger.Level.INFO, "linked to the chassis");
        told = false;
        receive(fresh);
      } catch (IOException | Frame.MalformedFrame e) {
        if (!told && !closed) {
          LOG.log(System.Logger.Level.WARNING, "no chassis: {0}", e.toString());
          told = true;
        }
      } finally {
        connection = null;
        cached = null;
      }
      pause();
    }
  }

  private void receive(FrameConnection from) throws IOException {
    while (!closed) {
      var frame = from.receive();
      if (frame.type().equals(ChassisProtocol.PING)) {
        var now = health.get();
        if (now.isPresent()) {
          from.send(
              Frame.of(
                  ChassisProtocol.PONG,
                  "seq",
                  frame.text("seq"),
                  "role",
                  now.get().role(),
                  "status",
                  now.get().status(),
                  "release",
                  release));
        }
      } else if (frame.optional(FrameConnection.SEQ).isPresent()) {
        from.send(
            Frame.of(Frame.UNSUPPORTED, FrameConnection.SEQ, frame.text(FrameConnection.SEQ)));
      }
    }
  }

  private void pause() {
    try {
      Thread.sleep(RECONNECT_MILLIS);
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  /** Whether a chassis is there. */
  public boolean linked() {
    return connection != null;
  }

  /** What the chassis knows of each controller, not older than {@link #FRESH_NANOS}. */
  public Map<ControllerId, ControllerBoot> recentBoots() throws NoAnswer {
    var known = cached;
    return known != null && System.nanoTime() - known.atNanos() < FRESH_NANOS
        ? known.all()
        : boots();
  }

  /** What the chassis knows of each controller, asked now. */
  public Map<ControllerId, ControllerBoot> boots() throws NoAnswer {
    long asked = System.nanoTime();
    var answer = ask(Frame.of(ChassisProtocol.STATE));
    try {
      var all =
          Map.of(
              ControllerId.CONTROLLER_0,
              ControllerBoot.decode(answer.text("state.0")),
              ControllerId.CONTROLLER_1,
              ControllerBoot.decode(answer.text("state.1")));
      cached = new Boots(all, asked);
      return all;
    } catch (Frame.MalformedFrame | IllegalArgumentException e) {
      throw new NoAnswer("the chassis' state cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Asks the chassis for something.
   *
   * @throws NoAnswer if it does not answer, or refuses
   */
  public Frame ask(Frame request) throws NoAnswer {
    var now = connection;
    if (now == null) {
      throw new NoAnswer("the chassis is not there", null);
    }
    try {
      var answer = now.ask(request, ASK_MILLIS);
      if (answer.type().equals(ChassisProtocol.OK)) {
        if (!request.type().equals(ChassisProtocol.STATE)) {
          cached = null;
        }
        return answer;
      }
      throw new Refuses(request.type(), answer.optional("reason").orElse(answer.type()));
    } catch (IOException e) {
      throw new NoAnswer("the chassis does not answer", e);
    }
  }

  /** The chassis is not there, does not answer, or refuses. */
  public static sealed class NoAnswer extends Exception {
    private static final long serialVersionUID = 1L;

    NoAnswer(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** The chassis is there and says no. */
  public static final class Refuses extends NoAnswer {
    private static final long serialVersionUID = 1L;

    private final String reason;

    Refuses(String request, String reason) {
      super("the chassis refuses " + request + ": " + reason, null);
      this.reason = reason;
    }

    /** In the chassis' words. */
    public String reason() {
      return reason;
    }
  }

  @Override
  public void close() {
    closed = true;
    var now = connection;
    if (now != null) {
      try {
        now.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "closing the chassis link", e);
      }
    }
  }
}

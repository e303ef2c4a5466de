package io.bascule.controller.link;

import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The link between the two controllers: controller 0 listens, controller 1 dials. Never
 * authoritative.
 *
 * <p>Threads: {@code peer-link} makes the connection and receives; {@code peer-status} tells the
 * peer about us every {@link #STATUS_MILLIS} and gives a silent connection up; each request of the
 * peer runs in a virtual thread. Any thread asks and pushes.
 */
public final class PeerLink implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(PeerLink.class.getName());

  static final long STATUS_MILLIS = 200;

  /** Five statuses missed and a bit: the peer is gone or stopped. */
  static final long SILENT_MILLIS = 1_100;

  private static final long DIAL_MILLIS = 50;
  private static final long ASK_MILLIS = 1_800;

  private final Layout layout;
  private final ControllerId self;
  private final Version release;
  private final Ends ends;
  private final Thread linkThread;
  private final Thread statusThread;
  private volatile @Nullable Connected connected;
  private volatile @Nullable Heard heard;
  private volatile boolean closed;
  private volatile @Nullable ServerSocketChannel server;

  /** What the controller gives the link. None may block, but {@code answer} up to a second. */
  public record Ends(
      Supplier<PeerStatus> status,
      Supplier<Optional<Pushed>> pushed,
      Consumer<Pushed> received,
      Function<Frame, Frame> answer) {}

  /**
   * What the active tells its standby.
   *
   * @param allowed releases that may serve, by commas; empty for any
   */
  public record Pushed(String catalogJson, String allowed) {}

  private record Connected(FrameConnection connection, long sinceNanos) {}

  private record Heard(PeerStatus status, long atNanos) {}

  public PeerLink(Layout layout, ControllerId self, Version release, Ends ends) {
    this.layout = layout;
    this.self = self;
    this.release = release;
    this.ends = ends;
    this.linkThread = Thread.ofPlatform().daemon().name("peer-link").unstarted(this::link);
    this.statusThread = Thread.ofPlatform().daemon().name("peer-status").unstarted(this::tell);
  }

  public void start() {
    linkThread.start();
    statusThread.start();
  }

  /** What the peer last said, if that is fresh. */
  public Optional<PeerStatus> peer() {
    var last = heard;
    return last == null || System.nanoTime() - last.atNanos() > millis(SILENT_MILLIS)
        ? Optional.empty()
        : Optional.of(last.status());
  }

  /** Asks the peer and waits for its answer. */
  public Frame ask(Frame request) throws IOException {
    var now = connected;
    if (now == null) {
      throw new IOException("the peer link is down");
    }
    return now.connection().ask(request, ASK_MILLIS);
  }

  /** Sends the peer what {@code pushed} supplies now. */
  public void push() {
    var now = connected;
    if (now != null) {
      try {
        push(now.connection());
      } catch (IOException e) {
        LOG.log(System.Logger.Level.INFO, "the peer link broke: {0}", e.toString());
        close(now);
      }
    }
  }

  private void push(FrameConnection to) throws IOException {
    var what = ends.pushed().get();
    if (what.isPresent()) {
      to.send(
          Frame.of(
              PeerProtocol.CATALOG,
              "catalog",
              what.get().catalogJson(),
              "allowed",
              what.get().allowed()));
    }
  }

  private void link() {
    while (!closed) {
      try (var connection = self == ControllerId.CONTROLLER_0 ? accept() : dial()) {
        serve(connection);
      } catch (IOException | Frame.MalformedFrame | IllegalArgumentException e) {
        boolean wasUp = connected != null;
        LOG.log(
            wasUp && !closed ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG,
            "peer link down: {0}",
            e.toString());
      } finally {
        connected = null;
        heard = null;
      }
      pause(DIAL_MILLIS);
    }
  }

  private FrameConnection accept() throws IOException {
    var listening = server;
    if (listening == null) {
      var path = layout.peerSocket();
      Files.deleteIfExists(path);
      listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listening.bind(UnixDomainSocketAddress.of(path));
      server = listening;
      if (closed) {
        listening.close();
      }
    }
    return new FrameConnection(listening.accept());
  }

  private FrameConnection dial() throws IOException {
    return FrameConnection.dial(layout.peerSocket());
  }

  private void serve(FrameConnection connection) throws IOException {
    connection.send(
        Frame.of(
            PeerProtocol.HELLO,
            "protocolMin",
            PeerProtocol.VERSION_MIN,
            "protocolMax",
            PeerProtocol.VERSION_MAX,
            "controller",
            self.number(),
            "release",
            release,
            "epoch",
            ends.status().get().epoch()));
    connection.send(ends.status().get().toFrame());
    push(connection);
    // From here the status thread sends too, and the silence of the peer closes the connection.
    connected = new Connected(connection, System.nanoTime());
    var hello = connection.receive();
    check(hello);
    LOG.log(
        System.Logger.Level.INFO,
        "peer link up: {0} runs {1}",
        self.other(),
        hello.text("release"));
    while (!closed) {
      dispatch(connection, connection.receive());
    }
  }

  private void check(Frame hello) {
    if (!hello.type().equals(PeerProtocol.HELLO)) {
      throw new Frame.MalformedFrame("expected HELLO, got " + hello.type());
    }
    if (hello.number("controller") != self.other().number()) {
      throw new Frame.MalformedFrame("this is controller " + hello.number("controller"));
    }
    if (hello.number("protocolMin") > PeerProtocol.VERSION_MAX
        || hello.number("protocolMax") < PeerProtocol.VERSION_MIN) {
      throw new Frame.MalformedFrame("no common protocol: " + hello);
    }
  }

  private void dispatch(FrameConnection connection, Frame frame) throws IOException {
    switch (frame.type()) {
      case PeerProtocol.STATUS -> heard = new Heard(PeerStatus.fromFrame(frame), System.nanoTime());
      case PeerProtocol.CATALOG ->
          ends.received().accept(new Pushed(frame.text("catalog"), frame.text("allowed")));
      default -> {
        if (frame.optional(FrameConnection.SEQ).isPresent()) {
          Thread.ofVirtual().name("peer-request").start(() -> answer(connection, frame));
        }
      }
    }
  }

  private void answer(FrameConnection connection, Frame request) {
    Frame answer;
    try {
      answer = ends.answer().apply(request);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "the peer's " + request.type() + " failed", e);
      answer = Frame.of(PeerProtocol.REFUSED, "reason", e.toString());
    }
    try {
      connection.send(answer.with(FrameConnection.SEQ, request.text(FrameConnection.SEQ)));
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "the peer link broke before an answer", e);
    }
  }

  private void tell() {
    while (!closed) {
      var now = connected;
      if (now != null) {
        var last = heard;
        long since = Math.max(now.sinceNanos(), last == null ? Long.MIN_VALUE : last.atNanos());
        if (System.nanoTime() - since > millis(SILENT_MILLIS)) {
          close(now);
        } else {
          try {
            now.connection().send(ends.status().get().toFrame());
          } catch (IOException e) {
            close(now);
          }
        }
      }
      pause(STATUS_MILLIS);
    }
  }

  private static void close(Connected link) {
    try {
      link.connection().close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "closing the peer link", e);
    }
  }

  private void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  private static long millis(long millis) {
    return TimeUnit.MILLISECONDS.toNanos(millis);
  }

  @Override
  public void close() {
    closed = true;
    try {
      var listening = server;
      if (listening != null) {
        listening.close();
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "closing the peer link", e);
    }
    var now = connected;
    if (now != null) {
      close(now);
    }
  }
}

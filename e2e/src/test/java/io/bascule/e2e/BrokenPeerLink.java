package io.bascule.e2e;

import io.bascule.core.ControllerId;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The link between an appliance's two controllers does not work until this is closed; hosts, the
 * chassis and everybody else still reach both. Where one of them reboots meanwhile, it finds the
 * link broken too.
 *
 * <p>Controller 0 listens on a Unix socket: its name is moved away, and what is connected is shut
 * down. A link that is there but carries nothing is a relay under that name, which forgets what it
 * reads. All of it is of this appliance alone; if this process dies, the link stays down until
 * controller 0 boots.
 */
final class BrokenPeerLink implements AutoCloseable {
  /** Controller 1 dials every 50 ms. */
  private static final long LOOK_MILLIS = 20;

  /** How long nobody can connect before there is a relay. */
  private static final long MOVED_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** How long a relay carries before it falls silent, so that something is under way then. */
  private static final long CARRIES_MILLIS = 800;

  /** How the link is broken. */
  enum How {
    /** Nobody can connect. */
    CUT("cut", false, false),
    /** Connected, but nothing arrives any more. */
    SILENT("carries nothing", true, true),
    /** Controller 0 hears nothing of controller 1, which hears it. */
    TO_ONE_ONLY("carries nothing to controller 0", true, false),
    /** Controller 1 hears nothing of controller 0, which hears it. */
    TO_ZERO_ONLY("carries nothing to controller 1", false, true);

    final String words;
    private final boolean forgetsToZero;
    private final boolean forgetsToOne;

    How(String words, boolean forgetsToZero, boolean forgetsToOne) {
      this.words = words;
      this.forgetsToZero = forgetsToZero;
      this.forgetsToOne = forgetsToOne;
    }
  }

  private final Appliance appliance;
  private final How how;
  private final Path name;

  /** Where the listening socket of controller 0 has its name meanwhile. */
  private final Path away;

  private final Thread thread;
  private final ConcurrentLinkedQueue<SocketChannel> relayed = new ConcurrentLinkedQueue<>();
  private final long silentFromNanos =
      System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CARRIES_MILLIS);
  private volatile boolean closed;

  /** When controller 0's socket lost its name; of {@code thread}. */
  private long movedNanos = System.nanoTime();

  /** Of {@code thread}, and after it has ended. */
  private @Nullable ServerSocketChannel relay;

  /** What tells the relay's name from one that controller 0 has made; of {@code thread}. */
  private Map<String, Object> relayIs = Map.of();

  private BrokenPeerLink(Appliance appliance, How how) throws IOException {
    this.appliance = appliance;
    this.how = how;
    this.name = Layout.of(appliance.data).peerSocket();
    this.away = name.resolveSibling("peer.away");
    this.thread = Thread.ofPlatform().name("broken-peer-link").daemon().unstarted(this::run);
  }

  static BrokenPeerLink of(Appliance appliance, How how) throws IOException {
    var broken = new BrokenPeerLink(appliance, how);
    broken.thread.start();
    return broken;
  }

  private void run() {
    while (!closed) {
      try {
        look();
      } catch (IOException e) {
        // Controller 0 has come or gone in between: seen in the next turn.
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
    }
  }

  /** Breaks what is whole, at first and whenever controller 0 has booted. */
  private void look() throws IOException {
    boolean named = Files.exists(name);
    if (named && identity(name).equals(relayIs)) {
      return;
    }
    if (named) {
      Files.move(name, away, StandardCopyOption.REPLACE_EXISTING);
      movedNanos = System.nanoTime();
    }
    disconnect();
    // Whoever had dialed before is accepted by then, and shut out.
    if (how != How.CUT && System.nanoTime() - movedNanos > MOVED_NANOS) {
      listen();
    }
  }

  private void disconnect() throws IOException {
    var controller = appliance.process(ControllerId.CONTROLLER_0);
    if (controller.isPresent()) {
      ForeignSockets.shutdown(controller.get(), name);
    }
  }

  private void listen() throws IOException {
    closeRelay();
    var fresh = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    fresh.bind(UnixDomainSocketAddress.of(name));
    relay = fresh;
    relayIs = identity(name);
    Thread.ofPlatform().name("peer-relay").daemon().start(() -> accept(fresh));
  }

  private void accept(ServerSocketChannel from) {
    while (!closed) {
      try {
        var one = from.accept();
        relayed.add(one);
        var zero = SocketChannel.open(UnixDomainSocketAddress.of(away));
        relayed.add(zero);
        Thread.ofPlatform().daemon().start(() -> carry(one, zero, how.forgetsToZero));
        Thread.ofPlatform().daemon().start(() -> carry(zero, one, how.forgetsToOne));
      } catch (IOException e) {
        if (!from.isOpen()) {
          return;
        }
        // Controller 0 is not there: whoever dialed waits for nothing, as with a dead cable.
      }
    }
  }

  private void carry(SocketChannel from, SocketChannel to, boolean forgets) {
    var buffer = ByteBuffer.allocate(64 << 10);
    try (from;
        to) {
      while (from.read(buffer.clear()) >= 0) {
        buffer.flip();
        boolean forgotten = forgets && System.nanoTime() - silentFromNanos >= 0;
        while (!forgotten && buffer.hasRemaining()) {
          to.write(buffer);
        }
      }
    } catch (IOException e) {
      // Either side has gone; the other one is told by the closing.
    }
  }

  private static Map<String, Object> identity(Path socket) throws IOException {
    return Files.readAttributes(socket, "unix:ino,ctime");
  }

  /** Controller 0's socket has its name back, and who dials it gets through. */
  @Override
  public void close() throws IOException {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    if (Files.exists(name) && identity(name).equals(relayIs)) {
      Files.delete(name);
    }
    try {
      Files.createLink(name, away); // never over one that controller 0 has just made
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      // It has booted, or never had one: nothing to give back.
    }
    Files.deleteIfExists(away);
    closeRelay();
  }

  private void closeRelay() throws IOException {
    var listening = relay;
    if (listening != null) {
      listening.close();
    }
    for (var channel : List.copyOf(relayed)) {
      channel.close();
      relayed.remove(channel);
    }
  }
}

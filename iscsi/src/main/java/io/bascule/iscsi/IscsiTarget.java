package io.bascule.iscsi;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * An iSCSI target: portals, sessions, and the model they show. Safe for use by many threads.
 *
 * <p>One thread accepts for each portal; one serves each connection; a small pool waits for disks;
 * one looks after silent hosts. The target lives as long as its process: a standby's target becomes
 * the active's by an {@link #update}.
 */
public final class IscsiTarget implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(IscsiTarget.class.getName());
  private static final int BACKLOG = 1024;

  /** Buffers kept for the next sessions. */
  private static final int BUFFERS_KEPT = 64;

  /**
   * What happens in memory takes microseconds; a busy machine delays it by tens of milliseconds.
   */
  private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(2);

  /**
   * A write into the page cache waits for the disk when the kernel says so, and a disk that
   * recovers an error or a path is silent for many seconds: no other controller has a better disk.
   * Linux gives a SCSI command 30 s before it aborts it, Windows and ESXi 30 to 60 s with
   * multipathing. Until then waiting is better; after it, a thread stuck in our own code is the
   * likelier cause, and a takeover the only cure.
   */
  private static final long VOLUME_STALL_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** How long closing waits for threads that are inside a volume. */
  private static final long CLOSE_MILLIS = 5_000;

  /** Closing waits so long for the request to log out to be sent; it is a courtesy. */
  private static final long LOGOUT_MILLIS = 20;

  /** After an accept failed (out of descriptors, say), so that it doesn't fail in a busy loop. */
  private static final long ACCEPT_PAUSE_MILLIS = 50;

  private static final int STEADY_SECONDS = 10;

  /** The second that has begun, and the one before. */
  private static final int PRESENT_SECONDS = 2;

  private final TargetSettings settings;
  private final SlowPool pool;
  private final TargetCore core;
  private final Buffers buffers;
  private final Set<ConnectionThread> connections = ConcurrentHashMap.newKeySet();
  private final Set<OpenPortal> portals = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService housekeeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("iscsi-housekeeper").factory());
  private volatile boolean closed;

  public IscsiTarget(TargetSettings settings) {
    this(settings, new Buffers(Buffers.SESSION_BYTES, BUFFERS_KEPT));
  }

  IscsiTarget(TargetSettings settings, Buffers buffers) {
    this.settings = settings;
    this.buffers = buffers;
    pool = new SlowPool(settings.slowThreads());
    core = new TargetCore(settings, pool);
    var unused = housekeeper.scheduleWithFixedDelay(this::tick, 1, 1, TimeUnit.SECONDS);
  }

  /** Listens there and accepts from now on. */
  public Portal open(PortalSpec spec) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      server.bind(spec.address(), BACKLOG);
      OpenPortal portal =
          new OpenPortal(spec, server, (InetSocketAddress) server.getLocalAddress());
      portals.add(portal);
      portal.thread.start();
      return portal;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /**
   * Shows hosts another model from now on. Sessions that the new model would not let in are closed;
   * the others learn of what changed by unit attentions. A command that is inside a volume of the
   * old model at this moment finishes there.
   */
  public void update(TargetView view) {
    core.show(view);
    connections.forEach(ConnectionThread::refresh);
  }

  /**
   * Goes on with the reservations that are kept there, and keeps them there from now on. Called
   * once, before a unit with a medium is shown.
   */
  public void keepReservations(ReservationStore store) {
    core.guards.keep(store);
  }

  /**
   * Takes no new commands and no more data for begun ones (both stay unanswered) and waits for
   * those that are in the pool. It is for the end: after it only {@link #close} makes sense.
   *
   * @return whether all of them were finished within the bound
   */
  public boolean drain(long boundMillis) {
    core.draining = true;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(boundMillis);
    try {
      for (ConnectionThread connection : connections) {
        while (true) {
          long left = deadline - System.nanoTime();
          if (connection.idle(Math.max(left, 1))) {
            break;
          }
          if (left <= 0) {
            return false;
          }
          TimeUnit.MICROSECONDS.sleep(200);
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  public Stats stats() {
    List<Stats.SessionStats> sessions = new ArrayList<>();
    core.sessions().forEach(session -> sessions.add(session.stats()));
    Counters counters = core.counters;
    return new Stats(
        sessions,
        counters.reads.sum(),
        counters.writes.sum(),
        counters.readBytes.sum(),
        counters.writtenBytes.sum(),
        counters.writesAcknowledged.sum(),
        latencyP99Micros());
  }

  /** 99th percentile of reads and writes over about the last ten seconds; 0 if there were none. */
  public long latencyP99Micros() {
    return core.counters.latency.p99Micros(System.nanoTime(), STEADY_SECONDS);
  }

  /** The same over the last one to two seconds: what hosts feel now. */
  public long presentLatencyP99Micros() {
    return core.counters.latency.p99Micros(System.nanoTime(), PRESENT_SECONDS);
  }

  /** Starts a measurement. */
  public LatencyWindow latencyWindow() {
    return core.counters.latency.window();
  }

  /** Grows with every operation finished. */
  public long progress() {
    return core.counters.commands.sum();
  }

  /**
   * Whether a connection's thread has been stuck in one in-memory operation for more than two
   * seconds, or in one call of a volume for more than thirty, as seen by calls of this method: it
   * must be called several times a second, by one thread.
   */
  public boolean stalled(long nowNanos) {
    boolean stalled = false;
    for (ConnectionThread connection : connections) {
      stalled |= connection.stalled(nowNanos, STALL_NANOS, VOLUME_STALL_NANOS);
    }
    return stalled;
  }

  private void tick() {
    long now = System.nanoTime();
    connections.forEach(connection -> connection.tick(now, settings));
  }

  /** Closes portals, sessions and threads; no volume is touched after it returns. */
  @Override
  public void close() {
    portals.forEach(OpenPortal::close);
    closed = true;
    housekeeper.shutdown();
    askForLogout();
    connections.forEach(connection -> connection.shut("the target closes"));
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
    boolean ended = true;
    try {
      for (ConnectionThread connection : connections) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        ended &= connection.join(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ended = false;
    }
    ended &= pool.close(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
    if (!ended) {
      LOG.log(System.Logger.Level.ERROR, "work on volumes did not end while the target closed");
    }
  }

  /** So that hosts of the floating portal look for it again at once (RFC 7143, 11.9). */
  private void askForLogout() {
    connections.forEach(ConnectionThread::askForLogout);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LOGOUT_MILLIS);
    while (connections.stream().anyMatch(ConnectionThread::hasPosted)
        && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(this, TimeUnit.MICROSECONDS.toNanos(200));
    }
  }

  /** A listening socket and the thread that accepts from it. */
  private final class OpenPortal implements Portal, Runnable {
    private final PortalSpec spec;
    private final ServerSocketChannel server;
    private final InetSocketAddress address;
    private final Thread thread;

    OpenPortal(PortalSpec spec, ServerSocketChannel server, InetSocketAddress address) {
      this.spec = spec;
      this.server = server;
      this.address = address;
      thread =
          Thread.ofPlatform().daemon().name("iscsi-accept-" + address.getPort()).unstarted(this);
    }

    @Override
    public PortalSpec spec() {
      return spec;
    }

    @Override
    public InetSocketAddress localAddress() {
      return address;
    }

    @Override
    public void run() {
      while (server.isOpen()) {
        try {
          serve(server.accept());
        } catch (ClosedChannelException e) {
          return; // close() did it
        } catch (IOException e) {
          LOG.log(System.Logger.Level.WARNING, "accepting on " + address + " failed", e);
          pause();
        }
      }
    }

    private void serve(SocketChannel channel) throws IOException {
      if (closed) {
        channel.close();
        return;
      }
      if (connections.stream().filter(ConnectionThread::loggedIn).count()
          >= settings.maxConnections()) {
        LOG.log(System.Logger.Level.WARNING, "refusing a connection: there are too many");
        channel.close();
        return;
      }
      makeRoomForALogin();
      try {
        ConnectionThread connection =
            new ConnectionThread(core, spec, channel, buffers, connections::remove);
        connections.add(connection);
        connection.start();
        if (closed) {
          connection.shut("the target closes");
        }
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    }

    /**
     * Logins in progress have a bound of their own, so that connections which never log in keep
     * nobody out. It is as large as the other: all hosts may come at once after a handover.
     */
    private void makeRoomForALogin() {
      List<ConnectionThread> pending =
          connections.stream().filter(ConnectionThread::loggingIn).toList();
      if (pending.size() >= settings.maxConnections()) {
        pending.stream()
            .min(ConnectionThread::compareAge)
            .ifPresent(oldest -> oldest.shut("others want to log in"));
      }
    }

    private void pause() {
      try {
        TimeUnit.MILLISECONDS.sleep(ACCEPT_PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {
      portals.remove(this);
      try {
        server.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "closing the portal " + address + " failed", e);
      }
    }
  }
}

package io.bascule.iscsi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A socket around a {@link Connection}. Its own thread reads, and does all that is in memory; what
 * comes back from the pool is answered by a second thread, begun with the first such answer, so
 * that a host which does not read blocks nobody but itself.
 *
 * <p>Invariants: connection, session and output buffer are touched only under {@link #lock}, the
 * input buffer only by the own thread; after {@link #closed} nothing touches the buffers.
 */
final class ConnectionThread implements Wire, Runnable {
  private static final System.Logger LOG = System.getLogger(ConnectionThread.class.getName());

  /** Enough for a login and for discovery; a session gets {@link Buffers}. */
  private static final int LOGIN_BYTES = 16_384;

  /** The helper looks this often whether the connection still lives, should a wake-up be lost. */
  private static final long HELPER_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A read that takes less found what it reads: it only copied. */
  private static final long AT_ONCE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private static final String NO_MEMORY = "there is no memory for its buffers";

  private static final VarHandle BEATS;

  static {
    try {
      BEATS = MethodHandles.lookup().findVarHandle(ConnectionThread.class, "beats", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final SocketChannel channel;
  private final Buffers buffers;
  private final Consumer<ConnectionThread> onEnd;
  private final Connection connection;
  private final String remote;
  private final String local;
  private final Thread thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final ConcurrentLinkedQueue<Runnable> posted = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean helperBegun = new AtomicBoolean();
  private volatile @Nullable Thread helper;
  private ByteBuffer in;
  private ByteBuffer out;
  private boolean large;
  private boolean closed;

  private final long openedNanos = System.nanoTime();
  private volatile long heardNanos = System.nanoTime();
  private volatile boolean loggedIn;

  /** Since when the socket has not taken what we send; 0 while it does. */
  private volatile long sendingSinceNanos;

  /** PDUs begun, doubled; odd while one is being worked on. */
  @SuppressWarnings("UnusedVariable") // through BEATS
  private long beats;

  /** What is being worked on has gone into a volume. Written under the lock. */
  private volatile boolean inVolume;

  // The watchdog's memory, touched by it only.
  private long beatsSeen;
  private long beatsSeenNanos;

  ConnectionThread(
      TargetCore core,
      PortalSpec portal,
      SocketChannel channel,
      Buffers buffers,
      Consumer<ConnectionThread> onEnd)
      throws IOException {
    this.channel = channel;
    this.buffers = buffers;
    this.onEnd = onEnd;
    in = direct(LOGIN_BYTES);
    out = direct(LOGIN_BYTES);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    SocketAddress from = channel.getRemoteAddress();
    remote = from instanceof InetSocketAddress inet ? text(inet) : String.valueOf(from);
    local =
        channel.getLocalAddress() instanceof InetSocketAddress inet && inet.getAddress() != null
            ? Discovery.literal(inet.getAddress())
            : "127.0.0.1";
    connection = new Connection(core, portal, this);
    thread = Thread.ofPlatform().daemon().name("iscsi-" + remote).unstarted(this);
  }

  private static ByteBuffer direct(int bytes) throws IOException {
    ByteBuffer buffer = Buffers.allocate(bytes);
    if (buffer == null) {
      throw new IOException(NO_MEMORY);
    }
    return buffer;
  }

  private static String text(InetSocketAddress address) {
    return (address.getAddress() == null
            ? address.getHostString()
            : Discovery.literal(address.getAddress()))
        + ":"
        + address.getPort();
  }

  void start() {
    thread.start();
  }

  @Override
  public void run() {
    try {
      serve();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "the connection of {0} ended: {1}", remote, e);
    } catch (UncheckedIOException e) {
      LOG.log(System.Logger.Level.DEBUG, "the connection of {0} ended: {1}", remote, e);
    } finally {
      end();
    }
  }

  private void serve() throws IOException {
    while (true) {
      long askedNanos = System.nanoTime();
      if (channel.read(in) < 0) {
        return;
      }
      long now = System.nanoTime();
      long arrivedNanos = arrived(heardNanos, askedNanos, now);
      heardNanos = now;
      lock.lock();
      try {
        in.flip();
        connection.feed(in, arrivedNanos);
        runPosted();
        flush();
        beatEnds();
        if (connection.closing()) {
          return;
        }
        keepRest();
        if (!in.hasRemaining()) {
          // Nothing could be read any more, for ever: no PDU may be longer than the buffer.
          shut("a PDU that does not fit");
          return;
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * When a command came, as far as can be told. One that was there as we asked came while we worked
   * on others; that wait is ours, and a host feels it. It is taken to have come halfway.
   */
  private static long arrived(long lastReadNanos, long askedNanos, long now) {
    boolean waited = now - askedNanos < AT_ONCE_NANOS;
    return waited ? lastReadNanos + (askedNanos - lastReadNanos) / 2 : now;
  }

  /** Makes room behind what is left in the input buffer: an incomplete PDU. */
  private void keepRest() {
    Session session = connection.session();
    if (session != null && !large && !session.discovery()) {
      enlarge();
    } else if (in.position() == 0 && in.limit() < in.capacity()) {
      in.position(in.limit()).limit(in.capacity());
    } else {
      in.compact();
    }
    loggedIn |= session != null;
  }

  private void enlarge() {
    ByteBuffer input = buffers.take();
    ByteBuffer output = input == null ? null : buffers.take();
    if (input != null && output != null) {
      large = true;
      in = input.put(in);
      out = output;
      return;
    }
    if (input != null) {
      buffers.give(input);
    }
    in.compact();
    shut(NO_MEMORY);
  }

  private void runPosted() {
    for (Runnable action = posted.poll(); action != null; action = posted.poll()) {
      action.run();
    }
  }

  private void flush() throws IOException {
    if (out.position() == 0) {
      return;
    }
    out.flip();
    beatEnds(); // a host that does not read is no fault of ours
    sendingSinceNanos = System.nanoTime() | 1;
    try {
      while (out.hasRemaining()) {
        channel.write(out);
      }
    } finally {
      sendingSinceNanos = 0;
    }
    out.clear();
  }

  private void end() {
    lock.lock();
    try {
      closed = true;
      connection.dispose();
      if (large) {
        buffers.give(in);
        buffers.give(out);
      }
    } finally {
      lock.unlock();
      shut("");
      LockSupport.unpark(helper);
      onEnd.accept(this);
    }
  }

  // ---- Wire -----------------------------------------------------------------------------------

  @Override
  public ByteBuffer reserve(int bytes) {
    if (out.remaining() < bytes) {
      try {
        flush();
        if (out.remaining() < bytes) {
          out = direct(bytes); // an answer during login or discovery
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return out;
  }

  @Override
  public void post(Runnable action) {
    posted.add(action);
    if (helperBegun.compareAndSet(false, true)) {
      Thread started =
          Thread.ofPlatform().daemon().name(thread.getName() + "-slow").unstarted(this::help);
      helper = started;
      started.start();
    } else {
      LockSupport.unpark(helper);
    }
  }

  private void help() {
    try {
      while (answerPosted()) {
        if (posted.isEmpty()) {
          LockSupport.parkNanos(this, HELPER_NANOS);
        }
      }
    } catch (IOException | UncheckedIOException e) {
      LOG.log(System.Logger.Level.DEBUG, "answering {0} failed: {1}", remote, e);
    } finally {
      shut(""); // without its helper a connection is half dead
    }
  }

  private boolean answerPosted() throws IOException {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      runPosted();
      flush();
      beatEnds();
      return !connection.closing();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void shut(String why) {
    if (!why.isEmpty() && channel.isOpen()) {
      LOG.log(System.Logger.Level.INFO, "closing the connection of {0}: {1}", remote, why);
    }
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "closing a socket failed", e);
    }
  }

  @Override
  public void beat() {
    BEATS.setOpaque(this, (beats | 1) + 2);
  }

  @Override
  public void beatEnds() {
    BEATS.setOpaque(this, (beats | 1) + 1);
  }

  @Override
  public void volumeBegins() {
    inVolume = true;
  }

  @Override
  public void volumeEnds() {
    // First a beat: a look between the two must not find a long call that is none.
    if ((beats & 1) != 0) {
      beat();
    }
    inVolume = false;
  }

  @Override
  public String remoteAddress() {
    return remote;
  }

  @Override
  public String localHost() {
    return local;
  }

  // ---- From outside ---------------------------------------------------------------------------

  boolean loggedIn() {
    return loggedIn;
  }

  boolean loggingIn() {
    return !loggedIn && channel.isOpen();
  }

  /** Puts the older one first. */
  static int compareAge(ConnectionThread a, ConnectionThread b) {
    return Long.signum(a.openedNanos - b.openedNanos);
  }

  @Nullable Session session() {
    return loggedIn ? connection.session() : null;
  }

  /** Closes what does not log in, does not answer, or does not read; asks what is silent. */
  void tick(long now, TargetSettings settings) {
    long silence = TimeUnit.MILLISECONDS.toNanos(settings.silenceMillis());
    long sending = sendingSinceNanos;
    if (!loggedIn) {
      if (now - openedNanos > TimeUnit.MILLISECONDS.toNanos(settings.loginMillis())) {
        shut("no login");
      }
    } else if (sending != 0 && now - sending > silence) {
      shut("it does not take what is sent");
    } else if (now - heardNanos > 2 * silence) {
      shut("it is silent");
    } else if (now - heardNanos > silence) {
      post(() -> {
        Session session = connection.session();
        if (session != null) {
          session.ping();
        }
      });
    }
  }

  /**
   * Whether one PDU has been worked on for longer than {@code boundNanos}, or one call of a volume
   * for it has taken longer than {@code volumeBoundNanos}, as calls of this saw it.
   */
  boolean stalled(long now, long boundNanos, long volumeBoundNanos) {
    long seen = (long) BEATS.getOpaque(this);
    if (seen != beatsSeen || (seen & 1) == 0) {
      beatsSeen = seen;
      beatsSeenNanos = now;
      return false;
    }
    return now - beatsSeenNanos > (inVolume ? volumeBoundNanos : boundNanos);
  }

  /**
   * Whether the pool has nothing of it; true also for one that is closing. Waits for the lock at
   * most so long.
   */
  boolean idle(long boundNanos) throws InterruptedException {
    if (!lock.tryLock(boundNanos, TimeUnit.NANOSECONDS)) {
      return false;
    }
    try {
      Session session = connection.session();
      return closed || session == null || !session.hasSlowWork();
    } finally {
      lock.unlock();
    }
  }

  /** Has a look at the model at once. */
  void refresh() {
    post(() -> {
      Session session = connection.session();
      if (session != null) {
        session.refreshModel();
      }
    });
  }

  /** Asks the host of a floating portal to log out. */
  void askForLogout() {
    post(() -> {
      Session session = connection.session();
      if (session != null && session.portal().floating()) {
        session.asyncLogout();
      }
    });
  }

  boolean hasPosted() {
    return !posted.isEmpty() && channel.isOpen();
  }

  boolean join(long boundMillis) throws InterruptedException {
    return thread.join(java.time.Duration.ofMillis(Math.max(boundMillis, 1)));
  }
}

package io.bascule.host.initiator;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A nexus with one logical unit that outlives its connections: when one is lost, or the target asks
 * us to log out, it logs in again and issues every unanswered command once more, in the order they
 * were submitted. A command fails only when it stayed unanswered for {@link
 * InitiatorOptions#recoveryMillis()}, or was answered with a status that no retry mends.
 *
 * <p>Issuing again is safe as long as the caller never has two outstanding writes to one block.
 *
 * <p>Here are its threads: the <i>reader</i> connects, reads and completes; the <i>sender</i>
 * writes; one clock thread for all sessions keeps the deadlines. What they work on: {@link
 * CommandQueues}, the {@link Link} there is, and the {@link Receiver}.
 *
 * <p>Invariants: {@code lock} guards every mutable field and all of those; completions run without
 * it. The reader never writes, so that a target that is blocked writing to us always finds us
 * reading. Once it has started, only the reader makes and ends a link.
 */
public final class Session implements AutoCloseable {
  /** Between two attempts to reach a portal that is away: 10 to 20 ms. */
  private static final long RECONNECT_MILLIS = 10;

  /** How often times are looked at. */
  private static final long TICK_MILLIS = 100;

  /** And while commands wait for another attempt. */
  private static final long DELAYED_TICK_NANOS = 2_000_000;

  private static final System.Logger LOG = System.getLogger(Session.class.getName());

  /** One thread looks at the deadlines of all sessions; a sender may be blocked in a write. */
  private static final ScheduledExecutorService CLOCK =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("host-clock").factory());

  private final TargetUrl url;
  private final InitiatorOptions options;
  private final byte[] isid = Initiator.newIsid();
  private final long lun;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Thread reader;
  private final Thread sender;

  private final CommandQueues queues = new CommandQueues();
  private final Tally tally = new Tally();
  private final Receiver receiver;
  private @Nullable Link link;
  private boolean closed;
  private @Nullable ScheduledFuture<?> clock;

  private Session(TargetUrl url, InitiatorOptions options) {
    this.url = url;
    this.options = options;
    this.lun = encodeLun(url.lun());
    this.receiver = new Receiver(url, queues, tally, work);
    this.reader =
        Thread.ofPlatform().daemon().name("host-reader " + url.portal()).unstarted(this::readAll);
    this.sender =
        Thread.ofPlatform().daemon().name("host-sender " + url.portal()).unstarted(this::sendAll);
  }

  /** Logs in. Throws if that fails at the first attempt; later failures are recovered from. */
  public static Session connect(TargetUrl url, InitiatorOptions options) throws IOException {
    Session session = new Session(url, options);
    session.attach(session.login());
    session.reader.start();
    session.sender.start();
    session.clock =
        CLOCK.scheduleWithFixedDelay(
            session::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    return session;
  }

  public TargetUrl url() {
    return url;
  }

  public SessionStats stats() {
    lock.lock();
    try {
      return tally.total();
    } finally {
      lock.unlock();
    }
  }

  /** Issues a command; never blocks. Its buffer is lent until the completion is told. */
  public void submit(ScsiCommand command, Completion completion) {
    long now = System.nanoTime();
    lock.lock();
    try {
      if (!closed) {
        queues.add(command, completion, now + options.recoveryMillis() * 1_000_000L);
        work.signal();
        return;
      }
    } finally {
      lock.unlock();
    }
    completion.failed(new IOException("the session is closed"), now);
  }

  /** Issues a command and waits for its answer, whatever its status. */
  public ScsiResult execute(ScsiCommand command) throws IOException {
    AwaitedAnswer answer = new AwaitedAnswer();
    submit(command, answer);
    // The deadline of the command itself ends the wait; the margin only guards against our bugs.
    return answer.await(command.name(), options.recoveryMillis() + 10_000);
  }

  /** As {@link #execute}, but everything except GOOD throws {@link ScsiException}. */
  public ScsiResult require(ScsiCommand command) throws IOException {
    ScsiResult result = execute(command);
    if (!result.good()) {
      throw new ScsiException(command.name(), result);
    }
    return result;
  }

  /** Drops the connection as a cable pull would; the session recovers. For tests. */
  public void dropConnection() {
    lock.lock();
    try {
      dropLocked("dropped on purpose");
    } finally {
      lock.unlock();
    }
  }

  /** Logs out. Unanswered commands fail. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (link != null) {
        link.logOut();
      }
      work.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      // Half a second for the answer to our logout, which nothing depends on.
      reader.join(500);
      lock.lock();
      try {
        dropLocked("closed");
      } finally {
        lock.unlock();
      }
      reader.join(5_000);
      sender.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ScheduledFuture<?> ticks = clock;
    if (ticks != null) {
      ticks.cancel(false);
    }
    failAll(new IOException("the session is closed"));
  }

  // ---- reader ----

  private void readAll() {
    while (true) {
      Link current = reconnected();
      if (current == null) {
        return;
      }
      Connection connection = current.connection;
      try {
        while (true) {
          connection.read();
          for (Pdu pdu = connection.next(); pdu != null; pdu = connection.next()) {
            receive(current, pdu);
          }
        }
      } catch (IOException | RuntimeException e) {
        detach(current, e);
      }
    }
  }

  /** The link there is, or a new one; null once closed. */
  private @Nullable Link reconnected() {
    boolean told = false;
    while (true) {
      lock.lock();
      try {
        if (closed && link == null) {
          return null;
        }
        if (link != null) {
          return link;
        }
      } finally {
        lock.unlock();
      }
      try {
        attach(login());
        lock.lock();
        try {
          tally.reconnected();
        } finally {
          lock.unlock();
        }
      } catch (IOException e) {
        if (!told) {
          LOG.log(Level.DEBUG, () -> url + ": not there yet: " + e);
          told = true;
        }
        pauseBeforeReconnect();
      }
    }
  }

  private void pauseBeforeReconnect() {
    long millis = RECONNECT_MILLIS + ThreadLocalRandom.current().nextLong(RECONNECT_MILLIS);
    long end = System.nanoTime() + millis * 1_000_000L;
    lock.lock();
    try {
      for (long left = end - System.nanoTime(); left > 0 && !closed; ) {
        left = work.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the reader", e);
    } finally {
      lock.unlock();
    }
  }

  private Connection.LoggedIn login() throws IOException {
    return Connection.login(url.host(), url.port(), url.target(), url.credentials(), isid, options);
  }

  private void attach(Connection.LoggedIn login) {
    lock.lock();
    try {
      if (closed) {
        login.connection().close();
        return;
      }
      link = new Link(login, queues, lun, work, System.nanoTime());
      work.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Every unanswered command goes back to the queue, in its order. */
  private void detach(Link lost, Exception cause) {
    lost.connection.close();
    lock.lock();
    try {
      int unanswered = queues.outstandingCount();
      LOG.log(
          cause instanceof ProtocolException || cause instanceof RuntimeException
              ? Level.WARNING
              : Level.DEBUG,
          () -> url + ": connection lost with " + unanswered + " commands unanswered",
          cause);
      link = null;
      tally.reissued(unanswered);
      queues.issueAgain();
    } finally {
      lock.unlock();
    }
  }

  private void receive(Link current, Pdu pdu) throws IOException {
    long now = System.nanoTime();
    Task ended;
    lock.lock();
    try {
      ended = receiver.receive(current, pdu, now);
    } finally {
      lock.unlock();
    }
    if (ended != null) {
      ended.completion.answered(Objects.requireNonNull(ended.result), now);
    }
  }

  private void dropLocked(String reason) {
    Link current = link;
    if (current != null) {
      LOG.log(Level.DEBUG, () -> url + ": " + reason);
      current.connection.close(); // the reader meets the closed channel and recovers
    }
  }

  // ---- sender ----

  private void sendAll() {
    List<OutPdu> batch = new ArrayList<>();
    while (true) {
      Link current;
      lock.lock();
      try {
        current = workToDo(batch);
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the sender", e);
      } finally {
        lock.unlock();
      }
      if (current == null) {
        return;
      }
      try {
        current.connection.write(batch);
      } catch (IOException e) {
        current.connection.close(); // the reader meets the closed channel, reports it and recovers
      }
      batch.clear();
    }
  }

  /** Waits until there is something to send, and fills the batch; null once closed. */
  private @Nullable Link workToDo(List<OutPdu> batch) throws InterruptedException {
    while (true) {
      long now = System.nanoTime();
      queues.wake(now);
      Link current = link;
      if (current != null) {
        current.collect(batch, now);
        if (!batch.isEmpty()) {
          return current;
        }
      } else if (closed) {
        return null;
      }
      work.awaitNanos(queues.hasDelayed() ? DELAYED_TICK_NANOS : TICK_MILLIS * 1_000_000L);
    }
  }

  // ---- clock ----

  private void tick() {
    long now = System.nanoTime();
    List<Task> expired = new ArrayList<>();
    lock.lock();
    try {
      if (queues.expire(now, options.answerMillis() * 1_000_000L, expired)) {
        dropLocked("a command is unanswered for too long");
      }
      if (link != null && !link.watch(now)) {
        dropLocked("no sign of life");
      }
    } finally {
      lock.unlock();
    }
    IOException cause =
        new IOException("no answer from " + url + " within " + options.recoveryMillis() + " ms");
    for (Task task : expired) {
      task.completion.failed(cause, now);
    }
  }

  private void failAll(IOException cause) {
    List<Task> left;
    lock.lock();
    try {
      left = queues.removeAll();
    } finally {
      lock.unlock();
    }
    long now = System.nanoTime();
    left.forEach(task -> task.completion.failed(cause, now));
  }

  /** Peripheral addressing below 256, flat space above (SAM-5, 4.7). */
  static long encodeLun(int lun) {
    return lun < 256 ? (long) lun << 48 : (0x4000L | lun) << 48;
  }
}

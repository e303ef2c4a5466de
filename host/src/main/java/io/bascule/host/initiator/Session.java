package io.bascule.host.initiator;

import io.bascule.core.Check;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
 * <p>Threads: the <i>reader</i> connects, reads and completes; the <i>sender</i> writes; one clock
 * thread for all sessions keeps the deadlines. The reader never writes, so that a target that is
 * blocked writing to us always finds us reading. {@code lock} guards every mutable field;
 * completions run without it. A command is in exactly one of {@code waiting}, {@code delayed},
 * {@code outstanding}.
 */
public final class Session implements AutoCloseable {
  /** Far above any depth a caller uses; more is a caller that doesn't wait for answers. */
  private static final int MAX_COMMANDS = 4096;

  /** Between two attempts to reach a portal that is away: 10 to 20 ms. */
  private static final long RECONNECT_MILLIS = 10;

  /** Before a command answered BUSY is issued again. */
  private static final long RETRY_MILLIS = 10;

  /** How often times are looked at. */
  private static final long TICK_MILLIS = 100;

  /** A silent target is asked for a sign of life after 1 s, and given up 5 s later: */
  private static final long PING_AFTER_MILLIS = 1_000;

  /** longer than the 3 s after which a hung controller is replaced, shorter than any deadline. */
  private static final long PING_ANSWER_MILLIS = 5_000;

  private static final int MAX_BATCH = 64;
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

  private final ArrayDeque<Task> waiting = new ArrayDeque<>();
  private final List<Task> delayed = new ArrayList<>();
  private final Map<Integer, Task> outstanding = new HashMap<>();
  private final ArrayDeque<OutPdu> urgent = new ArrayDeque<>();
  private @Nullable Connection connection;
  private @Nullable Negotiated negotiated;
  private int cmdSn;
  private int expStatSn;
  private int maxCmdSn;
  private int nextTag;
  private long nextOrder;
  private long heardNanos;
  private long pingedNanos;
  private int pingTag = Pdu.NO_TAG;
  private boolean loggingOut;
  private boolean closed;
  private @Nullable ScheduledFuture<?> clock;
  private SessionStats stats = SessionStats.NONE;

  private Session(TargetUrl url, InitiatorOptions options) {
    this.url = url;
    this.options = options;
    this.lun = encodeLun(url.lun());
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
      return stats;
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
        int commands = waiting.size() + delayed.size() + outstanding.size();
        Check.that(commands < MAX_COMMANDS, "%d commands unanswered", commands);
        long deadline = now + options.recoveryMillis() * 1_000_000L;
        waiting.add(new Task(command, completion, nextOrder++, deadline));
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
    CompletableFuture<ScsiResult> answer = new CompletableFuture<>();
    submit(
        command,
        new Completion() {
          @Override
          public void answered(ScsiResult result, long nanos) {
            answer.complete(result);
          }

          @Override
          public void failed(IOException cause, long nanos) {
            answer.completeExceptionally(cause);
          }
        });
    try {
      // The deadline of the command itself ends the wait; the margin only guards against our bugs.
      return answer.get(options.recoveryMillis() + 10_000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(command.name() + " failed", e.getCause());
    } catch (TimeoutException e) {
      throw new IOException(command.name() + " was forgotten", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(command.name() + ": interrupted", e);
    }
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
      if (connection != null) {
        logoutLocked();
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
      Connection current = reconnected();
      if (current == null) {
        return;
      }
      try {
        while (true) {
          current.read();
          for (Pdu pdu = current.next(); pdu != null; pdu = current.next()) {
            handle(pdu);
          }
        }
      } catch (IOException | RuntimeException e) {
        detach(current, e);
      }
    }
  }

  /** The connection there is, or a new one; null once closed. */
  private @Nullable Connection reconnected() {
    boolean told = false;
    while (true) {
      lock.lock();
      try {
        if (closed && connection == null) {
          return null;
        }
        if (connection != null) {
          return connection;
        }
      } finally {
        lock.unlock();
      }
      try {
        attach(login());
        lock.lock();
        try {
          stats = stats.plus(new SessionStats(1, 0, 0, 0, 0));
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
      connection = login.connection();
      negotiated = login.state().negotiated();
      cmdSn = login.state().cmdSn();
      expStatSn = login.state().expStatSn();
      maxCmdSn = login.state().maxCmdSn();
      loggingOut = false;
      pingTag = Pdu.NO_TAG;
      heardNanos = System.nanoTime();
      work.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Every unanswered command goes back to the queue, in its order. */
  private void detach(Connection lost, Exception cause) {
    lost.close();
    lock.lock();
    try {
      LOG.log(
          cause instanceof ProtocolException || cause instanceof RuntimeException
              ? Level.WARNING
              : Level.DEBUG,
          () -> url + ": connection lost with " + outstanding.size() + " commands unanswered",
          cause);
      connection = null;
      negotiated = null;
      urgent.clear();
      stats = stats.plus(new SessionStats(0, outstanding.size(), 0, 0, 0));
      List<Task> again = new ArrayList<>(outstanding.values());
      again.addAll(delayed);
      again.addAll(waiting);
      again.sort(Comparator.comparingLong(task -> task.order));
      outstanding.clear();
      delayed.clear();
      waiting.clear();
      waiting.addAll(again);
    } finally {
      lock.unlock();
    }
  }

  private void handle(Pdu pdu) throws IOException {
    long now = System.nanoTime();
    Task ended = null;
    ScsiResult result = null;
    lock.lock();
    try {
      heardNanos = now;
      if (pdu.maxCmdSn() - maxCmdSn > 0) {
        maxCmdSn = pdu.maxCmdSn();
        work.signal();
      }
      switch (pdu.opcode()) {
        case Opcode.DATA_IN -> {
          Task task = task(pdu);
          task.take(pdu);
          if ((pdu.flags() & 0x01) != 0) {
            countStatus(pdu);
            result = new ScsiResult(pdu.byteAt(3), new byte[0], task.received());
            ended = endOrRetry(task, result, now);
          }
        }
        case Opcode.SCSI_RESPONSE -> {
          countStatus(pdu);
          Task task = task(pdu);
          if (pdu.byteAt(2) != 0) {
            throw new ProtocolException(
                "target failure " + pdu.byteAt(2) + " on " + task.command.name());
          }
          result = new ScsiResult(pdu.byteAt(3), Task.senseOf(pdu), task.received());
          ended = endOrRetry(task, result, now);
        }
        case Opcode.R2T -> {
          Task task = task(pdu);
          urgent.addAll(task.dataFor(pdu, lun, requireNegotiated()));
          work.signal();
        }
        case Opcode.NOP_IN -> nopIn(pdu);
        case Opcode.ASYNC_MESSAGE -> async(pdu);
        case Opcode.LOGOUT_RESPONSE -> throw new IOException("logged out");
        case Opcode.REJECT ->
            throw new ProtocolException(
                String.format("the target rejected a PDU, reason %02x", pdu.byteAt(2)));
        default ->
            throw new ProtocolException(String.format("unexpected opcode %02x", pdu.opcode()));
      }
    } finally {
      lock.unlock();
    }
    if (ended != null && result != null) {
      ended.completion.answered(result, now);
    }
  }

  private Task task(Pdu pdu) throws ProtocolException {
    Task task = outstanding.get(pdu.initiatorTag());
    if (task == null) {
      throw new ProtocolException(
          String.format("opcode %02x for unknown task %d", pdu.opcode(), pdu.initiatorTag()));
    }
    return task;
  }

  /** At error recovery level 0 a hole in StatSN cannot be mended: the connection goes. */
  private void countStatus(Pdu pdu) throws ProtocolException {
    if (pdu.statSn() != expStatSn) {
      throw new ProtocolException("StatSN " + pdu.statSn() + " where " + expStatSn + " was due");
    }
    expStatSn++;
  }

  private Negotiated requireNegotiated() {
    Negotiated now = negotiated;
    Check.that(now != null, "PDU without a login");
    return Objects.requireNonNull(now);
  }

  /** The task if it has ended, null if it will be issued again. */
  private @Nullable Task endOrRetry(Task task, ScsiResult result, long now) {
    outstanding.remove(task.tag);
    if (result.good()) {
      return task;
    }
    Sense sense = result.sense();
    boolean attention = sense != null && sense.key() == Sense.UNIT_ATTENTION;
    boolean aborted =
        result.status() == ScsiResult.TASK_ABORTED
            || (sense != null && sense.key() == Sense.ABORTED_COMMAND);
    boolean busy =
        result.status() == ScsiResult.BUSY
            || result.status() == ScsiResult.TASK_SET_FULL
            || (sense != null && sense.passesByItself());
    if (!attention && !aborted && !busy) {
      return task;
    }
    // The deadline bounds the retries: each costs at least a round trip.
    stats = stats.plus(new SessionStats(0, 0, 1, attention ? 1 : 0, 0));
    task.notBeforeNanos = attention ? now : now + RETRY_MILLIS * 1_000_000L;
    delayed.add(task);
    work.signal();
    return null;
  }

  private void nopIn(Pdu pdu) throws ProtocolException {
    if (pdu.initiatorTag() != Pdu.NO_TAG) {
      countStatus(pdu);
      if (pdu.initiatorTag() == pingTag) {
        pingTag = Pdu.NO_TAG;
      }
    }
    if (pdu.targetTag() != Pdu.NO_TAG) {
      ByteBuffer header = OutPdu.header(Opcode.NOP_OUT | Opcode.IMMEDIATE, 0x80);
      header.putLong(8, pdu.header().getLong(8)).putInt(16, Pdu.NO_TAG);
      header.putInt(20, pdu.targetTag()).putInt(24, cmdSn);
      urgent.add(OutPdu.of(header, pdu.dataBytes()));
      work.signal();
    }
  }

  /** RFC 7143, 11.9.1. */
  private void async(Pdu pdu) throws IOException {
    countStatus(pdu);
    int event = pdu.byteAt(36);
    switch (event) {
      case 1, 4 -> {
        // Asked to log out, or to negotiate anew, which for us is the same: nothing new is issued
        // here; what is unanswered when the connection ends is issued on the next one.
        LOG.log(Level.DEBUG, () -> url + ": the target asks us to log out");
        stats = stats.plus(new SessionStats(0, 0, 0, 0, 1));
        logoutLocked();
      }
      case 2, 3 -> throw new IOException("the target announced that it drops the connection");
      default -> LOG.log(Level.DEBUG, () -> url + ": asynchronous event " + event);
    }
  }

  private void logoutLocked() {
    if (loggingOut) {
      return;
    }
    loggingOut = true;
    ByteBuffer header = OutPdu.header(Opcode.LOGOUT | Opcode.IMMEDIATE, 0x80); // close the session
    header.putInt(16, nextTag()).putInt(24, cmdSn);
    urgent.add(OutPdu.of(header));
    work.signalAll();
  }

  private void dropLocked(String reason) {
    Connection current = connection;
    if (current != null) {
      LOG.log(Level.DEBUG, () -> url + ": " + reason);
      current.close(); // the reader meets the closed channel and recovers
    }
  }

  // ---- sender ----

  private void sendAll() {
    List<OutPdu> batch = new ArrayList<>();
    while (true) {
      Connection current;
      lock.lock();
      try {
        while (true) {
          long now = System.nanoTime();
          wake(now);
          collect(batch, now);
          if (!batch.isEmpty()) {
            break;
          }
          if (closed && connection == null) {
            return;
          }
          work.awaitNanos(delayed.isEmpty() ? TICK_MILLIS * 1_000_000L : 2_000_000L);
        }
        current = connection;
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the sender", e);
      } finally {
        lock.unlock();
      }
      if (current != null) {
        try {
          current.write(batch);
        } catch (IOException e) {
          current.close(); // the reader meets the closed channel, reports it and recovers
        }
      }
      batch.clear();
    }
  }

  /** Delayed commands whose time has come go back to the queue's head. */
  private void wake(long now) {
    for (Iterator<Task> tasks = delayed.iterator(); tasks.hasNext(); ) {
      Task task = tasks.next();
      if (task.notBeforeNanos - now <= 0) {
        tasks.remove();
        waiting.addFirst(task);
      }
    }
  }

  private void collect(List<OutPdu> batch, long now) {
    Negotiated agreed = negotiated;
    if (agreed == null) {
      return;
    }
    while (!urgent.isEmpty() && batch.size() < MAX_BATCH) {
      batch.add(urgent.removeFirst());
    }
    while (!loggingOut && !waiting.isEmpty() && batch.size() < MAX_BATCH && maxCmdSn - cmdSn >= 0) {
      Task task = waiting.removeFirst();
      int tag = nextTag();
      batch.addAll(task.begin(tag, cmdSn++, lun, agreed, now));
      outstanding.put(tag, task);
    }
    for (OutPdu pdu : batch) {
      pdu.header().putInt(28, expStatSn);
    }
  }

  private int nextTag() {
    int tag = nextTag++;
    if (tag == Pdu.NO_TAG) {
      tag = nextTag++;
    }
    return tag;
  }

  // ---- clock ----

  private void tick() {
    long now = System.nanoTime();
    List<Task> expired = new ArrayList<>();
    lock.lock();
    try {
      expire(now, expired);
      watch(now);
    } finally {
      lock.unlock();
    }
    IOException cause =
        new IOException("no answer from " + url + " within " + options.recoveryMillis() + " ms");
    for (Task task : expired) {
      task.completion.failed(cause, now);
    }
  }

  private void expire(long now, List<Task> expired) {
    boolean stuck = false;
    for (Iterator<Task> tasks = outstanding.values().iterator(); tasks.hasNext(); ) {
      Task task = tasks.next();
      if (task.deadlineNanos - now <= 0) {
        tasks.remove();
        expired.add(task);
        stuck = true; // its connection must not carry an answer, or take its data, any more
      } else if (now - task.sentNanos > options.answerMillis() * 1_000_000L) {
        stuck = true;
      }
    }
    expire(waiting.iterator(), now, expired);
    expire(delayed.iterator(), now, expired);
    if (stuck) {
      dropLocked("a command is unanswered for too long");
    }
  }

  /** Asks a silent target for a sign of life. */
  private void watch(long now) {
    if (negotiated == null || loggingOut) {
      return;
    }
    if (pingTag != Pdu.NO_TAG) {
      if (now - pingedNanos > PING_ANSWER_MILLIS * 1_000_000L) {
        dropLocked("no sign of life");
      }
    } else if (now - heardNanos > PING_AFTER_MILLIS * 1_000_000L) {
      pingTag = nextTag();
      pingedNanos = now;
      ByteBuffer header = OutPdu.header(Opcode.NOP_OUT | Opcode.IMMEDIATE, 0x80);
      header.putLong(8, lun).putInt(16, pingTag).putInt(20, Pdu.NO_TAG).putInt(24, cmdSn);
      urgent.add(OutPdu.of(header));
      work.signal();
    }
  }

  private static void expire(Iterator<Task> tasks, long now, List<Task> expired) {
    while (tasks.hasNext()) {
      Task task = tasks.next();
      if (task.deadlineNanos - now <= 0) {
        tasks.remove();
        expired.add(task);
      }
    }
  }

  private void failAll(IOException cause) {
    List<Task> left = new ArrayList<>();
    lock.lock();
    try {
      left.addAll(outstanding.values());
      left.addAll(delayed);
      left.addAll(waiting);
      outstanding.clear();
      delayed.clear();
      waiting.clear();
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

package io.bascule.iscsi;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of a target share: the model, the sessions, the counters, the pool. Safe for
 * use by many threads.
 */
final class TargetCore {
  /** Identity of a nexus as far as the initiator makes it (RFC 7143, 4.4.2). */
  record NexusName(String initiatorName, long isid, int groupTag) {}

  private static final int MEMORY_BYTES = 64 << 20;

  /** Buffers for cold reads that are kept while nobody reads: 8 MiB. */
  private static final int COLD_KEPT = 32;

  final TargetSettings settings;
  final Executor slow;
  final CopyTurns copyTurns;
  final Buffers coldBuffers;
  final Counters counters = new Counters();
  private final Map<NexusName, Session> sessions = new ConcurrentHashMap<>();

  /** Sessions that end or have ended, while the pool may have something of them. */
  private final Set<Session> leaving = ConcurrentHashMap.newKeySet();

  private final AtomicInteger nextTsih = new AtomicInteger(1);

  /** Bytes that commands may still keep while their data comes in or the pool writes it. */
  final Semaphore memory = new Semaphore(MEMORY_BYTES);

  final UnitGuards guards = new UnitGuards();

  volatile Model model = new Model(TargetView.empty(), guards, null);

  /** Once it is set new commands, and those whose data is still to come, stay unanswered. */
  volatile boolean draining;

  TargetCore(TargetSettings settings, Executor slow) {
    this(settings, slow, new Buffers(SlowWork.COLD_BYTES, COLD_KEPT));
  }

  TargetCore(TargetSettings settings, Executor slow, Buffers coldBuffers) {
    this.settings = settings;
    this.slow = slow;
    copyTurns = new CopyTurns(slow, Math.max(1, settings.slowThreads() / 2));
    this.coldBuffers = coldBuffers;
  }

  /** Shows hosts another model from now on. */
  void show(TargetView view) {
    model = new Model(view, guards, model);
  }

  int newTsih() {
    return nextTsih.getAndUpdate(old -> old == 0xFFFF ? 1 : old + 1);
  }

  /** Enters a session; gives the one it reinstates, which is still alive, if there is one. */
  @Nullable Session enter(Session session) {
    Session[] old = new Session[1];
    sessions.compute(
        session.nexusName(),
        (name, present) -> {
          if (present != null) {
            leaving.add(present); // first: allOf must not miss it in between
          }
          old[0] = present;
          return session;
        });
    return old[0];
  }

  void leave(Session session) {
    leaving.removeIf(Session::isOver);
    if (session.inPool()) {
      leaving.add(session);
    }
    sessions.remove(session.nexusName(), session);
  }

  /** Whether that is the present session of its nexus. */
  boolean isPresent(Session session) {
    return sessions.get(session.nexusName()) == session;
  }

  /** All sessions of that nexus of which something may still be at work. */
  List<Session> allOf(NexusName name) {
    return Stream.concat(Stream.ofNullable(sessions.get(name)), leaving.stream())
        .filter(session -> session.nexusName().equals(name))
        .distinct()
        .toList();
  }

  Iterable<Session> sessions() {
    return sessions.values();
  }

  boolean exists(int tsih) {
    return sessions.values().stream().anyMatch(session -> session.tsih() == tsih);
  }
}

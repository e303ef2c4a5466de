package io.bascule.iscsi;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
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
  final Buffers coldBuffers;
  final Counters counters = new Counters();
  private final Map<NexusName, Session> sessions = new ConcurrentHashMap<>();
  private final AtomicInteger nextTsih = new AtomicInteger(1);

  /** Bytes that commands may still keep while their data comes in or the pool writes it. */
  final Semaphore memory = new Semaphore(MEMORY_BYTES);

  volatile Model model = new Model(TargetView.empty());

  /** Once it is set new commands, and those whose data is still to come, stay unanswered. */
  volatile boolean draining;

  TargetCore(TargetSettings settings, Executor slow) {
    this(settings, slow, new Buffers(SlowWork.COLD_BYTES, COLD_KEPT));
  }

  TargetCore(TargetSettings settings, Executor slow, Buffers coldBuffers) {
    this.settings = settings;
    this.slow = slow;
    this.coldBuffers = coldBuffers;
  }

  int newTsih() {
    return nextTsih.getAndUpdate(old -> old == 0xFFFF ? 1 : old + 1);
  }

  /** Enters a session; gives the one it reinstates, which is still alive, if there is one. */
  @Nullable Session enter(Session session) {
    return sessions.put(session.nexusName(), session);
  }

  void leave(Session session) {
    sessions.remove(session.nexusName(), session);
  }

  Iterable<Session> sessions() {
    return sessions.values();
  }

  boolean exists(int tsih) {
    return sessions.values().stream().anyMatch(session -> session.tsih() == tsih);
  }
}

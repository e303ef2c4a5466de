package io.bascule.sim.rt;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collector;
import org.jspecify.annotations.Nullable;

/**
 * What rewritten code calls instead of the JDK ({@link Rewriter} has the table): time, threads,
 * monitors, chance, and collections whose order the JDK draws anew in every JVM. Without a
 * simulation each does what the original does, as far as class initialisers need it.
 */
public final class Rt {
  private static final long SPIN_NANOS = 1_000;
  private static final long LOOK_NANOS = 1_000_000;

  /** Of the one thread that all of this happens on. */
  private static int initialising;

  private Rt() {}

  // ---- time

  public static long nanoTime() {
    return Sim.current().nowNanos();
  }

  public static long currentTimeMillis() {
    return EPOCH.toEpochMilli() + Sim.current().nowNanos() / 1_000_000;
  }

  private static final Instant EPOCH = Instant.parse("2026-11-01T00:00:00Z");

  public static Instant instant() {
    return EPOCH.plusNanos(Sim.current().nowNanos());
  }

  public static Clock systemUtc() {
    return new VirtualClock();
  }

  private static final class VirtualClock extends Clock {
    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Rt.instant();
    }
  }

  public static void sleep(long millis) throws InterruptedException {
    long until = nanoTime() + millis * 1_000_000;
    while (nanoTime() < until) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      parkNanos(until - nanoTime());
    }
  }

  public static void sleep(Duration duration) throws InterruptedException {
    sleep(duration.toMillis());
  }

  public static void parkNanos(long nanos) {
    if (nanos <= 0) {
      return;
    }
    var thread = Thread.currentThread();
    var timer = Sim.current().timer(nanos, () -> LockSupport.unpark(thread));
    LockSupport.park();
    timer.cancel();
  }

  public static void parkNanos(Object blocker, long nanos) {
    parkNanos(nanos);
  }

  /** Instead of spinning: nothing changes unless others run. */
  public static void spin() {
    parkNanos(SPIN_NANOS);
  }

  /** A wait with an end: the timer interrupts it. */
  private static final class Bound {
    private final Thread thread = Thread.currentThread();
    private final Sim.Timer timer;
    private boolean passed;

    Bound(long nanos) {
      timer =
          Sim.current()
              .timer(
                  Math.max(0, nanos),
                  () -> {
                    passed = true;
                    thread.interrupt();
                  });
    }

    /** Whether the interrupt that was met is the timer's. */
    boolean ended() {
      timer.cancel();
      if (passed) {
        // The wait may have ended by itself at the same time.
        boolean _ = Thread.interrupted();
      }
      return passed;
    }
  }

  /** {@code Condition.awaitNanos}. */
  public static long awaitNanos(Object condition, long nanos) throws InterruptedException {
    long deadline = nanoTime() + nanos;
    if (nanos > 0) {
      await((Condition) condition, nanos);
    }
    return deadline - nanoTime();
  }

  private static void await(Condition condition, long nanos) throws InterruptedException {
    var bound = new Bound(nanos);
    try {
      condition.await();
      bound.ended();
    } catch (InterruptedException e) {
      if (!bound.ended()) {
        throw e;
      }
    }
  }

  /** {@code CountDownLatch.await}, {@code Condition.await}. */
  public static boolean await(Object what, long time, TimeUnit unit) throws InterruptedException {
    long nanos = unit.toNanos(time);
    if (what instanceof Condition condition) {
      return awaitNanos(condition, nanos) > 0;
    }
    var latch = (CountDownLatch) what;
    if (latch.getCount() == 0 || nanos <= 0) {
      return latch.getCount() == 0;
    }
    var bound = new Bound(nanos);
    try {
      latch.await();
      bound.ended();
    } catch (InterruptedException e) {
      if (!bound.ended()) {
        throw e;
      }
    }
    return latch.getCount() == 0;
  }

  /** {@code Future.get}. */
  public static @Nullable Object get(Object future, long time, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    var of = (Future<?>) future;
    long nanos = unit.toNanos(time);
    if (of.isDone()) {
      return of.get();
    }
    if (nanos <= 0) {
      throw new TimeoutException();
    }
    var bound = new Bound(nanos);
    try {
      return of.get();
    } catch (InterruptedException e) {
      if (!bound.ended()) {
        throw e;
      }
      if (of.isDone()) {
        return of.get();
      }
      throw new TimeoutException();
    } finally {
      bound.ended();
    }
  }

  /** {@code BlockingQueue.poll}. */
  public static @Nullable Object poll(Object queue, long time, TimeUnit unit)
      throws InterruptedException {
    var of = (BlockingQueue<?>) queue;
    Object found = of.poll();
    long nanos = unit.toNanos(time);
    if (found != null || nanos <= 0) {
      return found;
    }
    var bound = new Bound(nanos);
    try {
      found = of.take();
      bound.ended();
      return found;
    } catch (InterruptedException e) {
      if (!bound.ended()) {
        throw e;
      }
      return of.poll();
    }
  }

  /** {@code Lock.tryLock}. */
  public static boolean tryLock(Object lock, long time, TimeUnit unit) throws InterruptedException {
    var of = (Lock) lock;
    if (of.tryLock()) {
      return true;
    }
    var bound = new Bound(unit.toNanos(time));
    try {
      of.lockInterruptibly();
      bound.ended();
      return true;
    } catch (InterruptedException e) {
      if (!bound.ended()) {
        throw e;
      }
      return of.tryLock();
    }
  }

  /** {@code ExecutorService.awaitTermination}. */
  public static boolean awaitTermination(Object executor, long time, TimeUnit unit)
      throws InterruptedException {
    var of = (ExecutorService) executor;
    long until = nanoTime() + unit.toNanos(time);
    while (!of.isTerminated() && nanoTime() < until) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      parkNanos(Math.min(LOOK_NANOS, until - nanoTime()));
    }
    return of.isTerminated();
  }

  /** {@code Thread.join}. */
  public static boolean join(Object thread, Duration duration) throws InterruptedException {
    var of = (Thread) thread;
    if (of.getState() == Thread.State.TERMINATED) {
      return true;
    }
    if (!duration.isPositive()) {
      return false;
    }
    var bound = new Bound(duration.toNanos());
    try {
      of.join();
      bound.ended();
    } catch (InterruptedException e) {
      if (!bound.ended()) {
        throw e;
      }
    }
    return of.getState() == Thread.State.TERMINATED;
  }

  public static void join(Object thread, long millis) throws InterruptedException {
    boolean _ = join(thread, Duration.ofMillis(millis));
  }

  /** Threads of a pool that nobody needs stay; how long is no matter. */
  public static void allowCoreThreadTimeOut(Object pool, boolean ignored) {
    // Their waiting for work would be timed by the JDK's clock.
  }

  // ---- monitors and choices

  public static void enter(Object lock) {
    if (Sim.isSimulated()) {
      var sim = Sim.current();
      sim.point();
      sim.monitors.enter(lock);
    }
  }

  public static void exit(Object lock) {
    if (Sim.isSimulated()) {
      Sim.current().monitors.exit(lock);
    }
  }

  public static void await(Object lock) throws InterruptedException {
    Sim.current().monitors.await(lock, 0);
  }

  public static void await(Object lock, long millis) throws InterruptedException {
    Sim.current().monitors.await(lock, millis);
  }

  public static void wake(Object lock) {
    Sim.current().monitors.wake(lock, false);
  }

  public static void wakeAll(Object lock) {
    Sim.current().monitors.wake(lock, true);
  }

  /** Before what threads may do to one another. */
  public static void point() {
    if (Sim.isSimulated()) {
      Sim.current().point();
    }
  }

  /** A class of the product begins to be initialised: until its end no point counts. */
  public static void initialises() {
    initialising++;
  }

  public static void initialised() {
    initialising--;
  }

  static boolean isInitialising() {
    return initialising > 0;
  }

  // ---- threads

  public static Threads threads() {
    return new Threads();
  }

  /** Stands for {@code Thread.Builder}, which only the JDK may implement. */
  public static final class Threads {
    private String name = "thread";

    public Threads name(String given) {
      name = given;
      return this;
    }

    public Threads name(String given, long start) {
      name = given;
      return this;
    }

    public Threads daemon() {
      return this;
    }

    public Threads daemon(boolean on) {
      return this;
    }

    public Threads priority(int ignored) {
      return this;
    }

    public Thread unstarted(Runnable work) {
      var sim = Sim.current();
      return sim.thread(sim.process(), name, work);
    }

    public Thread start(Runnable work) {
      Thread made = unstarted(work);
      made.start();
      return made;
    }
  }

  // ---- chance

  public static UUID randomUuid() {
    var dice = Sim.current().dice();
    return new UUID(dice.next() & ~0xF000L | 0x4000L, dice.next() >>> 2 | 1L << 63);
  }

  /** {@code SecureRandom.nextBytes}. */
  public static void nextBytes(Object ignored, byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Sim.current().dice().next();
    }
  }

  // ---- memory

  public static ByteBuffer allocateDirect(int bytes) {
    return Sim.isSimulated() ? Sim.current().direct(bytes) : ByteBuffer.allocateDirect(bytes);
  }

  public static Arena sharedArena() {
    return Sim.current().arena();
  }

  // ---- state.db

  /** {@code DriverManager.getConnection}. */
  public static Connection connect(String url) throws SQLException {
    return Sim.current().connect(url);
  }

  // ---- the log

  public static System.Logger logger(String name) {
    return new Logger(name);
  }

  private record Logger(String name) implements System.Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return Sim.isSimulated() && Sim.current().isTraced();
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String text,
        @Nullable Throwable thrown) {
      if (isLoggable(level)) {
        Sim.current()
            .say(
                level
                    + " "
                    + name.substring(name.lastIndexOf('.') + 1)
                    + ": "
                    + text
                    + (thrown == null ? "" : causes(thrown)));
      }
    }

    private static String causes(Throwable thrown) {
      var all = new StringBuilder();
      for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
        all.append(" <- ").append(cause);
      }
      return all.toString();
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object... arguments) {
      if (isLoggable(level)) {
        log(level, bundle, format + " " + Arrays.toString(arguments), (Throwable) null);
      }
    }
  }

  // ---- collections in the order of their making

  public static <K, V> Map<K, V> copyOf(Map<? extends K, ? extends V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  public static <E> Set<E> copyOf(Collection<? extends E> elements) {
    return Collections.unmodifiableSet(new LinkedHashSet<>(elements));
  }

  private static <E> Set<E> set(List<E> elements) {
    return Collections.unmodifiableSet(new LinkedHashSet<>(elements));
  }

  public static <E> Set<E> setOf() {
    return set(List.of());
  }

  public static <E> Set<E> setOf(E a) {
    return set(List.of(a));
  }

  public static <E> Set<E> setOf(E a, E b) {
    return set(List.of(a, b));
  }

  public static <E> Set<E> setOf(E a, E b, E c) {
    return set(List.of(a, b, c));
  }

  public static <E> Set<E> setOf(E a, E b, E c, E d) {
    return set(List.of(a, b, c, d));
  }

  public static <E> Set<E> setOf(E a, E b, E c, E d, E e) {
    return set(List.of(a, b, c, d, e));
  }

  @SafeVarargs
  @SuppressWarnings("varargs")
  public static <E> Set<E> setOf(E... all) {
    return set(List.of(all));
  }

  @SuppressWarnings("unchecked")
  private static <K, V> Map<K, V> map(Object... pairs) {
    var made = new LinkedHashMap<K, V>();
    for (int i = 0; i < pairs.length; i += 2) {
      made.put((K) pairs[i], (V) pairs[i + 1]);
    }
    return Collections.unmodifiableMap(made);
  }

  public static <K, V> Map<K, V> mapOf() {
    return map();
  }

  public static <K, V> Map<K, V> mapOf(K a, V b) {
    return map(a, b);
  }

  public static <K, V> Map<K, V> mapOf(K a, V b, K c, V d) {
    return map(a, b, c, d);
  }

  public static <K, V> Map<K, V> mapOf(K a, V b, K c, V d, K e, V f) {
    return map(a, b, c, d, e, f);
  }

  public static <K, V> Map<K, V> mapOf(K a, V b, K c, V d, K e, V f, K g, V h) {
    return map(a, b, c, d, e, f, g, h);
  }

  public static <T, K, V> Collector<T, ?, Map<K, V>> toUnmodifiableMap(
      Function<? super T, ? extends K> key, Function<? super T, ? extends V> value) {
    BiConsumer<Map<K, V>, T> add = (map, one) -> map.put(key.apply(one), value.apply(one));
    return Collector.of(LinkedHashMap::new, add, (a, b) -> a);
  }

  public static <T> Collector<T, ?, Set<T>> toUnmodifiableSet() {
    return Collector.of(
        LinkedHashSet::new,
        Set::add,
        (a, b) -> {
          a.addAll(b);
          return a;
        });
  }

  /** What {@code Map.of} and its kin are not used for: here so that it is known to be ordered. */
  static <E> List<E> list(Collection<E> elements) {
    return new ArrayList<>(elements);
  }
}

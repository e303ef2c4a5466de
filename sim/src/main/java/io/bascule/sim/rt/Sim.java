package io.bascule.sim.rt;

import java.lang.foreign.Arena;
import java.lang.ref.WeakReference;
import java.lang.reflect.Constructor;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run: everything that happens in it happens on the thread that calls {@link #run}, in an order
 * that the seed alone decides. Every simulated thread is a virtual thread whose continuations come
 * here instead of to the JDK's pool; the next one to run is drawn. Virtual time stands still while
 * a thread runs, moves on a little with every choice, and jumps to the next timer when nobody can
 * run.
 *
 * <p>One run at a time in a JVM.
 */
public final class Sim {
  private static final Constructor<?> BUILDER = builder();

  /** What a choice costs at most, in virtual time: the processor's share. */
  private static final long CHOICE_NANOS = 2_000;

  private static @Nullable Sim current;

  /** Direct memory to be lent again, by size. */
  private static final Map<Integer, ArrayDeque<ByteBuffer>> SPARE = new HashMap<>();

  private static final int PAGE_BYTES = 4096;
  private static final long LENT_MAX_BYTES = 256 << 20;

  /** Memory that somebody has, or had. */
  private record Lent(ByteBuffer whole, WeakReference<ByteBuffer> part) {
    boolean isOver() {
      return part.get() == null;
    }
  }

  /** What a process has: it goes back when the process dies, for it is never run again. */
  private static final class Memory {
    final List<Arena> arenas = new ArrayList<>();
    final List<Lent> lent = new ArrayList<>();
  }

  private void giveBack(Memory of) {
    for (var arena : of.arenas) {
      try {
        arena.close();
      } catch (IllegalStateException closedByItsOwner) {
        continue;
      }
    }
    of.arenas.clear();
    of.lent.forEach(this::back);
    of.lent.clear();
  }

  private record Ready(SimThread thread, Runnable continuation) {}

  /** Something that happens at a time. */
  static final class Timer {
    final long atNanos;
    final long number;
    final SimProcess process;
    @Nullable Runnable work;

    Timer(long atNanos, long number, SimProcess process, Runnable work) {
      this.atNanos = atNanos;
      this.number = number;
      this.process = process;
      this.work = work;
    }

    void cancel() {
      work = null;
    }
  }

  private final Thread carrier = Thread.currentThread();
  private final Dice dice;
  private final ArrayList<Ready> ready = new ArrayList<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>((a, b) ->
          a.atNanos != b.atNanos
              ? Long.compare(a.atNanos, b.atNanos)
              : Long.compare(a.number, b.number));

  /** Wake-ups by threads that are not ours; there should be none. */
  private final ConcurrentLinkedQueue<Ready> foreign = new ConcurrentLinkedQueue<>();

  private final Map<SimProcess, Memory> memory = new LinkedHashMap<>();
  final Monitors monitors = new Monitors(this);

  private long nowNanos = 1_000_000_000L;
  private long timerNumbers;
  private int threadNumbers;
  private long lentBytes;
  private long lentMax = LENT_MAX_BYTES;
  private long choices;
  private long hash;
  private long foreignWakeups;
  private boolean over;
  private @Nullable SimThread running;

  /** Nobody else is chosen while it can be. */
  private @Nullable SimThread only;

  private BiConsumer<SimProcess, Throwable> onUncaught = (process, e) -> {};
  private @Nullable Consumer<String> trace;
  private Connector connector =
      url -> {
        throw new SQLException("this simulation has no state.db");
      };
  private boolean fifo;

  /** Program points between two that may take the processor away; 0 is never. */
  private int pointsMean;

  private int pointsLeft;
  private long choicesMax = Long.MAX_VALUE;

  public Sim(long seed) {
    this.dice = new Dice(seed);
    current = this;
    switch (dice.below(4)) {
      case 0 -> pointsMean = 0;
      case 1 -> pointsMean = 2_000;
      case 2 -> pointsMean = 300;
      default -> pointsMean = 50;
    }
    fifo = dice.oneIn(5);
    pointsLeft = pointsMean;
  }

  private static Constructor<?> builder() {
    try {
      var made =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .getDeclaredConstructor(Executor.class);
      made.setAccessible(true);
      return made;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK takes no scheduler for virtual threads", e);
    }
  }

  /** The run that is under way. */
  public static Sim current() {
    var now = current;
    if (now == null) {
      throw new IllegalStateException("no simulation is running");
    }
    return now;
  }

  static boolean isSimulated() {
    var now = current;
    return now != null && now.running != null && Thread.currentThread().isVirtual();
  }

  // ---- what a world uses

  public Dice dice() {
    return dice;
  }

  public long nowNanos() {
    return nowNanos;
  }

  /** How often a thread was chosen: the measure of a run's length. */
  public long choices() {
    return choices;
  }

  /** Over every choice and everything noted: equal runs have equal ones. */
  public long traceHash() {
    return hash;
  }

  /** Wake-ups by threads outside of the simulation, each a source of chance: should be 0. */
  public long foreignWakeups() {
    return foreignWakeups;
  }

  /** The run ends after so many choices. */
  public void limit(long choicesAtMost) {
    choicesMax = choicesAtMost;
  }

  /** Opens state.db for the simulated processes. */
  public interface Connector {
    Connection connect(String url) throws SQLException;
  }

  public void connector(Connector made) {
    connector = made;
  }

  Connection connect(String url) throws SQLException {
    return connector.connect(url);
  }

  public void onUncaught(BiConsumer<SimProcess, Throwable> handler) {
    onUncaught = handler;
  }

  /** Every note is told, for a person. */
  public void trace(Consumer<String> listener) {
    trace = listener;
  }

  public boolean isTraced() {
    return trace != null;
  }

  /** Makes something part of the trace that replays are compared by. */
  public void note(String what, long detail) {
    hash = Dice.mix(hash ^ what.hashCode() * 31L ^ detail);
    tell(what, detail);
  }

  /** For a person only. */
  public void say(String what) {
    var to = trace;
    if (to != null) {
      to.accept("%12.6f  %-28s %s".formatted(nowNanos / 1e9, who(), what));
    }
  }

  private void tell(String what, long detail) {
    if (trace != null) {
      say(what + " " + detail);
    }
  }

  private String who() {
    return running == null ? "-" : running.toString();
  }

  /** The process of the thread that asks. */
  public SimProcess process() {
    var thread = running;
    if (thread == null) {
      throw new IllegalStateException("not a thread of the simulation");
    }
    return thread.process;
  }

  public Thread start(SimProcess process, String name, Runnable work) {
    Thread made = thread(process, name, work);
    made.start();
    return made;
  }

  /**
   * Runs {@code work} on a thread of its own while everybody else stands still: what it looks at
   * does not change. It must not wait for anybody.
   */
  public void alone(SimProcess process, String name, Runnable work) {
    var asking = Thread.currentThread();
    var one = new SimThread(this, process, threadNumbers++, name);
    only = one;
    thread(
            one,
            () -> {
              try {
                work.run();
              } finally {
                only = null;
                LockSupport.unpark(asking);
              }
            })
        .start();
    while (only == one) {
      LockSupport.park(this);
    }
  }

  /** Runs {@code work} in the process at that time, unless the process is dead by then. */
  public Object at(SimProcess process, long atNanos, Runnable work) {
    return timer(process, Math.max(nowNanos, atNanos), work);
  }

  /** The run is over once the thread that says so waits or ends. */
  public void end() {
    over = true;
  }

  /** This thread does nothing any more. */
  public void freeze() {
    while (true) {
      LockSupport.park(this);
    }
  }

  /**
   * Runs until {@link #end}.
   *
   * @return false if it came to no end: everybody waits for something that does not come, or it
   *     took too long
   */
  public boolean run() {
    while (!over) {
      takeForeign();
      takeBack();
      while (!timers.isEmpty() && timers.peek().atNanos <= nowNanos) {
        fire(timers.remove());
      }
      if (!ready.isEmpty()) {
        if (choices >= choicesMax) {
          return false;
        }
        choose();
      } else if (timers.isEmpty()) {
        return over;
      } else {
        nowNanos = Math.max(nowNanos, timers.peek().atNanos);
      }
    }
    return true;
  }

  private void choose() {
    Ready next = ofOnly();
    if (next != null) {
      ready.remove(next);
    } else if (fifo) {
      next = ready.remove(0);
    } else {
      int at = ready.size() == 1 ? 0 : dice.below(ready.size());
      int last = ready.size() - 1;
      next = ready.get(at);
      ready.set(at, ready.get(last));
      ready.remove(last);
    }
    if (!next.thread.process.isAlive()) {
      return;
    }
    choices++;
    nowNanos += dice.below(CHOICE_NANOS);
    hash = Dice.mix(hash ^ next.thread.number ^ nowNanos << 8);
    running = next.thread;
    try {
      next.continuation.run();
    } finally {
      running = null;
    }
  }

  private @Nullable Ready ofOnly() {
    for (int i = 0; only != null && i < ready.size(); i++) {
      if (ready.get(i).thread == only) {
        return ready.get(i);
      }
    }
    return null;
  }

  private void fire(Timer timer) {
    var work = timer.work;
    timer.work = null;
    if (work != null && timer.process.isAlive()) {
      work.run();
    }
  }

  private void takeForeign() {
    for (var woken = foreign.poll(); woken != null; woken = foreign.poll()) {
      foreignWakeups++;
      ready.add(woken);
    }
  }

  /** Gives back what the collector would take long to find. */
  public void close() {
    over = true;
    ready.clear();
    timers.clear();
    memory.values().forEach(this::giveBack);
    current = null;
  }

  // ---- what the rewritten code uses

  void enqueue(SimThread thread, Runnable continuation) {
    var one = new Ready(thread, continuation);
    if (isOurs()) {
      ready.add(one);
    } else {
      foreign.add(one);
      if (isTraced()) {
        new IllegalStateException("woken from outside: " + thread).printStackTrace();
      }
    }
  }

  /** A virtual thread is on our platform thread whenever {@link #choose} is. */
  private boolean isOurs() {
    var asking = Thread.currentThread();
    return asking == carrier || (asking.isVirtual() && running != null);
  }

  Thread thread(SimProcess process, String name, Runnable work) {
    return thread(new SimThread(this, process, threadNumbers++, name), work);
  }

  private Thread thread(SimThread made, Runnable work) {
    try {
      var builder = (Thread.Builder.OfVirtual) BUILDER.newInstance(made);
      return builder
          .name(made.name)
          .uncaughtExceptionHandler((thread, e) -> uncaught(made, e))
          .unstarted(work);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  void uncaught(SimThread thread, Throwable e) {
    say("uncaught in " + thread + ": " + e);
    onUncaught.accept(thread.process, e);
  }

  Timer timer(SimProcess process, long atNanos, Runnable work) {
    var timer = new Timer(atNanos, timerNumbers++, process, work);
    timers.add(timer);
    return timer;
  }

  Timer timer(long inNanos, Runnable work) {
    long at = inNanos > Long.MAX_VALUE - nowNanos ? Long.MAX_VALUE : nowNanos + inNanos;
    return timer(process(), at, work);
  }

  /** A place where another thread may be let go on. */
  void point() {
    if (pointsMean != 0 && !Rt.isInitialising() && --pointsLeft <= 0) {
      pointsLeft = 1 + dice.below(2 * pointsMean);
      Thread.yield();
    }
  }

  int pick(int size) {
    return size == 1 ? 0 : dice.below(size);
  }

  /** Closed with the run, if not before: a process that is killed closes nothing. */
  @SuppressWarnings("MustBeClosedChecker")
  Arena arena() {
    var made = Arena.ofShared();
    memory().arenas.add(made);
    return made;
  }

  /**
   * Memory that we lend and take back ourselves: the JDK's own cleaner is another thread, and meets
   * ours at a monitor.
   */
  ByteBuffer direct(int bytes) {
    int size = Math.max(PAGE_BYTES, Integer.highestOneBit(Math.max(1, bytes - 1)) * 2);
    var spare = SPARE.computeIfAbsent(size, one -> new ArrayDeque<>()).poll();
    var whole = spare == null ? ByteBuffer.allocateDirect(size) : spare;
    if (spare != null) {
      for (int at = 0; at < size; at += Long.BYTES) {
        whole.putLong(at, 0);
      }
    }
    var lent = whole.slice(0, bytes);
    memory().lent.add(new Lent(whole, new WeakReference<>(lent)));
    lentBytes += size;
    return lent;
  }

  /** What nobody has any more comes back; between two choices, when no thread of ours runs. */
  private void takeBack() {
    if (lentBytes > lentMax) {
      System.gc();
      memory.values().forEach(one -> one.lent.removeIf(lent -> lent.isOver() && back(lent)));
      lentMax = Math.max(LENT_MAX_BYTES, lentBytes + LENT_MAX_BYTES / 2);
    }
  }

  private boolean back(Lent lent) {
    lentBytes -= lent.whole.capacity();
    SPARE.computeIfAbsent(lent.whole.capacity(), size -> new ArrayDeque<>()).add(lent.whole);
    return true;
  }

  private Memory memory() {
    var process = process();
    var present = memory.get(process);
    if (present == null) {
      var made = new Memory();
      memory.put(process, made);
      process.atDeath(() -> giveBack(made));
      present = made;
    }
    return present;
  }
}

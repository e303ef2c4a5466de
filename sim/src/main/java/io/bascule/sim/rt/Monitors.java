package io.bascule.sim.rt;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What {@code synchronized}, {@code wait} and {@code notify} become: the JDK's own monitors wake
 * virtual threads from a thread of their own, at times of their own. Who comes next is drawn. Used
 * on one platform thread, and nothing here can be interrupted half way.
 */
final class Monitors {
  private static final class Waiter {
    final Thread thread = Thread.currentThread();
    int count;
    boolean woken;
  }

  private static final class Monitor {
    @Nullable Thread owner;
    int count;
    final List<Waiter> entering = new ArrayList<>();
    final List<Waiter> waiting = new ArrayList<>();
  }

  private final Sim sim;
  private final IdentityHashMap<Object, Monitor> inUse = new IdentityHashMap<>();

  Monitors(Sim sim) {
    this.sim = sim;
  }

  void enter(Object lock) {
    var monitor = inUse.computeIfAbsent(lock, one -> new Monitor());
    var me = Thread.currentThread();
    if (monitor.owner == me) {
      monitor.count++;
    } else if (monitor.owner == null) {
      monitor.owner = me;
      monitor.count = 1;
    } else {
      var waiter = new Waiter();
      waiter.count = 1;
      queue(monitor, waiter);
    }
  }

  private static void queue(Monitor monitor, Waiter waiter) {
    monitor.entering.add(waiter);
    boolean interrupted = false;
    while (monitor.owner != waiter.thread) {
      LockSupport.park(monitor);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      waiter.thread.interrupt();
    }
  }

  private Monitor owned(Object lock) {
    var monitor = inUse.get(lock);
    if (monitor == null || monitor.owner != Thread.currentThread()) {
      throw new IllegalMonitorStateException(String.valueOf(lock));
    }
    return monitor;
  }

  void exit(Object lock) {
    var monitor = owned(lock);
    if (--monitor.count == 0) {
      release(lock, monitor);
    }
  }

  private void release(Object lock, Monitor monitor) {
    if (!monitor.entering.isEmpty()) {
      var next = monitor.entering.remove(sim.pick(monitor.entering.size()));
      monitor.owner = next.thread;
      monitor.count = next.count;
      LockSupport.unpark(next.thread);
      return;
    }
    monitor.owner = null;
    if (monitor.waiting.isEmpty()) {
      inUse.remove(lock);
    }
  }

  /** {@code Object.wait}; 0 is for ever. */
  void await(Object lock, long millis) throws InterruptedException {
    var monitor = owned(lock);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    var waiter = new Waiter();
    waiter.count = monitor.count;
    monitor.waiting.add(waiter);
    var timer =
        millis == 0
            ? null
            : sim.timer(
                millis * 1_000_000,
                () -> {
                  waiter.woken = true;
                  LockSupport.unpark(waiter.thread);
                });
    monitor.count = 0;
    release(lock, monitor);
    boolean interrupted = false;
    while (!waiter.woken && !interrupted) {
      LockSupport.park(monitor);
      interrupted = Thread.interrupted();
    }
    if (timer != null) {
      timer.cancel();
    }
    monitor.waiting.remove(waiter);
    inUse.putIfAbsent(lock, monitor);
    var present = inUse.get(lock);
    if (present == null || present.owner == null) {
      var taken = present == null ? monitor : present;
      taken.owner = waiter.thread;
      taken.count = waiter.count;
    } else {
      queue(present, waiter);
    }
    if (interrupted) {
      throw new InterruptedException();
    }
  }

  void wake(Object lock, boolean all) {
    var monitor = owned(lock);
    while (!monitor.waiting.isEmpty()) {
      var waiter = monitor.waiting.remove(all ? 0 : sim.pick(monitor.waiting.size()));
      waiter.woken = true;
      LockSupport.unpark(waiter.thread);
      if (!all) {
        return;
      }
    }
  }
}

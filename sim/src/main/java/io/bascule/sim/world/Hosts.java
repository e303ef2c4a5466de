package io.bascule.sim.world;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.sim.rt.Dice;
import io.bascule.sim.rt.Sim;
import io.bascule.sim.rt.SimProcess;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Hosts that read, write, trim and flush overlapping ranges of the volumes, wherever these are
 * served. A command runs on a thread of the controller's process, as it does in an iSCSI session;
 * if the process dies, the host does not know what became of it, logs in again and goes on.
 */
final class Hosts {
  private static final int LONGEST_BLOCKS = 128;

  /** Longer than everything in the appliance that may keep a command, and than hosts' patience. */
  private static final long PATIENCE_SECONDS = 60;

  private final Appliance appliance;
  private final SimProcess process = new SimProcess("hosts");
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopping;
  private long nextValue = 1;
  private long commands;
  private long longestNanos;

  Hosts(Appliance appliance) {
    this.appliance = appliance;
  }

  void start(int count, long thinkMicros) {
    for (int i = 0; i < count; i++) {
      var dice = appliance.dice().fork();
      threads.add(
          Sim.current().start(process, "host" + i, () -> new Host(dice, thinkMicros).run()));
    }
  }

  void stop() throws InterruptedException {
    stopping = true;
    for (var thread : threads) {
      thread.join();
    }
  }

  long commands() {
    return commands;
  }

  /** The longest time a command took, with every log-in in between. */
  long longestNanos() {
    return longestNanos;
  }

  /** A command that a session carries out. */
  private interface Command {
    /** Whether it was a write that is acknowledged now. */
    boolean run(Volume volume);
  }

  /** A session of one host with one controller's process: a thread there. */
  private final class Session {
    private final Serving serving;
    private final LinkedBlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
    private CountDownLatch waiting = new CountDownLatch(0);

    Session(Serving serving) {
      this.serving = serving;
      Sim.current().start(serving.controller().process(), "session", this::loop);
      serving.controller().process().atDeath(() -> waiting.countDown());
    }

    private void loop() {
      try {
        while (true) {
          work.take().run();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    boolean isOf(Serving other) {
      return serving == other;
    }

    /** Whether the command was carried out, or at least begun. */
    boolean carriesOut(int volume, Command command) throws InterruptedException {
      var over = new CountDownLatch(1);
      boolean[] begun = new boolean[1];
      var process = serving.controller().process();
      work.add(() -> {
        if (serving.enter()) {
          begun[0] = true;
          execute(volume, command);
        }
        over.countDown();
      });
      waiting = over;
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (!over.await(1, TimeUnit.SECONDS)) {
        if (!process.isAlive()) {
          return begun[0];
        }
        if (System.nanoTime() > deadline) {
          appliance.fail(new Violation("host-sees-no-error", "a command hangs for a minute"));
        }
      }
      return begun[0];
    }

    private void execute(int number, Command command) {
      appliance.oracles().requireHolder(serving.controller().process(), "one-active");
      long from = System.nanoTime();
      boolean acknowledged = false;
      try {
        var volume = serving.volumes().get(number);
        appliance.formats().seen(serving, volume, appliance.volume(number));
        acknowledged = command.run(volume);
      } catch (StoreException e) {
        Sim.current().note("host error", 0);
        Sim.current().say(String.valueOf(e));
        if (!appliance.mayFail(e)) {
          appliance.fail(new Violation("host-sees-no-error", String.valueOf(e)));
        }
      } catch (Violation e) {
        appliance.fail(e);
      } finally {
        appliance.formats().took(System.nanoTime() - from);
        serving.leave(acknowledged, System.nanoTime() - from);
      }
    }
  }

  /** One host. */
  private final class Host {
    private final Dice dice;
    private final long thinkMicros;
    private final ByteBuffer buffer = ByteBuffer.allocate(LONGEST_BLOCKS * Blocks.BYTES);
    private @Nullable Session session;

    Host(Dice dice, long thinkMicros) {
      this.dice = dice;
      this.thinkMicros = thinkMicros;
    }

    void run() {
      try {
        while (!stopping) {
          long from = System.nanoTime();
          command();
          commands++;
          longestNanos = Math.max(longestNanos, System.nanoTime() - from);
          LockSupport.parkNanos(1_000 * dice.below(2 * thinkMicros));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void command() throws InterruptedException {
      int volume = dice.below(appliance.catalog().size());
      var history = appliance.oracles().history(appliance.volume(volume));
      int count = dice.oneIn(3) ? 1 + dice.below(LONGEST_BLOCKS) : 1 + dice.below(16);
      count = (int) Math.min(count, history.blockCount());
      long first = place(history.blockCount(), count);
      var command = command(history, first, count);
      while (true) {
        var serving = appliance.accepting();
        if (serving != null) {
          var present = session;
          if (present == null || !present.isOf(serving)) {
            present = new Session(serving);
            session = present;
          }
          if (present.carriesOut(volume, command)) {
            return;
          }
        }
        if (stopping) {
          return;
        }
        LockSupport.parkNanos(1_000_000 + dice.below(20_000_000));
      }
    }

    /** Half of it goes to a sixteenth of the volume. */
    private long place(long blocks, int count) {
      long room = blocks - count + 1;
      long first = dice.oneIn(2) ? dice.below(Math.max(1, room / 16)) : dice.below(room);
      return dice.oneIn(2) ? Math.min(first / 8 * 8, room - 1) : first;
    }

    private Command command(History history, long first, int count) {
      long offset = first * Blocks.BYTES;
      long length = (long) count * Blocks.BYTES;
      int kind = dice.below(100);
      if (kind < 62) {
        boolean fua = dice.oneIn(10);
        long value = nextValue++;
        Blocks.fill(buffer.clear().limit((int) length), value, first);
        return volume -> {
          var write = history.begin(first, count, value);
          volume.write(offset, buffer.flip().duplicate(), fua);
          history.acknowledged(write, fua);
          return true;
        };
      }
      if (kind < 80) {
        return volume -> {
          long begun = history.beginRead();
          try {
            var found = ByteBuffer.allocate((int) length);
            if (volume.tryRead(offset, found) == Volume.WOULD_BLOCK) {
              volume.read(offset, found);
            }
            history.read(first, found.flip(), begun, "read-what-was-written");
            appliance.formats().read(volume.uuid(), first, found);
          } finally {
            history.endRead(begun);
          }
          return false;
        };
      }
      if (kind < 90) {
        boolean zero = dice.oneIn(3);
        return volume -> {
          var write = history.begin(first, count, 0);
          if (zero) {
            volume.zero(offset, length);
          } else {
            volume.trim(offset, length);
          }
          history.acknowledged(write, false);
          return true;
        };
      }
      if (kind < 97) {
        return volume -> {
          long begun = history.now();
          volume.flush();
          history.flushed(begun);
          return false;
        };
      }
      return compareAndWrite(history, first);
    }

    private Command compareAndWrite(History history, long first) {
      long value = nextValue++;
      long offset = first * Blocks.BYTES;
      return volume ->
          volume.atomically(
              offset,
              Blocks.BYTES,
              inside -> {
                long begun = history.beginRead();
                try {
                  var found = ByteBuffer.allocate(Blocks.BYTES);
                  inside.read(offset, found);
                  history.read(first, found.flip(), begun, "read-what-was-written");
                } finally {
                  history.endRead(begun);
                }
                var write = history.begin(first, 1, value);
                var data = ByteBuffer.allocate(Blocks.BYTES);
                Blocks.fill(data, value, first);
                inside.write(offset, data.flip(), false);
                history.acknowledged(write, false);
                return true;
              });
    }
  }
}

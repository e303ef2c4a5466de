package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.Status;
import io.bascule.platform.Layout;
import io.bascule.platform.OfdLock;
import io.bascule.platform.PowerSupply;
import io.bascule.platform.ProcessIdentity;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/**
 * The chassis as a process: its lock, its identity on disk, its start in a session of its own.
 *
 * <p>SIGTERM and SIGKILL end the chassis alone: the controllers serve on, and the next chassis
 * adopts them.
 */
public final class ChassisProcess {
  private static final long ROTATE_BYTES = 4 << 20;
  private static final int LOCK_TRIES = 20;
  private static final long LOCK_PAUSE_MILLIS = 25;

  private ChassisProcess() {}

  /** Whether there is a chassis. */
  public enum Presence {
    /** Nobody holds the chassis lock. */
    NONE,
    /** Somebody does. */
    RUNNING
  }

  /**
   * Runs the chassis in this process until it is asked to go down.
   *
   * @return false if another one holds the appliance's chassis lock
   */
  public static boolean run(Layout layout) throws IOException, InterruptedException {
    Files.createDirectories(layout.chassis());
    try (var lock = OfdLock.open(lockFile(layout))) {
      if (!lockedSoon(lock)) {
        return false;
      }
      var identity = ProcessIdentity.current();
      Files.writeString(
          identityFile(layout),
          "pid=%d%nstart=%d%nboot=%s%n"
              .formatted(identity.pid(), identity.startTicks(), identity.bootId()));
      new Chassis(layout, times(layout), Path.of(System.getProperty("java.home"))).run();
      Files.deleteIfExists(identityFile(layout));
      layout.removeSockets();
      return true;
    }
  }

  /** Somebody who only asks for {@link #presence} holds the lock for an instant. */
  private static boolean lockedSoon(OfdLock lock) throws IOException, InterruptedException {
    for (int i = 0; i < LOCK_TRIES; i++) {
      if (lock.tryLock()) {
        return true;
      }
      Thread.sleep(LOCK_PAUSE_MILLIS);
    }
    return false;
  }

  /** Whether a chassis of that appliance runs. */
  public static Presence presence(Layout layout) throws IOException {
    if (Files.notExists(lockFile(layout))) {
      return Presence.NONE;
    }
    try (var lock = OfdLock.open(lockFile(layout))) {
      return lock.tryLock() ? Presence.NONE : Presence.RUNNING;
    }
  }

  /** The process that says it is the chassis; for one that does not answer any more. */
  public static Optional<ProcessIdentity> identity(Layout layout) throws IOException {
    var values = new Properties();
    try (var in = Files.newBufferedReader(identityFile(layout))) {
      values.load(in);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new ProcessIdentity(
              Long.parseLong(values.getProperty("pid", "")),
              Long.parseLong(values.getProperty("start", "")),
              values.getProperty("boot", "")));
    } catch (NumberFormatException e) {
      return Optional.empty(); // half written by one that was killed as it began
    }
  }

  /** Where it writes what it does. */
  public static Path logFile(Layout layout) {
    return layout.chassis().resolve("log").resolve("chassis.log");
  }

  /**
   * Starts a chassis that outlives this process and its terminal.
   *
   * @param command the arguments of the java command that run {@code bascule chassis}
   */
  public static Process start(Layout layout, List<String> command) throws IOException {
    Path log = logFile(layout);
    Files.createDirectories(log.getParent());
    if (Files.exists(log) && Files.size(log) > ROTATE_BYTES) {
      Files.move(log, log.resolveSibling("chassis.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
    var words = new ArrayList<String>();
    words.add("setsid");
    words.addAll(command);
    return new ProcessBuilder(words)
        .directory(layout.root().toFile())
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  /**
   * Stops an appliance whose chassis is gone or does not answer: kills that, then the controllers
   * by their records.
   *
   * @return what was done, a line each
   */
  public static List<String> stopWithoutChassis(Layout layout)
      throws IOException, InterruptedException {
    var done = new ArrayList<String>();
    var chassis = identity(layout);
    if (chassis.isPresent() && chassis.get().kill()) {
      await(chassis.get());
      done.add("the chassis (process " + chassis.get().pid() + ") did not answer: killed");
    }
    try (var lock = OfdLock.open(lockFile(layout))) {
      if (!lock.tryLock()) {
        throw new IOException("another chassis holds " + lockFile(layout));
      }
      Files.deleteIfExists(identityFile(layout));
      // Both at once: a standby that takes over for a moment stops just the same.
      var processes = new EnumMap<ControllerId, List<ProcessIdentity>>(ControllerId.class);
      for (var id : ControllerId.values()) {
        processes.put(id, Strays.of(layout, id));
      }
      for (var process : processes.values().stream().flatMap(List::stream).toList()) {
        process.signal(ProcessIdentity.SIGTERM);
      }
      for (var entry : processes.entrySet()) {
        for (var process : entry.getValue()) {
          done.add(entry.getKey() + ": " + stop(process));
        }
        markDown(layout, entry.getKey());
      }
      PowerSupply.interrupted(layout);
      layout.removeSockets();
    }
    return done;
  }

  /** All processes of the appliance's controllers, whoever started them. */
  public static List<ProcessIdentity> controllers(Layout layout) throws IOException {
    var all = new ArrayList<ProcessIdentity>();
    for (var id : ControllerId.values()) {
      all.addAll(Strays.of(layout, id));
    }
    return all;
  }

  private static void markDown(Layout layout, ControllerId id) throws IOException {
    var record = BootRecord.load(layout.bootRecord(id));
    if (record.isPresent()) {
      var state = record.get().state();
      var down =
          new BootState(
              id,
              state.plan(),
              new Phase.Down(),
              state.cause(),
              Status.OFF,
              System.currentTimeMillis());
      BootRecord.of(down, ProcessIdentity.currentBootId()).store(layout.bootRecord(id));
    }
  }

  private static String stop(ProcessIdentity process) throws IOException, InterruptedException {
    if (endsWithin(process, BootTimes.STOP_MILLIS)) {
      return "stopped";
    }
    process.kill();
    await(process);
    return "did not stop within " + BootTimes.STOP_MILLIS / 1_000 + " s: killed";
  }

  private static void await(ProcessIdentity process) throws IOException, InterruptedException {
    if (!endsWithin(process, BootTimes.STOP_MILLIS)) {
      throw new IOException("process " + process.pid() + " does not die");
    }
  }

  private static boolean endsWithin(ProcessIdentity process, long millis)
      throws IOException, InterruptedException {
    long untilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (process.isAlive()) {
      if (System.nanoTime() > untilNanos) {
        return false;
      }
      Thread.sleep(20); // not a child of ours, so there is nothing to wait on
    }
    return true;
  }

  /** The boot deadline may be set for tests and for slow machines. */
  static BootTimes times(Layout layout) throws IOException {
    var settings = new Properties();
    try (var in = Files.newBufferedReader(layout.settings())) {
      settings.load(in);
    } catch (NoSuchFileException e) {
      // an appliance made by hand: the defaults hold
    }
    var standard = BootTimes.DEFAULT;
    return new BootTimes(
        millis(settings, "boot.deadline.millis", standard.bootMillis()),
        millis(settings, "boot.hang.millis", standard.hangMillis()),
        millis(settings, "boot.stable.millis", standard.stableMillis()));
  }

  private static long millis(Properties settings, String key, long standard) throws IOException {
    String text = System.getProperty("bascule." + key, settings.getProperty(key));
    if (text == null) {
      return standard;
    }
    try {
      long millis = Long.parseLong(text.strip());
      if (millis > 0) {
        return millis;
      }
    } catch (NumberFormatException e) {
      // falls through to the one message for both
    }
    throw new IOException(key + " is no time in milliseconds: '" + text + "'");
  }

  private static Path lockFile(Layout layout) {
    return layout.chassis().resolve("chassis.lock");
  }

  private static Path identityFile(Layout layout) {
    return layout.chassis().resolve("process");
  }
}

package io.bascule.e2e;

import io.bascule.core.ControllerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What befalls an appliance of a campaign; each is bounded, and {@link #end} takes it away. */
final class ChaosFaults implements AutoCloseable {
  /** What hosts of format 1 need not fear: above the floor, and too little for format 2. */
  private static final long LEFT_BYTES = (512L << 20) + (100L << 20);

  private static final String BALLOON = "balloon";
  private static final int BUSY_SECONDS = 10;

  /** At least: more than the controllers take to notice. */
  private static final long LINK_BROKEN_MILLIS = 2_500;

  private final Appliance appliance;
  private final Optional<SteppedClock> clock;
  private final OwnDisk disk;
  private final Path folder;
  private final Random random;
  private final ChaosTally tally;

  /** Their file would keep the disk from being unmounted. */
  private final List<Process> busy = new ArrayList<>();

  /** Null while the controllers' link works. */
  private @Nullable BrokenPeerLink brokenLink;

  /**
   * @param clock the appliance's; empty if it has none of its own, and then none is stepped
   */
  ChaosFaults(
      Appliance appliance,
      Optional<SteppedClock> clock,
      OwnDisk disk,
      Path folder,
      Random random,
      ChaosTally tally) {
    this.appliance = appliance;
    this.clock = clock;
    this.disk = disk;
    this.folder = folder;
    this.random = random;
    this.tally = tally;
  }

  void any() throws IOException {
    switch (random.nextInt(13)) {
      case 0, 1 -> kill("active", appliance.saysActive().stream().toList());
      case 2 -> kill("standby", appliance.saysActive().map(ControllerId::other).stream().toList());
      case 3 -> kill("both", List.of(ControllerId.values()));
      case 4 -> killChassis();
      case 5 -> stopFor("active hangs", true, 20_000);
      case 6 -> stopFor("a controller stands still for a moment", random.nextBoolean(), 600);
      case 7 -> fill();
      case 8, 9 -> breakPeerLink();
      case 10, 11 -> stepClock();
      default -> busyDisk();
    }
  }

  private void kill(String which, List<ControllerId> victims) {
    boolean killed = false;
    for (var victim : victims) {
      var pid = appliance.process(victim);
      killed |= pid.isPresent() && Signals.send(pid.get(), Signals.KILL);
    }
    if (killed) {
      tally.fault("kill -9 " + which);
    }
  }

  private void killChassis() {
    if (appliance.chassisRuns()) {
      appliance.killChassis();
      tally.fault("kill -9 chassis");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(2_000)));
      appliance.up();
    }
  }

  /** The chassis fences one that stands still for long; then there is nobody to continue. */
  private void stopFor(String what, boolean active, long millis) {
    var victim = appliance.saysActive().map(id -> active ? id : id.other());
    var pid = victim.flatMap(appliance::process);
    if (pid.isEmpty()) {
      return;
    }
    tally.fault(what);
    Signals.send(pid.get(), Signals.STOP);
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (System.nanoTime() - end < 0 && ProcessHandle.of(pid.get()).isPresent()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
    Signals.send(pid.get(), Signals.CONTINUE);
  }

  private void fill() throws IOException {
    long room = disk.freeBytes() - LEFT_BYTES;
    if (Files.exists(disk.path().resolve(BALLOON)) || room <= 0) {
      return;
    }
    disk.allocate(BALLOON, room);
    tally.fault("disk full but for format 1");
  }

  /** Somebody else's writes and syncs on the same disk. */
  private void busyDisk() throws IOException {
    tally.fault("busy disk");
    var process =
        new ProcessBuilder(
                "timeout",
                Integer.toString(BUSY_SECONDS),
                "dd",
                "if=/dev/zero",
                "of=" + disk.path().resolve("busy"),
                "bs=1M",
                "count=64",
                "oflag=dsync")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("dd.out").toFile())
            .start();
    busy.add(process);
  }

  /** Stays so until {@link #end}, or until it breaks in another way; noticed in a second. */
  private void breakPeerLink() throws IOException {
    mendPeerLink();
    var ways = BrokenPeerLink.How.values();
    var how = ways[random.nextInt(ways.length)];
    tally.fault("peer link " + how.words);
    brokenLink = BrokenPeerLink.of(appliance, how);
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LINK_BROKEN_MILLIS));
  }

  private void mendPeerLink() throws IOException {
    var broken = brokenLink;
    brokenLink = null;
    if (broken != null) {
      broken.close();
    }
  }

  /** To minutes, hours or days off, until the next step or {@link #end}, which is one too. */
  private void stepClock() {
    if (clock.isEmpty()) {
      return;
    }
    boolean forward = random.nextBoolean();
    long seconds = List.of(90L, 900L, 7_200L, 172_800L).get(random.nextInt(4));
    tally.fault(forward ? "clock ahead" : "clock behind");
    clock.get().set(forward ? seconds : -seconds);
  }

  /** Nothing is in the way any more, and a chassis runs. */
  void end() throws IOException {
    mendPeerLink();
    if (clock.isPresent()) {
      clock.get().set(0);
    }
    Files.deleteIfExists(disk.path().resolve(BALLOON));
    while (!busy.isEmpty()) {
      busy.removeLast().onExit().join(); // of itself, after BUSY_SECONDS at most
    }
    if (!appliance.chassisRuns()) {
      appliance.up();
    }
  }

  /** For an appliance that is given up: it can only go down with its sockets as they were. */
  @Override
  public void close() throws IOException {
    mendPeerLink();
  }
}

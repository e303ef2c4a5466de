package io.bascule.e2e;

import io.bascule.core.ControllerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** What befalls an appliance of a campaign; each is bounded, and {@link #end} takes it away. */
final class ChaosFaults {
  /** What hosts of format 1 need not fear: above the floor, and too little for format 2. */
  private static final long LEFT_BYTES = (512L << 20) + (100L << 20);

  private static final String BALLOON = "balloon";
  private static final int BUSY_SECONDS = 10;

  private final Appliance appliance;
  private final OwnDisk disk;
  private final Path folder;
  private final Random random;
  private final ChaosTally tally;

  /** Their file would keep the disk from being unmounted. */
  private final List<Process> busy = new ArrayList<>();

  ChaosFaults(Appliance appliance, OwnDisk disk, Path folder, Random random, ChaosTally tally) {
    this.appliance = appliance;
    this.disk = disk;
    this.folder = folder;
    this.random = random;
    this.tally = tally;
  }

  void any() throws IOException {
    switch (random.nextInt(9)) {
      case 0, 1 -> kill("active", appliance.saysActive().stream().toList());
      case 2 -> kill("standby", appliance.saysActive().map(ControllerId::other).stream().toList());
      case 3 -> kill("both", List.of(ControllerId.values()));
      case 4 -> killChassis();
      case 5 -> stopFor("active hangs", true, 20_000);
      case 6 -> stopFor("a controller stands still for a moment", random.nextBoolean(), 600);
      case 7 -> fill();
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

  /** Nothing is in the way any more, and a chassis runs. */
  void end() throws IOException {
    Files.deleteIfExists(disk.path().resolve(BALLOON));
    while (!busy.isEmpty()) {
      busy.removeLast().onExit().join(); // of itself, after BUSY_SECONDS at most
    }
    if (!appliance.chassisRuns()) {
      appliance.up();
    }
  }
}

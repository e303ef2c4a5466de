package io.bascule.sim.world;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.sim.rt.Sim;
import io.bascule.sim.rt.SimProcess;
import io.bascule.store.v2.PoolSettings;
import io.bascule.store.v2.VolumePool;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * The judges of what holds between both formats up to the commit, by name:
 *
 * <pre>
 *  I2-format-2-shows-nothing-new  no host reads a version that format 1 does not hold
 *  I3-differences-are-marked      as a death leaves it, what is not copied again is the same in both;
 *                                 and the product's own comparison finds a difference in damage only
 *  format-2-holds-all             from the commit on, as a death leaves it
 *  I5-hosts-see-no-change         identity and size are what they were, features come with the commit
 *  I6-format-2-hurts-nobody       its failures are on record in time, and keep no host waiting
 * </pre>
 */
final class FormatOracles {
  private static final String I2 = "I2-format-2-shows-nothing-new";
  private static final String I3 = "I3-differences-are-marked";
  private static final String I5 = "I5-hosts-see-no-change";
  private static final String I6 = "I6-format-2-hurts-nobody";

  /** Beyond the guard's patience and the record's, with all that is in the way of both. */
  private static final long RECORD_NANOS = 15_000_000_000L;

  /** What the guard allows for each of a command's pieces, and for their marks. */
  private static final long COMMAND_NANOS = 10_000_000_000L;

  private static final Set<String> BOTH_FORMATS = Set.of("PHASE_2", "PHASE_3", "PHASE_4", "COMMIT");

  private static final int REGION = 64 * 1024;

  private final Appliance appliance;
  private long losses;

  FormatOracles(Appliance appliance) {
    this.appliance = appliance;
  }

  // ---- I2

  /** A host has read that: format 1 holds it by now, or something newer. */
  void read(UUID uuid, long first, ByteBuffer found) {
    if (!appliance.isFormatOne()) {
      return;
    }
    var inFormatOne = ByteBuffer.allocate(found.remaining());
    boolean _ =
        appliance.disk().peek(SimEnclosure.V1, uuid + ".data", first * Blocks.BYTES, inFormatOne);
    appliance.oracles().history(uuid).notNewer(first, found, inFormatOne.flip(), I2);
  }

  // ---- I3

  /** Of what a kill, or a loss of power, would leave now, the next process knows what differs. */
  void forkIsMarked(boolean powerLoss) {
    if (!usesBothFormats(appliance.state().row())) {
      return;
    }
    var left = appliance.disk().fork(powerLoss);
    var boot = bootAfter(powerLoss);
    VolumePool pool;
    try {
      pool = open(left, boot);
    } catch (StoreException e) {
      return; // nobody can open it, so nobody reads it
    }
    try {
      appliance
          .catalog()
          .forEach((uuid, size) -> {
            if (pool.list().stream().anyMatch(volume -> volume.uuid().equals(uuid))) {
              compare(left, pool, uuid, size, boot);
            }
          });
    } catch (Violation e) {
      appliance.fail(new Violation(I3, when(powerLoss) + e.getMessage()));
    } finally {
      pool.abandon();
    }
  }

  private static String when(boolean powerLoss) {
    return powerLoss ? "after a power loss: " : "after a kill: ";
  }

  private UUID bootAfter(boolean powerLoss) {
    var boot = appliance.kernelBoot();
    return powerLoss ? new UUID(~boot.getMostSignificantBits(), 0) : boot;
  }

  private VolumePool open(Disk left, UUID boot) {
    var settings = PoolSettings.DEFAULT.withBackground(false).withKernelBoot(boot);
    return VolumePool.open(
        left.directory(SimEnclosure.V2), settings, appliance.state().row().epoch());
  }

  /** After the commit: what a death would leave now is there. */
  void forkOpensAsFormatTwo(boolean powerLoss) {
    String oracle = "format-2-holds-all";
    var oracles = appliance.oracles();
    try {
      var pool = open(appliance.disk().fork(powerLoss), bootAfter(powerLoss));
      try {
        for (UUID uuid : appliance.catalog().keySet()) {
          try (var volume = pool.open(uuid)) {
            oracles.inspect(volume, powerLoss, oracle);
          }
        }
      } finally {
        pool.abandon();
      }
    } catch (StoreException e) {
      if (!appliance.mayFail(e)) {
        appliance.fail(new Violation(oracle, when(powerLoss) + e));
      }
    } catch (Violation e) {
      appliance.fail(new Violation(oracle, when(powerLoss) + e.getMessage()));
    }
  }

  /** As the product itself opens the marks: what it does not copy again has to be the same. */
  private static void compare(Disk left, VolumePool pool, UUID uuid, long size, UUID boot) {
    Object marks;
    try {
      var directory = left.directory(SimEnclosure.V2);
      marks = Inside.callStatic("migration.Marks", "open", directory, uuid, size, boot);
    } catch (StoreException e) {
      return; // everything is copied again
    }
    try (var second = pool.open(uuid)) {
      for (long region = 0; region * REGION < size; region++) {
        if (!(boolean) Inside.call(marks, "anyNeedsCopy", region, 1L)) {
          compareRegion(left, second, region, size);
        }
      }
    }
  }

  private static void compareRegion(Disk left, Volume second, long region, long size) {
    int bytes = (int) Math.min(REGION, size - region * REGION);
    var two = ByteBuffer.allocate(bytes);
    try {
      second.read(region * REGION, two);
    } catch (StoreException e) {
      return; // it knows that itself, and is repaired from format 1
    }
    var one = ByteBuffer.allocate(bytes);
    boolean _ = left.peek(SimEnclosure.V1, second.uuid() + ".data", region * REGION, one);
    int at = one.flip().mismatch(two.flip());
    if (at >= 0) {
      throw new Violation(
          I3,
          "region %d of %s is not marked and differs at byte %d"
              .formatted(region, second.uuid(), at));
    }
  }

  /** The product has compared both, and found a difference or damage. */
  void differs(String what) {
    if (appliance.knobs().faults() != Knobs.Faults.FORMAT_2_ROTS) {
      appliance.fail(new Violation(I3, what));
    }
  }

  // ---- I5

  /** Before a command: what the host would see of the volume. */
  void seen(Serving serving, Volume volume, UUID uuid) {
    boolean features = serving.hasFeatures();
    long size = volume.sizeBytes();
    if (!volume.uuid().equals(uuid)
        || size != java.util.Objects.requireNonNull(appliance.catalog().get(uuid))) {
      appliance.fail(
          new Violation(I5, "%s shows as %s of %d bytes".formatted(uuid, volume.uuid(), size)));
    }
    if (features && appliance.isFormatOne()) {
      appliance.fail(new Violation(I5, "features of format 2 before the commit"));
    }
  }

  // ---- I6

  /** A host's command took so long. */
  void took(long nanos) {
    if (nanos > COMMAND_NANOS && appliance.isFormatOne()) {
      appliance.fail(new Violation(I6, "a command took %.1f s".formatted(nanos / 1e9)));
    }
  }

  /** Format 2 failed to write or to sync. What a thread of the guard met has to be on record. */
  void failed(SimProcess in, String thread) {
    if (!appliance.isFormatOne() || !thread.startsWith("format-2-")) {
      return;
    }
    long before = losses;
    Sim.current().start(appliance.process(), "judge", () -> requireLost(in, before));
  }

  private void requireLost(SimProcess in, long before) {
    LockSupport.parkNanos(RECORD_NANOS);
    var row = appliance.state().row();
    if (in.isAlive() && losses == before && usesBothFormats(row)) {
      appliance.fail(new Violation(I6, "format 2 failed, and is not given up: " + row));
    }
  }

  /** The product has recorded, so it says, that format 2 is given up. */
  void recorded() {
    losses++;
    var row = appliance.state().row();
    if (usesBothFormats(row)) {
      appliance.fail(new Violation(I6, "the loss of format 2 is not on record: " + row));
    }
  }

  /** Whoever takes over now goes on with both formats. */
  private static boolean usesBothFormats(StateStore.Row row) {
    boolean underWay = row.state().equals("RUNNING") || row.state().equals("PAUSED");
    return underWay
        && BOTH_FORMATS.contains(row.step())
        && !row.canceled()
        && !row.committed()
        && !row.invalid();
  }
}

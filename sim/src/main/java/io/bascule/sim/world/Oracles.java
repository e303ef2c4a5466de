package io.bascule.sim.world;

import io.bascule.controller.state.StateDbException;
import io.bascule.core.Slot;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.sim.rt.Sim;
import io.bascule.sim.rt.SimProcess;
import io.bascule.store.v1.StoreV1;
import io.bascule.store.v2.PoolSettings;
import io.bascule.store.v2.VolumePool;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The judges of a run, by name:
 *
 * <pre>
 *  read-what-was-written   a host reads a version it may read
 *  acknowledged-survives   after any deaths of processes every acknowledged write is there
 *  flushed-survives        after a power loss every flushed one is
 *  I1-format-1-holds-all   up to the commit the same is true of format 1 alone, opened as 1.2.2 does
 *  host-sees-no-error      no host's command fails or hangs, but for its own disk
 *  one-active              hosts are served by the holder of the lease alone
 *  only-the-lease-writes   nobody else changes the disk
 *  epoch-grows             with every takeover
 *  old-epoch-writes-nothing after a takeover, neither in the record nor in format 2
 *  I4-row                  the row goes from revision to revision; canceled and committed are for good
 *  cancel-contract         what a cancel may do and when (see {@link CancelTable})
 *  cancel-or-commit        exactly one of both wins, and the answers were true
 *  upgrade-ends            once nothing fails any more, it comes to an end that is one
 *  ends-redundant          both controllers ONLINE on the release that the end says
 *  controller-stops-itself a controller that finds itself broken
 * </pre>
 */
final class Oracles {
  private final Appliance appliance;
  private final Map<UUID, History> histories = new LinkedHashMap<>();
  private boolean powerWasLost;
  private long lastEpoch;
  private StateStore.@Nullable Row last;
  private String mustCancel = "";
  private long canceledFrom = -1;
  private long losses;

  Oracles(Appliance appliance) {
    this.appliance = appliance;
  }

  void volume(UUID uuid, long sizeBytes) {
    histories.put(uuid, new History(uuid.toString().substring(0, 4), sizeBytes / Blocks.BYTES));
  }

  /** The epoch as the appliance was made. */
  void epoch(long made) {
    lastEpoch = made;
  }

  History history(UUID uuid) {
    return java.util.Objects.requireNonNull(histories.get(uuid));
  }

  long losses() {
    return losses;
  }

  void powerLost() {
    powerWasLost = true;
  }

  void lost(Upgrade.Cause cause) {
    losses++;
  }

  // ---- after a restart

  void afterTakeover(Controller controller, List<Volume> volumes, long epoch) {
    Sim.current().note("active " + controller.process(), epoch);
    requireHolder(controller.process(), "one-active");
    if (epoch <= lastEpoch) {
      appliance.fail(new Violation("epoch-grows", "epoch " + epoch + " comes after " + lastEpoch));
    }
    lastEpoch = epoch;
    boolean powerLost = powerWasLost;
    for (var volume : volumes) {
      settle(volume, powerLost);
    }
    powerWasLost = false;
  }

  private void settle(Volume volume, boolean powerLost) {
    var history = history(volume.uuid());
    var buffer = ByteBuffer.allocate(64 * Blocks.BYTES);
    for (long block = 0; block < history.blockCount(); block += 64) {
      int count = (int) Math.min(64, history.blockCount() - block);
      buffer.clear().limit(count * Blocks.BYTES);
      try {
        volume.read(block * Blocks.BYTES, buffer);
      } catch (StoreException e) {
        if (appliance.mayFail(e)) {
          continue;
        }
        appliance.fail(new Violation("host-sees-no-error", "after a takeover: " + e));
      }
      try {
        history.settle(
            block,
            buffer.flip(),
            powerLost,
            powerLost ? "flushed-survives" : "acknowledged-survives");
      } catch (Violation e) {
        appliance.fail(e);
      }
    }
  }

  /** Format 1 as a 1.2.2 would find it now, were all processes killed, or the power lost. */
  void forkOpensAsFormatOne(boolean powerLoss) {
    if (!appliance.isFormatOne()) {
      return;
    }
    var fork = appliance.disk().fork(powerLoss);
    String oracle = "I1-format-1-holds-all";
    try {
      var store = new StoreV1(fork.directory(SimEnclosure.V1));
      for (UUID uuid : histories.keySet()) {
        try (var volume = store.open(uuid)) {
          inspect(volume, powerLoss, oracle);
        }
      }
    } catch (StoreException e) {
      appliance.fail(new Violation(oracle, "it does not open: " + e));
    } catch (Violation e) {
      appliance.fail(
          new Violation(
              oracle, (powerLoss ? "after a power loss " : "after a kill ") + e.getMessage()));
    }
  }

  /** What a volume holds that nobody uses. */
  void inspect(Volume volume, boolean powerLoss, String oracle) {
    // Once the power was lost nothing else is promised, until somebody has looked what is there.
    boolean flushedOnly = powerLoss || powerWasLost;
    var history = history(volume.uuid());
    var buffer = ByteBuffer.allocate(64 * Blocks.BYTES);
    for (long block = 0; block < history.blockCount(); block += 64) {
      int count = (int) Math.min(64, history.blockCount() - block);
      buffer.clear().limit(count * Blocks.BYTES);
      volume.read(block * Blocks.BYTES, buffer);
      history.inspect(block, buffer.flip(), flushedOnly, oracle);
    }
  }

  // ---- the disk

  void changed(String what) {
    var process = Sim.current().process();
    if (appliance.isController(process)) {
      if (!appliance.lease().isHeldBy(process)) {
        appliance.fail(new Violation("only-the-lease-writes", process + ": " + what));
      }
    }
  }

  void dropsFormatTwo() {
    var row = appliance.state().row();
    if (row.committed()) {
      appliance.fail(new Violation("I4-row", "format 2 is dropped after the commit"));
    }
  }

  void requireHolder(SimProcess process, String oracle) {
    if (!appliance.lease().isHeldBy(process)) {
      appliance.fail(new Violation(oracle, process + " serves without the lease"));
    }
  }

  void emptiesSlot(Box box, Slot slot) {
    boolean runs = box.alive().map(Controller::slot).filter(slot::equals).isPresent();
    if (runs) {
      appliance.fail(
          new Violation("cancel-contract", "slot " + slot + " of " + box.id() + " is in use"));
    }
  }

  /** Whoever became active before, and still believes it: nothing of his is taken. */
  void requireOldEpochsFenced(long epoch) {
    String oracle = "old-epoch-writes-nothing";
    try (var old = appliance.state().ofEpoch(epoch - 1)) {
      boolean written = old.transaction(sql -> true);
      appliance.fail(
          new Violation(oracle, "a transaction of epoch " + (epoch - 1) + ": " + written));
    } catch (StateDbException fenced) {
      Sim.current().say("as it must be: " + fenced.getMessage());
    }
    var left = appliance.disk().copy();
    if (left.exists(SimEnclosure.V2) && VolumePool.exists(left.directory(SimEnclosure.V2))) {
      try {
        VolumePool.open(
                left.directory(SimEnclosure.V2), PoolSettings.DEFAULT.withBackground(false), 0)
            .abandon();
        appliance.fail(new Violation(oracle, "format 2 is opened in epoch 0"));
      } catch (StoreException fenced) {
        Sim.current().say("as it must be: " + fenced.getMessage());
      }
    }
  }

  // ---- the row

  /** After every transaction. */
  void row() {
    var was = last;
    var now = appliance.state().row();
    last = now;
    if (was == null || was.equals(now)) {
      return;
    }
    Sim.current().note("row " + now.state() + " " + now.step(), now.revision());
    if (now.canceled() && !was.canceled()) {
      canceledFrom = was.revision();
    }
    boolean sameUpgrade = was.upgrade().equals(now.upgrade());
    boolean decided = was.canceled() != now.canceled() || was.committed() != now.committed();
    String trouble = null;
    if (now.canceled() && now.committed()) {
      trouble = "canceled and committed";
    } else if (now.revision() < was.revision()) {
      trouble = "the revision goes back";
    } else if (sameUpgrade && was.canceled() && !now.canceled()) {
      trouble = "a cancel is taken back";
    } else if (sameUpgrade && was.committed() && !now.committed()) {
      trouble = "a commit is taken back";
    } else if (sameUpgrade && decided && now.revision() == was.revision()) {
      trouble = "decided without a new revision";
    } else if (now.committed() && !was.committed() && !was.step().equals("COMMIT")) {
      trouble = "committed at " + was.step();
    } else if (now.committed() && now.invalid()) {
      trouble = "committed and invalid";
    }
    if (trouble != null) {
      appliance.fail(new Violation("I4-row", trouble + ": " + was + " -> " + now));
    }
    if (now.committed() && !was.committed()) {
      if (mustCancel.equals(now.upgrade())) {
        appliance.fail(new Violation("cancel-or-commit", "committed after a cancel was STARTED"));
      }
      appliance.committed();
    }
  }

  /** A cancel of that revision was answered with STARTED. */
  void cancelStarted(String upgrade, long revision) {
    if (canceledFrom != revision) {
      appliance.fail(
          new Violation(
              "cancel-contract",
              "a cancel of revision " + revision + " was applied to " + canceledFrom));
    }
    mustCancel = upgrade;
    var row = appliance.state().row();
    if (row.upgrade().equals(upgrade) && (row.committed() || !row.canceled())) {
      appliance.fail(new Violation("cancel-or-commit", "STARTED, and the row says " + row));
    }
  }

  /** The upgrade has ended. */
  void ended(StateStore.Row row) {
    boolean canceled = mustCancel.equals(row.upgrade());
    if (canceled && !row.state().equals("CANCELED")) {
      appliance.fail(new Violation("cancel-contract", "a STARTED cancel ends " + row.state()));
    }
    if (row.state().equals("COMPLETED") && row.canceled()) {
      appliance.fail(new Violation("cancel-or-commit", "COMPLETED though canceled"));
    }
  }

  Optional<String> mustCancel() {
    return mustCancel.isEmpty() ? Optional.empty() : Optional.of(mustCancel);
  }
}

package io.bascule.sim;

import io.bascule.sim.rt.Defect;
import io.bascule.sim.rt.Defect.Edit;
import java.util.List;
import java.util.Map;

/** Mistakes somebody could make in the product, each of which the simulator has to find. */
public final class Defects {
  /** All of them. */
  public static final List<Defect> ALL =
      List.of(
          // Format 1.
          drop("v1-flush-does-not-sync", "store.v1.VolumeV1", "flush", "sync", 0, 0),
          drop("v1-fua-is-ignored", "store.v1.VolumeV1", "write", "flush", 0, 0),
          drop("v1-trim-forgets-edges", "store.v1.VolumeV1", "trimLocked", "zeroEdge", 0, 0),
          // The mirror.
          drop("forget-intent", "migration.MirroredVolume", "changeBoth", "mark", 1, 1),
          drop("acknowledge-before-both", "migration.MirroredVolume", "changeBoth", "done", 0, 1),
          other(
              "write-both-without-lock",
              "migration.MirroredVolume",
              "changePiece",
              "exclusive",
              "shared"),
          drop("mirrored-fua-is-ignored", "migration.MirroredVolume", "write", "flush", 0, 0),
          nothing("loss-goes-on-mirroring", "migration.ModeSwitch", "lost", 0),
          drop(
              "read-format-2-uncopied",
              "migration.MirroredVolume",
              "readPiece",
              "anyNeedsCopy",
              0,
              0),
          drop("marks-believed-after-power-loss", "migration.Marks", "load", "equals", 0, 1),
          nothing("marks-forget-what-was-touched", "migration.Marks", "touch", 0),
          other("copy-without-lock", "migration.Copier", "copyBatch", "exclusive", "shared"),
          drop("copier-copies-nothing", "migration.Copier", "put", "write", 0, 0),
          first("free-format-1-early", "migration.Jobs", "decide", "freeFormatOne"),
          drop(
              "takeover-ignores-cancel",
              "migration.MigratingStorage",
              "phaseUnderWay",
              "canceled",
              0,
              0),
          nothing("format-2-never-synced-before-commit", "migration.PoolFormatTwo", "sync", 0),
          // Format 2.
          nothing("v2-acknowledges-unwritten", "store.v2.LogWriter", "await", 0),
          nothing("v2-flush-does-not-sync", "store.v2.VolumePool", "flush", 0),
          drop("v2-checkpoint-before-its-files", "store.v2.Checkpointer", "run", "sync", 0, 0),
          nothing("v2-never-checks-blocks", "store.v2.UnitReader", "verifyBlocks", 1),
          // The record and the lease.
          drop("takeover-keeps-the-epoch", "controller.state.StateDb", "judge", "update", 2, 1),
          drop("old-release-goes-on", "controller.state.StateDb", "judge", "update", 1, 1),
          drop(
              "cancel-of-a-stale-revision",
              "controller.upgrade.Upgrades",
              "judged",
              "revision",
              2,
              0),
          drop(
              "answer-is-not-recorded",
              "controller.upgrade.UpgradeStore",
              "save",
              "isPresent",
              0,
              0),
          field(
              "cancel-works-in-phase-1",
              "core.upgrade.CancelRules",
              "whileUnderWay",
              "NO_EFFECT",
              "AVAILABLE"),
          field(
              "cancel-works-after-commit",
              "core.upgrade.CancelRules",
              "unavailable",
              "UNAVAILABLE",
              "AVAILABLE"),
          drop("cancel-without-a-standby", "core.upgrade.CancelRules", "guarded", "holds", 0, 1),
          drop(
              "loss-is-not-recorded",
              "controller.upgrade.UpgradeThread",
              "recordLoss",
              "ask",
              0,
              0),
          drop("cancel-does-not-stop-mirroring", "migration.Migration", "cancel", "cancel", 0, 0));

  /** A seed that has found it; a change of the product or of the simulator may move it. */
  private static final Map<String, Long> FOUND_BY =
      Map.of(
          "v1-flush-does-not-sync", 1L,
          "v1-fua-is-ignored", 1L,
          "v1-trim-forgets-edges", 1L,
          "acknowledge-before-both", 6L,
          "forget-intent", 29L);

  private Defects() {}

  /** Those that are known to be found. */
  static List<Defect> known() {
    return ALL.stream().filter(defect -> FOUND_BY.containsKey(defect.name())).toList();
  }

  /** Those of them that take a few seeds only. */
  static List<Defect> soonFound() {
    return known().stream()
        .filter(defect -> FOUND_BY.getOrDefault(defect.name(), 0L) < 10)
        .toList();
  }

  private static Defect drop(
      String name, String type, String method, String callee, int nth, int result) {
    return new Defect(name, type, method, new Edit.NoCall(callee, nth, result));
  }

  private static Defect nothing(String name, String type, String method, int result) {
    return new Defect(name, type, method, new Edit.Nothing(result));
  }

  private static Defect other(
      String name, String type, String method, String callee, String instead) {
    return new Defect(name, type, method, new Edit.OtherCall(callee, instead));
  }

  private static Defect field(String name, String type, String method, String from, String to) {
    return new Defect(name, type, method, new Edit.OtherField(from, to));
  }

  private static Defect first(String name, String type, String method, String mischief) {
    return new Defect(name, type, method, new Edit.First(mischief));
  }
}

package io.bascule.sim;

import io.bascule.sim.rt.Defect;
import io.bascule.sim.rt.Defect.Edit;
import java.util.List;
import java.util.regex.Pattern;

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
          drop("publish-format-2-first", "migration.MirroredVolume", "readPiece", "shared", 0, 0),
          drop(
              "volumes-change-their-size",
              "migration.MirroredVolume",
              "sizeBytes",
              "sizeBytes",
              1,
              4096),
          drop(
              "read-format-2-uncopied",
              "migration.MirroredVolume",
              "readPiece",
              "anyNeedsCopy",
              0,
              0),
          drop("marks-believed-after-power-loss", "migration.Marks", "load", "equals", 0, 1),
          drop("clear-a-mark-early", "migration.Marks$Line", "provable", "word", 2, 0),
          other("copy-without-lock", "migration.Copier", "copyBatch", "exclusive", "shared"),
          drop("copier-copies-nothing", "migration.Copier", "put", "write", 0, 0),
          first("free-format-1-early", "migration.Jobs", "decide", "freeFormatOne"),
          nothing("format-2-never-synced-before-commit", "migration.PoolFormatTwo", "sync", 0),
          // Format 2.
          drop("v2-acknowledges-unwritten", "store.v2.VolumeV2", "writeOnce", "await", 0, 0),
          nothing("v2-flush-does-not-sync", "store.v2.VolumePool", "flush", 0),
          drop("v2-checkpoint-before-its-files", "store.v2.Checkpointer", "run", "sync", 0, 0),
          nothing("v2-never-checks-blocks", "store.v2.UnitReader", "verifyBlocks", 1),
          // The record and the lease.
          drop("takeover-keeps-the-epoch", "controller.state.StateDb", "judge", "update", 2, 1),
          drop("old-release-goes-on", "controller.state.StateDb", "judge", "update", 1, 1),
          never("accept-an-old-epoch", "controller.state.StateDb", "commit", 1),
          drop("format-2-accepts-an-old-epoch", "store.v2.VolumePool", "open", "epoch", 1, 0),
          never("cancel-of-a-stale-revision", "controller.upgrade.Upgrades", "judged", 4),
          drop("cancel-is-not-recorded", "core.upgrade.UpgradeMachine", "goBack", "row", 2, 0),
          field(
              "commit-after-cancel",
              "controller.upgrade.RecordedEnclosure",
              "recordCommit",
              "REFUSED",
              "COMMITTED"),
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
          constant("stalls-are-waited-for", "migration.Migration", "<init>", 1_000, 60_000));

  /**
   * What {@code ./bascule-sim --defects} has printed: the oracle that finds it, with which seed,
   * and after how many events. A change of the product or of the simulator may move all of that.
   */
  static final String TABLE =
      """
      | `v1-flush-does-not-sync` | `I1-format-1-holds-all` | 1 | 4,858 |
      | `v1-fua-is-ignored` | `I1-format-1-holds-all` | 1 | 5,483 |
      | `v1-trim-forgets-edges` | `read-what-was-written` | 1 | 340 |
      | `forget-intent` | `I3-differences-are-marked` | 7 | 75,322 |
      | `acknowledge-before-both` | `I3-differences-are-marked` | 6 | 54,967 |
      | `write-both-without-lock` | `I2-format-2-shows-nothing-new` | 107 | 1,859,529 |
      | `mirrored-fua-is-ignored` | `I1-format-1-holds-all` | 10 | 127,103 |
      | `publish-format-2-first` | `read-what-was-written` | 79 | 1,333,053 |
      | `volumes-change-their-size` | `I5-hosts-see-no-change` | 2 | 16,158 |
      | `read-format-2-uncopied` | `read-what-was-written` | 7 | 66,960 |
      | `marks-believed-after-power-loss` | `I3-differences-are-marked` | 3 | 29,099 |
      | `clear-a-mark-early` | `I3-differences-are-marked` | 19 | 281,504 |
      | `copy-without-lock` | `read-what-was-written` | 16 | 198,582 |
      | `copier-copies-nothing` | `I3-differences-are-marked` | 3 | 25,173 |
      | `free-format-1-early` | `I1-format-1-holds-all` | 16 | 206,393 |
      | `format-2-never-synced-before-commit` | `format-2-holds-all` | 3 | 29,393 |
      | `v2-acknowledges-unwritten` | `I3-differences-are-marked` | 3 | 25,179 |
      | `v2-flush-does-not-sync` | `format-2-holds-all` | 3 | 30,574 |
      | `v2-checkpoint-before-its-files` | `format-2-holds-all` | 57 | 958,112 |
      | `v2-never-checks-blocks` | `format-2-holds-all` | 106 | 1,849,216 |
      | `takeover-keeps-the-epoch` | `epoch-grows` | 1 | 67 |
      | `old-release-goes-on` | `I3-differences-are-marked` | 198 | 4,398,585 |
      | `accept-an-old-epoch` | `old-epoch-writes-nothing` | 1 | 58 |
      | `format-2-accepts-an-old-epoch` | `old-epoch-writes-nothing` | 3 | 30,738 |
      | `cancel-of-a-stale-revision` | `cancel-contract` | 21 | 311,273 |
      | `cancel-is-not-recorded` | `cancel-contract` | 2 | 21,905 |
      | `commit-after-cancel` | `I5-hosts-see-no-change` | 6 of `--race` | 39,139 |
      | `answer-is-not-recorded` | `cancel-contract` | 2 | 22,896 |
      | `cancel-works-in-phase-1` | `cancel-contract` | 8 | 77,068 |
      | `cancel-works-after-commit` | `cancel-contract` | 2 | 22,661 |
      | `cancel-without-a-standby` | `cancel-contract` | 44 | 731,678 |
      | `loss-is-not-recorded` | `upgrade-ends` | 8 | 3,382,601 |
      | `stalls-are-waited-for` | `I6-format-2-hurts-nobody` | 152 | 3,396,538 |
      """;

  private static final Pattern ROW =
      Pattern.compile("\\| `([^`]+)` \\| `([^`]+)` \\| (\\d+)(?: of `--race`)? \\| [\\d,]+ \\|");

  /** A row of the table. */
  record Known(Defect defect, String oracle, long seed) {}

  private Defects() {}

  /** Those that are known to be found. */
  static List<Known> known() {
    return TABLE.lines().map(Defects::known).toList();
  }

  private static Known known(String row) {
    var found = ROW.matcher(row);
    if (!found.matches()) {
      throw new IllegalStateException("not a row: " + row);
    }
    return new Known(named(found.group(1)), found.group(2), Long.parseLong(found.group(3)));
  }

  /** What finds it: {@link Simulator#RACE} if only a cancel against the commit does. */
  static String play(Defect defect) {
    return defect.name().equals("commit-after-cancel") ? Simulator.RACE : Simulator.APPLIANCE;
  }

  static Defect named(String name) {
    return ALL.stream()
        .filter(defect -> defect.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("there is no defect " + name));
  }

  private static Defect drop(
      String name, String type, String method, String callee, int nth, int result) {
    return new Defect(name, type, method, new Edit.NoCall(callee, nth, result));
  }

  private static Defect nothing(String name, String type, String method, int result) {
    return new Defect(name, type, method, new Edit.Nothing(result));
  }

  private static Defect never(String name, String type, String method, int nth) {
    return new Defect(name, type, method, new Edit.Never(nth));
  }

  private static Defect constant(String name, String type, String method, long from, long to) {
    return new Defect(name, type, method, new Edit.Constant(from, to));
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

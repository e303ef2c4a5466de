package io.bascule.controller.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.controller.event.Events;
import io.bascule.controller.state.Claim;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Version;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.VolumeView;
import io.bascule.core.storage.Snapshots;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.platform.LocalDirectory;
import io.bascule.store.v1.StoreV1;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The catalog's part of snapshots, on a real state.db and real files; the store makes plain copies
 * of those. A crash is the end of everything but them.
 */
class VolumeSnapshotsTest {
  private static final long MIB = 1 << 20;

  @TempDir private Path dir;
  private StateDb db;
  private Events events;
  private Volumes volumes;
  private VolumeSnapshots snapshots;
  private Copies copies;
  private Optional<Refusal> upgrading = Optional.empty();
  private final List<String> users = new ArrayList<>();
  private Runnable onChange = () -> {};

  /** Snapshots by copying files; can crash or fail in a method, before or after it has acted. */
  private final class Copies implements Snapshots {
    private final StoreV1 store;
    private String troubleIn = "";
    private boolean after;
    private RuntimeException trouble = new Crash();

    Copies(StoreV1 store) {
      this.store = store;
    }

    private void act(String what, Runnable action) {
      if (what.equals(troubleIn) && !after) {
        throw trouble;
      }
      action.run();
      if (what.equals(troubleIn)) {
        throw trouble;
      }
    }

    private Path data(UUID uuid) {
      return dir.resolve("v1").resolve(uuid + ".data");
    }

    private void copy(UUID from, UUID to) {
      try {
        store.create(to, Files.size(data(from))).close();
        Files.copy(data(from), data(to), StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void take(UUID volume, UUID snapshot) {
      act("take", () -> copy(volume, snapshot));
    }

    @Override
    public Volume clone(UUID snapshot, UUID volume) {
      act("clone", () -> copy(snapshot, volume));
      return store.open(volume);
    }

    @Override
    public void rollback(UUID volume, UUID snapshot) {
      act(
          "rollback",
          () -> {
            try {
              Files.write(data(volume), Files.readAllBytes(data(snapshot)));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }

    @Override
    public Map<UUID, Long> allocatedBytes() {
      var all = new HashMap<UUID, Long>();
      try (var files = Files.newDirectoryStream(dir.resolve("v1"), "*.data")) {
        for (Path file : files) {
          String name = file.getFileName().toString();
          all.put(UUID.fromString(name.replace(".data", "")), Files.size(file));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return all;
    }
  }

  private static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @BeforeEach
  void promote() throws Exception {
    Files.createDirectories(dir.resolve("v1"));
    var claim =
        new Claim(ControllerId.CONTROLLER_0, new Version(2, 0, 1), Claim.Migrations.RUNS, false);
    db =
        ((Taken.Granted)
                StateDb.take(
                    dir.resolve("state.db"),
                    claim,
                    (why, cause) -> {
                      throw new AssertionError(why, cause);
                    }))
            .db();
    events = new Events(db);
    var store = new StoreV1(LocalDirectory.open(dir.resolve("v1")));
    copies = new Copies(store);
    volumes = new Volumes(db, store, events, new Around());
    snapshots = new VolumeSnapshots(db, volumes, store, () -> Optional.of(copies), events);
    volumes.open();
  }

  private final class Around implements Volumes.Surroundings {
    @Override
    public void refuseWhileUpgrading(String operation) {
      upgrading.ifPresent(refusal -> {
        throw refusal;
      });
    }

    @Override
    public void changed() {
      onChange.run();
    }

    @Override
    public List<String> usersOf(String volume) {
      return List.copyOf(users);
    }

    @Override
    public String target() {
      return "iqn.2026-11.io.bascule:test";
    }

    @Override
    public List<String> portals() {
      return List.of("127.0.0.1:3260");
    }
  }

  @AfterEach
  void close() {
    volumes.close();
    db.close();
  }

  private void takeOver() throws Exception {
    close();
    promote();
  }

  private Volume opened(String name) {
    return volumes.opened(volumes.entry(name).uuid()).orElseThrow();
  }

  private void write(String name, long value) {
    opened(name).write(0, ByteBuffer.allocate(512).putLong(0, value), true);
  }

  private long read(String name) {
    var block = ByteBuffer.allocate(512);
    opened(name).read(0, block);
    return block.getLong(0);
  }

  private static void refuses(ErrorCode code, Runnable what) {
    assertThatThrownBy(what::run)
        .isInstanceOfSatisfying(Refusal.class, no -> assertThat(no.code()).isEqualTo(code));
  }

  @Test
  void shouldTakeCloneRollBackAndDelete() throws Exception {
    volumes.create("v", MIB, "me");
    write("v", 1);
    var made = snapshots.create("v", "a", "me");
    assertThat(made.sizeBytes()).isEqualTo(MIB);
    write("v", 2);
    snapshots.create("v", "b", "me");
    write("v", 3);
    takeOver();
    assertThat(snapshots.list("v")).extracting(SnapshotView::name).containsExactly("a", "b");
    assertThat(snapshots.get("v", "a")).isEqualTo(made);
    assertThat(volumes.list()).extracting(VolumeView::name).as("no LUNs").containsExactly("v");

    var clone = snapshots.clone("v", "a", "w", "me");
    assertThat(clone.lun()).isEqualTo(1);
    assertThat(clone.serial()).isNotEqualTo(volumes.get("v").serial());
    assertThat(read("w")).isEqualTo(1);
    snapshots.rollback("v", "b", "me");
    assertThat(read("v")).isEqualTo(2);
    assertThat(read("w")).isEqualTo(1);

    snapshots.delete("v", "a", "me");
    assertThat(snapshots.list()).extracting(SnapshotView::name).containsExactly("b");
    takeOver();
    assertThat(read("v")).isEqualTo(2);
    assertThat(read("w")).isEqualTo(1);
    try (var files = Files.list(dir.resolve("v1"))) {
      assertThat(files).as("v, w and b").hasSize(6);
    }
  }

  @Test
  void shouldKeepTheNamesOfEachVolumeApart() {
    volumes.create("v", MIB, "me");
    volumes.create("w", MIB, "me");
    snapshots.create("v", "daily", "me");
    snapshots.create("w", "daily", "me");
    refuses(ErrorCode.ALREADY_EXISTS, () -> snapshots.create("v", "daily", "me"));
    refuses(ErrorCode.NOT_FOUND, () -> snapshots.create("x", "daily", "me"));
    refuses(ErrorCode.NOT_FOUND, () -> snapshots.get("v", "weekly"));
    refuses(ErrorCode.NOT_FOUND, () -> snapshots.delete("v", "weekly", "me"));
    refuses(ErrorCode.NOT_FOUND, () -> snapshots.rollback("v", "weekly", "me"));
    refuses(ErrorCode.ALREADY_EXISTS, () -> snapshots.clone("v", "daily", "w", "me"));
    snapshots.delete("v", "daily", "me");
    assertThat(snapshots.list()).extracting(SnapshotView::volume).containsExactly("w");
    snapshots.create("v", "daily", "me");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a b", "a/b", "v@a", "*"})
  void shouldRefuseNamesThatAreNone(String name) {
    volumes.create("v", MIB, "me");
    refuses(ErrorCode.INVALID_ARGUMENT, () -> snapshots.create("v", name, "me"));
  }

  @Test
  void shouldBound() {
    volumes.create("v", MIB, "me");
    copies.troubleIn = "take"; // no files: only the rows count here
    copies.trouble = new Crash();
    for (int i = 0; i < VolumeSnapshots.SNAPSHOTS_MAX; i++) {
      String name = "s" + i;
      assertThatThrownBy(() -> snapshots.create("v", name, "me")).isInstanceOf(Crash.class);
    }
    refuses(ErrorCode.CONFLICTING_OPERATION, () -> snapshots.create("v", "more", "me"));
  }

  @Test
  void shouldKeepAVolumeThatHasSnapshots() {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    assertThatThrownBy(() -> volumes.delete("v", "me"))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("bascule snapshot delete v a");
    assertThat(read("v")).isZero();
    snapshots.delete("v", "a", "me");
    volumes.delete("v", "me");
    assertThat(volumes.list()).isEmpty();
  }

  @Test
  void shouldChangeNothingWhileAnUpgradeRunsAndNothingAtAllInFormatOne() {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    upgrading = Optional.of(new Refusal(ErrorCode.UPGRADE_RUNNING, "no"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> snapshots.create("v", "b", "me"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> snapshots.clone("v", "a", "w", "me"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> snapshots.rollback("v", "a", "me"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> snapshots.delete("v", "a", "me"));
    assertThat(snapshots.list()).hasSize(1);

    upgrading = Optional.empty();
    var none =
        new VolumeSnapshots(
            db,
            volumes,
            new StoreV1(LocalDirectory.open(dir.resolve("v1"))),
            Optional::empty,
            events);
    refuses(ErrorCode.NEEDS_FORMAT_2, none::list);
    refuses(ErrorCode.NEEDS_FORMAT_2, () -> none.list("v"));
    refuses(ErrorCode.NEEDS_FORMAT_2, () -> none.get("v", "a"));
    refuses(ErrorCode.NEEDS_FORMAT_2, () -> none.create("v", "b", "me"));
    refuses(ErrorCode.NEEDS_FORMAT_2, () -> none.clone("v", "a", "w", "me"));
    refuses(ErrorCode.NEEDS_FORMAT_2, () -> none.rollback("v", "a", "me"));
    refuses(ErrorCode.NEEDS_FORMAT_2, () -> none.delete("v", "a", "me"));
  }

  @Test
  void shouldNotRollBackUnderAHost() {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    write("v", 2);
    users.add("iqn.2000-01.test:h");
    onChange =
        () -> {
          throw new AssertionError("the host was disturbed");
        };
    assertThatThrownBy(() -> snapshots.rollback("v", "a", "me"))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("iqn.2000-01.test:h");
    onChange = () -> {};
    assertThat(read("v")).isEqualTo(2);
  }

  /** It logs in after the first look, when the medium may have been there still. */
  @Test
  void shouldNotRollBackUnderAHostThatJustComes() {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    write("v", 2);
    onChange = () -> users.add("iqn.2000-01.test:h");
    refuses(ErrorCode.IN_USE, () -> snapshots.rollback("v", "a", "me"));
    assertThat(read("v")).isEqualTo(2);
  }

  /** Hosts see the volume meanwhile, without its medium. */
  @Test
  void shouldTakeTheMediumAwayWhileItRollsBack() {
    volumes.create("v", MIB, "me");
    var uuid = volumes.entry("v").uuid();
    snapshots.create("v", "a", "me");
    var seen = new ArrayList<Boolean>();
    onChange = () -> seen.add(volumes.opened(uuid).isPresent());
    snapshots.rollback("v", "a", "me");
    assertThat(seen).containsExactly(false, true);
  }

  @Test
  void shouldServeTheVolumeAgainWhenARollbackFails() {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    write("v", 2);
    copies.troubleIn = "rollback";
    copies.trouble = new StoreException.Full("full", new IOException());
    refuses(ErrorCode.NO_SPACE, () -> snapshots.rollback("v", "a", "me"));
    assertThat(read("v")).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"take, false", "take, true", "clone, false", "clone, true"})
  void shouldLeaveNothingOfWhatFailed(String what, boolean after) throws Exception {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    copies.troubleIn = what;
    copies.after = after;
    copies.trouble = new StoreException.Full("full", new IOException());
    refuses(
        ErrorCode.NO_SPACE,
        () -> {
          if (what.equals("take")) {
            snapshots.create("v", "b", "me");
          } else {
            snapshots.clone("v", "a", "w", "me");
          }
        });
    expectVolumeAndSnapshot();
  }

  @ParameterizedTest
  @CsvSource({"take, false", "take, true", "clone, false", "clone, true"})
  void shouldLeaveNothingOfWhatCrashed(String what, boolean after) throws Exception {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    copies.troubleIn = what;
    copies.after = after;
    assertThatThrownBy(
            () -> {
              if (what.equals("take")) {
                snapshots.create("v", "b", "me");
              } else {
                snapshots.clone("v", "a", "w", "me");
              }
            })
        .isInstanceOf(Crash.class);
    takeOver();
    expectVolumeAndSnapshot();
    snapshots.create("v", "b", "me");
    snapshots.clone("v", "a", "w", "me");
  }

  private void expectVolumeAndSnapshot() throws Exception {
    assertThat(snapshots.list()).extracting(SnapshotView::name).containsExactly("a");
    assertThat(volumes.list()).extracting(VolumeView::name).containsExactly("v");
    assertThat(events.alerts()).extracting(AlertView::kind).doesNotContain("volume.stray");
    assertThat(volumes.checkAll().sound()).isTrue();
    try (var files = Files.list(dir.resolve("v1"))) {
      assertThat(files).hasSize(4);
    }
  }

  /** The row says DELETING, and whether the data is gone nobody knows. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldFinishADeleteThatCrashed(boolean dataGone) throws Exception {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    snapshots.create("v", "b", "me");
    db.transaction(sql -> {
      for (var entry : SnapshotTable.snapshots(sql, CatalogTable.READY)) {
        if (entry.name().equals("b")) {
          SnapshotTable.setState(sql, entry.uuid(), CatalogTable.DELETING);
          if (dataGone) {
            copies.store.delete(entry.uuid());
          }
        }
      }
      return true;
    });
    takeOver();
    expectVolumeAndSnapshot();
  }

  @Test
  void shouldTellASnapshotThatIsNotThere() throws Exception {
    volumes.create("v", MIB, "me");
    snapshots.create("v", "a", "me");
    var uuid =
        db.transaction(sql -> SnapshotTable.snapshots(sql, CatalogTable.READY)).getFirst().uuid();
    copies.store.delete(uuid);
    var check = volumes.checkAll();
    assertThat(check.sound()).isFalse();
    assertThat(check.pool())
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.code()).isEqualTo("SNAPSHOT_MISSING");
        });
  }

  @Test
  void shouldKnowWhoSeesAVolume() {
    var catalog =
        new Catalog(
            List.of(),
            List.of(
                new Catalog.HostEntry("all", "*", null, null, List.of("*")),
                new Catalog.HostEntry("db", "iqn.a", null, null, List.of("db")),
                new Catalog.HostEntry("none", "iqn.b", null, null, List.of())));
    var logged = List.of("iqn.b", "iqn.a", "iqn.c", "iqn.a");
    assertThat(catalog.seenBy("db", logged)).containsExactly("iqn.a", "iqn.c");
    assertThat(catalog.seenBy("web", logged)).containsExactly("iqn.c");
  }
}

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
import io.bascule.core.api.HostView;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeView;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeStore;
import io.bascule.platform.LocalDirectory;
import io.bascule.store.v1.StoreV1;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** On a real state.db and real files. A crash is the end of everything but those. */
class VolumesTest {
  private static final long MIB = 1 << 20;

  @TempDir private Path dir;
  private StateDb db;
  private Events events;
  private Volumes volumes;
  private Optional<Refusal> upgrading = Optional.empty();
  private Runnable onChange = () -> {};

  @BeforeEach
  void promote() throws Exception {
    Files.createDirectories(dir.resolve("v1"));
    promote(new StoreV1(LocalDirectory.open(dir.resolve("v1"))));
  }

  private void promote(VolumeStore store) {
    var claim =
        new Claim(ControllerId.CONTROLLER_0, new Version(1, 2, 1), Claim.Migrations.UNKNOWN, false);
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
    volumes = new Volumes(db, store, events, new Around());
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
      return List.of();
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

  /** The process dies and another takes over. Files that were open are as the kernel has them. */
  private void takeOver() throws Exception {
    close();
    promote();
  }

  @Test
  void shouldGiveStableLunsAndReuseTheLowest() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      volumes.create(name, MIB, "me");
    }
    volumes.delete("b", "me");
    assertThat(volumes.list()).extracting(VolumeView::lun).containsExactly(0, 2);
    takeOver();
    assertThat(volumes.get("c").lun()).isEqualTo(2);
    assertThat(volumes.create("d", MIB, "me").lun()).isEqualTo(1);
  }

  @Test
  void shouldKeepIdentityAndDataOverATakeover() throws Exception {
    var before = volumes.create("v", 4 * MIB, "me");
    write("v", 4096, (byte) 7);
    takeOver();
    assertThat(volumes.get("v").serial()).isEqualTo(before.serial()).hasSize(32);
    assertThat(read("v", 4096)).isEqualTo((byte) 7);
  }

  private Volume opened(String name) {
    var entry =
        volumes.entries().stream().filter(e -> e.name().equals(name)).findFirst().orElseThrow();
    return volumes.opened(entry.uuid()).orElseThrow();
  }

  private void write(String name, long offset, byte value) {
    opened(name).write(offset, ByteBuffer.wrap(new byte[512]).put(0, value), true);
  }

  private byte read(String name, long offset) {
    var block = ByteBuffer.allocate(512);
    opened(name).read(offset, block);
    return block.get(0);
  }

  @Test
  void shouldGrowOnly() {
    volumes.create("v", 2 * MIB, "me");
    write("v", MIB, (byte) 5);
    assertThat(volumes.resize("v", 4 * MIB, "me").sizeBytes()).isEqualTo(4 * MIB);
    assertThat(opened("v").sizeBytes()).isEqualTo(4 * MIB);
    assertThat(read("v", MIB)).isEqualTo((byte) 5);
    refuses(ErrorCode.INVALID_ARGUMENT, () -> volumes.resize("v", MIB, "me"));
  }

  private static void refuses(ErrorCode code, Runnable what) {
    assertThatThrownBy(what::run)
        .isInstanceOfSatisfying(Refusal.class, no -> assertThat(no.code()).isEqualTo(code));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a b", "a/b", "../x", "*", "ü"})
  void shouldRefuseNamesThatAreNone(String name) {
    refuses(ErrorCode.INVALID_ARGUMENT, () -> volumes.create(name, MIB, "me"));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -4096, 512, MIB - 4096, MIB + 512, (16L << 40) + 4096})
  void shouldRefuseSizesThatAreNone(long size) {
    refuses(ErrorCode.INVALID_ARGUMENT, () -> volumes.create("v", size, "me"));
  }

  @Test
  void shouldRefuseWhatIsTakenAndWhatIsNotThere() {
    volumes.create("v", MIB, "me");
    refuses(ErrorCode.ALREADY_EXISTS, () -> volumes.create("v", MIB, "me"));
    refuses(ErrorCode.NOT_FOUND, () -> volumes.get("w"));
    refuses(ErrorCode.NOT_FOUND, () -> volumes.delete("w", "me"));
  }

  @Test
  void shouldRefuseEveryChangeWhileAnUpgradeRuns() {
    volumes.create("v", MIB, "me");
    upgrading = Optional.of(new Refusal(ErrorCode.UPGRADE_RUNNING, "no"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> volumes.create("w", MIB, "me"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> volumes.resize("v", 2 * MIB, "me"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> volumes.delete("v", "me"));
    assertThat(volumes.list()).hasSize(1);
  }

  /** A crash is a store that throws something nobody handles, before or after it has acted. */
  private static class CrashingStore implements VolumeStore {
    private final VolumeStore store;
    private final String crashIn;
    private final boolean after;

    CrashingStore(VolumeStore store, String crashIn, boolean after) {
      this.store = store;
      this.crashIn = crashIn;
      this.after = after;
    }

    static final class Crash extends RuntimeException {
      private static final long serialVersionUID = 1L;
    }

    private void act(String what, Runnable action) {
      if (what.equals(crashIn) && !after) {
        throw new Crash();
      }
      action.run();
      if (what.equals(crashIn)) {
        throw new Crash();
      }
    }

    @Override
    public Volume create(UUID uuid, long sizeBytes) {
      act("create", () -> store.create(uuid, sizeBytes).close());
      return store.open(uuid);
    }

    @Override
    public Volume open(UUID uuid) {
      return store.open(uuid);
    }

    @Override
    public void grow(UUID uuid, long sizeBytes) {
      act("grow", () -> store.grow(uuid, sizeBytes));
    }

    @Override
    public void delete(UUID uuid) {
      act("delete", () -> store.delete(uuid));
    }

    @Override
    public boolean isSound(UUID uuid) {
      return store.isSound(uuid);
    }

    @Override
    public VolumeCheck check(UUID uuid) {
      return store.check(uuid);
    }

    @Override
    public void accept(UUID uuid) {
      store.accept(uuid);
    }

    @Override
    public List<String> strays(Collection<UUID> known) {
      return store.strays(known);
    }
  }

  private void crash(String crashIn, boolean after, Consumer<Volumes> change) throws Exception {
    close();
    promote(new CrashingStore(new StoreV1(LocalDirectory.open(dir.resolve("v1"))), crashIn, after));
    assertThatThrownBy(() -> change.accept(volumes)).isInstanceOf(CrashingStore.Crash.class);
    takeOver();
    assertThat(events.alerts()).extracting(AlertView::kind).doesNotContain("volume.stray");
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void shouldLeaveNothingOfACreateThatCrashed(boolean after) throws Exception {
    crash("create", after, v -> v.create("v", MIB, "me"));
    assertThat(volumes.list()).isEmpty();
    assertThat(volumes.create("v", MIB, "me").lun()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void shouldFinishADeleteThatCrashed(boolean after) throws Exception {
    volumes.create("v", MIB, "me");
    crash("delete", after, v -> v.delete("v", "me"));
    assertThat(volumes.list()).isEmpty();
    try (var files = Files.list(dir.resolve("v1"))) {
      assertThat(files).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"false, 1", "true, 2"})
  void shouldKnowTheSizeAfterAGrowThatCrashed(boolean after, long mebibytes) throws Exception {
    volumes.create("v", MIB, "me");
    write("v", 0, (byte) 9);
    crash("grow", after, v -> v.resize("v", 2 * MIB, "me"));
    assertThat(volumes.get("v").sizeBytes()).isEqualTo(mebibytes * MIB);
    assertThat(opened("v").sizeBytes()).isEqualTo(mebibytes * MIB);
    assertThat(read("v", 0)).isEqualTo((byte) 9);
  }

  @Test
  void shouldServeTheOthersWhenOneIsDamaged() throws Exception {
    volumes.create("good", MIB, "me");
    volumes.create("bad", MIB, "me");
    UUID bad = opened("bad").uuid();
    close();
    Files.write(dir.resolve("v1").resolve(bad + ".header"), new byte[] {1, 2, 3});
    promote();
    assertThat(volumes.list()).hasSize(2);
    assertThat(volumes.opened(bad)).isEmpty();
    assertThat(opened("good").sizeBytes()).isEqualTo(MIB);
    assertThat(volumes.verify()).isEqualTo(1);
    assertThat(events.alerts())
        .extracting(AlertView::kind, AlertView::severity)
        .containsExactly(org.assertj.core.groups.Tuple.tuple("volume.damaged.bad", "CRITICAL"));
    refuses(ErrorCode.CONFLICTING_OPERATION, () -> volumes.resize("bad", 2 * MIB, "me"));
  }

  @Test
  void shouldTellASuspectVolumeUntilAPersonAcceptsIt() throws Exception {
    volumes.create("v", MIB, "me");
    volumes.create("w", MIB, "me");
    var header = dir.resolve("v1").resolve(opened("v").uuid() + ".header");
    refuses(ErrorCode.CONFLICTING_OPERATION, () -> volumes.accept("v", "me"));
    close();
    markSuspect(header);
    promote();
    assertThat(events.alerts())
        .extracting(AlertView::kind, AlertView::clearedAt)
        .contains(org.assertj.core.groups.Tuple.tuple("volume.suspect.v", null));
    assertThatThrownBy(() -> write("v", 0, (byte) 1)).hasMessageContaining("suspect");
    assertThat(states(volumes.checkAll())).containsExactly("v SUSPECT", "w SOUND");
    assertThat(volumes.check("w").sound()).isTrue();

    upgrading = Optional.of(new Refusal(ErrorCode.UPGRADE_RUNNING, "no"));
    refuses(ErrorCode.UPGRADE_RUNNING, () -> volumes.accept("v", "me"));
    upgrading = Optional.empty();
    assertThat(volumes.accept("v", "me").sound()).isTrue();
    write("v", 0, (byte) 1);
    assertThat(events.alerts())
        .filteredOn(alert -> alert.clearedAt() == null)
        .extracting(AlertView::kind)
        .doesNotContain("volume.suspect.v");
    takeOver();
    assertThat(volumes.checkAll().sound()).isTrue();
  }

  @Test
  void shouldAcceptNoVolumeOfAPool() throws Exception {
    volumes.create("v", MIB, "me");
    close();
    var real = new StoreV1(LocalDirectory.open(dir.resolve("v1")));
    promote(
        new CrashingStore(real, "nothing", false) {
          @Override
          public VolumeCheck check(UUID uuid) {
            return new VolumeCheck(
                2,
                java.util.OptionalLong.of(MIB),
                List.of(new VolumeCheck.Finding(VolumeCheck.Trouble.SUSPECT, "the pool")));
          }
        });
    refuses(ErrorCode.CONFLICTING_OPERATION, () -> volumes.accept("v", "me"));
    var finding = volumes.check("v").volumes().getFirst().findings().getFirst();
    assertThat(finding.remedy()).doesNotContain("--accept");
  }

  /** As a failed sync marks it: state and checksum. */
  private static void markSuspect(Path header) throws Exception {
    var bytes = ByteBuffer.wrap(Files.readAllBytes(header));
    bytes.putInt(40, 2);
    var crc = new java.util.zip.CRC32C();
    crc.update(bytes.array(), 0, 60);
    bytes.putInt(60, (int) crc.getValue());
    Files.write(header, bytes.array());
  }

  private static List<String> states(VolumeCheckView check) {
    return check.volumes().stream().map(one -> one.name() + " " + one.state()).toList();
  }

  @Test
  void shouldCheckCatalogAgainstFilesWhileNobodyIsActive() throws Exception {
    var layout = io.bascule.platform.Layout.of(dir.resolve("down"));
    assertThat(offline(layout).volumes()).isEmpty();

    for (String name : List.of("good", "gone", "short")) {
      volumes.create(name, MIB, "me");
    }
    var v1 = dir.resolve("v1");
    Files.delete(v1.resolve(opened("gone").uuid() + ".header"));
    Files.write(v1.resolve(UUID.randomUUID() + ".data"), new byte[4096]);
    try (var data =
        java.nio.channels.FileChannel.open(
            v1.resolve(opened("short").uuid() + ".data"), java.nio.file.StandardOpenOption.WRITE)) {
      data.truncate(4096);
    }
    Files.createDirectories(layout.root());
    close();
    Files.createSymbolicLink(layout.enclosure(), dir);
    try (var lease = io.bascule.platform.OfdLock.open(layout.lease())) {
      assertThat(lease.tryLock()).isTrue();
      refuses(ErrorCode.CONFLICTING_OPERATION, () -> offline(layout));
    }
    var before = Files.readAllBytes(layout.stateDb());
    var check = offline(layout);
    assertThat(check.live()).isFalse();
    assertThat(check.sound()).isFalse();
    assertThat(states(check)).containsExactly("good SOUND", "gone DAMAGED", "short DAMAGED");
    assertThat(check.strays()).hasSize(1);
    assertThat(Files.readAllBytes(layout.stateDb())).isEqualTo(before);
    promote();
  }

  private VolumeCheckView offline(io.bascule.platform.Layout layout) {
    try {
      return OfflineCheck.run(layout, Files.createTempDirectory(dir, "copy"), Optional.empty());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void shouldNotTouchDataItDoesNotKnow() throws Exception {
    volumes.create("v", MIB, "me");
    UUID known = opened("v").uuid();
    db.transaction(sql -> sql.update("DELETE FROM volumes"));
    takeOver();
    assertThat(volumes.list()).isEmpty();
    assertThat(dir.resolve("v1").resolve(known + ".data")).exists();
    assertThat(events.alerts())
        .filteredOn(alert -> alert.kind().equals("volume.stray"))
        .singleElement()
        .extracting(AlertView::message)
        .asString()
        .contains(known.toString());
  }

  @Test
  void shouldForgetReservationsOfADeletedVolume() {
    volumes.create("v", MIB, "me");
    String uuid = opened("v").uuid().toString();
    db.transaction(
        sql -> sql.update("INSERT INTO reservations VALUES (?, ?)", uuid, new byte[] {1}));
    volumes.delete("v", "me");
    long rows = db.transaction(sql -> sql.number("SELECT count(*) FROM reservations"));
    assertThat(rows).isZero();
  }

  @Test
  void shouldForgetGrantsOfADeletedVolume() {
    var hosts = new Hosts(db, events, true, () -> {});
    onChange = hosts::refresh;
    volumes.create("v", MIB, "me");
    hosts.create(new HostView.Create("h", "iqn.2000-01.test:h", null, null, List.of("v")), "me");
    volumes.delete("v", "me");
    assertThat(hosts.get("h").volumes()).as("nothing, and not everything").isEmpty();
    volumes.create("v", MIB, "me");
    assertThat(hosts.get("h").volumes()).as("a new volume of an old name").isEmpty();
  }
}

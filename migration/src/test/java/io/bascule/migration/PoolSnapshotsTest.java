package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.storage.FormatTwoCheck;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.store.v2.PoolSettings;
import io.bascule.store.v2.VolumePool;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A pool as the controller uses it: volumes, snapshots, and a look at it while it is closed. */
class PoolSnapshotsTest {
  private static final int MIB = 1 << 20;

  /** Of a segment without a batch. */
  private static final int HEADER_BYTES = 512;

  private static final UUID VOLUME = new UUID(1, 1);
  private static final UUID SNAPSHOT = new UUID(1, 2);
  private static final UUID CLONE = new UUID(1, 3);

  private final MemoryDirectory disk = new MemoryDirectory();

  private static void write(Volume volume, long value) {
    volume.write(0, ByteBuffer.allocate(4096).putLong(0, value), true);
  }

  private static long read(Volume volume) {
    var block = ByteBuffer.allocate(4096);
    volume.read(0, block);
    return block.getLong(0);
  }

  private void fill(Directory directory) {
    try (var pool = VolumePool.create(directory, PoolSettings.DEFAULT.withSegmentBytes(MIB), 1)) {
      var volumes = new PoolVolumes(pool);
      var snapshots = new PoolSnapshots(pool);
      var volume = volumes.create(VOLUME, MIB);
      write(volume, 1);
      snapshots.take(VOLUME, SNAPSHOT);
      write(volume, 2);
      try (var clone = snapshots.clone(SNAPSHOT, CLONE)) {
        assertThat(read(clone)).isEqualTo(1);
        write(clone, 3);
      }
      assertThat(snapshots.allocatedBytes()).containsEntry(SNAPSHOT, 4096L).hasSize(3);
      volume.close();
      snapshots.rollback(VOLUME, SNAPSHOT);
      try (var again = volumes.open(VOLUME)) {
        assertThat(read(again)).isEqualTo(1);
      }
      assertThat(volumes.strays(List.of(VOLUME, CLONE))).containsExactly("snapshot " + SNAPSHOT);
      assertThat(volumes.strays(List.of(VOLUME, CLONE, SNAPSHOT))).isEmpty();
      assertThat(volumes.check(SNAPSHOT).findings()).isEmpty();
      assertThat(volumes.damage().damage()).isEmpty();
    }
  }

  private long lengthBytes(String name) {
    try (var file = disk.open().open(name)) {
      return file.lengthBytes();
    }
  }

  private FormatTwoCheck check() {
    return new TwoFormats().check(disk.open(), PoolSettings.NO_BOOT.toString());
  }

  @Test
  void shouldFindAPoolInOrder() {
    fill(disk.open());
    var found = check();
    assertThat(found.damage()).isEmpty();
    assertThat(found.snapshots()).containsExactly(SNAPSHOT);
    assertThat(found.volumes()).containsOnlyKeys(VOLUME, CLONE);
    assertThat(found.volumes().values()).allMatch(check -> check.findings().isEmpty());
  }

  @Test
  void shouldTellDamageWithFileAndOffset() {
    fill(disk.open());
    String segment =
        disk.list().stream()
            .filter(name -> name.endsWith(".segment") && lengthBytes(name) > HEADER_BYTES)
            .findFirst()
            .orElseThrow();
    disk.flip(segment, HEADER_BYTES + 100);
    var found = check();
    assertThat(found.damage()).isNotEmpty();
    assertThat(found.damage().getFirst().what()).matches(segment + " at \\d+: .*");

    String checkpoint =
        disk.list().stream().filter(name -> name.endsWith(".checkpoint")).findAny().orElseThrow();
    disk.flip(checkpoint, 5);
    assertThat(check().damage()).anyMatch(one -> one.what().startsWith(checkpoint + " at "));
  }

  @Test
  void shouldTellASuspectPool() {
    fill(disk.open());
    try (var pool = VolumePool.open(disk.open(), PoolSettings.DEFAULT, 2);
        var volume = pool.open(VOLUME)) {
      write(volume, 4);
      disk.syncFails = true;
      volume.write(0, ByteBuffer.allocate(4096), false);
      assertThatThrownBy(volume::flush).isInstanceOf(StoreException.class);
      disk.syncFails = false;
    }
    assertThat(check().volumes().values())
        .hasSize(2)
        .flatExtracting(VolumeCheck::findings)
        .extracting(VolumeCheck.Finding::trouble)
        .containsOnly(VolumeCheck.Trouble.SUSPECT);
  }
}

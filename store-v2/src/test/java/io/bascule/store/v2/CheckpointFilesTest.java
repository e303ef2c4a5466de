package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import io.bascule.store.v2.HookedDirectory.Call;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How many files of checkpoints there are, and how long they stay. */
@ExtendWith(Quiet.class)
class CheckpointFilesTest {
  private static final int MIB = 1 << 20;
  private static final UUID ID = new UUID(1, 1);
  private static final long LEAF_BYTES = (long) Leaves.BLOCKS * UnitCodec.BLOCK_BYTES;

  private final DiskDouble disk = new DiskDouble();

  private static PoolSettings settings(int segmentBytes) {
    return PoolSettings.DEFAULT.withSegmentBytes(segmentBytes).withBackground(false);
  }

  private List<String> files() {
    return disk.list().stream().filter(n -> Names.checkpointNumber(n).isPresent()).toList();
  }

  private static void write(Volume volume, long leaf, int block) {
    volume.write(
        leaf * LEAF_BYTES + (long) block * UnitCodec.BLOCK_BYTES,
        ByteBuffer.allocate(UnitCodec.BLOCK_BYTES),
        false);
  }

  /** A node is written seldom: not again while its leaves are. */
  @Test
  void shouldNotKeepAFileForItsNodesAlone() {
    int leaves = 400;
    var pool = VolumePool.create(disk, settings(MIB / 2), 1);
    pool.create(ID, leaves * LEAF_BYTES);
    try (var volume = pool.open(ID)) {
      for (int leaf = 0; leaf < leaves; leaf++) {
        for (int block = 0; block < 200; block += 2) {
          write(volume, leaf, block);
        }
      }
      pool.checkpoint();
      String large = files().getLast();
      for (int leaf = 0; leaf < leaves; leaf++) {
        volume.trim(leaf * LEAF_BYTES + UnitCodec.BLOCK_BYTES, MIB);
      }
      pool.checkpoint();
      assertThat(files()).as("the node lies there").contains(large);
      write(volume, 0, 0);
      pool.checkpoint();
      assertThat(files()).doesNotContain(large);
    }
    pool.abandon();
    assertThat(PoolChecker.check(disk.copy(), PoolSettings.NO_BOOT).findings()).isEmpty();
  }

  /** Little changes between checkpoints, but always elsewhere. */
  @Test
  void shouldNotPileUpSmallFiles() {
    int leaves = Checkpointer.FILES_MAX + 20;
    var pool = VolumePool.create(disk, settings(16 * MIB), 1);
    pool.create(ID, leaves * LEAF_BYTES);
    try (var volume = pool.open(ID)) {
      for (int leaf = 0; leaf < leaves; leaf++) {
        write(volume, leaf, 0);
      }
      pool.checkpoint();
      for (int leaf = 0; leaf < leaves; leaf++) {
        write(volume, leaf, 2);
        pool.checkpoint();
      }
      assertThat(files()).hasSizeLessThanOrEqualTo(Checkpointer.FILES_MAX + 1);
    }
    pool.abandon();
    assertThat(PoolChecker.check(disk.copy(), PoolSettings.NO_BOOT).findings()).isEmpty();
  }

  @Test
  void shouldLeaveNoFileOpenOfAPoolThatCouldNotBeMade() {
    var hooked = new HookedDirectory(disk);
    hooked.hook =
        (call, name) -> {
          if (call == Call.WRITE && Superblock.NAMES.contains(name)) {
            throw new StoreException.Io(name, new IOException("for this test"));
          }
        };
    assertThatThrownBy(() -> VolumePool.create(hooked, settings(MIB), 1))
        .isInstanceOf(StoreException.Io.class);
    assertThat(hooked.openFiles.get()).isZero();
  }
}

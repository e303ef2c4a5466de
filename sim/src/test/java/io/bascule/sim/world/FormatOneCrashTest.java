package io.bascule.sim.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.volume.Directory;
import io.bascule.sim.world.Tape.Op;
import io.bascule.sim.world.Tape.Sync;
import io.bascule.sim.world.Tape.SyncNames;
import io.bascule.store.v1.CheckV1;
import io.bascule.store.v1.VolumeStoreV1;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Format 1 after every crash of {@link CrashStates}: volumes are created, written, trimmed, grown
 * and deleted. Each state is looked at as {@code volume check} does, which must find nothing wrong,
 * then opened and read; what is acknowledged is there after a kill, what is flushed after a loss of
 * power; no file is left that belongs to nothing; and it can be written.
 */
class FormatOneCrashTest {
  private static final boolean ALL = Boolean.getBoolean("bascule.check.all");
  private static final int PAGE = Disk.PAGE;
  private static final int SIZE = 8 * PAGE + 512;
  private static final UUID ONE = new UUID(1, 1);
  private static final UUID TWO = new UUID(1, 2);

  /** In {@code ./check} some thousand states, with --all some ten thousand. */
  @Test
  void shouldHoldWhatWasPromisedInEveryState() {
    var run = new Run(op -> false);
    run.work(ALL ? 6 : 1);
    int states = run.judgeAll(ALL ? 10 : 6);
    System.out.printf(
        "format 1: %d states of a crash after %d operations%n", states, run.tape.position());
    assertThat(states).isGreaterThan(ALL ? 10_000 : 1_000);
  }

  /** The test can fail: disks that say a sync was done and do it not. */
  @Test
  void shouldFindADiskThatDoesNotSync() {
    assertFound(op -> op instanceof Sync sync && sync.name().endsWith(".data"));
    assertFound(op -> op instanceof SyncNames sync && sync.only().isEmpty());
    assertFound(op -> op instanceof SyncNames sync && !sync.only().isEmpty());
    // Renamed before its content is on stable storage.
    assertFound(op -> op instanceof Sync sync && sync.renamed());
  }

  private static void assertFound(Predicate<Op> ignored) {
    var broken = new Run(ignored);
    broken.work(1);
    assertThatThrownBy(() -> broken.judgeAll(4))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("power lost");
  }

  /** One life of a store on a disk. */
  private static final class Run {
    final Tape tape;
    final Ledger ledger;

    /**
     * @param ignored syncs that the disk does not do
     */
    Run(Predicate<Op> ignored) {
      this.tape = new Tape(ignored);
      this.ledger = new Ledger(tape);
    }

    int judgeAll(int subsetsOf) {
      return new CrashStates(tape, subsetsOf, ALL, ledger::promised, this::judge).judgeAll();
    }

    void work(int rounds) {
      var store = new VolumeStoreV1(tape);
      ledger.put("create", ONE, new byte[SIZE], () -> store.create(ONE, SIZE));
      var one = store.open(ONE);
      for (int round = 0; round < rounds; round++) {
        ledger.write(one, round * 512, 3 * PAGE);
        ledger.write(one, PAGE, 512);
        ledger.write(one, SIZE - 512, 512);
        ledger.through(one, 2 * PAGE, PAGE);
        ledger.write(one, 6 * PAGE - 512, 1024);
        ledger.trim(one, PAGE - 512, 3 * PAGE);
        ledger.write(one, 2 * PAGE, PAGE);
        ledger.flushed(ONE, one::flush);
        ledger.write(one, 0, PAGE);
        int larger = SIZE + (round + 1) * 2 * PAGE;
        ledger.grew(ONE, larger, () -> store.grow(ONE, larger));
        ledger.write(one, larger - PAGE, PAGE);
        ledger.trim(one, larger - 2 * PAGE, 2 * PAGE);
        ledger.put("create", TWO, new byte[SIZE], () -> store.create(TWO, SIZE));
        var two = store.open(TWO);
        ledger.write(two, 0, 2 * PAGE);
        ledger.write(one, 5 * PAGE, PAGE);
        ledger.flushed(TWO, two::flush);
        two.close();
        ledger.grew(TWO, SIZE + PAGE, () -> store.grow(TWO, SIZE + PAGE));
        ledger.deleted(TWO, () -> store.delete(TWO));
        ledger.write(one, PAGE, PAGE);
      }
      ledger.flushed(ONE, one::flush);
      one.close();
      ledger.deleted(ONE, () -> store.delete(ONE));
    }

    private void judge(Directory found, int position, boolean power) {
      for (var uuid : ledger.certain(position, power)) {
        assertThat(CheckV1.volume(found, uuid).findings()).as("volume check").isEmpty();
      }
      assertThat(CheckV1.strays(found, ledger.possible(position, power))).as("strays").isEmpty();
      var store = new VolumeStoreV1(found);
      Map<UUID, byte[]> volumes = new HashMap<>();
      for (var uuid : store.list()) {
        try (var volume = store.open(uuid)) {
          var content = ByteBuffer.allocate((int) volume.sizeBytes());
          volume.read(0, content);
          volumes.put(uuid, content.array());
          var fresh = ByteBuffer.wrap(ledger.fresh(512));
          volume.write(0, fresh, true);
          var again = ByteBuffer.allocate(512);
          volume.read(0, again);
          assertThat(again.flip()).isEqualTo(fresh.flip());
        }
        assertThat(store.check(uuid).findings()).as("check of the open store").isEmpty();
      }
      ledger.check(position, power, volumes, false);
      assertThat(store.strays()).isEmpty();
      assertThat(found.list()).as("files").hasSize(2 * volumes.size());
    }
  }
}

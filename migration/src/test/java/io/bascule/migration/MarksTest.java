package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MarksTest {
  private static final UUID ID = UUID.fromString("01234567-89ab-4cde-8f01-23456789abcd");
  private static final UUID BOOT = UUID.fromString("11111111-2222-4333-8444-555555555555");
  private static final int REGIONS = 1500; // more than three lines, the last one short
  private static final long SIZE = (REGIONS - 1L) * Regions.BYTES + 4096;

  private final MemoryDirectory disk = new MemoryDirectory();
  private final FormatTwoGuard guard = new FormatTwoGuard(new ModeSwitch(), loss -> {}, 10_000);
  private final RegionLocks locks = new RegionLocks();

  @AfterEach
  void close() {
    guard.close();
  }

  private Marks scanned(int... allocated) {
    var marks = Marks.create(disk.open(), ID, SIZE, BOOT);
    var bits = new BitSet();
    for (int region : allocated) {
      bits.set(region);
    }
    for (long first = 0; first < REGIONS; first = marks.scannedRegions()) {
      int count = (int) Math.min(1024, REGIONS - first);
      marks.scanned(count, bits.get((int) first, (int) first + count));
    }
    marks.scanComplete();
    return marks;
  }

  private Marks reopen(UUID boot) {
    disk.processDies();
    return Marks.open(disk.open(), ID, SIZE, boot);
  }

  @Test
  void shouldMarkEverythingUntilItIsScanned() {
    var marks = Marks.create(disk.open(), ID, SIZE, BOOT);
    assertThat(marks.allNeedCopy(0, REGIONS)).isTrue();
    marks.scanned(100, new BitSet());
    assertThat(marks.anyNeedsCopy(0, 100)).isFalse();
    assertThat(marks.anyNeedsCopy(99, 2)).isTrue();
    assertThat(marks.allNeedCopy(100, REGIONS - 100)).isTrue();
    assertThat(reopen(BOOT).allNeedCopy(0, REGIONS)).isTrue();
  }

  @Test
  void shouldFindWhatNeedsCopying() {
    var marks = scanned(0, 447, 448, 1499);
    assertThat(marks.needsCopyRegions()).isEqualTo(4);
    assertThat(marks.nextNeedsCopy(0)).isZero();
    assertThat(marks.nextNeedsCopy(1)).isEqualTo(447);
    assertThat(marks.nextNeedsCopy(448)).isEqualTo(448);
    assertThat(marks.nextNeedsCopy(449)).isEqualTo(1499);
    marks.copied(1499, 1);
    assertThat(marks.nextNeedsCopy(449)).isEqualTo(REGIONS);
    assertThatThrownBy(() -> marks.copied(1499, 1)).isInstanceOf(Check.BrokenInvariant.class);
    assertThatThrownBy(() -> marks.intent(440, 20)).isInstanceOf(Check.BrokenInvariant.class);
  }

  @Test
  void shouldCopyAgainInTheNextProcessWhatIsNotProven() {
    var marks = scanned(10, 11, 12);
    marks.copied(10, 2);
    marks.intent(900, 2);
    var next = reopen(BOOT);
    assertThat(next.needsCopyRegions()).isEqualTo(5);
    assertThat(next.allNeedCopy(10, 3)).isTrue();
    assertThat(next.allNeedCopy(900, 2)).isTrue();
    assertThat(next.anyNeedsCopy(13, 887)).isFalse();
  }

  @Test
  void shouldClearOnlyWhatIsProven() {
    var marks = scanned(10, 11, 12);
    marks.copied(10, 2); // 12 still needs it
    marks.intent(20, 3);
    marks.beginProof();
    marks.beginProof();
    marks.touch(21, 1); // written since
    try (var held = locks.exclusive(22, 1)) {
      var other = new Thread(() -> assertThat(marks.clearProven(locks, guard)).isEqualTo(3));
      other.start();
      join(other);
    }
    assertThat(marks.allMarked(21, 2)).isTrue();
    assertThat(marks.anyMarked(20, 1)).isFalse();
    assertThat(marks.anyMarked(10, 2)).isFalse();
    assertThat(marks.anyNeedsCopy(12, 1)).isTrue();
    var next = reopen(BOOT);
    assertThat(next.needsCopyRegions()).isEqualTo(3);
    assertThat(next.allNeedCopy(21, 2) && next.anyNeedsCopy(12, 1)).isTrue();
  }

  @Test
  void shouldKeepTheMarkOfWhatIsWrittenAgainAndAgain() {
    var marks = scanned();
    marks.intent(20, 2);
    for (int proof = 0; proof < 5; proof++) {
      marks.touch(20, 1);
      marks.beginProof();
      marks.clearProven(locks, guard);
      assertThat(marks.allMarked(20, 1)).isTrue();
      assertThat(marks.anyMarked(21, 1)).isFalse();
    }
    marks.beginProof();
    assertThat(marks.clearProven(locks, guard)).isEqualTo(1);
    assertThat(marks.anyMarked(20, 1)).isFalse();
  }

  private static void join(Thread thread) {
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    assertThat(thread.isAlive()).isFalse();
  }

  @Test
  void shouldCountForNothingAfterAnotherBoot() {
    assertThat(scanned(10).markVerified(0)).isTrue();
    assertThat(reopen(BOOT).isVerified()).isTrue();
    var next = reopen(UUID.randomUUID());
    assertThat(next.isScanned()).isFalse();
    assertThat(next.isVerified()).isFalse();
    assertThat(next.allNeedCopy(0, REGIONS)).isTrue();
    assertThat(reopen(BOOT).isScanned()).as("once disbelieved, for good").isFalse();
  }

  /** Also for the next process, which copies the region again and has not seen it compared. */
  @Test
  void shouldNotBeVerifiedAnyMoreOnceDamageIsFound() {
    var marks = scanned(10);
    marks.copied(10, 1);
    assertThat(marks.markVerified(marks.damages())).isTrue();
    long before = marks.damages();
    marks.damaged(10, 1);
    assertThat(marks.isVerified()).isFalse();
    assertThat(marks.allNeedCopy(10, 1)).isTrue();
    marks.copied(10, 1);
    assertThat(marks.markVerified(before)).as("by a pass that began before").isFalse();
    var next = reopen(BOOT);
    assertThat(next.isVerified()).isFalse();
    assertThat(next.markVerified(next.damages())).isTrue();
    assertThat(reopen(BOOT).isVerified()).isTrue();
  }

  @Test
  void shouldNotBelieveWhatMayBeLostOrDamaged() {
    scanned(10);
    disk.syncFails = true;
    assertThat(reopen(BOOT).isScanned()).isFalse();
    disk.syncFails = false;

    scanned(10);
    disk.flip(MarkFile.name(ID), (int) MarkFile.lineOffset(0) + 30);
    var next = reopen(BOOT);
    assertThat(next.allNeedCopy(0, MarkFile.LINE_REGIONS)).isTrue();
    assertThat(next.anyNeedsCopy(MarkFile.LINE_REGIONS, REGIONS - MarkFile.LINE_REGIONS)).isFalse();

    scanned(10);
    disk.flip(MarkFile.name(ID), 41);
    assertThat(reopen(BOOT).allNeedCopy(0, REGIONS)).isTrue();
  }

  @Test
  void shouldRefuseMarksOfAnotherVolume() {
    scanned(10).close();
    assertThatThrownBy(() -> Marks.open(disk.open(), ID, SIZE + 512, BOOT))
        .isInstanceOf(StoreException.Corrupt.class);
  }

  /** Random changes against two plain sets, with process deaths. */
  @Test
  void shouldBehaveLikeSets() {
    var random = new Random(4);
    var marks = scanned();
    var marked = new BitSet();
    var needs = new BitSet();
    for (int round = 0; round < 4000; round++) {
      int first = random.nextInt(REGIONS);
      int count = 1 + random.nextInt(Math.min(REGIONS - first, random.nextInt(20) == 0 ? 900 : 9));
      switch (random.nextInt(5)) {
        case 0 -> {
          marks.needsCopy(first, count);
          marked.set(first, first + count);
          needs.set(first, first + count);
        }
        case 1 -> {
          if (needs.get(first, first + count).isEmpty()) {
            marks.intent(first, count);
            marked.set(first, first + count);
          }
        }
        case 2 -> {
          if (needs.get(first, first + count).cardinality() == count) {
            marks.copied(first, count);
            needs.clear(first, first + count);
          }
        }
        case 3 -> {
          if (random.nextInt(40) == 0) {
            marks.beginProof();
            marks.beginProof(); // nothing was written just before any more
            marks.clearProven(locks, guard);
            marked.and(needs);
          }
        }
        default -> {
          if (random.nextInt(100) == 0) {
            marks = reopen(BOOT);
            needs.or(marked);
          }
        }
      }
      assertThat(marks.needsCopyRegions()).isEqualTo(needs.cardinality());
      assertThat(marks.anyNeedsCopy(first, count))
          .isEqualTo(!needs.get(first, first + count).isEmpty());
      assertThat(marks.allNeedCopy(first, count))
          .isEqualTo(needs.get(first, first + count).cardinality() == count);
      assertThat(marks.allMarked(first, count))
          .isEqualTo(marked.get(first, first + count).cardinality() == count);
      int next = needs.nextSetBit(first);
      assertThat(marks.nextNeedsCopy(first)).isEqualTo(next < 0 ? REGIONS : next);
    }
  }

  /** The bytes of docs/formats/marks.md; a change here is a new format. */
  @Test
  void shouldKeepItsBytes() {
    var header = new MarkFile.Header(ID, SIZE, BOOT, true, false).encode();
    assertThat(HexFormat.of().formatHex(header.array()))
        .isEqualTo(
            "424153434d41524b"
                + "00000001"
                + "00010000"
                + "0123456789ab4cde8f0123456789abcd"
                + "0000000005db1000"
                + "11111111222243338444555555555555"
                + "00000001"
                + "d68067d0");
    long[] marked = new long[MarkFile.LINE_LONGS];
    marked[0] = 1L << 63;
    marked[6] = 1;
    assertThat(HexFormat.of().formatHex(MarkFile.encodeLine(3, marked).array()))
        .isEqualTo("80" + "00".repeat(54) + "01" + "00000003" + "6b6a5fb3");
  }
}

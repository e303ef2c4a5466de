package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KnownChecksumsTest {
  private static final int RECORDS = 64;
  private static final int RECORD_BYTES =
      LogRecord.bytesOf(UnitCodec.UNIT_BLOCKS, UnitCodec.UNIT_BYTES);

  private final KnownChecksums known = new KnownChecksums(RECORDS);
  private final int[] found = new int[UnitCodec.UNIT_BLOCKS];

  private static long pointer(int record, int index) {
    return Pointer.of(7, record * RECORD_BYTES, index, RECORD_BYTES);
  }

  /** Checksums that nothing but this record has, the sign bit included. */
  private static int[] checksums(long serial, int record) {
    return IntStream.range(0, UnitCodec.UNIT_BLOCKS)
        .map(i -> (int) ((serial * 1_000_003 + record * 31L + i) * 0x9E37_79B9L))
        .toArray();
  }

  @Test
  void shouldKnowARecordByEachOfItsBlocks() {
    known.put(5, pointer(3, 2), checksums(5, 3));
    for (int index = 0; index < UnitCodec.UNIT_BLOCKS; index++) {
      Arrays.fill(found, 0);
      assertThat(known.get(5, pointer(3, index), found)).isTrue();
      assertThat(found).isEqualTo(checksums(5, 3));
    }
  }

  /** A slot is used again by another segment; its serial number never is. */
  @Test
  void shouldNotTakeARecordForAnother() {
    known.put(5, pointer(3, 0), checksums(5, 3));
    assertThat(known.get(6, pointer(3, 0), found)).isFalse();
    assertThat(known.get(5, pointer(4, 0), found)).isFalse();
    assertThat(known.get(1, pointer(0, 0), found)).isFalse();
  }

  @Test
  void shouldRememberTheLatestOfMoreThanItHasPlacesFor() {
    for (int record = 0; record < 10 * RECORDS; record++) {
      known.put(9, pointer(record, 0), checksums(9, record));
      assertThat(known.get(9, pointer(record, 0), found)).isTrue();
      assertThat(found).isEqualTo(checksums(9, record));
    }
    long remembered =
        IntStream.range(0, 10 * RECORDS)
            .filter(record -> known.get(9, pointer(record, 0), found))
            .count();
    assertThat(remembered).isBetween(RECORDS / 4L, (long) RECORDS);
  }

  /** Readers and writers meet at the same few places all the time. */
  @Test
  void shouldNeverAnswerAMixtureToManyThreads() throws Exception {
    var few = new KnownChecksums(2);
    Callable<Integer> work =
        () -> {
          var mine = new int[UnitCodec.UNIT_BLOCKS];
          int answers = 0;
          for (int i = 0; i < 300_000; i++) {
            int record = i % 5;
            if (few.get(1, pointer(record, 0), mine)) {
              assertThat(Arrays.equals(mine, checksums(1, record))).isTrue();
              answers++;
            } else {
              few.put(1, pointer(record, 0), checksums(1, record));
            }
          }
          return answers;
        };
    try (var threads = Executors.newFixedThreadPool(4)) {
      int answers = 0;
      for (var worker : threads.invokeAll(java.util.Collections.nCopies(4, work))) {
        answers += worker.get();
      }
      assertThat(answers).isPositive();
    }
  }
}

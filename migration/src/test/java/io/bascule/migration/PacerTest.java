package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PacerTest {
  private static final long MIB = 1 << 20;

  private final Pacer pacer = new Pacer();

  /** So that hosts do not wait long for a piece where copying is slow, and a fast one has few. */
  @Test
  void shouldWorkInPiecesThatFitTheRate() {
    assertThat(pieceAt(0)).isEqualTo(1);
    assertThat(pieceAt(MIB)).isEqualTo(1);
    assertThat(pieceAt(20 * MIB)).isEqualTo(3);
    assertThat(pieceAt(50 * MIB)).isEqualTo(8);
    assertThat(pieceAt(64L << 30)).isEqualTo(8);
  }

  private int pieceAt(long bytesPerSecond) {
    pacer.set(bytesPerSecond, 0);
    return pacer.pieceRegions(8);
  }

  /** Hosts that come back meet no burst of what was not used while there was no limit. */
  @Test
  void shouldNotSaveForASlowerRateWhatAFasterOneLeft() {
    pacer.set(64L << 30, 0);
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < 1_000_000) {
      Thread.onSpinWait();
    }
    pacer.set(MIB, 3 * Regions.BYTES);
    int taken = 0;
    while (taken < 100 && pacer.take(Regions.BYTES)) {
      taken++;
    }
    assertThat(taken).as("what is granted, and one for 20 ms").isBetween(3, 5);
  }

  @Test
  void shouldGrantWhatIsBesideTheRateOnce() {
    pacer.set(0, 3 * Regions.BYTES);
    int taken = 0;
    while (taken < 10 && pacer.take(Regions.BYTES)) {
      taken++;
    }
    assertThat(taken).isEqualTo(3);
    pacer.giveBack(Regions.BYTES);
    assertThat(pacer.take(Regions.BYTES)).isTrue();
    assertThat(pacer.take(Regions.BYTES)).isFalse();
  }
}

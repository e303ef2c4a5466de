package io.bascule.host.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BlockPatternTest {
  private static final long LBA = 77;
  private static final long OLD = Version.write(3, 10);
  private static final long NEW = Version.write(3, 11);
  private static final long TRIM = Version.trim(3, 12);

  private final BlockPattern pattern = new BlockPattern(42, 7);
  private final byte[] block = new byte[1024];

  private @Nullable FaultKind judge(long acknowledged, long pending) {
    BlockPattern.Finding finding = pattern.judge(block, 512, LBA, acknowledged, pending);
    return finding == null ? null : finding.kind();
  }

  @Test
  void shouldAcceptWhatWasAcknowledged() {
    pattern.fill(block, 512, LBA, NEW);
    assertThat(judge(NEW, Version.NONE)).isNull();
  }

  @Test
  void shouldAcceptEitherWhileTheAnswerIsNotKnown() {
    pattern.fill(block, 512, LBA, NEW);
    assertThat(judge(OLD, NEW)).isNull();
    pattern.fill(block, 512, LBA, OLD);
    assertThat(judge(OLD, NEW)).isNull();
    assertThat(judge(OLD, TRIM)).isNull();
    assertThat(judge(NEW, TRIM)).isEqualTo(FaultKind.STALE);
  }

  @Test
  void shouldTellAStaleBlock() {
    pattern.fill(block, 512, LBA, OLD);
    assertThat(judge(NEW, Version.NONE)).isEqualTo(FaultKind.STALE);
  }

  @Test
  void shouldTellALostBlock() {
    assertThat(judge(NEW, Version.NONE)).isEqualTo(FaultKind.LOST);
    new BlockPattern(41, 7).fill(block, 512, LBA, NEW);
    assertThat(judge(NEW, Version.NONE)).isEqualTo(FaultKind.LOST);
  }

  @Test
  void shouldTellATornBlock() {
    byte[] older = new byte[512];
    pattern.fill(older, 0, LBA, OLD);
    pattern.fill(block, 512, LBA, NEW);
    System.arraycopy(older, 256, block, 768, 256);
    BlockPattern.Finding finding =
        Objects.requireNonNull(pattern.judge(block, 512, LBA, NEW, Version.NONE));
    assertThat(finding.kind()).isEqualTo(FaultKind.TORN);
    assertThat(finding.detail()).contains("bytes 256..511");
  }

  @Test
  void shouldTellEveryFlippedBit() {
    for (int bit = 0; bit < 4096; bit++) {
      pattern.fill(block, 512, LBA, NEW);
      block[512 + bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(judge(NEW, Version.NONE)).as("bit %d", bit).isNotNull();
    }
  }

  @Test
  void shouldTellAMisdirectedBlock() {
    pattern.fill(block, 512, LBA + 8, NEW);
    assertThat(judge(NEW, Version.NONE)).isEqualTo(FaultKind.MISDIRECTED);
    new BlockPattern(42, 8).fill(block, 512, LBA, NEW);
    assertThat(judge(NEW, Version.NONE)).isEqualTo(FaultKind.MISDIRECTED);
  }

  @Test
  void shouldTellForeignBytes() {
    new Random(1).nextBytes(block);
    assertThat(judge(NEW, Version.NONE)).isEqualTo(FaultKind.CORRUPT);
    assertThat(judge(TRIM, Version.NONE)).isEqualTo(FaultKind.CORRUPT);
  }

  @Test
  void shouldWantZerosAfterATrim() {
    assertThat(judge(TRIM, Version.NONE)).isNull();
    pattern.fill(block, 512, LBA, OLD);
    assertThat(judge(TRIM, Version.NONE)).isEqualTo(FaultKind.RESURRECTED);
  }
}

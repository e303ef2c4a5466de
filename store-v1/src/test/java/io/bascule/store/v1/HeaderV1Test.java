package io.bascule.store.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.volume.StoreException;
import java.io.IOException;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class HeaderV1Test {
  /** What release 1.2.1 wrote for this volume; never to be made anew. */
  private static final UUID GOLDEN = UUID.fromString("01234567-89ab-4cde-8f01-23456789abcd");

  private static final HeaderV1 GOLDEN_HEADER =
      new HeaderV1(GOLDEN, 10L << 30, HeaderV1.State.LIVE);

  private static byte[] golden() throws IOException {
    try (var in = HeaderV1Test.class.getResourceAsStream("golden-1.2.1.header")) {
      if (in == null) {
        throw new IOException("golden-1.2.1.header is missing");
      }
      return in.readAllBytes();
    }
  }

  private static HeaderV1 decode(byte[] content) {
    return HeaderV1.decode(content, GOLDEN, "the header");
  }

  @Test
  void shouldReadTheGoldenImage() throws IOException {
    assertThat(decode(golden())).isEqualTo(GOLDEN_HEADER);
  }

  @Test
  void shouldWriteTheGoldenImage() throws IOException {
    assertThat(GOLDEN_HEADER.encode()).isEqualTo(golden());
  }

  @Test
  void shouldReadBackEveryState() {
    for (var state : HeaderV1.State.values()) {
      assertThat(decode(GOLDEN_HEADER.with(state).encode())).isEqualTo(GOLDEN_HEADER.with(state));
    }
  }

  @Test
  void shouldTellOldNewAndDamagedApart() throws IOException {
    byte[] newer = golden();
    newer[HeaderV1.FORMAT_OFFSET + 3] = 2;
    assertThatThrownBy(() -> decode(newer)).isInstanceOf(StoreException.TooNew.class);
    byte[] newerVersion = golden();
    newerVersion[HeaderV1.VERSION_OFFSET + 3] = 2;
    assertThatThrownBy(() -> decode(newerVersion)).isInstanceOf(StoreException.TooNew.class);
    byte[] older = golden();
    older[HeaderV1.FORMAT_OFFSET + 3] = 0;
    assertThatThrownBy(() -> decode(older)).isInstanceOf(StoreException.TooOld.class);
    assertThatThrownBy(() -> HeaderV1.decode(golden(), new UUID(1, 2), "the header"))
        .isInstanceOf(StoreException.Corrupt.class);
  }

  @Test
  void shouldNeverBelieveADamagedHeader() throws IOException {
    byte[] golden = golden();
    for (int bit = 0; bit < golden.length * 8; bit++) {
      byte[] bad = golden.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> decode(bad)).as("bit %d", bit).isInstanceOf(StoreException.class);
    }
    for (int length = 0; length < golden.length; length++) {
      byte[] bad = Arrays.copyOf(golden, length);
      assertThatThrownBy(() -> decode(bad))
          .as("%d bytes", length)
          .isInstanceOf(StoreException.Corrupt.class);
    }
    assertThatThrownBy(() -> decode(Arrays.copyOf(golden, 65)))
        .isInstanceOf(StoreException.Corrupt.class);
  }
}

package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ParityTest {
  private static final String NAME = Names.checkpoint(1);
  private static final int STRIPE = Parity.STRIPE_BYTES;

  private final Random random = new Random(3);

  /** Files shorter than a stripe, of whole stripes, and with a piece of one more. */
  @Test
  void shouldTellEveryPlaceFromTheRest() {
    for (int pages : List.of(1, 20, STRIPE - 1, STRIPE, STRIPE + 1, 3 * STRIPE, 3 * STRIPE + 77)) {
      var disk = new DiskDouble();
      byte[] content = new byte[Page.FILE_BYTES + pages];
      random.nextBytes(content);
      try (var file = disk.create(NAME)) {
        var parity = new Parity();
        for (int at = Page.FILE_BYTES; at < content.length; ) {
          int count = Math.min(content.length - at, 1 + random.nextInt(STRIPE));
          parity.add(at, ByteBuffer.wrap(content), at, count);
          at += count;
        }
        file.write(0, ByteBuffer.wrap(content));
        file.write(content.length, parity.of(content.length));
        file.sync();
        assertThat(Parity.pagesEnd(file.lengthBytes())).isEqualTo(content.length);
        assertThat(Parity.fits(file)).isTrue();
        for (int i = 0; i < 4; i++) {
          int from = Page.FILE_BYTES + random.nextInt(pages);
          int bytes = 1 + random.nextInt(Math.min(STRIPE, content.length - from));
          disk.flip(NAME, from + random.nextInt(bytes), 5);
          assertThat(Parity.fits(file)).isFalse();
          var rebuilt = Parity.rebuild(file, from, bytes);
          assertThat(rebuilt).isNotNull();
          byte[] expected = Arrays.copyOfRange(content, from, from + bytes);
          assertThat(rebuilt).isEqualTo(ByteBuffer.wrap(expected));
          file.write(from, ByteBuffer.wrap(expected));
        }
      }
    }
  }
}

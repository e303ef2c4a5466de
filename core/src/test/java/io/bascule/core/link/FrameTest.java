package io.bascule.core.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is written is read; whatever else arrives is a frame or a refusal. */
class FrameTest {
  private static final long SEED = Long.getLong("bascule.check.seed", 1);
  private static final int TIMES = Boolean.getBoolean("bascule.check.all") ? 1_000_000 : 30_000;
  private static final int[] CHARACTERS = {0, ' ', 'a', '"', 0x7f, 0xfc, 0x20ac, 0xffff, 0x1f309};

  private static String text(Random random, int most) {
    var text = new StringBuilder();
    for (int n = random.nextInt(most + 1); n > 0; n--) {
      text.appendCodePoint(CHARACTERS[random.nextInt(CHARACTERS.length)]);
    }
    return text.toString();
  }

  private static Frame frame(Random random) {
    var fields = new LinkedHashMap<String, String>();
    for (int n = random.nextInt(6); n > 0; n--) {
      fields.put(text(random, 4), text(random, random.nextInt(20) == 0 ? 40_000 : 8));
    }
    return new Frame(text(random, 8), fields);
  }

  private static byte[] written(Frame frame) throws IOException {
    var bytes = new ByteArrayOutputStream();
    frame.writeTo(bytes);
    return bytes.toByteArray();
  }

  @Test
  void shouldReadWhatItWrites() throws IOException {
    var random = new Random(SEED);
    for (int i = 0; i < TIMES / 10; i++) {
      var one = frame(random);
      var other = frame(random);
      var stream = new ByteArrayOutputStream();
      one.writeTo(stream);
      other.writeTo(stream);
      var in = new ByteArrayInputStream(stream.toByteArray());
      assertThat(Frame.readFrom(in)).as("seed %d, frame %d", SEED, i).isEqualTo(one);
      assertThat(Frame.readFrom(in)).as("seed %d, frame %d", SEED, i).isEqualTo(other);
      assertThat(in.read()).isEqualTo(-1);
    }
  }

  @Test
  void shouldReadAnyBytesOrRefuseThem() throws IOException {
    var random = new Random(SEED);
    int frames = 0;
    int refused = 0;
    for (int i = 0; i < TIMES; i++) {
      byte[] bytes = random.nextInt(8) == 0 ? nonsense(random) : mangled(random);
      try {
        var read = Frame.readFrom(new ByteArrayInputStream(bytes));
        assertThat(Frame.readFrom(new ByteArrayInputStream(written(read)))).isEqualTo(read);
        frames++;
      } catch (EOFException | Frame.MalformedFrame e) {
        refused++;
      } catch (RuntimeException e) {
        throw new AssertionError("seed %d, input %d".formatted(SEED, i), e);
      }
    }
    assertThat(frames).isPositive();
    assertThat(refused).isPositive();
  }

  private static byte[] nonsense(Random random) {
    byte[] bytes = new byte[random.nextInt(100)];
    random.nextBytes(bytes);
    if (bytes.length > 4) {
      ByteBuffer.wrap(bytes).putInt(0, bytes.length - 4);
    }
    return bytes;
  }

  /** A frame with some bytes changed, some missing, or some too many; its length fits, or not. */
  private static byte[] mangled(Random random) throws IOException {
    byte[] bytes = written(Frame.of(text(random, 8), "a", text(random, 9), "b", 17));
    for (int n = random.nextInt(4); n > 0; n--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    bytes = java.util.Arrays.copyOf(bytes, Math.max(0, bytes.length + random.nextInt(9) - 4));
    if (bytes.length > 4 && random.nextBoolean()) {
      ByteBuffer.wrap(bytes).putInt(0, bytes.length - 4);
    }
    return bytes;
  }

  @Test
  void shouldRefuseToWriteWhatNobodyCouldRead() {
    var many = new LinkedHashMap<String, String>();
    for (int i = 0; i < 0x10001; i++) {
      many.put("f" + i, "");
    }
    assertThatThrownBy(() -> written(new Frame("MANY", many)))
        .isInstanceOf(Frame.MalformedFrame.class)
        .hasMessageContaining("65537");
    assertThatThrownBy(() -> written(Frame.of("x".repeat(0x10000))))
        .isInstanceOf(Frame.MalformedFrame.class);
    assertThatThrownBy(() -> written(Frame.of("BIG", "field", "x".repeat(Frame.MAX_BYTES))))
        .isInstanceOf(Frame.MalformedFrame.class);
  }
}

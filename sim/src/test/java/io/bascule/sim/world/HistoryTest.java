package io.bascule.sim.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class HistoryTest {
  private final History history = new History("v", 1);

  private void write(long value) {
    history.acknowledged(history.begin(0, 1, value), true);
  }

  private static ByteBuffer block(long value) {
    var block = ByteBuffer.allocate(Blocks.BYTES);
    Blocks.fill(block, value, 0);
    return block.flip();
  }

  /** However often the block was written, durably, before the read came to its end. */
  @Test
  void shouldLetASlowReadFindWhatWasThereWhenItBegan() {
    write(1);
    long begun = history.beginRead();
    for (int value = 2; value < 10; value++) {
      write(value);
    }

    history.read(0, block(1), begun, "oracle");
    history.endRead(begun);

    assertThat(history.now()).isGreaterThan(begun);
  }

  @Test
  void shouldObjectToWhatWasOverwrittenBeforeTheReadBegan() {
    write(1);
    write(2);
    long begun = history.beginRead();

    assertThatThrownBy(() -> history.read(0, block(1), begun, "oracle"))
        .isInstanceOf(Violation.class);
  }

  @Test
  void shouldObjectToAnOlderVersionThanOneThatWasRead() {
    write(1);
    var underWay = history.begin(0, 1, 2);
    history.read(0, block(2), history.beginRead(), "oracle");

    assertThatThrownBy(() -> history.read(0, block(1), history.beginRead(), "oracle"))
        .isInstanceOf(Violation.class);
    history.acknowledged(underWay, false);
  }
}

package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/** Large direct buffers that connections hand on to one another. Safe for use by many threads. */
final class Buffers {
  static final int BYTES = 1 << 20;

  /** Kept for the next connection; more go back to the system. */
  private static final int KEPT = 64;

  private final ArrayBlockingQueue<ByteBuffer> kept = new ArrayBlockingQueue<>(KEPT);

  ByteBuffer take() {
    ByteBuffer buffer = kept.poll();
    return buffer == null ? ByteBuffer.allocateDirect(BYTES) : buffer.clear();
  }

  /** Nobody else may hold the buffer any more. */
  void give(ByteBuffer buffer) {
    if (buffer.capacity() == BYTES && !kept.offer(buffer)) {
      return; // enough of them: the collector frees it
    }
  }
}

package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Direct buffers of one size that connections hand on to one another. Safe for use by many threads.
 *
 * <p>Direct memory has a bound of its own. Reaching it costs who asks for more, not the process:
 * there is no buffer then.
 */
final class Buffers {
  /** Input or output of a session. */
  static final int SESSION_BYTES = 1 << 20;

  private static final System.Logger LOG = System.getLogger(Buffers.class.getName());

  private final int bytes;
  private final IntFunction<ByteBuffer> allocator;

  /** For whoever comes next; more go back to the system. */
  private final ArrayBlockingQueue<ByteBuffer> kept;

  Buffers(int bytes, int keptMost) {
    this(bytes, keptMost, ByteBuffer::allocateDirect);
  }

  Buffers(int bytes, int keptMost, IntFunction<ByteBuffer> allocator) {
    this.bytes = bytes;
    this.allocator = allocator;
    kept = new ArrayBlockingQueue<>(keptMost);
  }

  /** Null if there is no memory for one now. */
  @Nullable ByteBuffer take() {
    ByteBuffer buffer = kept.poll();
    return buffer == null ? allocate(bytes, allocator) : buffer.clear();
  }

  /** Nobody else may hold the buffer any more. */
  void give(ByteBuffer buffer) {
    if (buffer.capacity() == bytes && !kept.offer(buffer)) {
      return; // enough of them: the collector frees it
    }
  }

  /** A buffer that is not handed on; null if there is no memory for it now. */
  static @Nullable ByteBuffer allocate(int bytes) {
    return allocate(bytes, ByteBuffer::allocateDirect);
  }

  private static @Nullable ByteBuffer allocate(int bytes, IntFunction<ByteBuffer> allocator) {
    try {
      return allocator.apply(bytes);
    } catch (OutOfMemoryError e) {
      LOG.log(System.Logger.Level.WARNING, "no memory for a buffer of " + bytes + " bytes", e);
      return null;
    }
  }
}

package io.bascule.host.load;

import io.bascule.host.initiator.Completion;
import io.bascule.host.initiator.ScsiResult;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * One I/O of a worker, reused: the worker fills it in and issues it, the session's thread adds the
 * answer and hands it back through the queue, which has room for all of them.
 */
final class Operation implements Completion {
  enum Kind {
    READ,
    WRITE,
    TRIM,
    FLUSH
  }

  private final BlockingQueue<Operation> done;
  byte[] buffer;
  Kind kind = Kind.FLUSH;
  long chunk;
  int chunks;
  long version;
  boolean sweep;
  long issuedNanos;
  long answeredNanos;
  @Nullable ScsiResult result;
  @Nullable IOException failure;

  Operation(int bufferBytes, BlockingQueue<Operation> done) {
    this.buffer = new byte[bufferBytes];
    this.done = done;
  }

  boolean overlaps(long otherChunk, int otherChunks) {
    return kind != Kind.FLUSH && chunk < otherChunk + otherChunks && otherChunk < chunk + chunks;
  }

  boolean changes() {
    return kind == Kind.WRITE || kind == Kind.TRIM;
  }

  @Override
  public void answered(ScsiResult answer, long nanos) {
    result = answer;
    answeredNanos = nanos;
    done.add(this);
  }

  @Override
  public void failed(IOException cause, long nanos) {
    failure = cause;
    answeredNanos = nanos;
    done.add(this);
  }
}

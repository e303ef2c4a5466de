package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Group commit. Many threads put records into the batch that fills; whoever finds nobody leading
 * becomes the leader: takes the batch, writes it to the open segment, applies it to the index, and
 * wakes those who wait for it. Meanwhile the next batch fills. A lone writer never waits for
 * another thread, and there is no timer.
 *
 * <p>Invariants: one leader at a time; only the leader writes to open segments and changes the
 * index; batches are written in the order of their numbers; a batch that could not be written
 * leaves nothing behind in its segment.
 */
final class LogWriter {
  /** Payload of a batch; less where segments are small. */
  static final int BATCH_BYTES = 1 << 20;

  private static final int RECORDS_MAX = 4096;
  private static final int TABLE_MAX_BYTES =
      RECORDS_MAX * (LogRecord.HEAD_BYTES + LogRecord.BODY_BYTES);
  private static final int BUFFER_BYTES =
      BatchFormat.roundUp(
          BatchFormat.HEADER_BYTES + BATCH_BYTES + TABLE_MAX_BYTES + BatchFormat.END_SIZE);

  /** Puts records into a batch. */
  interface Filler {
    void fill(ByteBuffer batch, int at);
  }

  /** Where batches go; called by the leader. */
  interface Output {
    /**
     * A segment with room for {@code bytes} more and {@code tableBytes} more of footer.
     *
     * @param urgent whether it may be one of the reserve: there is no data in the batch
     */
    Segment segmentFor(boolean cold, boolean urgent, int bytes, int tableBytes);

    /** A batch was written there, or the disk had no room for it. */
    void wrote(boolean room);

    /** The last batch known to be on stable storage. */
    long durableSeq();
  }

  private final Index index;
  private final Segments segments;
  private final Output output;
  private final Health health;
  private final long incarnation;
  private final int batchBytes;
  private final ZerosAhead zeros;
  private final Checksum checksum = new Checksum();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition leaderless = lock.newCondition();
  private Batch filling;
  private ByteBuffer spare = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private boolean led;
  private int claims;
  private final ByteBuffer coldBuffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

  private volatile long committedSeq;
  private volatile long committedBytes;
  private volatile long committedRecords;

  LogWriter(
      Index index,
      Segments segments,
      Output output,
      Health health,
      long incarnation,
      long lastSeq) {
    this.index = index;
    this.segments = segments;
    this.output = output;
    this.health = health;
    this.incarnation = incarnation;
    this.batchBytes = Math.min(BATCH_BYTES, segments.segmentBytes() / 2);
    this.zeros = new ZerosAhead(segments.segmentBytes());
    this.committedSeq = lastSeq;
    this.filling = new Batch(ByteBuffer.allocateDirect(BUFFER_BYTES), false);
  }

  /** Number of the last batch that is in the kernel and in the index. */
  long committedSeq() {
    return committedSeq;
  }

  /** Bytes of batches written so far. */
  long committedBytes() {
    return committedBytes;
  }

  /** Records written so far. */
  long committedRecords() {
    return committedRecords;
  }

  /**
   * Puts records into the batch that fills; {@link #await} it.
   *
   * @param tableBytes bytes of the records' table entries
   */
  Batch append(int bytes, int records, int tableBytes, Filler filler) {
    Batch batch;
    int at;
    lock.lock();
    try {
      while (true) {
        checkHealth();
        batch = filling;
        if (batch.fits(bytes, records, tableBytes)) {
          break;
        }
        leadOrWait(batch);
      }
      at = batch.reserve(bytes, records, tableBytes);
    } finally {
      lock.unlock();
    }
    batch.fill(filler, at, bytes);
    return batch;
  }

  /** The lock is held. Who was woken to lead and does not wakes the next. */
  private void checkHealth() {
    try {
      health.check();
    } catch (StoreException e) {
      filling.changed.signal();
      throw e;
    }
  }

  /** Waits until the batch is in the kernel and visible; throws if it could not be written. */
  void await(Batch batch) {
    lock.lock();
    try {
      while (!batch.done) {
        leadOrWait(batch);
      }
    } finally {
      lock.unlock();
    }
    batch.throwFailure();
  }

  /** Writes and applies one record about volumes. */
  void control(Filler filler, int bodyBytes) {
    int bytes = LogRecord.bytesOf(0, bodyBytes);
    int tableBytes = LogRecord.HEAD_BYTES + bodyBytes;
    var batch = append(bytes, 1, tableBytes, filler);
    try {
      await(batch);
    } catch (StoreException.Full e) {
      if (batch.isWithoutData()) {
        throw e;
      }
      // There was no room for the data it shared the batch with; it may use the reserve.
      writeAlone(bytes, tableBytes, filler);
    }
  }

  private void writeAlone(int bytes, int tableBytes, Filler filler) {
    int size = BatchFormat.HEADER_BYTES + bytes + tableBytes + BatchFormat.END_SIZE;
    var batch = new Batch(ByteBuffer.allocateDirect(BatchFormat.roundUp(size)), false);
    batch.fill(filler, batch.reserve(bytes, 1, tableBytes), bytes);
    exclusively(() -> run(batch));
    batch.throwFailure();
  }

  /** A batch of the cleaner, for the cold segment; one at a time. */
  Batch coldBatch() {
    return new Batch(coldBuffer, true);
  }

  /** Writes a batch that only the caller fills. */
  void writeCold(Batch batch) {
    exclusively(() -> run(batch));
    batch.throwFailure();
  }

  /** Runs {@code work} while nobody leads: nothing is written and the index does not change. */
  void exclusively(Runnable work) {
    lock.lock();
    try {
      claims++;
      while (led) {
        leaderless.awaitUninterruptibly();
      }
      claims--;
      led = true;
    } finally {
      lock.unlock();
    }
    try {
      work.run();
    } finally {
      lock.lock();
      try {
        endLead();
      } finally {
        lock.unlock();
      }
    }
  }

  private void leadOrWait(Batch batch) {
    if (led || claims > 0 || batch != filling) {
      batch.changed.awaitUninterruptibly();
      return;
    }
    led = true;
    filling = new Batch(spare, false);
    lock.unlock();
    try {
      run(batch);
    } finally {
      lock.lock();
      spare = batch.buffer;
      batch.done = true;
      batch.changed.signalAll();
      endLead();
    }
  }

  /** The lock is held. */
  private void endLead() {
    led = false;
    if (claims > 0) {
      leaderless.signal();
    } else {
      filling.changed.signal(); // somebody of the next batch leads, if anybody waits there
    }
  }

  /** The leader's work; what goes wrong is told to all who wait. */
  private void run(Batch batch) {
    try {
      batch.awaitFilled();
      health.check();
      write(batch);
      batch.written = true;
    } catch (StoreException e) {
      batch.failure = e;
    } catch (RuntimeException e) {
      // The index may not be what the log says any more.
      var failure = new StoreException.Io("the log cannot go on", e);
      health.markSuspect(failure);
      batch.failure = failure;
    } catch (Error e) {
      // So it is with a lack of memory, of which the disk knows nothing.
      health.end("the log cannot go on", e);
      throw e;
    }
  }

  private void write(Batch batch) {
    if (batch.records == 0) {
      return;
    }
    int footerBytes = FooterFormat.GROUP_BYTES + batch.tableBytes;
    int bytes = BatchFormat.roundUp(batch.end + batch.tableBytes + BatchFormat.END_SIZE);
    var segment = output.segmentFor(batch.cold, batch.isWithoutData(), bytes, footerBytes);
    Check.that(segment.state == Segment.State.OPEN, "%s is %s", segment.name, segment.state);
    long seq = committedSeq + 1;
    var buffer = batch.buffer.clear();
    BatchFormat.finish(
        buffer,
        batch.end,
        batch.records,
        batch.tableBytes,
        segment.slot,
        segment.serial,
        incarnation,
        seq,
        output.durableSeq(),
        checksum);
    int offset = segment.dataEnd;
    put(segment, buffer.limit(bytes), offset);
    buffer.clear();
    int tableAt = bytes - BatchFormat.END_SIZE - batch.tableBytes;
    segment.keepTable(seq, offset, buffer, tableAt, batch.tableBytes);
    segment.dataEnd = offset + bytes;
    segment.lastSeq = seq;
    if (segment.firstSeq == 0) {
      segment.firstSeq = seq;
    }
    segments.grew(segment, bytes);
    apply(batch, segment, tableAt, offset);
    committedSeq = seq;
    committedBytes += bytes;
    committedRecords += batch.records;
  }

  private void apply(Batch batch, Segment segment, int tableAt, int offset) {
    try {
      int blocks = 0;
      int entry = tableAt;
      for (int i = 0; i < batch.records; i++) {
        blocks += batch.buffer.getShort(entry + LogRecord.BLOCKS);
        entry += LogRecord.entryBytesAt(batch.buffer, entry);
      }
      segment.totalBlocks += blocks;
      index.apply(
          batch.buffer,
          tableAt,
          tableAt + batch.tableBytes,
          segment.slot,
          offset + BatchFormat.HEADER_BYTES,
          segment.name);
    } catch (StoreException e) {
      throw new IllegalStateException("the index cannot follow the log", e);
    }
  }

  private void put(Segment segment, ByteBuffer bytes, int offset) {
    try {
      zeros.reach(segment, offset + bytes.remaining());
      segment.write(offset, bytes);
      output.wrote(true);
    } catch (StoreException e) {
      if (e instanceof StoreException.Full) {
        output.wrote(false);
      }
      try {
        segment.cut(offset); // the next batch must not end amid remains of this one
      } catch (StoreException again) {
        e.addSuppressed(again);
        health.markSuspect(e);
      }
      throw e;
    }
  }

  /** Records that are written together. */
  final class Batch {
    private final ByteBuffer buffer;
    private final boolean cold;
    private final Condition changed = lock.newCondition();
    private final AtomicInteger filled = new AtomicInteger(BatchFormat.HEADER_BYTES);
    private int end = BatchFormat.HEADER_BYTES;
    private int records;
    private int tableBytes;
    private boolean done;

    /** In the kernel and in the index: without it nothing of the batch is acknowledged. */
    private volatile boolean written;

    private volatile @Nullable StoreException failure;
    private volatile @Nullable Throwable broken;

    private Batch(ByteBuffer buffer, boolean cold) {
      this.buffer = buffer.clear(); // a batch that failed may have left it anyhow
      this.cold = cold;
    }

    /** Such records are no longer than their entries in the table. */
    private boolean isWithoutData() {
      return end - BatchFormat.HEADER_BYTES == tableBytes;
    }

    boolean fits(int bytes, int moreRecords, int moreTable) {
      Check.that(bytes <= batchBytes, "%d bytes at once", bytes);
      return end + bytes <= BatchFormat.HEADER_BYTES + batchBytes
          && records + moreRecords <= RECORDS_MAX
          && tableBytes + moreTable <= TABLE_MAX_BYTES;
    }

    private int reserve(int bytes, int moreRecords, int moreTable) {
      int at = end;
      end += bytes;
      records += moreRecords;
      tableBytes += moreTable;
      return at;
    }

    /** Adds records to a batch that only the caller fills. */
    void add(int bytes, int moreRecords, Filler filler) {
      fill(filler, reserve(bytes, moreRecords, moreRecords * LogRecord.HEAD_BYTES), bytes);
    }

    private void fill(Filler filler, int at, int bytes) {
      try {
        filler.fill(buffer, at);
      } catch (RuntimeException | Error e) {
        broken = e;
        throw e;
      } finally {
        filled.addAndGet(bytes);
      }
    }

    /** Others may still copy into the batch: microseconds, unless they lost their processor. */
    private void awaitFilled() {
      for (int spins = 0; filled.get() != end; spins++) {
        if (spins < 100) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
      var cause = broken;
      if (cause != null) {
        throw new StoreException.Io("a writer of the same batch failed", cause);
      }
    }

    private void throwFailure() {
      var cause = failure;
      if (cause instanceof StoreException.Full) {
        throw new StoreException.Full(String.valueOf(cause.getMessage()), cause);
      }
      if (cause != null) {
        throw new StoreException.Io(String.valueOf(cause.getMessage()), cause);
      }
      if (!written) {
        throw new StoreException.Io(
            "the log cannot go on", new IllegalStateException("its leader failed"));
      }
    }
  }
}

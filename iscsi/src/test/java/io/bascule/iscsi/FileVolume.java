package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/** A volume in one sparse file. Which reads are cold is decided by {@link #coldEvery}. */
final class FileVolume implements Volume {
  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(1 << 20).asReadOnlyBuffer();

  private final UUID uuid = UUID.randomUUID();
  private final FileChannel file;
  private final long sizeBytes;
  private final ReentrantLock atomic = new ReentrantLock();

  /** Whoever holds it keeps flushes from ending. */
  final ReentrantLock held = new ReentrantLock();

  /** Whoever holds it keeps writes from ending. */
  final ReentrantLock writesHeld = new ReentrantLock();

  final AtomicLong writesBegun = new AtomicLong();
  final AtomicLong flushes = new AtomicLong();
  final AtomicLong reads = new AtomicLong();
  final AtomicLong trims = new AtomicLong();

  /** Every so-manyth {@link #tryRead} would block; 0 for none. */
  volatile int coldEvery;

  FileVolume(Path path, long sizeBytes) throws IOException {
    file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    this.sizeBytes = sizeBytes;
    file.write(ByteBuffer.allocate(1), sizeBytes - 1);
  }

  private interface Io<T> {
    T run() throws IOException;
  }

  private static <T> T io(Io<T> work) {
    try {
      return work.run();
    } catch (IOException e) {
      throw new StoreException.Io("the test's file", e);
    }
  }

  private void check(long offsetBytes, long lengthBytes) {
    if (offsetBytes < 0
        || offsetBytes % BLOCK_BYTES != 0
        || lengthBytes % BLOCK_BYTES != 0
        || lengthBytes < 0
        || offsetBytes + lengthBytes > sizeBytes) {
      throw new IllegalArgumentException("range " + offsetBytes + " + " + lengthBytes);
    }
  }

  @Override
  public UUID uuid() {
    return uuid;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public void read(long offsetBytes, ByteBuffer destination) {
    check(offsetBytes, destination.remaining());
    int unused =
        io(() -> {
          long at = offsetBytes;
          while (destination.hasRemaining()) {
            at += file.read(destination, at);
          }
          return 0;
        });
  }

  @Override
  public int tryRead(long offsetBytes, ByteBuffer destination) {
    int cold = coldEvery;
    long count = reads.incrementAndGet();
    if (cold > 0 && count % cold == 0) {
      return WOULD_BLOCK;
    }
    int bytes = destination.remaining();
    read(offsetBytes, destination);
    return bytes;
  }

  @Override
  public void write(long offsetBytes, ByteBuffer source, boolean fua) {
    check(offsetBytes, source.remaining());
    writesBegun.incrementAndGet();
    writesHeld.lock();
    writesHeld.unlock();
    int unused =
        io(() -> {
          long at = offsetBytes;
          while (source.hasRemaining()) {
            at += file.write(source, at);
          }
          return 0;
        });
    if (fua) {
      flush();
    }
  }

  @Override
  public void trim(long offsetBytes, long lengthBytes) {
    trims.incrementAndGet();
    zero(offsetBytes, lengthBytes);
  }

  @Override
  public void zero(long offsetBytes, long lengthBytes) {
    check(offsetBytes, lengthBytes);
    ByteBuffer zeros = ZEROS.duplicate();
    for (long at = 0; at < lengthBytes; at += zeros.capacity()) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), lengthBytes - at));
      write(offsetBytes + at, zeros, false);
    }
  }

  @Override
  public void flush() {
    flushes.incrementAndGet();
    held.lock();
    try {
      int unused =
          io(() -> {
            file.force(false);
            return 0;
          });
    } finally {
      held.unlock();
    }
  }

  @Override
  public <T> T atomically(long offsetBytes, long lengthBytes, AtomicOperation<T> operation) {
    check(offsetBytes, lengthBytes);
    atomic.lock();
    try {
      return operation.run(this);
    } finally {
      atomic.unlock();
    }
  }

  @Override
  public long allocatedBytes() {
    return sizeBytes;
  }

  @Override
  public List<Extent> extents(long offsetBytes, long lengthBytes) {
    check(offsetBytes, lengthBytes);
    return new ArrayList<>(List.of(new Extent(offsetBytes, lengthBytes)));
  }

  @Override
  public void close() {
    int unused =
        io(() -> {
          file.close();
          return 0;
        });
  }
}

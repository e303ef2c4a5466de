package io.bascule.platform;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A real file. Reads, writes and syncs go through the channel; holes, reads that never wait, and
 * extents through a second descriptor of the same file ({@link FileCalls}).
 *
 * <p>Safe for many threads. Invariant: {@code descriptor} is used under the shared lock only, and
 * closed under the exclusive one, so that a number the kernel gave to another file since is never
 * used.
 */
final class LocalFile implements StoredFile {
  /** The largest read into a heap buffer that is tried without waiting. */
  private static final int HEAP_TRY_MAX_BYTES = 256 * 1024;

  private static final int ZEROS_BYTES = 64 * 1024;

  private final Path path;
  private final FileChannel channel;
  private final int descriptor;
  private final FreeSpace space;
  private final @Nullable WrittenOut writtenOut;
  private final ReentrantReadWriteLock descriptorLock = new ReentrantReadWriteLock();
  private boolean closed;

  /** Both go from true to false at most once: the file system said it cannot. */
  private volatile boolean canReadNoWait = true;

  private volatile boolean canPunch = true;

  private LocalFile(
      Path path,
      FileChannel channel,
      int descriptor,
      FreeSpace space,
      @Nullable WrittenOut writtenOut) {
    this.path = path;
    this.channel = channel;
    this.descriptor = descriptor;
    this.space = space;
    this.writtenOut = writtenOut;
  }

  /**
   * Takes the channel over, also when it fails.
   *
   * @param writeback null: what is written may wait in memory as long as the kernel likes
   */
  static LocalFile open(
      Path path, FileChannel channel, FreeSpace space, @Nullable Writeback writeback)
      throws IOException {
    try {
      var writtenOut = writeback == null ? null : WrittenOut.open(path, writeback);
      return new LocalFile(path, channel, FileCalls.open(path), space, writtenOut);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public void read(long offsetBytes, ByteBuffer destination) {
    try {
      long at = offsetBytes;
      while (destination.hasRemaining()) {
        int count = channel.read(destination, at);
        if (count < 0) {
          zeroFill(destination);
          return;
        }
        at += count;
      }
    } catch (IOException e) {
      throw LocalDirectory.failure("cannot read " + path + " at " + offsetBytes, e);
    }
  }

  @Override
  public int tryRead(long offsetBytes, ByteBuffer destination) {
    int wanted = destination.remaining();
    if (!canReadNoWait || (!destination.isDirect() && wanted > HEAP_TRY_MAX_BYTES)) {
      return Volume.WOULD_BLOCK;
    }
    ByteBuffer direct = destination.isDirect() ? destination : Bounce.ofThread(wanted);
    long count = withDescriptor(() -> FileCalls.readNoWait(descriptor, offsetBytes, direct));
    if (count < 0) {
      int errno = (int) -count;
      if (errno == FileCalls.EOPNOTSUPP || errno == FileCalls.ENOSYS) {
        canReadNoWait = false;
      }
      // Whatever else is wrong, the blocking read meets it as well and reports it.
      return Volume.WOULD_BLOCK;
    }
    if (count < wanted && offsetBytes + count < lengthBytes()) {
      return Volume.WOULD_BLOCK;
    }
    if (destination.isDirect()) {
      destination.position(destination.position() + (int) count);
    } else {
      destination.put(direct.slice(direct.position(), (int) count));
    }
    zeroFill(destination);
    return wanted;
  }

  @Override
  public void write(long offsetBytes, ByteBuffer source) {
    int bytes = source.remaining();
    if (!space.admits(bytes) && !isAllocated(offsetBytes, bytes)) {
      throw new StoreException.Full(
          path + ": no room for " + bytes + " bytes at " + offsetBytes,
          new IOException("what is left of the file system is not for hosts"));
    }
    try {
      long at = offsetBytes;
      while (source.hasRemaining()) {
        at += channel.write(source, at);
      }
    } catch (IOException e) {
      throw LocalDirectory.failure("cannot write " + path + " at " + offsetBytes, e);
    }
    if (writtenOut != null) {
      writtenOut.wrote(offsetBytes, bytes);
    }
  }

  private boolean isAllocated(long offsetBytes, int bytes) {
    return extents(offsetBytes, bytes).equals(List.of(new Volume.Extent(offsetBytes, bytes)));
  }

  @Override
  public void sync() {
    long bytes = writtenOut == null ? 0 : writtenOut.begin();
    try {
      channel.force(false);
    } catch (IOException e) {
      throw LocalDirectory.failure("cannot sync " + path, e);
    } finally {
      if (writtenOut != null) {
        writtenOut.done(bytes);
      }
    }
  }

  @Override
  public void punch(long offsetBytes, long lengthBytes) {
    long end = Math.min(offsetBytes + lengthBytes, lengthBytes());
    if (end <= offsetBytes) {
      return; // behind the end it reads zeros anyway
    }
    if (canPunch) {
      // Never beyond the end, though that would free a last block the file fills in part: the file
      // may grow meanwhile, and what is written there is not ours to punch.
      long result =
          withDescriptor(() -> FileCalls.punch(descriptor, offsetBytes, end - offsetBytes));
      if (result >= 0) {
        return;
      }
      int errno = (int) -result;
      if (errno != FileCalls.EOPNOTSUPP && errno != FileCalls.ENOSYS) {
        var cause = new IOException(FileCalls.errorText(errno));
        throw LocalDirectory.failure("cannot make a hole in " + path + " at " + offsetBytes, cause);
      }
      canPunch = false;
    }
    writeZeros(offsetBytes, end);
  }

  private void writeZeros(long from, long end) {
    var zeros = ByteBuffer.allocateDirect(ZEROS_BYTES);
    for (long at = from; at < end; at += ZEROS_BYTES) {
      write(at, zeros.clear().limit((int) Math.min(ZEROS_BYTES, end - at)));
    }
  }

  @Override
  public long lengthBytes() {
    try {
      return channel.size();
    } catch (IOException e) {
      throw LocalDirectory.failure("cannot ask for the length of " + path, e);
    }
  }

  @Override
  public void setLength(long lengthBytes) {
    long result = withDescriptor(() -> FileCalls.setLength(descriptor, lengthBytes));
    if (result < 0) {
      var cause = new IOException(FileCalls.errorText((int) -result));
      throw LocalDirectory.failure(
          "cannot set the length of " + path + " to " + lengthBytes, cause);
    }
  }

  @Override
  public long allocatedBytes() {
    long result = withDescriptor(() -> FileCalls.allocatedBytes(descriptor));
    return result >= 0
        ? result
        : extents(0, lengthBytes()).stream().mapToLong(Volume.Extent::lengthBytes).sum();
  }

  @Override
  public List<Volume.Extent> extents(long offsetBytes, long lengthBytes) {
    long end = Math.min(offsetBytes + lengthBytes, lengthBytes());
    var extents = new ArrayList<Volume.Extent>();
    long at = offsetBytes;
    while (at < end) {
      long from = at;
      long data = withDescriptor(() -> FileCalls.seekData(descriptor, from));
      if (data == -FileCalls.ENXIO || data >= end) {
        break; // a hole up to the end
      }
      if (data < 0) {
        return List.of(new Volume.Extent(offsetBytes, end - offsetBytes)); // cannot tell
      }
      long hole = withDescriptor(() -> FileCalls.seekHole(descriptor, data));
      long extentEnd = hole < 0 ? end : Math.min(hole, end);
      if (extentEnd <= data) {
        break; // punched meanwhile at the very place
      }
      extents.add(new Volume.Extent(data, extentEnd - data));
      at = extentEnd;
    }
    return List.copyOf(extents);
  }

  @Override
  public void close() {
    descriptorLock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        FileCalls.close(descriptor);
        if (writtenOut != null) {
          writtenOut.close();
        }
      }
      channel.close();
    } catch (IOException e) {
      throw LocalDirectory.failure("cannot close " + path, e);
    } finally {
      descriptorLock.writeLock().unlock();
    }
  }

  private interface Call {
    long run();
  }

  private long withDescriptor(Call call) {
    descriptorLock.readLock().lock();
    try {
      if (closed) {
        throw new StoreException.Io(path + " is closed", new ClosedChannelException());
      }
      return call.run();
    } finally {
      descriptorLock.readLock().unlock();
    }
  }

  private static void zeroFill(ByteBuffer destination) {
    while (destination.remaining() >= Long.BYTES) {
      destination.putLong(0);
    }
    while (destination.hasRemaining()) {
      destination.put((byte) 0);
    }
  }

  /** Native memory to read into for heap buffers, one per thread. */
  private static final class Bounce {
    private static final ThreadLocal<ByteBuffer> BUFFER =
        ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(HEAP_TRY_MAX_BYTES));

    private Bounce() {}

    static ByteBuffer ofThread(int bytes) {
      return BUFFER.get().clear().limit(bytes);
    }
  }
}

package io.bascule.core.volume;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/**
 * A block volume, whatever its format. Offsets and lengths are bytes, multiples of {@link
 * #BLOCK_BYTES}, inside {@code [0, sizeBytes())}; anything else is an {@link
 * IllegalArgumentException}. Safe for use by many threads; two overlapping operations in flight at
 * once may land in either order, but each 512-byte block is wholly one or the other.
 *
 * <p>Every method may throw {@link StoreException}; none returns before its promise holds: a write
 * that returned survives the death of the process, one with {@code fua}, or followed by {@link
 * #flush}, survives power loss.
 */
public interface Volume extends AutoCloseable {
  /** Logical block size. */
  int BLOCK_BYTES = 512;

  /** What {@link #tryRead} answers when the data is not in memory. */
  int WOULD_BLOCK = -1;

  /** The volume's identity; never changes. */
  UUID uuid();

  /** Current size, a multiple of {@link #BLOCK_BYTES}. Grows only. */
  long sizeBytes();

  /**
   * Fills all of {@code destination} from {@code offsetBytes}; blocks as long as the disk takes.
   */
  void read(long offsetBytes, ByteBuffer destination);

  /**
   * Like {@link #read} if that needs no disk, else leaves {@code destination} as it was.
   *
   * @return the bytes read (all of them), or {@link #WOULD_BLOCK}
   */
  int tryRead(long offsetBytes, ByteBuffer destination);

  /** Writes all of {@code source}. With {@code fua} it is on stable storage when this returns. */
  void write(long offsetBytes, ByteBuffer source, boolean fua);

  /** The range reads as zeros afterwards and its space is given back where possible. */
  void trim(long offsetBytes, long lengthBytes);

  /** The range reads as zeros afterwards; it may stay allocated. */
  void zero(long offsetBytes, long lengthBytes);

  /** Everything written before this call is on stable storage when it returns. */
  void flush();

  /**
   * Runs {@code operation} while no other write, trim, zero or atomic operation touches the range:
   * for COMPARE AND WRITE, ORWRITE and the like.
   */
  <T> T atomically(long offsetBytes, long lengthBytes, AtomicOperation<T> operation);

  /**
   * Throws {@link IllegalArgumentException} unless that is a range of whole blocks inside the
   * volume.
   */
  default void checkRange(long offsetBytes, long lengthBytes) {
    long size = sizeBytes();
    if (offsetBytes < 0
        || lengthBytes < 0
        || offsetBytes > size
        || lengthBytes > size - offsetBytes
        || offsetBytes % BLOCK_BYTES != 0
        || lengthBytes % BLOCK_BYTES != 0) {
      throw new IllegalArgumentException(
          "not a range of volume %s (%d bytes): %d bytes at %d"
              .formatted(uuid(), size, lengthBytes, offsetBytes));
    }
  }

  /** Bytes of storage in use. */
  long allocatedBytes();

  /**
   * The allocated extents that touch the range, ascending, clipped to it, without gaps merged away.
   */
  List<Extent> extents(long offsetBytes, long lengthBytes);

  /** Closes the volume's files; what was acknowledged stays. */
  @Override
  void close();

  /** A piece of work on a locked range; {@code volume} is the one to use inside. */
  interface AtomicOperation<T> {
    T run(Volume volume);
  }

  /** {@code [offsetBytes, offsetBytes + lengthBytes)}. */
  record Extent(long offsetBytes, long lengthBytes) {}
}

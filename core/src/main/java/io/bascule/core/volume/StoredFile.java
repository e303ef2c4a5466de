package io.bascule.core.volume;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A file with positional I/O. Safe for use by many threads. Methods throw {@link StoreException}.
 */
public interface StoredFile extends AutoCloseable {
  /** Fills all of {@code destination}; beyond the end of the file it reads zeros. */
  void read(long offsetBytes, ByteBuffer destination);

  /**
   * Like {@link #read} if no disk is needed, else {@link Volume#WOULD_BLOCK} and {@code
   * destination} as it was.
   */
  int tryRead(long offsetBytes, ByteBuffer destination);

  /** Writes all of {@code source}. */
  void write(long offsetBytes, ByteBuffer source);

  /** Data and what is needed to find it are on stable storage when this returns (fdatasync). */
  void sync();

  /** The range reads as zeros afterwards and holds no space, as far as the file system can. */
  void punch(long offsetBytes, long lengthBytes);

  /** The file's length. */
  long lengthBytes();

  /** Sets the file's length; grown space is a hole. */
  void setLength(long lengthBytes);

  /** Space in use. */
  long allocatedBytes();

  /** Allocated extents within the range, ascending, as far as the file system tells. */
  List<Volume.Extent> extents(long offsetBytes, long lengthBytes);

  @Override
  void close();
}

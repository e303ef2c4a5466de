package io.bascule.platform;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The file calls of Linux that the JDK lacks: holes, reads that never wait for a disk, blocks in
 * use. Each works on a descriptor opened here, beside the {@code FileChannel} of the same file:
 * both go through the page cache, so they see the same bytes. Safe for many threads.
 *
 * <p>Calls answer 0 or more, or {@code -errno}.
 */
final class FileCalls {
  static final int EAGAIN = 11;
  static final int ENXIO = 6;
  static final int EINVAL = 22;
  static final int ENOSPC = 28;
  static final int ENOSYS = 38;
  static final int EOPNOTSUPP = 95;
  static final int EDQUOT = 122;

  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;
  private static final int SYNC_FILE_RANGE_WAIT_BEFORE = 1;
  private static final int SYNC_FILE_RANGE_WRITE = 2;
  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int FALLOC_FL_PUNCH_HOLE = 2;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int RWF_NOWAIT = 8;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BLOCKS = 0x400;
  private static final long STATX_BYTES = 256;
  private static final long STATX_BLOCKS_OFFSET = 48;
  private static final int BLOCK_UNIT_BYTES = 512;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      ERRNO_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final MemoryLayout POINTER = ValueLayout.ADDRESS;

  private static final MethodHandle OPEN =
      variadic("open", 2, FunctionDescriptor.of(INT, POINTER, INT, INT));
  private static final MethodHandle CLOSE = call("close", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle FALLOCATE =
      call("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG));
  private static final MethodHandle SYNC_FILE_RANGE =
      call("sync_file_range", FunctionDescriptor.of(INT, INT, LONG, LONG, INT));
  private static final MethodHandle FDATASYNC = call("fdatasync", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle FTRUNCATE =
      call("ftruncate", FunctionDescriptor.of(INT, INT, LONG));
  private static final MethodHandle LSEEK =
      call("lseek", FunctionDescriptor.of(LONG, INT, LONG, INT));
  private static final MethodHandle PREADV2 =
      call("preadv2", FunctionDescriptor.of(LONG, INT, POINTER, INT, LONG, INT));
  private static final MethodHandle STATX =
      call("statx", FunctionDescriptor.of(INT, INT, POINTER, INT, INT, POINTER));
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(POINTER, INT));

  /** What a call needs in native memory; one per thread, given back with the thread. */
  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private static final class Scratch {
    private final MemorySegment errno = Arena.ofAuto().allocate(ERRNO_LAYOUT);
    private final MemorySegment iovec = Arena.ofAuto().allocate(LONG, 2);
  }

  private FileCalls() {}

  /** Opens the file for reading and writing. */
  static int open(Path file) throws IOException {
    var scratch = SCRATCH.get();
    int fd;
    try (var arena = Arena.ofConfined()) {
      var path = arena.allocateFrom(file.toString());
      fd = (int) OPEN.invokeExact(scratch.errno, path, O_RDWR | O_CLOEXEC, 0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    if (fd < 0) {
      throw new IOException(file + ": " + errorText(errno(scratch)));
    }
    return fd;
  }

  static void close(int fd) {
    try {
      int _ = (int) CLOSE.invokeExact(SCRATCH.get().errno, fd);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Makes a hole; the file's length stays. */
  static long punch(int fd, long offsetBytes, long lengthBytes) {
    var scratch = SCRATCH.get();
    try {
      int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
      int result = (int) FALLOCATE.invokeExact(scratch.errno, fd, mode, offsetBytes, lengthBytes);
      return result < 0 ? -errno(scratch) : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Lets what is dirty in the range go to the disk, and does not wait for it. Says nothing about
   * the file's metadata or the disk's own cache: it is no sync.
   */
  static long startWriting(int fd, long offsetBytes, long lengthBytes) {
    return syncRange(fd, offsetBytes, lengthBytes, SYNC_FILE_RANGE_WRITE);
  }

  /** Waits until what is on its way to the disk in the range is there. */
  static long awaitWritten(int fd, long offsetBytes, long lengthBytes) {
    return syncRange(fd, offsetBytes, lengthBytes, SYNC_FILE_RANGE_WAIT_BEFORE);
  }

  private static long syncRange(int fd, long offsetBytes, long lengthBytes, int flags) {
    var scratch = SCRATCH.get();
    try {
      int result =
          (int) SYNC_FILE_RANGE.invokeExact(scratch.errno, fd, offsetBytes, lengthBytes, flags);
      return result < 0 ? -errno(scratch) : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Data and what is needed to find it are on stable storage. */
  static long dataSync(int fd) {
    var scratch = SCRATCH.get();
    try {
      int result = (int) FDATASYNC.invokeExact(scratch.errno, fd);
      return result < 0 ? -errno(scratch) : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Takes space for the file's first bytes, and makes it that long at least. */
  static long allocate(int fd, long lengthBytes) {
    var scratch = SCRATCH.get();
    try {
      int result = (int) FALLOCATE.invokeExact(scratch.errno, fd, 0, 0L, lengthBytes);
      return result < 0 ? -errno(scratch) : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Sets the file's length; grown space is a hole. */
  static long setLength(int fd, long lengthBytes) {
    var scratch = SCRATCH.get();
    try {
      int result = (int) FTRUNCATE.invokeExact(scratch.errno, fd, lengthBytes);
      return result < 0 ? -errno(scratch) : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The first byte at or after the offset that is data. */
  static long seekData(int fd, long offsetBytes) {
    return seek(fd, offsetBytes, SEEK_DATA);
  }

  /** The first byte at or after the offset that is a hole; the end of the file is one. */
  static long seekHole(int fd, long offsetBytes) {
    return seek(fd, offsetBytes, SEEK_HOLE);
  }

  private static long seek(int fd, long offsetBytes, int whence) {
    var scratch = SCRATCH.get();
    try {
      long result = (long) LSEEK.invokeExact(scratch.errno, fd, offsetBytes, whence);
      return result < 0 ? -errno(scratch) : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Reads what is in memory into the direct buffer, from its position; the position stays.
   *
   * @return bytes read, fewer than asked if the rest is not in memory or behind the end
   */
  static long readNoWait(int fd, long offsetBytes, ByteBuffer direct) {
    var scratch = SCRATCH.get();
    var target = MemorySegment.ofBuffer(direct);
    scratch.iovec.setAtIndex(LONG, 0, target.address());
    scratch.iovec.setAtIndex(LONG, 1, target.byteSize());
    try {
      long result =
          (long) PREADV2.invokeExact(scratch.errno, fd, scratch.iovec, 1, offsetBytes, RWF_NOWAIT);
      return result < 0 ? -errno(scratch) : result;
    } catch (Throwable e) {
      throw unexpected(e);
    } finally {
      // The address was handed over as a number: keep the memory behind it until here.
      java.lang.ref.Reference.reachabilityFence(direct);
    }
  }

  /** Space in use. */
  static long allocatedBytes(int fd) {
    var scratch = SCRATCH.get();
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(STATX_BYTES, Long.BYTES);
      var empty = arena.allocateFrom("");
      int result =
          (int) STATX.invokeExact(scratch.errno, fd, empty, AT_EMPTY_PATH, STATX_BLOCKS, answer);
      return result < 0
          ? -errno(scratch)
          : answer.get(LONG, STATX_BLOCKS_OFFSET) * BLOCK_UNIT_BYTES;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** What the C library calls the error: the text an {@code IOException} of the JDK carries too. */
  static String errorText(int errno) {
    try {
      var text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int errno(Scratch scratch) {
    return (int) ERRNO.get(scratch.errno, 0L);
  }

  private static MethodHandle call(String name, FunctionDescriptor shape) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), shape, Linker.Option.captureCallState("errno"));
  }

  private static MethodHandle variadic(String name, int fixed, FunctionDescriptor shape) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        shape,
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(fixed));
  }

  private static RuntimeException unexpected(Throwable e) {
    return e instanceof RuntimeException runtime
        ? runtime
        : new IllegalStateException("a native call failed before it was made", e);
  }
}

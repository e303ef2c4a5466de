package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the batches of a segment, also behind damaged ones. It judges what stands there by its
 * checksums alone; what that means is {@link Recovery}'s to say. For one thread.
 */
final class LogScanner {
  /** More than the largest batch. */
  private static final int WINDOW_BYTES = 4 << 20;

  private static final int BATCH_MAX_BYTES = WINDOW_BYTES / 2;

  /** How much of a batch is there. */
  enum Batch {
    WHOLE,
    /** The header is damaged; what the batch changed is known, its data was not judged. */
    HEADERLESS,
    /** The table is damaged; records and header are whole. */
    TABLELESS,
    /** Data is damaged; what the batch changed is known. */
    DATA_DAMAGED,
    /** What the batch changed is not known; there was one. */
    LOST
  }

  /** What a scan finds. */
  interface Sink {
    /**
     * A batch.
     *
     * @param table its table, for {@link Batch#LOST} empty; valid after the call as well
     * @param durable what it says was on stable storage
     */
    void batch(
        Batch state,
        long incarnation,
        long seq,
        long durable,
        int offset,
        int bytes,
        ByteBuffer table);

    /** Bytes in which there is nothing whole, with whole batches behind. */
    void gap(int offset, int bytes);
  }

  private final ByteBuffer window = ByteBuffer.allocateDirect(WINDOW_BYTES);
  private final Checksum checksum = new Checksum();
  private @Nullable StoredFile file;
  private int windowAt;
  private int limit;

  /** The header of a segment file. */
  static SegmentHeader header(StoredFile file, String name) {
    if (file.lengthBytes() < SegmentHeader.BYTES) {
      throw new StoreException.Corrupt(name + " is too short");
    }
    var header = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
    file.read(0, header);
    return SegmentHeader.decode(header.flip(), name);
  }

  /** The footer with its groups, or null if there is no whole one. */
  static @Nullable ByteBuffer footer(StoredFile file, long serial) {
    long length = file.lengthBytes();
    if (length < SegmentHeader.BYTES + FooterFormat.END_BYTES || length > Integer.MAX_VALUE) {
      return null;
    }
    var end = ByteBuffer.allocate(FooterFormat.END_BYTES);
    file.read(length - FooterFormat.END_BYTES, end);
    int groups = end.getInt(FooterFormat.GROUPS_BYTES);
    if (!FooterFormat.isEnd(end, 0, serial)
        || groups < 0
        || groups > length - SegmentHeader.BYTES - FooterFormat.END_BYTES) {
      return null;
    }
    var footer = ByteBuffer.allocate(groups + FooterFormat.END_BYTES);
    file.read(length - footer.capacity(), footer);
    return FooterFormat.isWhole(footer.flip(), serial, new Checksum()) ? footer : null;
  }

  /**
   * The slot that a segment's first whole batch names, or -1; for a segment whose header is gone.
   */
  static int slotOf(StoredFile file, long serial) {
    var buffer = ByteBuffer.allocateDirect(BatchFormat.HEADER_BYTES);
    file.read(SegmentHeader.BYTES, buffer);
    buffer.flip();
    return BatchFormat.isHeader(buffer, 0, serial, new Checksum())
        ? buffer.getInt(BatchFormat.SLOT)
        : -1;
  }

  /** Scans batches of the segment {@code serial} that begin in {@code [from, to)}. */
  void scan(StoredFile segment, long serial, int from, int to, Sink sink) {
    file = segment;
    limit = to;
    windowAt = -WINDOW_BYTES;
    int at = from;
    while (at + BatchFormat.HEADER_BYTES + BatchFormat.END_SIZE <= to) {
      int rel = need(at);
      int bytes = one(serial, at, rel, sink);
      if (bytes == 0) {
        bytes = skipDamage(serial, at, sink);
        if (bytes == 0) {
          return;
        }
      }
      at += bytes;
    }
  }

  /** A batch whose header is whole. Returns its bytes, 0 if there is none. */
  private int one(long serial, int at, int rel, Sink sink) {
    if (!BatchFormat.isHeader(window, rel, serial, checksum)) {
      return 0;
    }
    int bytes = window.getInt(rel + BatchFormat.BYTES);
    int payload = window.getInt(rel + BatchFormat.PAYLOAD);
    long seq = window.getLong(rel + BatchFormat.SEQ);
    long incarnation = window.getLong(rel + BatchFormat.INCARNATION);
    long durable = window.getLong(rel + BatchFormat.DURABLE);
    boolean sane = bytes > payload && payload > 0 && bytes <= BATCH_MAX_BYTES;
    if (!sane || at + bytes > limit) {
      sink.batch(Batch.LOST, incarnation, seq, durable, at, bytes, ByteBuffer.allocate(0));
      return 0;
    }
    int first = rel + BatchFormat.HEADER_BYTES;
    boolean whole =
        checksum.of(window, first, payload) == window.getInt(rel + BatchFormat.PAYLOAD_CRC);
    var table = tableOf(serial, seq, rel + bytes);
    Batch state;
    if (whole && table == null) {
      int records = window.getInt(rel + BatchFormat.RECORDS);
      var copy = ByteBuffer.allocate(bytes).put(0, window, first, payload);
      int end = BatchFormat.putTable(copy, 0, records, payload);
      table = copy.slice(payload, end - payload);
      state = Batch.TABLELESS;
    } else if (table == null) {
      table = ByteBuffer.allocate(0);
      state = Batch.LOST;
    } else {
      state = whole ? Batch.WHOLE : Batch.DATA_DAMAGED;
    }
    sink.batch(state, incarnation, seq, durable, at, bytes, table);
    return bytes;
  }

  /** A copy of the table of the batch that ends at {@code to} of the window. */
  private @Nullable ByteBuffer tableOf(long serial, long seq, int to) {
    int end = to - BatchFormat.END_SIZE;
    if (!BatchFormat.isEnd(window, to, serial, checksum)
        || window.getLong(end + BatchFormat.END_SEQ) != seq) {
      return null;
    }
    int bytes = window.getInt(end + BatchFormat.END_TABLE);
    return ByteBuffer.allocate(bytes).put(0, window, end - bytes, bytes);
  }

  /** Nothing whole begins at {@code at}. Returns how far to go on, 0 if nothing comes any more. */
  private int skipDamage(long serial, int at, Sink sink) {
    for (int to = at + BatchFormat.ALIGN_BYTES; to <= limit; to += BatchFormat.ALIGN_BYTES) {
      int rel = needAround(at, to);
      if (rel < BatchFormat.END_SIZE) {
        continue;
      }
      if (BatchFormat.isEnd(window, rel, serial, checksum)) {
        int end = rel - BatchFormat.END_SIZE;
        int bytes = window.getInt(end + BatchFormat.END_BYTES);
        if (to - bytes == at) {
          long seq = window.getLong(end + BatchFormat.END_SEQ);
          var table = tableOf(serial, seq, rel);
          sink.batch(
              table == null ? Batch.LOST : Batch.HEADERLESS,
              window.getLong(end + BatchFormat.END_INCARNATION),
              seq,
              window.getLong(end + BatchFormat.END_DURABLE),
              at,
              bytes,
              table == null ? ByteBuffer.allocate(0) : table);
          return bytes;
        }
      }
      if (BatchFormat.isHeader(window, rel, serial, checksum)) {
        sink.gap(at, to - at);
        return to - at;
      }
    }
    return 0;
  }

  /** Makes the batch at {@code at} stand in the window; returns where. */
  private int need(int at) {
    if (at < windowAt || at + BATCH_MAX_BYTES > windowAt + WINDOW_BYTES) {
      fill(at);
    }
    return at - windowAt;
  }

  /** Makes what is around {@code to} stand in the window: a table before it, a header behind. */
  private int needAround(int at, int to) {
    int from = Math.max(at, to - BATCH_MAX_BYTES);
    if (from < windowAt || to + BatchFormat.ALIGN_BYTES > windowAt + WINDOW_BYTES) {
      fill(from);
    }
    return to - windowAt;
  }

  private void fill(int at) {
    windowAt = at;
    window.clear().limit(Math.min(WINDOW_BYTES, Math.max(0, limit - at)));
    Check.found(file, "file").read(at, window);
    window.flip();
  }
}

package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A segment of the log. Written by the log's leader until it is full, then sealed, then read until
 * nothing in it is needed any more.
 *
 * <p>Invariant: the file is not closed or deleted while somebody has it pinned.
 */
final class Segment {
  /** The codes are on disk. */
  enum State {
    /** Batches are appended. */
    OPEN(0),
    /** Full; its footer is still to be written. */
    FULL(1),
    /** Has its footer; or is of an earlier incarnation and never gets one. */
    SEALED(2);

    final int code;

    State(int code) {
      this.code = code;
    }

    static State of(int code) {
      for (var state : values()) {
        if (state.code == code) {
          return state;
        }
      }
      throw new IllegalArgumentException("state " + code);
    }
  }

  /** In place of a number of pins: nobody may pin it any more. */
  private static final int RETIRED = Integer.MIN_VALUE / 2;

  /** In place of no pins: it is being closed, and may be pinned afterwards. */
  private static final int CLOSING = -1;

  final int slot;
  final long serial;
  final boolean cold;
  final String name;

  /** Held while the file is synced and what came of it is noted. */
  final Object syncing = new Object();

  private final AtomicInteger pins = new AtomicInteger();
  private volatile @Nullable StoredFile file;

  volatile State state;

  /** Where the next batch goes; after sealing, where the footer begins. */
  volatile int dataEnd;

  /** Batches in it; 0 if none. */
  volatile long firstSeq;

  volatile long lastSeq;

  /** Blocks written to it. */
  volatile int totalBlocks;

  /** Bytes of header, batches and footer. */
  volatile int fileBytes;

  /** Length of the file while it is written: behind the last batch lie zeros. */
  private volatile int fileEnd = SegmentHeader.BYTES;

  /** Tables of its batches, for the footer; empty once it is sealed. */
  ByteBuffer groups = ByteBuffer.allocate(0);

  /** Cleaning found something in it that cannot be read; it is kept. */
  volatile boolean quarantined;

  Segment(int slot, long serial, boolean cold, State state) {
    this.slot = slot;
    this.serial = serial;
    this.cold = cold;
    this.state = state;
    this.name = Names.segment(serial);
  }

  /** Keeps the file from going away; false if it has gone. */
  boolean pin() {
    while (true) {
      int now = pins.get();
      if (now == CLOSING) {
        awaitClosed();
      } else if (now < 0) {
        return false;
      } else if (pins.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  private synchronized void awaitClosed() {
    // Who closes it holds this lock.
  }

  void unpin() {
    if (pins.decrementAndGet() == RETIRED) {
      closeFile();
    }
  }

  /** Nobody pins it from now on; the last one out closes the file. */
  synchronized void retire() {
    if (pins.addAndGet(RETIRED) == RETIRED) {
      closeFile();
    }
  }

  /** Whether it is removed; whoever has it pinned may still read what is open. */
  boolean isRetired() {
    return pins.get() < CLOSING;
  }

  /** Closes the file if nobody has it pinned; it is opened again when needed. */
  synchronized boolean closeIfUnused() {
    if (!pins.compareAndSet(0, CLOSING)) {
      return false;
    }
    closeFile();
    pins.set(0);
    return true;
  }

  /** The open file; the caller has it pinned, and opened it if it was not. */
  StoredFile file() {
    return Check.found(file, "file of segment " + name);
  }

  int fileEnd() {
    return fileEnd;
  }

  /** Writes to the file, which the caller made. */
  void write(int offset, ByteBuffer bytes) {
    int end = offset + bytes.remaining();
    file().write(offset, bytes);
    fileEnd = Math.max(fileEnd, end);
  }

  /** Makes the file end there. */
  void cut(int end) {
    file().setLength(end);
    fileEnd = end;
  }

  @Nullable StoredFile fileIfOpen() {
    return file;
  }

  void setFile(StoredFile opened) {
    file = opened;
  }

  synchronized void closeFile() {
    var open = file;
    file = null;
    if (open != null) {
      open.close();
    }
  }

  /** Keeps the table of a batch for the footer. */
  void keepTable(long seq, int offset, ByteBuffer batch, int tableAt, int tableBytes) {
    int needed = groups.position() + FooterFormat.GROUP_BYTES + tableBytes;
    if (needed > groups.capacity()) {
      var grown = ByteBuffer.allocate(Math.max(needed, groups.capacity() * 2));
      grown.put(groups.flip());
      groups = grown;
    }
    groups.putLong(seq).putInt(offset).putInt(tableBytes);
    groups.put(groups.position(), batch, tableAt, tableBytes);
    groups.position(groups.position() + tableBytes);
  }
}

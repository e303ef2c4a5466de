package io.bascule.store.v2;

import io.bascule.core.volume.LockedVolume;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A volume of a pool. Safe for many threads.
 *
 * <p>Invariants: what is read was verified against its checksum, which covers where it belongs;
 * whatever changes part of a block holds the block's range exclusively from reading the rest of it
 * until the whole is visible; plain writes hold theirs shared.
 */
final class VolumeV2 implements Volume {
  private static final int BLOCK = UnitCodec.BLOCK_BYTES;

  /** Blocks that one TRIM record covers: keeps the log's leader busy for a moment only. */
  private static final long TRIM_BLOCKS = 1 << 17;

  /** How long a write waits while cleaning makes room, but others take it: less than hosts wait. */
  private static final long FULL_WAIT_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final VolumePool pool;
  private final Entry entry;
  private final RangeLocks locks;
  private volatile boolean closed;

  VolumeV2(VolumePool pool, Entry entry) {
    this.pool = pool;
    this.entry = entry;
    this.locks = entry.locks;
  }

  @Override
  public UUID uuid() {
    return entry.uuid;
  }

  @Override
  public long sizeBytes() {
    return entry.sizeBytes;
  }

  // Reading.

  @Override
  public void read(long offsetBytes, ByteBuffer destination) {
    checkRange(offsetBytes, destination.remaining());
    boolean _ = transfer(offsetBytes, destination, true);
  }

  @Override
  public int tryRead(long offsetBytes, ByteBuffer destination) {
    int wanted = destination.remaining();
    checkRange(offsetBytes, wanted);
    int position = destination.position();
    try {
      if (transfer(offsetBytes, destination, false)) {
        return wanted;
      }
    } catch (StoreException _) {
      // The blocking read meets the same, and reports it.
    }
    destination.position(position);
    return WOULD_BLOCK;
  }

  /** Fills the destination; false if that needs a disk and must not wait for one. */
  private boolean transfer(long offset, ByteBuffer destination, boolean wait) {
    long end = offset + destination.remaining();
    long at = offset;
    var mapping = Scratch.ofThread().mapping;
    while (at < end) {
      long block = at / BLOCK;
      int count = (int) Math.min(Leaves.BLOCKS, (end + BLOCK - 1) / BLOCK - block);
      if (!pool.index().lookup(entry, block, count, wait, mapping)) {
        return false;
      }
      for (int i = 0; i < mapping.pieces; i++) {
        int blocks = mapping.blocks[i];
        long to = Math.min(end, (block + blocks) * BLOCK);
        switch (piece(mapping.pointers[i], block, blocks, at, to, destination, wait)) {
          case OK -> at = to;
          case WOULD_BLOCK -> {
            return false;
          }
          case MISMATCH -> {
            i = mapping.pieces; // it moved meanwhile: look it up again
          }
        }
        block += blocks;
      }
    }
    return true;
  }

  /** Puts bytes {@code [from, to)} of the volume, inside one piece, into the destination. */
  private UnitReader.Result piece(
      long pointer,
      long block,
      int blocks,
      long from,
      long to,
      ByteBuffer destination,
      boolean wait) {
    int length = (int) (to - from);
    if (pointer == Pointer.HOLE) {
      zeroFill(destination, length);
      return UnitReader.Result.OK;
    }
    if (Pointer.isDamaged(pointer)) {
      throw corrupt(block, pointer, Scrubber.lost(1));
    }
    int needed = Math.min(blocks, (int) ((to + BLOCK - 1) / BLOCK - block));
    var result =
        from == block * BLOCK && length == needed * BLOCK
            ? fetch(pointer, block, needed, destination, wait)
            : fetchPart(
                pointer, block, needed, (int) (from - block * BLOCK), length, destination, wait);
    if (result == UnitReader.Result.MISMATCH && isStillThere(pointer, block, needed)) {
      throw corrupt(block, pointer, "does not fit its checksum");
    }
    return result;
  }

  /** Puts bytes of blocks into the destination, not all of the first and the last one. */
  private UnitReader.Result fetchPart(
      long pointer,
      long block,
      int blocks,
      int skip,
      int length,
      ByteBuffer destination,
      boolean wait) {
    var whole = Scratch.ofThread().unit.clear();
    var result = fetch(pointer, block, blocks, whole, wait);
    if (result == UnitReader.Result.OK) {
      destination.put(destination.position(), whole, skip, length);
      destination.position(destination.position() + length);
    }
    return result;
  }

  private UnitReader.Result fetch(
      long pointer, long block, int blocks, ByteBuffer destination, boolean wait) {
    var segment = pool.segments().pin(Pointer.slot(pointer));
    if (segment == null) {
      return UnitReader.Result.MISMATCH;
    }
    try {
      var reader = Scratch.ofThread().reader;
      var known = pool.knownChecksums();
      return reader.readTo(
          destination, segment, known, pointer, entry.family, block, blocks, !wait);
    } finally {
      segment.unpin();
    }
  }

  /**
   * Whether the index still says so of all the blocks, and the segment is there: then something of
   * it is damaged.
   */
  private boolean isStillThere(long pointer, long block, int blocks) {
    var mapping = new Index.Mapping();
    boolean _ = pool.index().lookup(entry, block, blocks, true, mapping);
    if (mapping.pointers[0] != pointer || mapping.blocks[0] < blocks) {
      return false;
    }
    var segment = pool.segments().pin(Pointer.slot(pointer));
    if (segment == null) {
      if (pool.segments().get(Pointer.slot(pointer)) == null) {
        throw corrupt(block, pointer, "is in a segment that is gone");
      }
      Thread.onSpinWait(); // its file is being closed, and will be opened again
      return false;
    }
    try {
      // Between the first lookup and the read it may have moved away and something else come.
      var reader = Scratch.ofThread().reader;
      var again = reader.read(segment.file(), pointer, entry.family, block, blocks, false);
      return again != UnitReader.Result.OK;
    } finally {
      segment.unpin();
    }
  }

  private StoreException.Corrupt corrupt(long block, long pointer, String what) {
    pool.metByReading(entry, block, pointer, what);
    return new StoreException.Corrupt(
        "volume %s block %d (%s) %s".formatted(entry.uuid, block, Pointer.text(pointer), what));
  }

  private static void zeroFill(ByteBuffer destination, int length) {
    int end = destination.position() + length;
    while (end - destination.position() >= Long.BYTES) {
      destination.putLong(0);
    }
    while (destination.position() < end) {
      destination.put((byte) 0);
    }
  }

  // Writing.

  @Override
  public void write(long offsetBytes, ByteBuffer source, boolean fua) {
    int length = source.remaining();
    checkRange(offsetBytes, length);
    checkWritable();
    if (length > 0) {
      boolean exclusive = !isAligned(offsetBytes, length);
      locks.lock(offsetBytes, length, exclusive);
      try {
        writeLocked(offsetBytes, source);
      } finally {
        locks.unlock(offsetBytes, length, exclusive);
      }
    }
    if (fua) {
      flush();
    }
  }

  private static boolean isAligned(long offset, long length) {
    return (offset | length) % BLOCK == 0;
  }

  private void writeLocked(long offset, ByteBuffer source) {
    checkOpen(); // once more: a rollback waits for the lock, and nothing may come after it
    long deadlineNanos = System.nanoTime() + FULL_WAIT_NANOS;
    while (true) {
      boolean room = pool.awaitRoom();
      try {
        writeOnce(offset, source);
        source.position(source.limit());
        return;
      } catch (StoreException.Full e) {
        // Others may have taken the room that cleaning made; what got there is written again.
        if ((!room && pool.isHopeless()) || System.nanoTime() - deadlineNanos > 0) {
          throw e;
        }
      }
    }
  }

  private void writeOnce(long offset, ByteBuffer source) {
    int length = source.remaining();
    boolean aligned = isAligned(offset, length) && (source.isDirect() || source.hasArray());
    long end = offset + length;
    long at = offset;
    LogWriter.Batch last = null;
    while (at < end) {
      long chunk = at / UnitEncoder.CHUNK_BYTES;
      long to = Math.min(end, (chunk + 1) * UnitEncoder.CHUNK_BYTES);
      int from = source.position() + (int) (at - offset);
      var batch = aligned ? put(at, to, source, from) : putMerged(at, to, source, from);
      if (last != null && last != batch) {
        pool.log().await(last);
      }
      last = batch;
      at = to;
    }
    if (last != null) {
      pool.log().await(last);
    }
  }

  /** Puts whole blocks into the log. */
  private LogWriter.Batch put(long from, long to, ByteBuffer source, int at) {
    long lba = from / BLOCK;
    int blocks = (int) ((to - from) / BLOCK);
    pool.index().touch(entry, lba, blocks);
    var encoder = Scratch.ofThread().encoder();
    encoder.encode(entry, lba, blocks, source, at, pool.settings().compress());
    int records = encoder.records();
    return pool.log().append(encoder.bytes(), records, records * LogRecord.HEAD_BYTES, encoder);
  }

  /** The same for pieces of blocks, whose rest stays what it is; the range is held exclusively. */
  private LogWriter.Batch putMerged(long from, long to, ByteBuffer source, int at) {
    long first = from / BLOCK * BLOCK;
    long end = (to + BLOCK - 1) / BLOCK * BLOCK;
    var merged = Scratch.ofThread().aligned();
    if (first < from) {
      readBlock(first, merged, 0);
    }
    if (to < end && (end - BLOCK != first || first == from)) {
      readBlock(end - BLOCK, merged, (int) (end - BLOCK - first));
    }
    merged.put((int) (from - first), source, at, (int) (to - from));
    return put(first, end, merged, 0);
  }

  private void readBlock(long offset, ByteBuffer into, int at) {
    into.limit(at + BLOCK).position(at);
    boolean _ = transfer(offset, into, true);
    into.clear();
  }

  @Override
  public void trim(long offsetBytes, long lengthBytes) {
    checkRange(offsetBytes, lengthBytes);
    checkWritable();
    if (lengthBytes == 0) {
      return;
    }
    boolean exclusive = !isAligned(offsetBytes, lengthBytes);
    locks.lock(offsetBytes, lengthBytes, exclusive);
    try {
      trimLocked(offsetBytes, lengthBytes);
    } finally {
      locks.unlock(offsetBytes, lengthBytes, exclusive);
    }
  }

  /** What is trimmed reads as zeros in any case. */
  @Override
  public void zero(long offsetBytes, long lengthBytes) {
    trim(offsetBytes, lengthBytes);
  }

  private void trimLocked(long offset, long length) {
    checkOpen();
    long end = offset + length;
    long first = (offset + BLOCK - 1) / BLOCK;
    // Nothing lies behind the end of the volume, so a last piece of a block is all of it.
    long last = (end == entry.sizeBytes ? end + BLOCK - 1 : end) / BLOCK;
    if (first > last) {
      zeroPart(offset, end);
      return;
    }
    zeroPart(offset, Math.min(end, first * BLOCK));
    for (long at = first; at < last; at += TRIM_BLOCKS) {
      long blocks = Math.min(TRIM_BLOCKS, last - at);
      long lba = at;
      pool.index().touch(entry, lba, blocks);
      pool.log()
          .control(
              (batch, to) ->
                  LogRecord.putHead(
                      batch,
                      to,
                      LogRecord.TRIM,
                      UnitCodec.RAW,
                      0,
                      entry.number,
                      entry.family,
                      0,
                      lba,
                      blocks),
              0);
    }
    zeroPart(Math.max(offset, last * BLOCK), end);
  }

  /** Zeros a piece of one block, if there is anything; its range is held exclusively. */
  private void zeroPart(long from, long to) {
    if (from >= to) {
      return;
    }
    var mapping = Scratch.ofThread().mapping;
    boolean _ = pool.index().lookup(entry, from / BLOCK, 1, true, mapping);
    if (mapping.pointers[0] != Pointer.HOLE) {
      var zeros = ByteBuffer.allocate((int) (to - from));
      pool.log().await(putMerged(from, to, zeros, 0));
    }
  }

  @Override
  public void flush() {
    checkOpen();
    pool.flush();
  }

  @Override
  public <T> T atomically(long offsetBytes, long lengthBytes, AtomicOperation<T> operation) {
    checkRange(offsetBytes, lengthBytes);
    var locked = new Locked(offsetBytes, lengthBytes);
    locks.lock(offsetBytes, lengthBytes, true);
    T result;
    try {
      checkOpen();
      result = operation.run(locked);
    } finally {
      locks.unlock(offsetBytes, lengthBytes, true);
    }
    if (locked.flushDue()) {
      flush(); // only now: a slow disk must not keep others off the range
    }
    return result;
  }

  // What is there.

  @Override
  public long allocatedBytes() {
    return entry.mappedBlocks * BLOCK;
  }

  @Override
  public List<Extent> extents(long offsetBytes, long lengthBytes) {
    checkRange(offsetBytes, lengthBytes);
    long end = offsetBytes + lengthBytes;
    var extents = new ArrayList<Extent>();
    var mapping = new Index.Mapping();
    long from = -1;
    long to = -1;
    long block = offsetBytes / BLOCK;
    long last = (end + BLOCK - 1) / BLOCK;
    while (block < last) {
      int count = (int) Math.min(Leaves.BLOCKS, last - block);
      boolean _ = pool.index().lookup(entry, block, count, true, mapping);
      for (int i = 0; i < mapping.pieces; i++) {
        if (mapping.pointers[i] != Pointer.HOLE) {
          if (to != block) {
            addExtent(extents, from, to, offsetBytes, end);
            from = block;
          }
          to = block + mapping.blocks[i];
        }
        block += mapping.blocks[i];
      }
    }
    addExtent(extents, from, to, offsetBytes, end);
    return List.copyOf(extents);
  }

  private static void addExtent(
      List<Extent> extents, long fromBlock, long toBlock, long offset, long end) {
    long from = Math.max(offset, fromBlock * BLOCK);
    long to = Math.min(end, toBlock * BLOCK);
    if (fromBlock >= 0 && from < to) {
      extents.add(new Extent(from, to - from));
    }
  }

  @Override
  public void close() {
    closed = true;
    pool.closed(this);
  }

  private void checkOpen() {
    if (closed || pool.isLeft()) {
      throw new StoreException.Io(
          "volume " + entry.uuid + " is closed", new ClosedChannelException());
    }
  }

  private void checkWritable() {
    if (entry.kind == Entry.Kind.SNAPSHOT) {
      throw new StoreException.Io(
          "snapshot " + entry.uuid + " is read-only", new UnsupportedOperationException("write"));
    }
  }

  @Override
  public void checkRange(long offsetBytes, long lengthBytes) {
    checkOpen();
    Volume.super.checkRange(offsetBytes, lengthBytes);
  }

  /** The volume as an atomic operation sees it: the range is locked already, the rest is out. */
  private final class Locked extends LockedVolume {
    Locked(long offsetBytes, long lengthBytes) {
      super(VolumeV2.this, offsetBytes, lengthBytes);
    }

    @Override
    protected void writeInside(long offsetBytes, ByteBuffer source) {
      checkWritable();
      writeLocked(offsetBytes, source);
    }

    @Override
    protected void trimInside(long offsetBytes, long lengthBytes) {
      checkWritable();
      if (lengthBytes > 0) {
        trimLocked(offsetBytes, lengthBytes);
      }
    }
  }
}

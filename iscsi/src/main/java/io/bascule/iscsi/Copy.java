package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An EXTENDED COPY on its way, and what is told of it later. It goes in turns, each at most {@link
 * #TURN_BYTES} in the pool, so that others have their turns too.
 *
 * <p>Owned by whoever holds the connection's lock; while its task is in the pool the pool has it,
 * but for what {@link #status} tells.
 *
 * <p>Invariant: {@code doneBytes} of the segment at {@code index} are copied, and all before it.
 */
final class Copy {
  /** What one turn copies: at 1 GB/s a pool's thread is busy for 4 ms. */
  static final int TURN_BYTES = 4 << 20;

  private static final ByteBuffer ZEROS =
      ByteBuffer.allocateDirect(SlowWork.COLD_BYTES).asReadOnlyBuffer();

  // COPY MANAGER STATUS (SPC-4, 6.23).
  private static final int IN_PROGRESS = 0x00;
  private static final int DONE = 0x01;
  private static final int DONE_WITH_ERRORS = 0x02;

  /** The list identifier, or {@link CopyList#NO_ID}. */
  final int id;

  private CopyList list;
  private int index;
  private int doneBytes;

  /** Written by the pool, read by who asks how far it is. */
  private volatile long copiedBytes;

  /** Set when its host is preempted at a volume that it copies from or to. */
  private volatile boolean preempted;

  /** How it ended, once it has. */
  private boolean ended;

  private @Nullable Sense failure;

  // The segment at hand.
  private @Nullable Volume from;
  private @Nullable Volume to;
  private long fromOffset;
  private long toOffset;
  private int lengthBytes;

  Copy(CopyList list) {
    this.list = list;
    id = list.id();
  }

  /** The segment at hand; null once all are copied. */
  CopyList.@Nullable Segment segment() {
    return index < list.segments().size() ? list.segments().get(index) : null;
  }

  /** What the segments say between which they go. */
  List<CopyList.Target> targets() {
    return list.targets();
  }

  /** Where the segment at hand lies, looked up anew before every turn. */
  void locate(Volume source, Volume destination, CopyList.Segment segment) {
    from = source;
    to = destination;
    fromOffset = segment.fromLba() * Volume.BLOCK_BYTES;
    toOffset = segment.toLba() * Volume.BLOCK_BYTES;
    lengthBytes = segment.blocks() * Volume.BLOCK_BYTES;
  }

  /** Whether the segment at hand is copied from or to that volume. */
  boolean isAt(UUID volume) {
    return from != null && from.uuid().equals(volume) || to != null && to.uuid().equals(volume);
  }

  /** Its turn, if it has one, ends soon, and is the last. */
  void preempt() {
    preempted = true;
  }

  boolean preempted() {
    return preempted;
  }

  /** Whether anything was copied. */
  boolean begun() {
    return copiedBytes > 0;
  }

  /** In the pool: one turn of the segment at hand, or less of it if {@code stop} says so. */
  @Nullable Sense turn(Buffers buffers, BooleanSupplier stop) {
    ByteBuffer taken = buffers.take();
    ByteBuffer buffer = taken == null ? ByteBuffer.allocate(SlowWork.COLD_BYTES) : taken;
    try {
      int most = Math.min(lengthBytes - doneBytes, TURN_BYTES);
      for (int turn = 0; turn < most && !preempted && !stop.getAsBoolean(); ) {
        turn += piece(buffer);
      }
      return null;
    } catch (StoreException e) {
      var unused = Nexus.storeFailure(e, true);
      return Sense.COPY_TARGET_FAILURE;
    } finally {
      if (taken != null) {
        buffers.give(taken);
      }
    }
  }

  private int piece(ByteBuffer buffer) {
    Volume source = Objects.requireNonNull(from);
    Volume destination = Objects.requireNonNull(to);
    int bytes = Math.min(lengthBytes - doneBytes, buffer.capacity());
    int at = backwards(source, destination) ? lengthBytes - doneBytes - bytes : doneBytes;
    source.read(fromOffset + at, buffer.clear().limit(bytes));
    buffer.flip();
    if (buffer.mismatch(ZEROS.slice(0, bytes)) < 0) {
      destination.trim(toOffset + at, bytes); // what is thin stays thin
    } else {
      destination.write(toOffset + at, buffer, false);
    }
    doneBytes += bytes;
    copiedBytes = copiedBytes + bytes;
    return bytes;
  }

  /** Ranges that overlap are copied from the end that is not read any more. */
  private boolean backwards(Volume source, Volume destination) {
    return source.uuid().equals(destination.uuid())
        && toOffset > fromOffset
        && toOffset < fromOffset + lengthBytes;
  }

  /** After a turn: goes to the next segment if this one is through. */
  void turnEnded() {
    if (doneBytes == lengthBytes) {
      index++;
      doneBytes = 0;
    }
  }

  void end(@Nullable Sense how) {
    ended = true;
    failure = how;
  }

  boolean ended() {
    return ended;
  }

  /** Nothing is copied any more. What is told of it stays, for as long as the session. */
  void forget() {
    list = CopyList.NOTHING;
    from = null;
    to = null;
  }

  @Nullable Sense failure() {
    return failure;
  }

  /** At which segment it failed. */
  SenseDetail detail() {
    return SenseDetail.segment(index);
  }

  /** COPY STATUS. There is no data that is held for the host: it has all been discarded (HDD). */
  void status(ByteBuffer out) {
    int status = !ended ? IN_PROGRESS : failure == null ? DONE : DONE_WITH_ERRORS;
    out.putInt(8);
    out.put((byte) (0x80 | status)).putShort((short) index);
    out.put((byte) 0).putInt((int) copiedBytes); // in bytes: of a whole list they fit
  }
}

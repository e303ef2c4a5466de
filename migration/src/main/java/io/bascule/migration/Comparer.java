package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;

/**
 * Compares one volume in both formats, region by region under its lock, pass after pass until one
 * is clean. What differs is marked for copying: format 1 is right. Used by one thread at a time.
 */
final class Comparer {
  static final int BATCH_REGIONS = 8;
  static final int BATCH_BYTES = BATCH_REGIONS * Regions.BYTES;

  /** Extents are asked for so much at once. */
  static final int SPAN_REGIONS = 1024;

  private final MirroredVolume volume;
  private final Mirror mirror;
  private final ModeSwitch modes;
  private final LongConsumer onMismatch;

  private long next;
  private long spanEnd;
  private final BitSet worth = new BitSet(SPAN_REGIONS);

  /** Something was skipped or differed: this pass proves nothing as a whole. */
  private boolean blemished;

  /** What was found damaged before this pass began; if more is, the pass proves nothing. */
  private long damages;

  private volatile long comparedRegions;

  /**
   * @param onMismatch told where both differ; the region is marked already
   */
  Comparer(MirroredVolume volume, Mirror mirror, ModeSwitch modes, LongConsumer onMismatch) {
    this.volume = volume;
    this.mirror = mirror;
    this.modes = modes;
    this.onMismatch = onMismatch;
    this.damages = mirror.marks().damages();
  }

  /** A pass came to its end and found no difference anywhere, nor was damage found since. */
  boolean isClean() {
    return mirror.marks().isVerified();
  }

  /** How far the pass is, in regions. */
  long comparedRegions() {
    return comparedRegions;
  }

  private void restart() {
    damages = mirror.marks().damages();
    next = 0;
    spanEnd = 0;
    blemished = false;
    comparedRegions = 0;
  }

  /**
   * Compares the next regions that hold anything.
   *
   * @param most so many at once, at most {@link #BATCH_REGIONS}
   * @return bytes compared; 0 if only holes were passed, or nothing is to be compared now
   * @throws StoreException if format 1 cannot be read
   */
  long step(Pool.Buffers buffers, int most) {
    if (damages != mirror.marks().damages()) {
      restart();
    }
    Check.that(!isClean(), "volume %s is compared already", volume.uuid());
    Mode mode = modes.enterWrite();
    try {
      if (!mode.service().mirrors()) {
        return 0;
      }
      if (next == mirror.marks().regions()) {
        endPass();
        return 0;
      }
      if (next >= spanEnd && !beginSpan()) {
        return 0;
      }
      return compareNext(buffers, most);
    } finally {
      mode.endWrite();
    }
  }

  private void endPass() {
    var verified = new AtomicBoolean();
    boolean recorded =
        blemished
            || mirror
                .guard()
                .mark(
                    "recording a whole comparison",
                    () -> verified.set(mirror.marks().markVerified(damages)));
    if (recorded && !verified.get()) {
      restart();
    }
  }

  /** Finds what of the next span is worth reading: what either format has, and what is marked. */
  private boolean beginSpan() {
    var marks = mirror.marks();
    long count = Math.min(SPAN_REGIONS, marks.regions() - next);
    long from = next * Regions.BYTES;
    long length = Regions.end(next + count - 1, volume.first().sizeBytes()) - from;
    var found = new BitSet(SPAN_REGIONS);
    if (!mirror.guard().call("listing format 2", () -> add(found, from, mirror.second(), length))) {
      return false;
    }
    worth.clear();
    worth.or(found);
    add(worth, from, volume.first(), length);
    for (int i = 0; i < count; i++) {
      if (marks.anyMarked(next + i, 1)) {
        worth.set(i);
      }
    }
    spanEnd = next + count;
    return true;
  }

  static void add(BitSet regions, long from, Volume volume, long length) {
    for (var extent : volume.extents(from, length)) {
      long start = (extent.offsetBytes() - from) / Regions.BYTES;
      long end =
          (extent.offsetBytes() + extent.lengthBytes() - from + Regions.BYTES - 1) / Regions.BYTES;
      regions.set((int) start, (int) end);
    }
  }

  private long compareNext(Pool.Buffers buffers, int most) {
    long spanStart = spanEnd - (spanEnd - 1) % SPAN_REGIONS - 1;
    int at = worth.nextSetBit((int) (next - spanStart));
    if (at < 0 || spanStart + at >= spanEnd) {
      next = spanEnd;
      comparedRegions = next;
      return 0;
    }
    long first = spanStart + at;
    int limit = (int) Math.min(most, spanEnd - first);
    int count = Math.min(limit, worth.nextClearBit(at) - at);
    long from = first * Regions.BYTES;
    int length = (int) (Regions.end(first + count - 1, volume.first().sizeBytes()) - from);
    var one = buffers.one();
    var two = buffers.two();
    // Both without the lock first, so that a disk is waited for only here.
    if (volume.first().tryRead(from, one.clear().limit(length)) != length) {
      volume.first().read(from, one.clear().limit(length));
    }
    readSecond(from, 0, length, two);
    compareLocked(first, count, from, length, one, two);
    next = first + count;
    comparedRegions = next;
    return length;
  }

  /**
   * What format 2 holds from there plus {@code at} on, at the same place of the buffer; false if it
   * is damaged there. Nothing counts any more if it is lost.
   */
  private boolean readSecond(long from, int at, int length, ByteBuffer two) {
    var sound =
        mirror
            .guard()
            .ask(
                "reading format 2",
                () -> {
                  try {
                    mirror.second().read(from + at, two.clear().limit(at + length).position(at));
                    return true;
                  } catch (StoreException.Corrupt e) {
                    return false;
                  }
                });
    return sound == null || sound;
  }

  private void compareLocked(
      long first, int count, long from, int length, ByteBuffer one, ByteBuffer two) {
    try (var held = volume.locks().exclusive(first, count)) {
      boolean sound = readSecond(from, 0, length, two);
      if (mirror.guard().isLost()) {
        blemished = true;
        return;
      }
      volume.first().read(from, one.clear().limit(length));
      for (int i = 0; i < count; i++) {
        // Where one is damaged the others are not.
        int at = i * Regions.BYTES;
        int bytes = Math.min(Regions.BYTES, length - at);
        boolean soundHere = sound || readSecond(from, at, bytes, two);
        compareRegion(first + i, at, bytes, one, soundHere ? two.clear() : null);
      }
    }
  }

  private void compareRegion(
      long region,
      int at,
      int bytes,
      ByteBuffer one,
      @org.jspecify.annotations.Nullable ByteBuffer two) {
    if (mirror.guard().isLost() || mirror.marks().anyNeedsCopy(region, 1)) {
      blemished = true; // it will be copied, and compared in the next pass
      return;
    }
    if (two != null && one.slice(at, bytes).equals(two.slice(at, bytes))) {
      return;
    }
    blemished = true;
    mirror.guard().mark("marking a difference", () -> mirror.marks().needsCopy(region, 1));
    onMismatch.accept(region * Regions.BYTES);
  }
}

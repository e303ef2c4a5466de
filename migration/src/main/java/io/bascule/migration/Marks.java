package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.migration.MarkFile.Header;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Where the two formats of one volume may differ, as durable as the difference (I3). A region is
 *
 * <pre>
 *  clean       both formats hold the same, on stable storage
 *  INTENT      both formats hold the same unless a write is under way or a process died in one:
 *              written to the file before the write, kept until it is proven not to matter
 *  NEEDS_COPY  format 2 is not to be used; until it is copied, writes go to format 1 alone
 * </pre>
 *
 * The file has one bit a region, for it tells a later process only whether to copy again. It goes
 * through the page cache like the writes themselves, so after another boot of the machine it counts
 * for nothing, and everything is marked. A volume that was not scanned to its end is marked from
 * there on.
 *
 * <p>The proof that clears INTENT: {@link #beginProof}, sync format 1, sync format 2, then {@link
 * #clearProven} what was not written since, nor just before: a region that is written again and
 * again stays marked, so that its writes need not wait for a mark after each proof.
 *
 * <p>Any thread may ask. Changes of a region are made by whoever holds its lock: exclusive, but for
 * {@link #touch} and for what only tells a later process more than it must know.
 *
 * <p>Invariants: NEEDS_COPY implies marked; what is marked in memory is marked in the file.
 */
final class Marks implements AutoCloseable {
  private static final int READ_LINES = 1024;

  private final StoredFile file;
  private final UUID volume;
  private final long sizeBytes;
  private final long regions;
  private final UUID bootId;
  private final AtomicReferenceArray<Line> lines;
  private final AtomicLong needsCopy = new AtomicLong();

  /** Every region from here on is NEEDS_COPY, whatever its line says. Only grows. */
  private volatile long scannedRegions;

  /** Changed under this object's lock, like {@link #damages}. */
  private volatile boolean verified;

  private long damages;

  private Marks(StoredFile file, UUID volume, long sizeBytes, UUID bootId) {
    this.file = file;
    this.volume = volume;
    this.sizeBytes = sizeBytes;
    this.bootId = bootId;
    this.regions = Regions.inVolume(sizeBytes);
    long count = (regions + MarkFile.LINE_REGIONS - 1) / MarkFile.LINE_REGIONS;
    this.lines = new AtomicReferenceArray<>(Math.toIntExact(count));
  }

  /** New marks of a volume, everything NEEDS_COPY until it is scanned. Replaces those there are. */
  static Marks create(Directory directory, UUID volume, long sizeBytes, UUID bootId) {
    String name = MarkFile.name(volume);
    directory.delete(name);
    var marks = new Marks(directory.create(name), volume, sizeBytes, bootId);
    marks.orClose(marks::writeHeader);
    return marks;
  }

  /**
   * The marks that another process kept: INTENT has become NEEDS_COPY; after another boot
   * everything has, and is to be scanned again.
   *
   * @throws StoreException.Corrupt if they are of another volume
   */
  static Marks open(Directory directory, UUID volume, long sizeBytes, UUID bootId) {
    var marks = new Marks(directory.open(MarkFile.name(volume)), volume, sizeBytes, bootId);
    marks.orClose(marks::load);
    return marks;
  }

  private void orClose(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private void load() {
    boolean kept = syncs();
    var content = ByteBuffer.allocate(MarkFile.HEADER_BYTES);
    file.read(0, content);
    var found = Header.decode(content.array(), MarkFile.name(volume));
    if (found.isPresent()) {
      var header = found.get();
      if (!header.volume().equals(volume) || header.sizeBytes() != sizeBytes) {
        throw new StoreException.Corrupt(
            "the marks of volume %s (%d bytes) are of %s (%d bytes)"
                .formatted(volume, sizeBytes, header.volume(), header.sizeBytes()));
      }
      kept &= header.complete() && header.bootId().equals(bootId);
      verified = kept && header.verified();
    } else {
      kept = false;
    }
    if (kept) {
      loadLines();
      scannedRegions = regions;
    } else {
      writeHeader(); // not complete: whoever comes next does not believe the lines either
    }
  }

  /** A failed writeback may have lost marks; whoever opens the file first is told. */
  private boolean syncs() {
    try {
      file.sync();
      return true;
    } catch (StoreException e) {
      System.getLogger(Marks.class.getName())
          .log(System.Logger.Level.WARNING, "the marks of volume " + volume + " may be lost", e);
      return false;
    }
  }

  private void loadLines() {
    var buffer = ByteBuffer.allocate(READ_LINES * MarkFile.LINE_BYTES);
    byte[] content = new byte[MarkFile.LINE_BYTES];
    for (int first = 0; first < lines.length(); first += READ_LINES) {
      int count = Math.min(READ_LINES, lines.length() - first);
      file.read(MarkFile.lineOffset(first), buffer.clear().limit(count * MarkFile.LINE_BYTES));
      buffer.flip();
      for (int n = first; n < first + count; n++) {
        buffer.get(content);
        long[] marked = MarkFile.decodeLine(n, content);
        cutToVolume(n, marked);
        if (bits(marked) > 0) {
          var line = new Line(n);
          line.load(marked);
          lines.set(n, line);
          needsCopy.addAndGet(bits(marked));
        }
      }
    }
  }

  private void cutToVolume(int number, long[] marked) {
    for (int i = 0; i < marked.length; i++) {
      long first = (long) number * MarkFile.LINE_REGIONS + (long) i * Long.SIZE;
      marked[i] &= mask(0, Math.clamp(regions - first, 0, Long.SIZE));
    }
  }

  private static long bits(long[] words) {
    long sum = 0;
    for (long word : words) {
      sum += Long.bitCount(word);
    }
    return sum;
  }

  private synchronized void writeHeader() {
    boolean complete = isScanned();
    file.write(0, new Header(volume, sizeBytes, bootId, complete, verified).encode());
  }

  long regions() {
    return regions;
  }

  boolean isScanned() {
    return scannedRegions == regions;
  }

  long scannedRegions() {
    return scannedRegions;
  }

  /** Regions that are NEEDS_COPY as far as the volume is scanned. */
  long needsCopyRegions() {
    return needsCopy.get();
  }

  /**
   * Whether both formats were compared as a whole since all was last marked, and since format 2 was
   * last found damaged.
   */
  boolean isVerified() {
    return verified;
  }

  /** How often format 2 was found damaged; a comparison says nothing about what came later. */
  synchronized long damages() {
    return damages;
  }

  /**
   * Both were compared as a whole.
   *
   * @param damagesBefore what {@link #damages} was as that began
   * @return false if it has to begin again
   */
  synchronized boolean markVerified(long damagesBefore) {
    Check.that(isScanned(), "volume %s is verified but not scanned", volume);
    if (damages != damagesBefore) {
      return false;
    }
    verified = true;
    writeHeader();
    return true;
  }

  /**
   * Format 2 is damaged there: NEEDS_COPY, and what was compared is to be compared again. The file
   * says the latter first, so that no later process takes the new copy for compared.
   */
  void damaged(long first, long count) {
    synchronized (this) {
      damages++;
      if (verified) {
        verified = false;
        writeHeader();
      }
    }
    needsCopy(first, count);
  }

  boolean anyNeedsCopy(long first, long count) {
    return first + count > scannedRegions || any(first, count, Line.NEEDS_COPY, true);
  }

  boolean allNeedCopy(long first, long count) {
    long known = Math.clamp(scannedRegions - first, 0, count);
    return !any(first, known, Line.NEEDS_COPY, false);
  }

  /** Whether no region of the range is clean. */
  boolean allMarked(long first, long count) {
    long known = Math.clamp(scannedRegions - first, 0, count);
    return !any(first, known, Line.MARKED, false);
  }

  private boolean any(long first, long count, int what, boolean wanted) {
    for (long region = first; region < first + count; ) {
      long inWord = Math.min(first + count - region, Long.SIZE - region % Long.SIZE);
      long mask = mask(region % Long.SIZE, inWord);
      var line = lines.get(lineOf(region));
      long word = line == null ? 0 : line.word(what, wordOf(region));
      if ((word & mask) != (wanted ? 0 : mask)) {
        return true;
      }
      region += inWord;
    }
    return false;
  }

  /**
   * The first region from {@code from} on that is NEEDS_COPY, {@link #regions} if there is none. A
   * region not scanned is none.
   */
  long nextNeedsCopy(long from) {
    long end = scannedRegions;
    for (long region = from; region < end; ) {
      var line = lines.get(lineOf(region));
      if (line == null) {
        region = (region / MarkFile.LINE_REGIONS + 1) * MarkFile.LINE_REGIONS;
        continue;
      }
      long word = line.word(Line.NEEDS_COPY, wordOf(region)) & (-1L >>> (int) (region % Long.SIZE));
      long wordStart = region - region % Long.SIZE;
      if (word != 0) {
        long found = wordStart + Long.numberOfLeadingZeros(word);
        return found < end ? found : regions;
      }
      region = wordStart + Long.SIZE;
    }
    return regions;
  }

  /** Before a write to both: the clean regions of the range become INTENT. */
  void intent(long first, long count) {
    Check.that(!anyNeedsCopy(first, count), "intent for regions that need copying at %d", first);
    mark(first, count, false);
  }

  /** Format 2 does not have what format 1 has, or may not have it. */
  void needsCopy(long first, long count) {
    mark(first, Math.clamp(scannedRegions - first, 0, count), true);
  }

  private void mark(long first, long count, boolean needsCopyToo) {
    for (long region = first; region < first + count; ) {
      long inLine = Math.min(first + count - region, lineRegionsFrom(region));
      var line = lineFor(region);
      synchronized (line) {
        long[] add = maskInLine(region, inLine);
        line.mark(add);
        if (needsCopyToo) {
          needsCopy.addAndGet(line.set(Line.NEEDS_COPY, add));
        }
      }
      region += inLine;
    }
  }

  /** The regions were NEEDS_COPY and are in format 2 now, though not on stable storage. */
  void copied(long first, long count) {
    touch(first, count);
    for (long region = first; region < first + count; ) {
      long inLine = Math.min(first + count - region, lineRegionsFrom(region));
      var line = lineFor(region);
      synchronized (line) {
        long changed = line.clear(Line.NEEDS_COPY, maskInLine(region, inLine));
        Check.that(changed == inLine, "%d of %d regions needed copying", changed, inLine);
        needsCopy.addAndGet(-changed);
      }
      region += inLine;
    }
  }

  /** The regions were just written: no proof that has begun says anything about them. */
  void touch(long first, long count) {
    for (long region = first; region < first + count; ) {
      long inLine = Math.min(first + count - region, lineRegionsFrom(region));
      var line = lineFor(region);
      line.set(Line.TOUCHED, maskInLine(region, inLine));
      region += inLine;
    }
  }

  /** From now on, what is written counts as written since. */
  void beginProof() {
    for (int n = 0; n < lines.length(); n++) {
      var line = lines.get(n);
      if (line != null) {
        line.beginProof();
      }
    }
  }

  /**
   * After both formats were synced: INTENT regions written neither since {@link #beginProof} nor
   * between the one before and that become clean. Those that somebody has locked stay as they are.
   *
   * @param guard writes the file: the locks are held by this thread, which must not get stuck
   * @return how many became clean
   */
  long clearProven(RegionLocks locks, FormatTwoGuard guard) {
    long cleared = 0;
    for (int n = 0; n < lines.length() && !guard.isLost(); n++) {
      var line = lines.get(n);
      if (line != null && line.anyProvable()) {
        cleared += clearProven(line, locks, guard);
      }
    }
    return cleared;
  }

  private long clearProven(Line line, RegionLocks locks, FormatTwoGuard guard) {
    long first = (long) line.number * MarkFile.LINE_REGIONS;
    long[] proven = new long[MarkFile.LINE_LONGS];
    var held = new ArrayList<RegionLocks.Held>();
    try {
      for (int w = 0; w < MarkFile.LINE_LONGS; w++) {
        for (long left = line.provable(w); left != 0; ) {
          int bit = Long.numberOfLeadingZeros(left);
          left &= ~mask(bit, 1);
          var lock = locks.tryExclusive(first + (long) w * Long.SIZE + bit, 1);
          if (lock != null) {
            held.add(lock);
            // Looked at again: it was not locked before.
            proven[w] |= line.provable(w) & mask(bit, 1);
          }
        }
      }
      boolean written = bits(proven) > 0 && guard.mark("clearing marks", () -> line.unmark(proven));
      return written ? bits(proven) : 0;
    } finally {
      held.forEach(RegionLocks.Held::close);
    }
  }

  /** Whether a region of the span is marked, or may be: what is worth comparing beside extents. */
  boolean anyMarked(long first, long count) {
    return first + count > scannedRegions || any(first, count, Line.MARKED, true);
  }

  /** Marked regions, as far as the volume is scanned. */
  long markedRegions() {
    return needsCopyRegions() + intentRegions();
  }

  /** INTENT regions there are. */
  long intentRegions() {
    long sum = 0;
    for (int n = 0; n < lines.length(); n++) {
      var line = lines.get(n);
      for (int w = 0; line != null && w < MarkFile.LINE_LONGS; w++) {
        sum += Long.bitCount(line.word(Line.MARKED, w) & ~line.word(Line.NEEDS_COPY, w));
      }
    }
    return sum;
  }

  /**
   * The next span is scanned, under its exclusive lock: the regions that {@code allocated} has, bit
   * by bit from the span's first, need copying, the others are the same in both.
   */
  void scanned(int count, BitSet allocated) {
    long first = scannedRegions;
    Check.that(first + count <= regions, "scanned %d regions from %d", count, first);
    for (int i = allocated.nextSetBit(0); i >= 0 && i < count; ) {
      int end = Math.min(count, allocated.nextClearBit(i));
      mark(first + i, end - i, true);
      i = allocated.nextSetBit(end);
    }
    scannedRegions = first + count;
  }

  /** Every region was scanned; the file says so when this returns, durably. */
  void scanComplete() {
    Check.that(isScanned(), "scanned %d of %d regions", scannedRegions, regions);
    file.sync();
    writeHeader();
    file.sync();
  }

  void sync() {
    file.sync();
  }

  @Override
  public void close() {
    file.close();
  }

  private static int lineOf(long region) {
    return (int) (region / MarkFile.LINE_REGIONS);
  }

  private static int wordOf(long region) {
    return (int) (region % MarkFile.LINE_REGIONS / Long.SIZE);
  }

  private static long lineRegionsFrom(long region) {
    return MarkFile.LINE_REGIONS - region % MarkFile.LINE_REGIONS;
  }

  /** {@code count} bits from the {@code from}-th most significant. */
  private static long mask(long from, long count) {
    return count == 0 ? 0 : (-1L << (int) (Long.SIZE - count)) >>> (int) from;
  }

  private static long[] maskInLine(long region, long count) {
    long[] mask = new long[MarkFile.LINE_LONGS];
    long from = region % MarkFile.LINE_REGIONS;
    for (long at = from; at < from + count; ) {
      long inWord = Math.min(from + count - at, Long.SIZE - at % Long.SIZE);
      mask[(int) (at / Long.SIZE)] = mask(at % Long.SIZE, inWord);
      at += inWord;
    }
    return mask;
  }

  private Line lineFor(long region) {
    int n = lineOf(region);
    var line = lines.get(n);
    if (line != null) {
      return line;
    }
    var made = new Line(n);
    return lines.compareAndSet(n, null, made)
        ? made
        : java.util.Objects.requireNonNull(lines.get(n));
  }

  /** The marks of {@value MarkFile#LINE_REGIONS} regions. */
  private final class Line {
    static final int MARKED = 0;
    static final int NEEDS_COPY = MarkFile.LINE_LONGS;

    /** Written since the present proof began. */
    static final int TOUCHED = 2 * MarkFile.LINE_LONGS;

    /** Written between the beginnings of the last proof and of the present one. */
    static final int WARM = 3 * MarkFile.LINE_LONGS;

    final int number;
    private final AtomicLongArray words = new AtomicLongArray(4 * MarkFile.LINE_LONGS);

    Line(int number) {
      this.number = number;
    }

    long word(int what, int word) {
      return words.get(what + word);
    }

    long provable(int word) {
      return word(MARKED, word)
          & ~(word(NEEDS_COPY, word) | word(TOUCHED, word) | word(WARM, word));
    }

    void beginProof() {
      for (int w = 0; w < MarkFile.LINE_LONGS; w++) {
        words.set(WARM + w, words.getAndSet(TOUCHED + w, 0));
      }
    }

    void load(long[] marked) {
      set(MARKED, marked);
      set(NEEDS_COPY, marked);
    }

    boolean anyProvable() {
      for (int w = 0; w < MarkFile.LINE_LONGS; w++) {
        if (provable(w) != 0) {
          return true;
        }
      }
      return false;
    }

    /** In the file first, then in memory; nothing if they are marked. */
    synchronized void mark(long[] add) {
      change(add, true);
    }

    /** In the file first, then in memory. */
    synchronized void unmark(long[] remove) {
      change(remove, false);
    }

    private void change(long[] mask, boolean marked) {
      long[] next = new long[MarkFile.LINE_LONGS];
      boolean changes = false;
      for (int i = 0; i < next.length; i++) {
        long was = word(MARKED, i);
        next[i] = marked ? was | mask[i] : was & ~mask[i];
        changes |= next[i] != was;
      }
      if (changes) {
        file.write(MarkFile.lineOffset(number), MarkFile.encodeLine(number, next));
        if (marked) {
          set(MARKED, mask);
        } else {
          clear(MARKED, mask);
        }
      }
    }

    /** How many bits became set. */
    long set(int what, long[] mask) {
      long changed = 0;
      for (int i = 0; i < mask.length; i++) {
        long add = mask[i];
        if ((word(what, i) & add) != add) {
          long was = words.getAndAccumulate(what + i, add, (a, b) -> a | b);
          changed += Long.bitCount(add & ~was);
        }
      }
      return changed;
    }

    /** How many bits became clear. */
    long clear(int what, long[] mask) {
      long changed = 0;
      for (int i = 0; i < mask.length; i++) {
        long remove = mask[i];
        if ((word(what, i) & remove) != 0) {
          long was = words.getAndAccumulate(what + i, remove, (a, b) -> a & ~b);
          changed += Long.bitCount(remove & was);
        }
      }
      return changed;
    }
  }
}

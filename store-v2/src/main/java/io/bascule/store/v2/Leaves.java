package io.bascule.store.v2;

import io.bascule.core.Check;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The leaves of the extent index: where the {@value #BLOCKS} blocks of 2 MiB of a volume lie. In
 * native memory: a table of entries, and beside it the runs of each leaf, or one pointer a block
 * where runs would take more. A leaf may be shared by several trees and counts its references.
 *
 * <p>One thread at a time changes leaves (the log's leader); readers of a leaf are kept away from
 * its changes by the caller's locks. Loading a leaf from a checkpoint is safe for any thread.
 */
final class Leaves {
  static final int BLOCKS = 512;
  static final int NONE = 0;

  /** Told about every reference to a segment that comes and goes. */
  interface Usage {
    void add(int slot, int blocks);
  }

  /** Reads a leaf that is not in memory. */
  interface Loader {
    /** Calls {@code runs} for each run, ascending. */
    void load(int leaf, int file, long offset, int bytes, RunVisitor runs);
  }

  interface RunVisitor {
    void run(int start, int blocks, long pointer);
  }

  /** Called before a leaf changes that a checkpoint still has to write as it is. */
  interface Capture {
    void leaf(int leaf);
  }

  private static final byte FREE = 0;
  private static final byte RUNS = 1;
  private static final byte DENSE = 2;
  private static final byte ABSENT = 3;

  private static final int RUNS_MAX = 256;
  private static final int DENSE_CLASS = 9;
  private static final int[] SIZES = {16, 32, 48, 96, 192, 384, 768, 1536, 3072, 4096};

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final VarHandle KIND = BYTE.varHandle();

  // An entry of the table.
  private static final int KIND_AT = 0;
  private static final int CLASS_AT = 1;
  private static final int DIRTY_AT = 2;
  private static final int CAPTURE_AT = 3;
  private static final int REFS_AT = 4;
  private static final int ADDRESS_AT = 8;
  private static final int COUNT_AT = 16;
  private static final int FILE_AT = 20;
  private static final int OFFSET_AT = 24;
  private static final int BYTES_AT = 32;
  private static final int ENTRY_BYTES = 40;

  private static final int TABLE_SHIFT = 14;
  private static final int TABLE_ENTRIES = 1 << TABLE_SHIFT;
  private static final int LOAD_LOCKS = 64;

  private final Arena arena = Arena.ofShared();
  private final Slab slab = new Slab(arena, SIZES);
  private final Usage usage;
  private final Loader loader;
  private volatile MemorySegment[] table = new MemorySegment[0];
  private final Object[] loadLocks = new Object[LOAD_LOCKS];
  private final IntList free = new IntList();
  private int next = 1;

  private IntList dirty = new IntList();

  /** Set while a checkpoint runs: freed numbers keep their place on disk until it is done. */
  private volatile @Nullable Capture capture;

  private final IntList limbo = new IntList();

  // Scratch of the one thread that changes leaves.
  private final int[] starts = new int[BLOCKS + 4];
  private final int[] lengths = new int[BLOCKS + 4];
  private final long[] pointers = new long[BLOCKS + 4];
  private int runs;
  private final int[] oldStarts = new int[BLOCKS + 4];
  private final int[] oldLengths = new int[BLOCKS + 4];
  private final long[] oldPointers = new long[BLOCKS + 4];

  Leaves(Usage usage, Loader loader) {
    this.usage = usage;
    this.loader = loader;
    for (int i = 0; i < LOAD_LOCKS; i++) {
      loadLocks[i] = new Object();
    }
  }

  void close() {
    arena.close();
  }

  /** Native memory in use. */
  long memoryBytes() {
    return slab.usedBytes() + (long) table.length * TABLE_ENTRIES * ENTRY_BYTES;
  }

  /** Numbers given out so far are below this. */
  int limit() {
    return next;
  }

  /** A new leaf of holes with one reference. */
  int create() {
    int leaf = free.isEmpty() ? next++ : free.pop();
    growTo(leaf);
    blank(leaf, RUNS);
    markDirty(leaf);
    return leaf;
  }

  /** A leaf as it lies in a checkpoint, without references. */
  void place(int leaf, int file, long offset, int bytes) {
    growTo(leaf);
    next = Math.max(next, leaf + 1);
    blank(leaf, ABSENT);
    setInt(leaf, REFS_AT, 0);
    setLocation(leaf, file, offset, bytes);
  }

  boolean isPlaced(int leaf) {
    return leaf < next && leaf >> TABLE_SHIFT < table.length && kind(leaf) != FREE;
  }

  /** A leaf that nobody can read any more: every block is damaged. */
  int createDamaged() {
    int leaf = create();
    replaceAll(leaf, 1, new int[] {0}, new int[] {BLOCKS}, new long[] {Pointer.DAMAGED});
    return leaf;
  }

  /** Numbers that were placed but are in no tree go back; called once, after all are placed. */
  void sweep() {
    for (int leaf = 1; leaf < next; leaf++) {
      if (kind(leaf) == FREE || refs(leaf) == 0) {
        setByte(leaf, KIND_AT, FREE);
        forget(leaf);
      }
    }
  }

  int refs(int leaf) {
    return entry(leaf).get(INT, at(leaf) + REFS_AT);
  }

  void retain(int leaf) {
    setInt(leaf, REFS_AT, refs(leaf) + 1);
  }

  /** Gives one reference up; the last one frees the leaf. */
  void release(int leaf) {
    int left = refs(leaf) - 1;
    Check.that(left >= 0, "leaf %d is released too often", leaf);
    setInt(leaf, REFS_AT, left);
    if (left > 0) {
      return;
    }
    ensureResident(leaf);
    beforeChange(leaf);
    forEachRun(leaf, (_, blocks, pointer) -> count(pointer, -blocks));
    freeMemory(leaf);
    KIND.setRelease(entry(leaf), at(leaf) + KIND_AT, FREE);
    if (capture != null) {
      limbo.add(leaf);
    } else {
      forget(leaf);
    }
  }

  private void forget(int leaf) {
    setLocation(leaf, 0, 0, 0);
    free.add(leaf);
  }

  /** A copy with one reference. */
  int copy(int leaf) {
    ensureResident(leaf);
    loadRuns(leaf, starts, lengths, pointers);
    int n = runs;
    int copy = create();
    var s = Arrays.copyOf(starts, n);
    replaceAll(copy, n, s, Arrays.copyOf(lengths, n), Arrays.copyOf(pointers, n));
    for (int i = 0; i < n; i++) {
      count(pointers[i], lengths[i]);
    }
    return copy;
  }

  boolean isResident(int leaf) {
    byte kind = (byte) KIND.getAcquire(entry(leaf), at(leaf) + KIND_AT);
    return kind != ABSENT;
  }

  /** Loads the leaf if it is not in memory. */
  void ensureResident(int leaf) {
    if (isResident(leaf)) {
      return;
    }
    synchronized (loadLocks[leaf & LOAD_LOCKS - 1]) {
      if (isResident(leaf)) {
        return;
      }
      var entry = entry(leaf);
      long at = at(leaf);
      var loaded = new RunCollector();
      loader.load(
          leaf,
          entry.get(INT, at + FILE_AT),
          entry.get(LONG, at + OFFSET_AT),
          entry.get(INT, at + BYTES_AT),
          loaded);
      byte kind = store(leaf, loaded.n, loaded.starts, loaded.lengths, loaded.pointers);
      KIND.setRelease(entry, at + KIND_AT, kind);
    }
  }

  /**
   * Where the block lies; the leaf is resident.
   *
   * @param found gets the pointer, and how many blocks from this one on are in the same record, or
   *     in the same hole
   */
  void find(int leaf, int block, Found found) {
    var entry = entry(leaf);
    long at = at(leaf);
    long address = entry.get(LONG, at + ADDRESS_AT);
    if (entry.get(BYTE, at + KIND_AT) == DENSE) {
      findDense(slab.chunk(address), Slab.offset(address), block, found);
      return;
    }
    int n = entry.get(SHORT, at + COUNT_AT);
    if (n == 0) {
      found.set(Pointer.HOLE, BLOCKS - block);
      return;
    }
    var memory = slab.chunk(address);
    long base = Slab.offset(address);
    long spans = base + (long) capacity(leaf) * Long.BYTES;
    int low = 0;
    int high = n;
    while (low < high) { // the first run that ends behind the block
      int middle = low + high >>> 1;
      int span = memory.get(INT, spans + middle * 4L);
      if ((span >>> 16) + (span & 0xFFFF) <= block) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == n) {
      found.set(Pointer.HOLE, BLOCKS - block);
      return;
    }
    int span = memory.get(INT, spans + low * 4L);
    int start = span >>> 16;
    if (start > block) {
      found.set(Pointer.HOLE, start - block);
      return;
    }
    long pointer = Pointer.advance(memory.get(LONG, base + low * 8L), block - start);
    int left = start + (span & 0xFFFF) - block;
    found.set(
        pointer,
        Pointer.isDamaged(pointer)
            ? left
            : Math.min(left, UnitCodec.UNIT_BLOCKS - Pointer.index(pointer)));
  }

  private static void findDense(MemorySegment memory, long base, int block, Found found) {
    long pointer = memory.get(LONG, base + block * 8L);
    int n = 1;
    while (block + n < BLOCKS) {
      long next = memory.get(LONG, base + (block + n) * 8L);
      boolean same =
          pointer == Pointer.HOLE
              ? next == Pointer.HOLE
              : Pointer.index(pointer) + n < UnitCodec.UNIT_BLOCKS
                  && Pointer.continues(pointer, n, next);
      if (!same) {
        break;
      }
      n++;
    }
    found.set(pointer, n);
  }

  /**
   * Maps blocks to a record, from {@code pointer} on, or to nothing.
   *
   * @return how many blocks more are mapped now
   */
  int replace(int leaf, int start, int blocks, long pointer) {
    ensureResident(leaf);
    beforeChange(leaf);
    markDirty(leaf);
    if (kind(leaf) == DENSE) {
      return replaceDense(leaf, start, blocks, pointer);
    }
    int n = loadRuns(leaf, oldStarts, oldLengths, oldPointers);
    int end = start + blocks;
    int change = pointer == Pointer.HOLE ? 0 : blocks;
    boolean inserted = pointer == Pointer.HOLE;
    runs = 0;
    for (int i = 0; i < n; i++) {
      int from = oldStarts[i];
      int to = from + oldLengths[i];
      long old = oldPointers[i];
      if (to <= start) {
        out(from, oldLengths[i], old);
        continue;
      }
      if (from < start) {
        out(from, start - from, old);
      }
      if (!inserted) {
        out(start, blocks, pointer);
        inserted = true;
      }
      int cut = Math.min(to, end) - Math.max(from, start);
      if (cut > 0) {
        count(old, -cut);
        change -= cut;
      }
      if (to > end) {
        int keep = Math.max(from, end);
        out(keep, to - keep, Pointer.advance(old, keep - from));
      }
    }
    if (!inserted) {
      out(start, blocks, pointer);
    }
    count(pointer, pointer == Pointer.HOLE ? 0 : blocks);
    replaceAll(leaf, runs, starts, lengths, pointers);
    return change;
  }

  private int replaceDense(int leaf, int start, int blocks, long pointer) {
    long address = entry(leaf).get(LONG, at(leaf) + ADDRESS_AT);
    var memory = slab.chunk(address);
    long base = Slab.offset(address);
    int change = 0;
    for (int i = 0; i < blocks; i++) {
      long at = base + (start + i) * 8L;
      long old = memory.get(LONG, at);
      if (old != Pointer.HOLE) {
        count(old, -1);
        change--;
      }
      memory.set(LONG, at, Pointer.advance(pointer, i));
    }
    if (pointer != Pointer.HOLE) {
      count(pointer, blocks);
      change += blocks;
    }
    return change;
  }

  /** Runs of the leaf, ascending; it is resident. */
  void forEachRun(int leaf, RunVisitor visitor) {
    var entry = entry(leaf);
    long at = at(leaf);
    long address = entry.get(LONG, at + ADDRESS_AT);
    if (entry.get(BYTE, at + KIND_AT) == DENSE) {
      forEachDense(slab.chunk(address), Slab.offset(address), visitor);
      return;
    }
    int n = entry.get(SHORT, at + COUNT_AT);
    if (n == 0) {
      return;
    }
    var memory = slab.chunk(address);
    long base = Slab.offset(address);
    long spans = base + (long) capacity(leaf) * Long.BYTES;
    for (int i = 0; i < n; i++) {
      int span = memory.get(INT, spans + i * 4L);
      visitor.run(span >>> 16, span & 0xFFFF, memory.get(LONG, base + i * 8L));
    }
  }

  private static void forEachDense(MemorySegment memory, long base, RunVisitor visitor) {
    int start = 0;
    while (start < BLOCKS) {
      long pointer = memory.get(LONG, base + start * 8L);
      int n = 1;
      if (pointer != Pointer.HOLE) {
        while (start + n < BLOCKS
            && Pointer.continues(pointer, n, memory.get(LONG, base + (start + n) * 8L))) {
          n++;
        }
        visitor.run(start, n, pointer);
      }
      start += n;
    }
  }

  // What a checkpoint needs.

  /** Begins a checkpoint of all leaves that changed since the last one; returns their numbers. */
  IntList beginCapture(Capture sink) {
    var pending = dirty;
    dirty = new IntList();
    for (int i = 0; i < pending.size(); i++) {
      int leaf = pending.get(i);
      setByte(leaf, DIRTY_AT, (byte) 0);
      setByte(leaf, CAPTURE_AT, (byte) (kind(leaf) == FREE ? 0 : 1));
    }
    capture = sink;
    return pending;
  }

  /** Whether the leaf still has to be written; the caller holds the capture's lock. */
  boolean isPending(int leaf) {
    return entry(leaf).get(BYTE, at(leaf) + CAPTURE_AT) != 0;
  }

  /** The leaf was written there; the caller holds the capture's lock. */
  void captured(int leaf, int file, long offset, int bytes) {
    setByte(leaf, CAPTURE_AT, (byte) 0);
    setLocation(leaf, file, offset, bytes);
  }

  /**
   * The leaf's page was copied there, and can be read there; the caller holds the capture's lock.
   */
  void moved(int leaf, int file, long offset, int bytes) {
    synchronized (loadLocks[leaf & LOAD_LOCKS - 1]) { // whoever loads it reads one place or other
      setLocation(leaf, file, offset, bytes);
    }
  }

  /** The checkpoint is durable, or given up: then all it wrote must be written again. */
  void endCapture(@Nullable IntList again) {
    capture = null;
    for (int i = 0; i < limbo.size(); i++) {
      forget(limbo.get(i));
    }
    limbo.clear();
    if (again != null) {
      for (int i = 0; i < again.size(); i++) {
        int leaf = again.get(i);
        setByte(leaf, CAPTURE_AT, (byte) 0);
        if (kind(leaf) != FREE) {
          markDirty(leaf);
        }
      }
    }
  }

  /**
   * Leaves whose pages in a file cannot be read: the next checkpoint writes those that still lie
   * there, and are in memory, as if they had changed.
   */
  void writeAnew(IntList some, int file) {
    for (int i = 0; i < some.size(); i++) {
      int leaf = some.get(i);
      if (kind(leaf) != FREE && kind(leaf) != ABSENT && file(leaf) == file) {
        markDirty(leaf);
      }
    }
  }

  Page.At place(int leaf) {
    return new Page.At(file(leaf), fileOffset(leaf), fileBytes(leaf));
  }

  int file(int leaf) {
    return leaf < next ? entry(leaf).get(INT, at(leaf) + FILE_AT) : 0;
  }

  long fileOffset(int leaf) {
    return entry(leaf).get(LONG, at(leaf) + OFFSET_AT);
  }

  int fileBytes(int leaf) {
    return entry(leaf).get(INT, at(leaf) + BYTES_AT);
  }

  /** Leaves that changed since the last checkpoint. */
  int dirtyCount() {
    return dirty.size();
  }

  private void beforeChange(int leaf) {
    var sink = capture;
    if (sink != null && entry(leaf).get(BYTE, at(leaf) + CAPTURE_AT) != 0) {
      sink.leaf(leaf);
    }
  }

  private void markDirty(int leaf) {
    if (entry(leaf).get(BYTE, at(leaf) + DIRTY_AT) == 0) {
      setByte(leaf, DIRTY_AT, (byte) 1);
      dirty.add(leaf);
    }
  }

  // Memory of a leaf.

  private void out(int start, int length, long pointer) {
    if (runs > 0) {
      int last = runs - 1;
      if (starts[last] + lengths[last] == start
          && Pointer.continues(pointers[last], lengths[last], pointer)) {
        lengths[last] += length;
        return;
      }
    }
    starts[runs] = start;
    lengths[runs] = length;
    pointers[runs] = pointer;
    runs++;
  }

  private int loadRuns(int leaf, int[] intoStarts, int[] intoLengths, long[] intoPointers) {
    runs = 0;
    forEachRun(
        leaf,
        (start, blocks, pointer) -> {
          intoStarts[runs] = start;
          intoLengths[runs] = blocks;
          intoPointers[runs] = pointer;
          runs++;
        });
    return runs;
  }

  private void replaceAll(int leaf, int n, int[] s, int[] l, long[] p) {
    int needed = n > RUNS_MAX ? DENSE_CLASS : classFor(n);
    if (kind(leaf) == RUNS && n > 0 && needed == entry(leaf).get(BYTE, at(leaf) + CLASS_AT)) {
      put(leaf, n, s, l, p); // in place
      return;
    }
    freeMemory(leaf);
    byte kind = store(leaf, n, s, l, p);
    KIND.setRelease(entry(leaf), at(leaf) + KIND_AT, kind);
  }

  private byte store(int leaf, int n, int[] s, int[] l, long[] p) {
    if (n == 0) {
      setByte(leaf, CLASS_AT, (byte) -1);
      entry(leaf).set(SHORT, at(leaf) + COUNT_AT, (short) 0);
      return RUNS;
    }
    if (n > RUNS_MAX) {
      return storeDense(leaf, n, s, l, p);
    }
    int sizeClass = classFor(n);
    setByte(leaf, CLASS_AT, (byte) sizeClass);
    entry(leaf).set(LONG, at(leaf) + ADDRESS_AT, slab.allocate(sizeClass));
    put(leaf, n, s, l, p);
    return RUNS;
  }

  private void put(int leaf, int n, int[] s, int[] l, long[] p) {
    var entry = entry(leaf);
    long address = entry.get(LONG, at(leaf) + ADDRESS_AT);
    var memory = slab.chunk(address);
    long base = Slab.offset(address);
    long spans = base + (long) capacity(leaf) * Long.BYTES;
    for (int i = 0; i < n; i++) {
      memory.set(LONG, base + i * 8L, p[i]);
      memory.set(INT, spans + i * 4L, s[i] << 16 | l[i]);
    }
    entry.set(SHORT, at(leaf) + COUNT_AT, (short) n);
  }

  private byte storeDense(int leaf, int n, int[] s, int[] l, long[] p) {
    long address = slab.allocate(DENSE_CLASS);
    var memory = slab.chunk(address);
    long base = Slab.offset(address);
    memory.asSlice(base, SIZES[DENSE_CLASS]).fill((byte) 0);
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < l[i]; k++) {
        memory.set(LONG, base + (s[i] + k) * 8L, Pointer.advance(p[i], k));
      }
    }
    setByte(leaf, CLASS_AT, (byte) DENSE_CLASS);
    entry(leaf).set(LONG, at(leaf) + ADDRESS_AT, address);
    return DENSE;
  }

  private void freeMemory(int leaf) {
    byte sizeClass = entry(leaf).get(BYTE, at(leaf) + CLASS_AT);
    if (sizeClass >= 0) {
      slab.free(entry(leaf).get(LONG, at(leaf) + ADDRESS_AT), sizeClass);
      setByte(leaf, CLASS_AT, (byte) -1);
    }
  }

  private int capacity(int leaf) {
    return SIZES[entry(leaf).get(BYTE, at(leaf) + CLASS_AT)] / 12;
  }

  private static int classFor(int n) {
    int sizeClass = 0;
    while (SIZES[sizeClass] / 12 < n) {
      sizeClass++;
    }
    return sizeClass;
  }

  private void count(long pointer, int blocks) {
    if (pointer != Pointer.HOLE && !Pointer.isDamaged(pointer)) {
      usage.add(Pointer.slot(pointer), blocks);
    }
  }

  private void blank(int leaf, byte kind) {
    entry(leaf).asSlice(at(leaf), ENTRY_BYTES).fill((byte) 0);
    setByte(leaf, CLASS_AT, (byte) -1);
    setInt(leaf, REFS_AT, 1);
    KIND.setRelease(entry(leaf), at(leaf) + KIND_AT, kind);
  }

  private byte kind(int leaf) {
    return entry(leaf).get(BYTE, at(leaf) + KIND_AT);
  }

  private void setByte(int leaf, int field, byte value) {
    entry(leaf).set(BYTE, at(leaf) + field, value);
  }

  private void setInt(int leaf, int field, int value) {
    entry(leaf).set(INT, at(leaf) + field, value);
  }

  private void setLocation(int leaf, int file, long offset, int bytes) {
    setInt(leaf, FILE_AT, file);
    entry(leaf).set(LONG, at(leaf) + OFFSET_AT, offset);
    setInt(leaf, BYTES_AT, bytes);
  }

  private MemorySegment entry(int leaf) {
    return table[leaf >> TABLE_SHIFT];
  }

  private static long at(int leaf) {
    return (long) (leaf & TABLE_ENTRIES - 1) * ENTRY_BYTES;
  }

  private void growTo(int leaf) {
    int needed = (leaf >> TABLE_SHIFT) + 1;
    if (needed > table.length) {
      var grown = Arrays.copyOf(table, needed);
      for (int i = table.length; i < needed; i++) {
        grown[i] = arena.allocate((long) TABLE_ENTRIES * ENTRY_BYTES, 64);
      }
      table = grown;
    }
  }

  /** An answer of {@link #find}. */
  static final class Found {
    long pointer;
    int blocks;

    void set(long newPointer, int newBlocks) {
      pointer = newPointer;
      blocks = newBlocks;
    }
  }

  private static final class RunCollector implements RunVisitor {
    final int[] starts = new int[BLOCKS];
    final int[] lengths = new int[BLOCKS];
    final long[] pointers = new long[BLOCKS];
    int n;

    @Override
    public void run(int start, int blocks, long pointer) {
      starts[n] = start;
      lengths[n] = blocks;
      pointers[n] = pointer;
      n++;
    }
  }
}

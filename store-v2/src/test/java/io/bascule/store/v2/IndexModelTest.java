package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Check;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Records of all kinds in random order, applied to the index and to plain maps from block to
 * pointer: writes, trims, moves, snapshots, clones, rollbacks, resizes, deletes, and space given
 * back bit by bit. Whatever is looked up is the same in both, so is what each volume has allocated;
 * and when all volumes are gone nothing refers to any segment.
 */
class IndexModelTest {
  private static final int STEPS = 600;
  private static final long LEAF = Leaves.BLOCKS;
  private static final long NODE = Tree.Node.LEAVES * LEAF;
  private static final int SLOTS = 5;
  private static final int MEMBERS_MAX = 6;

  /** Places where leaves and nodes meet, and the beginning and the end. */
  private static final long[] PLACES = {0, LEAF, 7 * LEAF, NODE - LEAF, NODE, 2 * NODE - LEAF};

  private static final long SIZE_BLOCKS = 2 * NODE + 100;

  static List<Long> seeds() {
    long first = Long.getLong("bascule.check.seed", 1);
    int count = Boolean.getBoolean("bascule.check.all") ? 500 : 25;
    var seeds = new ArrayList<Long>();
    for (int i = 0; i < count; i++) {
      seeds.add(first + i);
    }
    return seeds;
  }

  private static final class Model {
    final UUID uuid;
    final int number;
    final int family;
    final boolean writable;
    long sizeBlocks;
    TreeMap<Long, Long> pointers;

    Model(
        UUID uuid,
        int number,
        int family,
        boolean writable,
        long sizeBlocks,
        TreeMap<Long, Long> pointers) {
      this.uuid = uuid;
      this.number = number;
      this.family = family;
      this.writable = writable;
      this.sizeBlocks = sizeBlocks;
      this.pointers = pointers;
    }
  }

  private final Map<UUID, Model> models = new TreeMap<>();

  /** Where the next record of each segment goes; nothing lies anywhere twice. */
  private final Map<Integer, Integer> ends = new HashMap<>();

  private final ByteBuffer table = ByteBuffer.allocate(16 * (LogRecord.HEAD_BYTES + 64));
  private final Segments segments;
  private final Index index;
  private Random random = new Random();
  private int tableBytes;
  private int recordBytes;

  IndexModelTest() {
    var disk = new DiskDouble();
    var pool = new UUID(1, 1);
    segments = new Segments(disk, pool, Pointer.SEGMENT_MAX_BYTES);
    index =
        new Index(new Leaves(segments, new LeafLoader(new CheckpointFiles(disk, pool), _ -> {})));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void shouldMapBlocksAsAPlainMapDoes(long seed) {
    random = new Random(seed);
    create();
    for (int step = 0; step < STEPS; step++) {
      try {
        step();
        if (step % 50 == 0) {
          models.values().forEach(this::checkAll);
        }
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed + " step " + step, e);
      }
    }
    models.values().forEach(this::checkAll);
    List.copyOf(models.values()).forEach(this::delete);
    while (index.reap(3)) {
      // bit by bit
    }
    for (int slot = 1; slot <= SLOTS; slot++) {
      assertThat(segments.liveBlocks(slot)).as("seed %d, slot %d", seed, slot).isZero();
    }
    assertThat(index.all()).isEmpty();
    index.leaves.close();
  }

  private void step() {
    var model = any(true);
    switch (random.nextInt(20)) {
      case 0, 1 -> trim(model);
      case 2, 3, 4 -> move(any(false));
      case 5 -> snapshot(any(false));
      case 6 -> rollback(model);
      case 7 -> resize(model);
      case 8 -> {
        if (random.nextInt(4) == 0) {
          create();
        } else if (models.size() > 2) {
          delete(any(false));
        }
        if (models.values().stream().noneMatch(m -> m.writable)) {
          create();
        }
      }
      case 9 -> {
        boolean _ = index.reap(1 + random.nextInt(8));
      }
      case 10, 11, 12 -> check(any(false), place(), 1 + random.nextInt((int) LEAF));
      default -> write(model);
    }
  }

  private Model any(boolean writable) {
    var some = models.values().stream().filter(m -> m.writable || !writable).toList();
    return some.get(random.nextInt(some.size()));
  }

  private long place() {
    return PLACES[random.nextInt(PLACES.length)] + random.nextInt((int) LEAF);
  }

  // Records.

  private void begin() {
    table.clear();
    tableBytes = 0;
    recordBytes = 0;
  }

  private void head(byte op, int blocks, int volume, int family, int stored, long lba, long aux) {
    LogRecord.putHead(
        table, tableBytes, op, UnitCodec.RAW, blocks, volume, family, stored, lba, aux);
    recordBytes += LogRecord.bytesAt(table, tableBytes);
    tableBytes += LogRecord.entryBytesAt(table, tableBytes);
  }

  /** Applies the table as a batch of that segment; returns where its first record lies. */
  private void apply(int slot, int at) {
    ends.put(slot, at + recordBytes);
    index.apply(table, 0, tableBytes, slot, at, "model");
  }

  private int slot() {
    return 1 + random.nextInt(SLOTS);
  }

  private int end(int slot) {
    return ends.getOrDefault(slot, SegmentHeader.BYTES + BatchFormat.HEADER_BYTES);
  }

  private void create() {
    if (models.size() >= MEMBERS_MAX) {
      return;
    }
    int number = index.nextNumber();
    var uuid = new UUID(random.nextLong(), random.nextLong());
    body(LogRecord.CREATE, number, number, uuid, 0, SIZE_BLOCKS * UnitCodec.BLOCK_BYTES);
    models.put(uuid, new Model(uuid, number, number, true, SIZE_BLOCKS, new TreeMap<>()));
  }

  private void body(byte op, int number, int family, UUID uuid, long lba, long aux) {
    begin();
    LogRecord.putBody(table, LogRecord.HEAD_BYTES, uuid, 0);
    head(op, 0, number, family, LogRecord.BODY_BYTES, lba, aux);
    int slot = slot();
    apply(slot, end(slot));
  }

  private void snapshot(Model source) {
    if (models.size() >= MEMBERS_MAX) {
      return;
    }
    boolean writable = random.nextBoolean();
    int number = index.nextNumber();
    var uuid = new UUID(random.nextLong(), random.nextLong());
    body(LogRecord.SNAPSHOT, number, source.family, uuid, source.number, writable ? 1 : 0);
    models.put(
        uuid,
        new Model(
            uuid,
            number,
            source.family,
            writable,
            source.sizeBlocks,
            new TreeMap<>(source.pointers)));
  }

  private void control(byte op, Model model, long lba, long aux) {
    begin();
    head(op, 0, model.number, model.family, 0, lba, aux);
    int slot = slot();
    apply(slot, end(slot));
  }

  /** A few records of whole units, or of less, some compressed; often behind one another. */
  private void write(Model model) {
    int slot = slot();
    int at = end(slot);
    begin();
    long lba = place();
    int records = 1 + random.nextInt(4);
    boolean whole = random.nextBoolean();
    var changes = new TreeMap<Long, Long>();
    for (int i = 0; i < records; i++) {
      int room = (int) (LEAF - lba % LEAF);
      int blocks =
          Math.min(room, whole ? UnitCodec.UNIT_BLOCKS : 1 + random.nextInt(UnitCodec.UNIT_BLOCKS));
      int stored = whole ? blocks * UnitCodec.BLOCK_BYTES : 8 * (1 + random.nextInt(400));
      int offset = at + recordBytes;
      int bytes = LogRecord.bytesOf(blocks, stored);
      head(LogRecord.WRITE, blocks, model.number, model.family, stored, lba, 0);
      for (int block = 0; block < blocks; block++) {
        changes.put(lba + block, Pointer.of(slot, offset, block, bytes));
      }
      lba = random.nextInt(4) > 0 ? lba + blocks : place();
    }
    apply(slot, at);
    model.pointers.putAll(changes);
  }

  private void trim(Model model) {
    long lba = place();
    long blocks = random.nextInt(5) == 0 ? NODE : 1 + random.nextInt(2 * (int) LEAF);
    blocks = Math.min(blocks, model.sizeBlocks - lba);
    if (random.nextInt(4) == 0) { // whole leaves
      lba = lba / LEAF * LEAF;
      blocks = Math.max(1, blocks / LEAF) * LEAF;
    }
    control(LogRecord.TRIM, model, lba, blocks);
    model.pointers.subMap(lba, lba + blocks).clear();
  }

  /** Cleaning: a record moves, but only those of its blocks that still lie there. */
  private void move(Model model) {
    if (model.pointers.isEmpty()) {
      return;
    }
    Long lba = model.pointers.ceilingKey(place());
    if (lba == null) {
      lba = model.pointers.firstKey();
    }
    long pointer = Check.found(model.pointers.get(lba), "pointer");
    // The whole record as it was written, which others may have overwritten in part since.
    long first = lba - Pointer.index(pointer);
    if (first < 0) {
      return;
    }
    int room = (int) (LEAF - first % LEAF);
    int blocks = Math.min(room, 1 + Pointer.index(pointer) + random.nextInt(3));
    blocks = Math.min(UnitCodec.UNIT_BLOCKS, blocks);
    if (Pointer.index(pointer) >= blocks) {
      return;
    }
    long from = pointer - ((long) Pointer.index(pointer) << 13);
    int slot = slot();
    int at = end(slot);
    int stored = 8 * (1 + random.nextInt(400));
    begin();
    head(LogRecord.MOVE, blocks, 0, model.family, stored, first, from);
    apply(slot, at);
    int bytes = LogRecord.bytesOf(blocks, stored);
    for (var member : models.values()) {
      if (member.family == model.family) {
        for (int i = 0; i < blocks; i++) {
          Long found = member.pointers.get(first + i);
          if (found != null
              && Pointer.slot(found) == Pointer.slot(from)
              && Pointer.offsetBytes(found) == Pointer.offsetBytes(from)
              && Pointer.index(found) == i) {
            member.pointers.put(first + i, Pointer.of(slot, at, i, bytes));
          }
        }
      }
    }
  }

  private void rollback(Model model) {
    for (var other : models.values()) {
      if (other != model
          && other.family == model.family
          && other.sizeBlocks <= model.sizeBlocks
          && random.nextBoolean()) {
        control(LogRecord.ROLLBACK, model, other.number, 0);
        model.pointers = new TreeMap<>(other.pointers);
        return;
      }
    }
  }

  private void resize(Model model) {
    model.sizeBlocks += random.nextInt(3) == 0 ? NODE : 8;
    control(LogRecord.RESIZE, model, 0, model.sizeBlocks * UnitCodec.BLOCK_BYTES);
  }

  private void delete(Model model) {
    control(LogRecord.DELETE, model, 0, 0);
    models.remove(model.uuid);
    assertThat(index.find(model.uuid)).isNull();
  }

  // Looking up.

  private void checkAll(Model model) {
    var entry = Check.found(index.find(model.uuid), "entry");
    assertThat(entry.sizeBytes).isEqualTo(model.sizeBlocks * UnitCodec.BLOCK_BYTES);
    assertThat(entry.mappedBlocks).as("allocated").isEqualTo(model.pointers.size());
    for (long place : PLACES) {
      check(model, place, (int) LEAF);
    }
  }

  private void check(Model model, long lba, int count) {
    var mapping = new Index.Mapping();
    var entry = Check.found(index.find(model.uuid), "entry");
    int wanted = (int) Math.min(count, LEAF - lba % LEAF);
    assertThat(index.lookup(entry, lba, wanted, true, mapping)).isTrue();
    long block = lba;
    for (int i = 0; i < mapping.pieces; i++) {
      for (int j = 0; j < mapping.blocks[i]; j++) {
        long expected = model.pointers.getOrDefault(block, Pointer.HOLE);
        long found = Pointer.advance(mapping.pointers[i], j);
        if (found != expected) {
          throw new AssertionError(
              "block %d of volume %d: %s, not %s"
                  .formatted(block, model.number, Pointer.text(found), Pointer.text(expected)));
        }
        block++;
      }
    }
    assertThat(block).isEqualTo(lba + wanted);
  }
}

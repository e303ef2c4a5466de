package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The table "Damage" of docs/formats/2.md: each kind of structure there is on disk, with a flipped
 * bit. Never wrong data; found; before the commit mended by copying from format 1, after it either
 * rebuilt or an error.
 */
@ExtendWith(Quiet.class)
class StructureDamageTest {
  private static final int MIB = 1 << 20;
  private static final int SIZE = 4 * MIB;
  private static final int REGION = 64 << 10;
  private static final UUID ID = new UUID(1, 1);
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT.withSegmentBytes(MIB).withBackground(false);
  private static final int EACH = Boolean.getBoolean("bascule.check.all") ? 60 : 3;

  /** What a damage costs a volume that is opened again. */
  private enum Cost {
    /** A copy, or the rest of the file, tells the same. */
    NOTHING,
    /** The blocks it covers are errors until they are written. */
    ERRORS
  }

  private enum Structure {
    SUPERBLOCK("Superblock", Cost.NOTHING),
    SEGMENT_HEADER("Segment header", Cost.NOTHING),
    BATCH_HEADER("Batch header", Cost.NOTHING),
    RECORD_HEAD("Record, head", Cost.ERRORS),
    RECORD_CRC("Record, CRC of a block", Cost.ERRORS),
    DATA("Record, stored bytes", Cost.ERRORS),
    PADDING("Zeros behind the records", Cost.NOTHING),
    TABLE("Table of a batch", Cost.NOTHING),
    BATCH_END("Batch end", Cost.NOTHING),
    FOOTER_GROUP("Footer group", Cost.NOTHING),
    FOOTER_END("Footer end", Cost.NOTHING),
    CHECKPOINT_HEADER("Checkpoint file header", Cost.NOTHING),
    LEAF("Page of a leaf", Cost.NOTHING),
    NODE("Page of a node", Cost.NOTHING),
    PLACES("Page of places", Cost.NOTHING),
    META("Meta", Cost.NOTHING),
    META_COPY("Copy of meta", Cost.NOTHING),
    PARITY("Parity", Cost.NOTHING);

    final String title;
    final Cost cost;

    Structure(String title, Cost cost) {
      this.title = title;
      this.cost = cost;
    }
  }

  /** Bytes of a file. */
  private record Place(String name, int from, int end) {}

  private final DiskDouble disk = new DiskDouble();
  private final byte[] content = new byte[SIZE];

  /** Segments that the checkpoint knows to be sealed. */
  private List<String> sealed = List.of();

  /** Sealed segments, one without a footer, batches behind the checkpoint, nothing at the end. */
  private void fill() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, SIZE);
    var random = new Random(11);
    try (var volume = pool.open(ID)) {
      for (int i = 0; i < 40; i++) {
        write(volume, random, 1 + random.nextInt(40));
      }
      var begun = segments().toList();
      sealed = begun.subList(0, begun.size() - 1);
      pool.checkpoint();
      for (int i = 0; i < 40; i++) {
        write(volume, random, 1 + random.nextInt(10));
      }
      pool.flush();
      write(volume, random, 1); // a batch that says that the others were on stable storage
      pool.flush();
      // For which nobody vouches; without a sector of zeros, which would make damage look torn.
      byte[] last = new byte[4096];
      random.nextBytes(last);
      System.arraycopy(last, 0, content, 0, last.length);
      volume.write(0, ByteBuffer.wrap(last), false);
    }
    pool.abandon();
  }

  private void write(Volume volume, Random random, int blocks) {
    byte[] data = new byte[blocks * 4096];
    random.nextBytes(data);
    if (random.nextBoolean()) {
      for (int i = 0; i < data.length; i++) {
        data[i] &= i % 16 < 8 ? 0 : 3;
      }
    }
    int at = random.nextInt((SIZE - data.length) / 4096) * 4096;
    volume.write(at, ByteBuffer.wrap(data), false);
    System.arraycopy(data, 0, content, at, data.length);
  }

  private List<Place> places(Structure structure) {
    return switch (structure) {
      case SUPERBLOCK ->
          Superblock.NAMES.stream().map(name -> new Place(name, 0, Superblock.BYTES)).toList();
      case SEGMENT_HEADER ->
          segments().map(name -> new Place(name, 0, SegmentHeader.BYTES)).toList();
      case BATCH_HEADER,
          RECORD_HEAD,
          RECORD_CRC,
          DATA,
          PADDING,
          TABLE,
          BATCH_END,
          FOOTER_GROUP,
          FOOTER_END -> {
        var all = new ArrayList<Place>();
        segments().forEach(name -> addPlaces(structure, name, all));
        yield all;
      }
      case CHECKPOINT_HEADER ->
          checkpoints().map(name -> new Place(name, 0, Page.FILE_BYTES)).toList();
      case LEAF -> pages(Page.LEAF);
      case NODE -> pages(Page.NODE);
      case PLACES -> pages(Page.PLACES);
      case META -> pages(Page.META).subList(0, 1);
      case META_COPY -> pages(Page.META).subList(1, 2);
      case PARITY ->
          checkpoints()
              .map(name ->
                  new Place(name, (int) Parity.pagesEnd(disk.length(name)), disk.length(name)))
              .toList();
    };
  }

  private Stream<String> segments() {
    return disk.list().stream().filter(name -> Names.segmentSerial(name).isPresent());
  }

  private Stream<String> checkpoints() {
    return disk.list().stream().filter(name -> Names.checkpointNumber(name).isPresent());
  }

  /** All pages of that kind in the one checkpoint file with pages there is, in their order. */
  private List<Place> pages(int kind) {
    var all = new ArrayList<Place>();
    String name = checkpoints().toList().getLast();
    var bytes = ByteBuffer.wrap(disk.bytes(name));
    int end = (int) Parity.pagesEnd(disk.length(name));
    for (int at = Page.FILE_BYTES; at < end; ) {
      int next = at + Page.HEAD_BYTES + bytes.getInt(at + Page.BODY);
      if (bytes.getInt(at + Page.KIND) == kind) {
        all.add(new Place(name, at, next));
      }
      at = next;
    }
    return all;
  }

  private void addPlaces(Structure structure, String name, List<Place> to) {
    var bytes = ByteBuffer.wrap(disk.bytes(name));
    long serial = Names.segmentSerial(name).orElseThrow();
    var checksum = new Checksum();
    int at = SegmentHeader.BYTES;
    while (BatchFormat.isHeader(bytes, at, serial, checksum)) {
      int next = at + bytes.getInt(at + BatchFormat.BYTES);
      int end = next - BatchFormat.END_SIZE;
      int table = end - bytes.getInt(end + BatchFormat.END_TABLE);
      switch (structure) {
        case BATCH_HEADER -> to.add(new Place(name, at, at + BatchFormat.HEADER_BYTES));
        case TABLE -> to.add(new Place(name, table, end));
        case BATCH_END -> to.add(new Place(name, end, next));
        default -> addRecords(structure, name, bytes, at, table, to);
      }
      at = next;
    }
    // A later footer that is damaged is one that was never written: the segment is scanned.
    var footer = LogScanner.footer(disk.open(name), serial);
    if (footer != null && sealed.contains(name)) {
      int end = disk.length(name) - FooterFormat.END_BYTES;
      if (structure == Structure.FOOTER_GROUP) {
        to.add(new Place(name, at, end));
      } else if (structure == Structure.FOOTER_END) {
        to.add(new Place(name, end, disk.length(name)));
      }
    }
  }

  private static void addRecords(
      Structure structure, String name, ByteBuffer bytes, int batch, int table, List<Place> to) {
    int count = bytes.getInt(batch + BatchFormat.RECORDS);
    int at = batch + BatchFormat.HEADER_BYTES;
    for (int i = 0; i < count; i++) {
      int head = at + LogRecord.HEAD_BYTES;
      int blocks = bytes.getShort(at + LogRecord.BLOCKS);
      int stored = head + blocks * Integer.BYTES;
      int next = at + LogRecord.bytesAt(bytes, at);
      if (structure == Structure.RECORD_HEAD) {
        to.add(new Place(name, at, head));
      } else if (structure == Structure.RECORD_CRC && blocks > 0) {
        to.add(new Place(name, head, stored));
      } else if (structure == Structure.DATA && blocks > 0) {
        to.add(new Place(name, stored, stored + bytes.getInt(at + LogRecord.STORED)));
      }
      at = next;
    }
    if (structure == Structure.PADDING && at < table) {
      to.add(new Place(name, at, table));
    }
  }

  /** Regions with blocks that cannot be read; fails if one reads wrong. */
  private Set<Integer> unreadable(Volume volume) {
    var bad = new TreeSet<Integer>();
    var block = ByteBuffer.allocate(4096);
    for (int at = 0; at < SIZE; at += 4096) {
      try {
        volume.read(at, block.clear());
      } catch (StoreException.Corrupt e) {
        bad.add(at / REGION);
        continue;
      }
      if (!Arrays.equals(block.array(), 0, 4096, content, at, at + 4096)) {
        throw new AssertionError("block at " + at + " is wrong");
      }
    }
    return bad;
  }

  @ParameterizedTest
  @EnumSource(Structure.class)
  void shouldBeFoundAndNeverBeReadWrong(Structure structure) {
    fill();
    long seed = Long.getLong("bascule.check.seed", 7);
    var random = new Random(seed);
    var places = places(structure);
    assertThat(places).as("the pool has some").isNotEmpty();
    int errors = 0;
    for (int i = 0; i < EACH; i++) {
      var place = places.get(random.nextInt(places.size()));
      int at = place.from + random.nextInt(place.end - place.from);
      int bit = random.nextInt(8);
      String what = "seed %d: bit %d of byte %d of %s".formatted(seed, bit, at, place);
      try {
        errors += check(structure, place.name, at, bit);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(what, e);
      }
    }
    if (structure.cost == Cost.NOTHING) {
      assertThat(errors).isZero();
    }
  }

  /** Returns how many regions of the volume were errors. */
  private int check(Structure structure, String name, int at, int bit) {
    // While the pool is open, as it is read and scrubbed.
    var live = disk.copy();
    var pool = VolumePool.open(live, SETTINGS, 2);
    if (live.exists(name)) {
      live.flip(name, at, bit);
    }
    try (var volume = pool.open(ID)) {
      var bad = unreadable(volume);
      assertThat(structure.cost == Cost.ERRORS || bad.isEmpty()).isTrue();
      var _ = pool.scrub();
      mend(volume, bad); // before the commit: as a host's read or a comparison has it copied
      assertThat(unreadable(volume)).isEmpty();
      pool.checkpoint();
    }
    pool.abandon();
    reopen(live);

    // While nobody has it open.
    var damaged = disk.copy();
    damaged.flip(name, at, bit);
    var before = PoolChecker.check(damaged.copy(), PoolSettings.NO_BOOT);
    int errors;
    var again = VolumePool.open(damaged, SETTINGS, 2);
    try (var volume = again.open(ID)) {
      var bad = unreadable(volume);
      assertThat(before.isClean()).as("found by a check").isFalse();
      assertThat(structure.cost == Cost.ERRORS || bad.isEmpty()).isTrue();
      errors = bad.size();
      mend(volume, bad);
      assertThat(unreadable(volume)).isEmpty();
      again.checkpoint();
    }
    again.abandon();
    reopen(damaged);
    return errors;
  }

  private void mend(Volume volume, Set<Integer> regions) {
    for (int region : regions) {
      volume.write(region * REGION, ByteBuffer.wrap(content, region * REGION, REGION), false);
    }
  }

  private void reopen(DiskDouble of) {
    var pool = VolumePool.open(of, SETTINGS, 3);
    try (var volume = pool.open(ID)) {
      assertThat(unreadable(volume)).isEmpty();
    }
    pool.abandon();
  }

  /** Each structure has its row in the document. */
  @Test
  void shouldBeDocumented() throws Exception {
    String document = LayoutTest.document();
    String table = document.substring(document.indexOf("## Damage"));
    for (var structure : EnumSet.allOf(Structure.class)) {
      assertThat(table).contains("| " + structure.title + " |");
    }
  }
}

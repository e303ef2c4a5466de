package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Checks a pool that nobody has open, and changes nothing: every structure against its checksum,
 * every block that a volume or snapshot refers to against its own. A torn tail of the log, as a
 * crash leaves it, is no finding.
 */
public final class PoolChecker {
  /** More would not help anybody. */
  private static final int FINDINGS_MAX = 1000;

  private final Directory directory;
  private final UUID kernelBoot;
  private final List<Finding> findings = new ArrayList<>();
  private final Set<Finding> seen = new HashSet<>();
  private final LogScanner scanner = new LogScanner();
  private long blocks;
  private List<VolumeInfo> volumes = List.of();
  private boolean readable;
  private boolean suspect;

  private PoolChecker(Directory directory, UUID kernelBoot) {
    this.directory = directory;
    this.kernelBoot = kernelBoot;
  }

  /**
   * What a check found.
   *
   * @param blocksVerified of 4096 bytes, shared ones counted once for each volume
   * @param volumes and snapshots there are; empty if the index could not be read
   * @param readable whether the index could be read
   * @param suspect whether a sync failed while the pool was open
   */
  public record Report(
      List<Finding> findings,
      long blocksVerified,
      List<VolumeInfo> volumes,
      boolean readable,
      boolean suspect) {
    public boolean isClean() {
      return findings.isEmpty();
    }
  }

  /**
   * Checks the pool in the directory. Throws {@link StoreException.TooNew}, {@link
   * StoreException.TooOld}, or {@link StoreException.Io} if it cannot be read at all.
   *
   * @param kernelBoot of the machine's present run: if it is not the one in which the pool was
   *     opened last, the power was lost since, and batches may be missing that nobody was promised
   */
  public static Report check(Directory directory, UUID kernelBoot) {
    var checker = new PoolChecker(directory, kernelBoot);
    checker.run();
    return new Report(
        List.copyOf(checker.findings),
        checker.blocks,
        checker.volumes,
        checker.readable,
        checker.suspect);
  }

  private void run() {
    for (String name : Superblock.NAMES) {
      if (!directory.exists(name)) {
        add(name, -1, "missing");
        continue;
      }
      try {
        Superblock.read(directory, name);
      } catch (StoreException.Corrupt e) {
        add(name, 0, e.getMessage());
      }
    }
    try {
      checkPool(Superblock.newest(directory));
    } catch (StoreException.Corrupt e) {
      add("pool", -1, e.getMessage());
    }
  }

  private void add(String file, long offset, @Nullable String what) {
    add(Finding.shared(file, offset, String.valueOf(what)));
  }

  private void add(Finding finding) {
    if (findings.size() < FINDINGS_MAX && seen.add(finding)) {
      findings.add(finding);
    }
  }

  private void checkPool(Superblock superblock) {
    suspect = superblock.suspect();
    var files = new CheckpointFiles(directory, superblock.pool());
    var segments = new Segments(directory, superblock.pool(), superblock.segmentBytes());
    var leaves = new Leaves(segments, new LeafLoader(files, _ -> {}));
    var index = new Index(leaves);
    try {
      checkMetaPages(superblock, files);
      var restore = new Restore(files, index);
      var meta = restored(restore, superblock, files);
      checkLeaves(leaves, files);
      checkCheckpointFiles(neededFiles(superblock, meta, leaves));
      var recovery = new Recovery(directory, superblock, kernelBoot, index, segments);
      recovery.replay(meta);
      volumes =
          index.volumes().stream()
              .sorted(Comparator.comparingInt(entry -> entry.number))
              .map(entry -> VolumeInfo.of(entry, index))
              .toList();
      readable = true;
      for (var segment : segments.list()) {
        checkSegment(segment, superblock, meta);
      }
      for (var entry : index.volumes()) {
        checkVolume(entry, index, segments);
      }
    } finally {
      segments.close();
      files.close();
      leaves.close();
    }
  }

  private Meta restored(Restore restore, Superblock superblock, CheckpointFiles files) {
    try {
      var meta = restore.meta(superblock);
      checkPages(meta, files);
      restore.run(meta);
      return meta;
    } catch (StoreException.Corrupt e) {
      checkCheckpointFiles(files.numbers()); // nobody knows which are needed
      throw e;
    }
  }

  /** A file beside these is of a checkpoint that did not come to its end: the next removes it. */
  private static Set<Integer> neededFiles(Superblock superblock, Meta meta, Leaves leaves) {
    var needed = new TreeSet<Integer>();
    needed.add(superblock.checkpoint());
    meta.groups().forEach(place -> needed.add(place.at().file()));
    meta.nodes().forEach(place -> needed.add(place.at().file()));
    int limit = leaves.limit();
    for (int leaf = 1; leaf < limit; leaf++) {
      if (leaves.isPlaced(leaf) && leaves.file(leaf) != 0) {
        needed.add(leaves.file(leaf));
      }
    }
    needed.remove(0); // nowhere
    return needed;
  }

  private void checkCheckpointFiles(Collection<Integer> numbers) {
    for (int number : numbers) {
      String name = Names.checkpoint(number);
      try (var file = directory.open(name)) {
        var header = ByteBuffer.allocate(Page.FILE_BYTES);
        file.read(0, header);
        Preamble.check(header.flip(), Page.MAGIC, Page.FILE_CRC, name);
        if (header.getInt(Page.FILE_STRIPE) != 0 && !Parity.fits(file)) {
          add(name, -1, "its pages and their parity do not fit each other");
        }
      } catch (StoreException.Corrupt | StoreException.Io e) {
        add(name, 0, e.getMessage());
      }
    }
  }

  private void checkMetaPages(Superblock superblock, CheckpointFiles files) {
    for (long offset : new long[] {superblock.metaOffset(), superblock.copyOffset()}) {
      var at = new Page.At(superblock.checkpoint(), offset, superblock.metaBytes());
      checkPage(files, at, Page.META, 0);
    }
  }

  private void checkPages(Meta meta, CheckpointFiles files) {
    meta.groups().forEach(place -> checkPage(files, place.at(), Page.PLACES, place.id()));
    meta.nodes().forEach(place -> checkPage(files, place.at(), Page.NODE, place.id()));
  }

  private void checkLeaves(Leaves leaves, CheckpointFiles files) {
    int limit = leaves.limit();
    for (int leaf = 1; leaf < limit; leaf++) {
      if (leaves.isPlaced(leaf) && leaves.file(leaf) != 0) {
        var at = new Page.At(leaves.file(leaf), leaves.fileOffset(leaf), leaves.fileBytes(leaf));
        checkPage(files, at, Page.LEAF, leaf);
      }
    }
  }

  private void checkPage(CheckpointFiles files, Page.At at, int kind, int id) {
    try {
      files.readAsItIs(at, kind, id);
    } catch (StoreException.Corrupt | StoreException.Io e) {
      add(Names.checkpoint(at.file()), at.offset(), e.getMessage());
    }
  }

  private void checkSegment(Segment segment, Superblock superblock, Meta meta) {
    if (!directory.exists(segment.name)) {
      add(segment.name, -1, "missing");
      return;
    }
    try (var file = directory.open(segment.name)) {
      try {
        var header = LogScanner.header(file, segment.name);
        if (header.serial() != segment.serial
            || header.slot() != segment.slot
            || !header.pool().equals(superblock.pool())) {
          add(segment.name, 0, "is another segment");
        }
      } catch (StoreException.Corrupt e) {
        add(segment.name, 0, e.getMessage());
      }
      scanner.scan(
          file, segment.serial, SegmentHeader.BYTES, segment.dataEnd, new Batches(segment));
      for (var extent : meta.segments()) {
        if (extent.serial() == segment.serial
            && extent.fileBytes() > extent.dataEnd()
            && extent.state() == Segment.State.SEALED
            && LogScanner.footer(file, segment.serial) == null) {
          add(segment.name, extent.dataEnd(), "its footer is damaged");
        }
      }
    }
  }

  /** Says what is wrong with batches. */
  private final class Batches implements LogScanner.Sink {
    private final Segment segment;
    private int end = SegmentHeader.BYTES;

    Batches(Segment segment) {
      this.segment = segment;
    }

    @Override
    public void batch(
        LogScanner.Batch state,
        long incarnation,
        long seq,
        long durable,
        int offset,
        int bytes,
        ByteBuffer table) {
      end = offset + bytes;
      switch (state) {
        case WHOLE -> {}
        case HEADERLESS -> add(segment.name, offset, "the header of batch " + seq + " is damaged");
        case TABLELESS -> add(segment.name, offset, "the table of batch " + seq + " is damaged");
        case DATA_DAMAGED -> add(segment.name, offset, "data of batch " + seq + " is damaged");
        case LOST -> add(segment.name, offset, "batch " + seq + " is damaged");
      }
    }

    @Override
    public void gap(int offset, int bytes) {
      add(segment.name, offset, bytes + " bytes between batches cannot be read");
    }
  }

  private void checkVolume(Entry entry, Index index, Segments segments) {
    var mapping = new Index.Mapping();
    var bad = new HashMap<Integer, Boolean>();
    long count = (entry.sizeBytes + UnitCodec.BLOCK_BYTES - 1) / UnitCodec.BLOCK_BYTES;
    for (long block = 0; block < count; ) {
      int blocksHere = (int) Math.min(Leaves.BLOCKS, count - block);
      boolean _ = index.lookup(entry, block, blocksHere, true, mapping);
      long at = block;
      for (int i = 0; i < mapping.pieces; i++) {
        checkPiece(entry, at, mapping.blocks[i], mapping.pointers[i], segments, bad);
        at += mapping.blocks[i];
      }
      block += blocksHere;
    }
  }

  private void checkPiece(
      Entry entry,
      long block,
      int count,
      long pointer,
      Segments segments,
      Map<Integer, Boolean> missing) {
    if (pointer == Pointer.HOLE) {
      return;
    }
    blocks += count;
    if (Pointer.isDamaged(pointer)) {
      add(entry, block, "index", -1, Scrubber.lost(count));
      return;
    }
    int slot = Pointer.slot(pointer);
    var segment = segments.get(slot);
    if (segment == null || !directory.exists(segment.name)) {
      if (missing.put(slot, true) == null) {
        String name = segment == null ? "segment in slot " + slot : segment.name;
        add(entry, block, name, -1, "is in it, and maybe others, and it is missing");
      }
      return;
    }
    var pinned = segments.pin(slot);
    if (pinned == null) {
      return;
    }
    try {
      var reader = Scratch.ofThread().reader;
      boolean sound = reader.wrong(pinned.file(), pointer, entry.family, block, count) == null;
      for (int i = 0; !sound && i < count; i++) {
        long at = Pointer.advance(pointer, i);
        String wrong = reader.wrong(pinned.file(), at, entry.family, block + i, 1);
        if (wrong != null) {
          add(entry, block + i, segment.name, Pointer.offsetBytes(at), wrong);
        }
      }
    } finally {
      pinned.unpin();
    }
  }

  private void add(Entry entry, long block, String file, long offset, String wrong) {
    add(new Finding(file, offset, Optional.of(entry.uuid), "block " + block + " " + wrong));
  }
}

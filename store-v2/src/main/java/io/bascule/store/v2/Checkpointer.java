package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.store.v2.Tree.Node;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Writes checkpoints: what changed in the index since the last one goes to a new file, then the
 * superblocks name it, then what nothing durable needs any more is deleted: files of earlier
 * checkpoints, and segments without live blocks. One at a time.
 *
 * <p>A checkpoint is exact: the index as it was after batch {@code seq}. Writers go on meanwhile; a
 * leaf that is about to change is written first ({@link PageWriter#leaf}).
 */
final class Checkpointer {
  private static final System.Logger LOG = System.getLogger(Checkpointer.class.getName());

  /** More files of checkpoints than this take long to open, and each stays open. */
  static final int FILES_MAX = 128;

  private final Directory directory;
  private final Index index;
  private final Segments segments;
  private final CheckpointFiles files;
  private final OpenSegments open;
  private final LogWriter log;
  private final Map<Integer, Page.At> groups = new HashMap<>();

  /** What a failed checkpoint left to be written by the next. */
  private final Set<Integer> dirtyGroups = new TreeSet<>();

  /** Files of checkpoints may hold so much beyond twice what is needed of them. */
  private final long slackBytes;

  private final PageScrubber scrubber;
  private final Health health;
  private final Object superblockLock = new Object();
  private volatile Superblock superblock;

  /** No superblock is written any more. Guarded by the superblock's lock. */
  private boolean ended;

  /** Of the last superblock that was tried to be written. */
  private long generation;

  private volatile long bytesAtLast;
  private volatile long recordsAtLast;

  /**
   * @param places where the places of leaves lie, by group, as recovery found them
   */
  Checkpointer(
      Directory directory,
      Index index,
      Segments segments,
      CheckpointFiles files,
      OpenSegments open,
      LogWriter log,
      Health health,
      Superblock superblock,
      Map<Integer, Page.At> places) {
    this.directory = directory;
    this.index = index;
    this.segments = segments;
    this.files = files;
    this.open = open;
    this.log = log;
    this.health = health;
    this.superblock = superblock;
    this.generation = superblock.generation();
    this.slackBytes = segments.segmentBytes() / 2;
    this.groups.putAll(places);
    this.scrubber = new PageScrubber(files);
  }

  /** Verifies some of what checkpoints hold; whether there is more in this pass. */
  synchronized boolean scrub(long budgetBytes) {
    mendSuperblocks();
    return scrubber.step(budgetBytes);
  }

  /** One that is damaged is written anew at once: the other one is all there is meanwhile. */
  private void mendSuperblocks() {
    synchronized (superblockLock) {
      if (!ended && !Superblock.NAMES.stream().allMatch(this::isPresentSuperblock)) {
        LOG.log(System.Logger.Level.WARNING, "a superblock is damaged; both are written anew");
        publish(superblock, false);
      }
    }
  }

  private boolean isPresentSuperblock(String name) {
    try {
      return Superblock.read(directory, name).generation() == superblock.generation();
    } catch (StoreException e) {
      return false;
    }
  }

  Superblock superblock() {
    return superblock;
  }

  /** Bytes of log since the last checkpoint. */
  long logBytes() {
    return log.committedBytes() - bytesAtLast;
  }

  /** Records in it. */
  long logRecords() {
    return log.committedRecords() - recordsAtLast;
  }

  /** There is so much log behind the last checkpoint that an earlier process wrote. */
  void replayed(long bytes, long records) {
    bytesAtLast = -bytes;
    recordsAtLast = -records;
  }

  /** Makes it durable that a sync failed. */
  void markSuspect() {
    publish(superblock, true);
  }

  /** The pool may be another's when this returns. */
  void end() {
    synchronized (superblockLock) {
      ended = true;
    }
  }

  /** The only way to a new superblock; a pool that is suspect stays so. */
  private void publish(Superblock next, boolean suspect) {
    synchronized (superblockLock) {
      if (ended) {
        throw new StoreException.Io("the pool is closed", new ClosedChannelException());
      }
      var current = superblock;
      // A checkpoint may have come between: what it wrote counts.
      var base = next.checkpoint() >= current.checkpoint() ? next : current;
      generation++;
      var marked = base.marked(generation, suspect || health.isSuspect());
      marked.write(directory);
      superblock = marked;
    }
  }

  /** The state of the index at one moment, taken while nothing changes it. */
  private static final class Moment {
    long seq;
    long bytes;
    long records;
    IntList leaves = new IntList();

    /** Leaves whose pages were copied from the file to empty, and where they were. */
    final List<Meta.Place> moved = new ArrayList<>();

    final Map<Node, int[]> dirtyNodes = new LinkedHashMap<>();
    final List<Node> nodes = new ArrayList<>();
    final List<int[]> trees = new ArrayList<>();
    final List<Meta.Volume> volumes = new ArrayList<>();
    final List<Meta.Extent> extents = new ArrayList<>();
    final List<Segment> doomed = new ArrayList<>();
    int nextNumber;
    int nextNode;
    long nextSerial;
  }

  /**
   * Makes a checkpoint; when this returns everything acknowledged before is in it, durably.
   *
   * @return how many segments were removed
   */
  synchronized int run() {
    var before = superblock;
    int number = before.checkpoint() + 1;
    while (files.numbers().contains(number)) {
      number++; // of a checkpoint that was given up
    }
    int emptied = fileToEmpty(before);
    var known = emptied == files.damagedFile() ? knownInMemoryOnly(emptied) : new IntList();
    var writer = new PageWriter(files.create(number), number, index.leaves);
    var moment = new Moment();
    log.exclusively(() -> {
      index.leaves.writeAnew(known, emptied);
      capture(moment, writer, emptied);
    });
    Set<Integer> needed = Set.of();
    try {
      open.sync(log);
      var next = write(before, writer, moment, emptied);
      directory.sync();
      needed = neededFiles(moment, number);
      publish(next, false);
    } finally {
      boolean failed = needed.isEmpty() || superblock.checkpoint() != number;
      log.exclusively(() -> end(moment, writer, failed));
      if (needed.isEmpty()) {
        discard(number);
      }
    }
    bytesAtLast = moment.bytes;
    recordsAtLast = moment.records;
    dirtyGroups.clear();
    for (int file : files.numbers()) {
      if (!needed.contains(file)) {
        files.delete(file);
      }
    }
    files.damageMended(emptied);
    segments.remove(moment.doomed);
    return moment.doomed.size();
  }

  /** No superblock names the file; what it takes of a full disk the next checkpoint needs. */
  private void discard(int number) {
    try {
      files.delete(number);
    } catch (StoreException e) {
      LOG.log(System.Logger.Level.WARNING, "a checkpoint that was given up stays for now", e);
    }
  }

  private void end(Moment moment, PageWriter writer, boolean failed) {
    if (!failed) {
      index.leaves.endCapture(null);
      return;
    }
    synchronized (writer) {
      for (var place : moment.moved) {
        var at = place.at();
        index.leaves.moved(place.id(), at.file(), at.offset(), at.bytes());
      }
    }
    index.leaves.endCapture(moment.leaves);
    moment.dirtyNodes.keySet().forEach(node -> node.dirty = true);
  }

  private void capture(Moment moment, PageWriter writer, int emptied) {
    moment.seq = log.committedSeq();
    moment.bytes = log.committedBytes();
    moment.records = log.committedRecords();
    moment.leaves = index.leaves.beginCapture(writer);
    moment.nextNumber = index.nextNumber();
    moment.nextNode = index.nextNode();
    moment.nextSerial = segments.nextSerial();
    var treeNumbers = new IdentityHashMap<Tree, Integer>();
    var seen = new HashSet<Integer>();
    for (var entry : index.all()) {
      var tree = entry.tree;
      Integer treeNumber = treeNumbers.get(tree);
      if (treeNumber == null) {
        treeNumber = moment.trees.size();
        treeNumbers.put(tree, treeNumber);
        moment.trees.add(captureTree(tree, moment, seen, emptied));
      }
      moment.volumes.add(
          new Meta.Volume(
              entry.number,
              entry.family,
              entry.source,
              entry.kind,
              treeNumber,
              entry.uuid,
              entry.createdMillis,
              entry.sizeBytes,
              entry.mappedBlocks));
    }
    for (var segment : segments.list()) {
      long live = segments.liveBlocks(segment.slot);
      if (segment.state == Segment.State.SEALED && live == 0 && !segment.quarantined) {
        moment.doomed.add(segment);
        continue;
      }
      moment.extents.add(
          new Meta.Extent(
              segment.slot,
              segment.serial,
              segment.cold,
              segment.state,
              segment.dataEnd,
              segment.fileBytes,
              segment.totalBlocks,
              live,
              segment.firstSeq,
              segment.lastSeq));
    }
  }

  private static int[] captureTree(Tree tree, Moment moment, Set<Integer> seen, int emptied) {
    int[] ids = new int[tree.nodes.length];
    for (int i = 0; i < ids.length; i++) {
      var node = tree.nodes[i];
      if (node == null) {
        continue;
      }
      ids[i] = node.id;
      if (seen.add(node.id)) {
        moment.nodes.add(node);
        if (node.dirty || (emptied != 0 && node.file == emptied)) {
          moment.dirtyNodes.put(node, node.leaves.clone());
          node.dirty = false;
        }
      }
    }
    return ids;
  }

  private Superblock write(Superblock before, PageWriter writer, Moment moment, int emptied) {
    for (int i = 0; i < moment.leaves.size(); i++) {
      int leaf = moment.leaves.get(i);
      writer.leaf(leaf);
      dirtyGroups.add(leaf / Page.GROUP_LEAVES);
    }
    if (emptied != 0) {
      empty(emptied, writer, moment);
    }
    for (var node : moment.nodes) {
      var children = moment.dirtyNodes.get(node);
      if (children != null) {
        var at = writer.node(node.id, children);
        node.file = at.file();
        node.offset = at.offset();
        node.bytes = at.bytes();
      }
    }
    for (var group : groups.entrySet()) {
      if (emptied != 0 && group.getValue().file() == emptied) {
        dirtyGroups.add(group.getKey());
      }
    }
    for (int group : dirtyGroups) {
      groups.put(group, writer.places(group));
    }
    byte[] meta = meta(moment).encode();
    var at = writer.meta(meta);
    var copy = writer.meta(meta);
    writer.finish();
    return new Superblock(
        before.pool(),
        before.generation(),
        before.epoch(),
        before.incarnation(),
        false,
        before.segmentBytes(),
        writer.number(),
        at.offset(),
        copy.offset(),
        at.bytes(),
        moment.seq,
        before.kernelBoot(),
        List.of());
  }

  /** The leaves that a node's page lists. */
  static int[] children(ByteBuffer page) {
    int[] children = new int[Node.LEAVES];
    int end = Page.HEAD_BYTES + page.getInt(Page.BODY);
    for (int at = Page.HEAD_BYTES; at + Page.CHILD_BYTES <= end; at += Page.CHILD_BYTES) {
      children[page.getInt(at + Page.CHILD_INDEX)] = page.getInt(at + Page.CHILD_LEAF);
    }
    return children;
  }

  private Meta meta(Moment moment) {
    var nodePlaces = new ArrayList<Meta.Place>();
    for (var node : moment.nodes) {
      nodePlaces.add(new Meta.Place(node.id, new Page.At(node.file, node.offset, node.bytes)));
    }
    var groupPlaces = new ArrayList<Meta.Place>();
    groups.forEach((id, at) -> groupPlaces.add(new Meta.Place(id, at)));
    return new Meta(
        moment.nextNumber,
        moment.nextNode,
        moment.nextSerial,
        moment.trees,
        moment.volumes,
        nodePlaces,
        groupPlaces,
        moment.extents);
  }

  /** Leaves that the damaged file does not tell any more, but memory does. */
  private IntList knownInMemoryOnly(int file) {
    var known = new IntList();
    var leaves = index.leaves;
    int limit = leaves.limit();
    for (int leaf = 1; file != 0 && leaf < limit; leaf++) {
      if (leaves.file(leaf) == file && leaves.isResident(leaf)) {
        try {
          var _ = files.read(leaves.place(leaf), Page.LEAF, leaf);
        } catch (StoreException.Corrupt | StoreException.Io e) {
          known.add(leaf);
        }
      }
    }
    return known;
  }

  /** Copies what is still needed of a file, so that it can go. */
  private void empty(int emptied, PageWriter writer, Moment moment) {
    var leaves = index.leaves;
    var copies = new ArrayList<Meta.Place>();
    int limit = leaves.limit();
    for (int leaf = 1; leaf < limit; leaf++) {
      // All that changed are written, so what lies there stays there until we move it.
      if (leaves.file(leaf) != emptied) {
        continue;
      }
      ByteBuffer page;
      try {
        page = files.read(leaves.place(leaf), Page.LEAF, leaf);
      } catch (StoreException.Corrupt | StoreException.Io e) {
        continue; // the file stays, and reads of that part say what is wrong
      }
      copies.add(new Meta.Place(leaf, writer.copyLeaf(leaf, page)));
    }
    // Not before they are there: whoever needs such a leaf reads it now.
    writer.flushPages();
    for (var copy : copies) {
      int leaf = copy.id();
      var at = copy.at();
      synchronized (writer) {
        moment.moved.add(new Meta.Place(leaf, leaves.place(leaf)));
        leaves.moved(leaf, at.file(), at.offset(), at.bytes());
        dirtyGroups.add(leaf / Page.GROUP_LEAVES);
      }
    }
  }

  /** Whether the next checkpoint empties the file of an earlier one. */
  boolean isEmptyingDue() {
    return fileToEmpty(superblock) != 0;
  }

  /** Something that a checkpoint holds is to be written anew. */
  boolean isMendingDue() {
    return files.damagedFile() != 0;
  }

  /**
   * A file that is damaged, or one to empty if they are too many or hold too much that is not
   * needed, else 0.
   */
  private int fileToEmpty(Superblock before) {
    int damaged = files.damagedFile();
    if (damaged != 0) {
      return damaged;
    }
    long total = 0;
    var live = liveBytes();
    addNodes(live);
    int worst = 0;
    double worstShare = 1;
    var numbers = files.numbers();
    for (int number : numbers) {
      long length = files.pageBytes(number);
      total += length;
      double share = (double) live.getOrDefault(number, 0L) / length;
      if (number != before.checkpoint() && share < worstShare && share > 0) {
        worst = number;
        worstShare = share;
      }
    }
    long needed = live.values().stream().mapToLong(Long::longValue).sum();
    return total > 2 * needed + slackBytes || numbers.size() > FILES_MAX ? worst : 0;
  }

  /** Nodes too: a file may hold nothing else that is needed. Writers may change which there are. */
  private void addNodes(Map<Integer, Long> live) {
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (var entry : index.all()) {
      for (var node : entry.tree.nodes) {
        if (node != null && node.file != 0 && seen.add(node)) {
          live.merge(node.file, (long) node.bytes, Long::sum);
        }
      }
    }
  }

  private Map<Integer, Long> liveBytes() {
    var live = new HashMap<Integer, Long>();
    var leaves = index.leaves;
    int limit = leaves.limit();
    for (int leaf = 1; leaf < limit; leaf++) {
      int file = leaves.file(leaf);
      if (file != 0) {
        live.merge(file, (long) leaves.fileBytes(leaf), Long::sum);
      }
    }
    groups.values().forEach(at -> live.merge(at.file(), (long) at.bytes(), Long::sum));
    return live;
  }

  private Set<Integer> neededFiles(Moment moment, int number) {
    var needed = new HashSet<>(liveBytes().keySet());
    moment.nodes.forEach(node -> needed.add(node.file));
    needed.add(number);
    return needed;
  }
}

package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.store.v2.Entry.Kind;
import io.bascule.store.v2.Tree.Node;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * Which volumes there are, and where their blocks lie: the state that the log's records make. One
 * thread at a time applies records (the log's leader, or recovery); any thread looks up.
 *
 * <p>Locks: the leaf at the same place of every volume belongs to the same of {@link #STRIPES}
 * locks, because volumes of a family share leaves. A lookup holds the lock shared, a change
 * exclusively. A change never waits for a disk: whoever writes makes its leaves resident before.
 */
final class Index {
  private static final int STRIPES = 64;
  private static final int LEAF_BLOCKS = Leaves.BLOCKS;

  private final StampedLock[] stripes = new StampedLock[STRIPES];
  final Leaves leaves;
  private final Map<Integer, Entry> byNumber = new ConcurrentHashMap<>();
  private final Map<UUID, Entry> byUuid = new ConcurrentHashMap<>();

  /** Volumes of a family, also deleted ones that still hold space. */
  private final Map<Integer, List<Entry>> families = new ConcurrentHashMap<>();

  /** Deleted ones, whose leaves are given back bit by bit. */
  private final ArrayDeque<Entry> dying = new ArrayDeque<>();

  private int nextNumber = 1;
  private int nextNode = 1;

  Index(Leaves leaves) {
    this.leaves = leaves;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new StampedLock();
    }
  }

  // Looking up.

  @Nullable Entry find(UUID uuid) {
    return byUuid.get(uuid);
  }

  Collection<Entry> volumes() {
    return byUuid.values();
  }

  /** All there are, deleted ones too. Under the log's leadership. */
  Collection<Entry> all() {
    return byNumber.values();
  }

  List<Entry> family(int family) {
    return families.getOrDefault(family, List.of());
  }

  int nextNumber() {
    return nextNumber;
  }

  int nextNode() {
    return nextNode;
  }

  /**
   * Where blocks from {@code block} on lie, up to the end of the leaf.
   *
   * @param wait whether a leaf that is not in memory may be loaded; else the answer is false
   */
  boolean lookup(Entry entry, long block, int count, boolean wait, Mapping mapping) {
    int leafNo = (int) (block / LEAF_BLOCKS);
    int first = (int) (block % LEAF_BLOCKS);
    int end = Math.min(LEAF_BLOCKS, first + count);
    var stripe = stripes[leafNo % STRIPES];
    while (true) {
      int absent;
      long stamp = stripe.readLock();
      try {
        int leaf = entry.tree.leaf(leafNo);
        mapping.clear();
        if (leaf == Leaves.NONE) {
          mapping.add(Pointer.HOLE, end - first);
          return true;
        }
        if (leaves.isResident(leaf)) {
          int at = first;
          while (at < end) {
            leaves.find(leaf, at, mapping.found);
            int blocks = Math.min(mapping.found.blocks, end - at);
            mapping.add(mapping.found.pointer, blocks);
            at += blocks;
          }
          return true;
        }
        absent = leaf;
      } finally {
        stripe.unlockRead(stamp);
      }
      if (!wait) {
        return false;
      }
      leaves.ensureResident(absent);
    }
  }

  /** Makes the leaves resident that a change of these blocks touches. */
  void touch(Entry entry, long block, long count) {
    long last = (block + Math.max(1, count) - 1) / LEAF_BLOCKS;
    for (long leafNo = block / LEAF_BLOCKS; leafNo <= last; leafNo++) {
      var stripe = stripes[(int) leafNo % STRIPES];
      int leaf;
      long stamp = stripe.readLock();
      try {
        leaf = entry.tree.leaf((int) leafNo);
      } finally {
        stripe.unlockRead(stamp);
      }
      if (leaf != Leaves.NONE) {
        leaves.ensureResident(leaf);
      }
    }
  }

  // Applying records.

  /** Applies all records of a batch's table. */
  void apply(ByteBuffer table, int from, int to, int slot, int firstRecord, String where) {
    BatchFormat.walk(
        table, from, to, firstRecord, where, (t, at, offset) -> apply(t, at, slot, offset, where));
  }

  private void apply(ByteBuffer table, int at, int slot, int offset, String where) {
    byte op = table.get(at + LogRecord.OP);
    int volume = table.getInt(at + LogRecord.VOLUME);
    long lba = table.getLong(at + LogRecord.LBA);
    long aux = table.getLong(at + LogRecord.AUX);
    int blocks = table.getShort(at + LogRecord.BLOCKS);
    if (op == LogRecord.MOVE) {
      long to = Pointer.of(slot, offset, 0, LogRecord.bytesAt(table, at));
      move(table.getInt(at + LogRecord.FAMILY), lba, blocks, aux, to);
      return;
    }
    if (op == LogRecord.CREATE || op == LogRecord.SNAPSHOT) {
      var uuid = LogRecord.bodyUuid(table, at + LogRecord.HEAD_BYTES);
      long created = table.getLong(at + LogRecord.HEAD_BYTES + LogRecord.BODY_CREATED);
      if (op == LogRecord.CREATE) {
        var tree = new Tree(Tree.nodeCount(aux));
        add(new Entry(volume, volume, uuid, 0, created, Kind.VOLUME, aux, tree, 0));
      } else {
        snapshot(volume, uuid, created, existing((int) lba, where), aux == 1);
      }
      return;
    }
    var entry = existing(volume, where);
    switch (op) {
      case LogRecord.WRITE ->
          map(entry, lba, blocks, Pointer.of(slot, offset, 0, LogRecord.bytesAt(table, at)));
      case LogRecord.TRIM -> unmap(entry, lba, aux);
      case LogRecord.RESIZE -> {
        if (entry.tree.refs > 1) {
          ownTree(entry);
        }
        entry.tree.grow(Tree.nodeCount(aux));
        entry.sizeBytes = aux;
      }
      case LogRecord.DELETE -> delete(entry);
      case LogRecord.ROLLBACK -> rollback(entry, existing((int) lba, where));
      default -> throw new StoreException.Corrupt(where + ": unknown operation " + op);
    }
  }

  private Entry existing(int number, String where) {
    var entry = byNumber.get(number);
    if (entry == null) {
      throw new StoreException.Corrupt(where + ": a record of volume " + number + ", unknown");
    }
    return entry;
  }

  /** Adds an entry, from a record or a checkpoint. */
  void add(Entry entry) {
    nextNumber = Math.max(nextNumber, entry.number + 1);
    byNumber.put(entry.number, entry);
    if (entry.kind == Kind.DELETED) {
      dying.add(entry);
    } else {
      byUuid.put(entry.uuid, entry);
    }
    families.merge(entry.family, List.of(entry), Index::plus);
  }

  private static List<Entry> plus(List<Entry> some, List<Entry> more) {
    var all = new ArrayList<>(some);
    all.addAll(more);
    return List.copyOf(all);
  }

  void restore(int number, int node) {
    nextNumber = number;
    nextNode = node;
  }

  private void snapshot(int number, UUID uuid, long created, Entry source, boolean writable) {
    source.tree.refs++;
    add(
        new Entry(
            number,
            source.family,
            uuid,
            source.number,
            created,
            writable ? Kind.VOLUME : Kind.SNAPSHOT,
            source.sizeBytes,
            source.tree,
            source.mappedBlocks));
  }

  private void delete(Entry entry) {
    byUuid.remove(entry.uuid);
    entry.kind = Kind.DELETED;
    dying.add(entry);
  }

  private void rollback(Entry entry, Entry to) {
    // The content there was goes the way of a deleted volume.
    var old =
        new Entry(
            nextNumber,
            entry.family,
            entry.uuid,
            entry.number,
            entry.createdMillis,
            Kind.DELETED,
            entry.sizeBytes,
            entry.tree,
            entry.mappedBlocks);
    to.tree.refs++;
    lockAll();
    entry.tree = to.tree;
    entry.mappedBlocks = to.mappedBlocks;
    unlockAll();
    add(old);
    if (Tree.nodeCount(entry.sizeBytes) > to.tree.nodes.length) {
      ownTree(entry); // it was resized meanwhile, the snapshot was not
      entry.tree.grow(Tree.nodeCount(entry.sizeBytes));
    }
  }

  private void lockAll() {
    for (var stripe : stripes) {
      long _ = stripe.writeLock();
    }
  }

  private void unlockAll() {
    for (var stripe : stripes) {
      stripe.tryUnlockWrite();
    }
  }

  private void map(Entry entry, long lba, int blocks, long pointer) {
    int leafNo = (int) (lba / LEAF_BLOCKS);
    int first = (int) (lba % LEAF_BLOCKS);
    Check.that(first + blocks <= LEAF_BLOCKS, "a record of %d blocks at %d", blocks, lba);
    var stripe = stripes[leafNo % STRIPES];
    long stamp = stripe.writeLock();
    try {
      int leaf = ownLeaf(entry, leafNo, true);
      entry.mappedBlocks += leaves.replace(leaf, first, blocks, pointer);
    } finally {
      stripe.unlockWrite(stamp);
    }
  }

  private void unmap(Entry entry, long lba, long blocks) {
    long end = lba + blocks;
    long at = lba;
    while (at < end) {
      int leafNo = (int) (at / LEAF_BLOCKS);
      int first = (int) (at % LEAF_BLOCKS);
      int count = (int) Math.min(LEAF_BLOCKS - first, end - at);
      var stripe = stripes[leafNo % STRIPES];
      long stamp = stripe.writeLock();
      try {
        if (entry.tree.leaf(leafNo) != Leaves.NONE) {
          unmapLeaf(entry, leafNo, first, count);
        }
      } finally {
        stripe.unlockWrite(stamp);
      }
      at += count;
    }
  }

  private void unmapLeaf(Entry entry, int leafNo, int first, int count) {
    int leaf = ownLeaf(entry, leafNo, false);
    entry.mappedBlocks += leaves.replace(leaf, first, count, Pointer.HOLE);
    if (count == LEAF_BLOCKS) {
      var node = Check.found(entry.tree.nodes[leafNo / Node.LEAVES], "node");
      node.leaves[leafNo % Node.LEAVES] = Leaves.NONE;
      node.dirty = true;
      leaves.release(leaf);
    }
  }

  /** Blocks that are still where {@code from} points lie at {@code to} from now on. */
  private void move(int family, long lba, int blocks, long from, long to) {
    int leafNo = (int) (lba / LEAF_BLOCKS);
    int first = (int) (lba % LEAF_BLOCKS);
    var stripe = stripes[leafNo % STRIPES];
    var found = new Leaves.Found();
    long stamp = stripe.writeLock();
    try {
      for (var entry : family(family)) {
        int leaf = entry.tree.leaf(leafNo);
        if (leaf == Leaves.NONE) {
          continue;
        }
        leaves.ensureResident(leaf);
        // In place even if the leaf is shared: the content of the volumes stays the same.
        for (int i = 0; i < blocks; i++) {
          leaves.find(leaf, first + i, found);
          if (found.pointer == Pointer.advance(from, i)) {
            int _ = leaves.replace(leaf, first + i, 1, Pointer.advance(to, i));
          }
        }
      }
    } finally {
      stripe.unlockWrite(stamp);
    }
  }

  private void ownTree(Entry entry) {
    entry.tree.refs--;
    entry.tree = entry.tree.copy();
  }

  /** The leaf, made if it is missing, and this volume's own from here on. */
  private int ownLeaf(Entry entry, int leafNo, boolean overwritten) {
    if (entry.tree.refs > 1) {
      ownTree(entry);
    }
    var tree = entry.tree;
    int at = leafNo / Node.LEAVES;
    var node = tree.nodes[at];
    if (node == null) {
      node = new Node(nextNode++, new int[Node.LEAVES]);
      tree.nodes[at] = node;
    } else if (node.refs > 1) {
      node.refs--;
      node = new Node(nextNode++, node.leaves.clone());
      for (int leaf : node.leaves) {
        if (leaf != Leaves.NONE) {
          leaves.retain(leaf);
        }
      }
      tree.nodes[at] = node;
    }
    int slot = leafNo % Node.LEAVES;
    int leaf = node.leaves[slot];
    if (leaf != Leaves.NONE && leaves.refs(leaf) == 1) {
      return leaf;
    }
    int own = leaf == Leaves.NONE ? leaves.create() : leaves.copy(leaf);
    if (leaf != Leaves.NONE) {
      leaves.release(leaf);
    }
    node.leaves[slot] = own;
    node.dirty = true;
    return own;
  }

  /**
   * Gives back some of the space of deleted volumes.
   *
   * @return whether there is more to give back
   */
  boolean reap(int leavesMax) {
    int left = leavesMax;
    while (left > 0) {
      var entry = dying.peek();
      if (entry == null) {
        return false;
      }
      left -= reap(entry, left);
      if (left > 0) {
        dying.remove();
        byNumber.remove(entry.number);
        families.computeIfPresent(
            entry.family,
            (_, all) -> {
              var rest = all.stream().filter(e -> e != entry).toList();
              return rest.isEmpty() ? null : rest;
            });
      }
    }
    return !dying.isEmpty();
  }

  private int reap(Entry entry, int leavesMax) {
    var tree = entry.tree;
    if (tree.refs > 1) {
      tree.refs--;
      entry.tree = new Tree(0);
      return 1;
    }
    int done = 0;
    for (int i = 0; i < tree.nodes.length && done < leavesMax; i++) {
      var node = tree.nodes[i];
      if (node == null) {
        continue;
      }
      if (node.refs > 1) {
        node.refs--;
        tree.nodes[i] = null;
        done++;
        continue;
      }
      done += reapNode(entry, node, i, leavesMax - done);
    }
    return done;
  }

  private int reapNode(Entry entry, Node node, int at, int leavesMax) {
    int done = 0;
    for (int j = 0; j < Node.LEAVES; j++) {
      int leaf = node.leaves[j];
      if (leaf == Leaves.NONE) {
        continue;
      }
      if (done == leavesMax) {
        return done;
      }
      var stripe = stripes[(at * Node.LEAVES + j) % STRIPES];
      long stamp = stripe.writeLock();
      try {
        node.leaves[j] = Leaves.NONE;
        node.dirty = true;
        leaves.release(leaf);
      } finally {
        stripe.unlockWrite(stamp);
      }
      done++;
    }
    entry.tree.nodes[at] = null;
    return done;
  }

  /** Answers of a lookup: pieces of a leaf, each in one record or one hole. */
  static final class Mapping {
    final Leaves.Found found = new Leaves.Found();
    final long[] pointers = new long[LEAF_BLOCKS];
    final int[] blocks = new int[LEAF_BLOCKS];
    int pieces;

    void clear() {
      pieces = 0;
    }

    void add(long pointer, int count) {
      pointers[pieces] = pointer;
      blocks[pieces] = count;
      pieces++;
    }
  }
}

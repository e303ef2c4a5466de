package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import io.bascule.store.v2.Tree.Node;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * Brings a checkpoint into an empty index. Leaves stay on disk until they are needed. A damaged
 * node or list of places costs the part of the volumes it covers, not the pool.
 */
final class Restore {
  private final CheckpointFiles files;
  private final Index index;
  private final Map<Integer, Page.At> groups = new HashMap<>();
  private final List<String> findings = new ArrayList<>();

  Restore(CheckpointFiles files, Index index) {
    this.files = files;
    this.index = index;
  }

  /** Where the places of leaves lie, by group. */
  Map<Integer, Page.At> groups() {
    return groups;
  }

  List<String> findings() {
    return findings;
  }

  /** The meta page, or its copy. */
  Meta meta(Superblock superblock) {
    ByteBuffer page;
    try {
      page = metaAt(superblock, superblock.metaOffset());
    } catch (StoreException.Corrupt | StoreException.Io e) {
      report(e);
      page = metaAt(superblock, superblock.copyOffset());
    }
    return Meta.decode(page);
  }

  private ByteBuffer metaAt(Superblock superblock, long offset) {
    var at = new Page.At(superblock.checkpoint(), offset, superblock.metaBytes());
    return files.read(at, Page.META, 0);
  }

  void run(Meta meta) {
    for (var place : meta.groups()) {
      groups.put(place.id(), place.at());
      placeLeaves(place);
    }
    var nodes = readNodes(meta);
    var trees = new ArrayList<Tree>();
    for (int[] ids : meta.trees()) {
      trees.add(tree(ids, nodes));
    }
    index.leaves.sweep();
    for (var volume : meta.volumes()) {
      var tree = trees.get(volume.tree());
      tree.refs++;
      index.add(
          new Entry(
              volume.number(),
              volume.family(),
              volume.uuid(),
              volume.source(),
              volume.createdMillis(),
              volume.kind(),
              volume.sizeBytes(),
              tree,
              volume.mappedBlocks()));
    }
    index.restore(meta.nextNumber(), meta.nextNode());
  }

  private void placeLeaves(Meta.Place group) {
    try {
      var page = files.read(group.at(), Page.PLACES, group.id());
      int end = Page.HEAD_BYTES + page.getInt(Page.BODY);
      for (int at = Page.HEAD_BYTES; at + Page.PLACE_BYTES <= end; at += Page.PLACE_BYTES) {
        index.leaves.place(
            page.getInt(at + Page.PLACE_ID),
            page.getInt(at + Page.PLACE_FILE),
            page.getLong(at + Page.PLACE_OFFSET),
            page.getInt(at + Page.PLACE_LENGTH));
      }
    } catch (StoreException.Corrupt e) {
      report(e); // its leaves are placed nowhere below, and so damaged
    }
  }

  private Map<Integer, Node> readNodes(Meta meta) {
    var nodes = new HashMap<Integer, Node>();
    var unreadable = new ArrayList<Meta.Place>();
    for (var place : meta.nodes()) {
      try {
        var page = files.read(place.at(), Page.NODE, place.id());
        nodes.put(place.id(), node(place, Checkpointer.children(page)));
      } catch (StoreException.Corrupt e) {
        report(e);
        unreadable.add(place);
      }
    }
    // After all numbers of leaves that are in use are known.
    for (var place : unreadable) {
      int damaged = index.leaves.createDamaged();
      int[] children = new int[Node.LEAVES];
      Arrays.fill(children, damaged);
      for (int i = 1; i < Node.LEAVES; i++) {
        index.leaves.retain(damaged);
      }
      var node = new Node(place.id(), children);
      node.refs = 0;
      nodes.put(place.id(), node);
    }
    return nodes;
  }

  private Node node(Meta.Place place, int[] children) {
    for (int leaf : children) {
      if (leaf != Leaves.NONE) {
        if (!index.leaves.isPlaced(leaf)) {
          index.leaves.place(leaf, 0, 0, 0);
        }
        index.leaves.retain(leaf);
      }
    }
    var node = new Node(place.id(), children);
    node.refs = 0;
    node.dirty = false;
    node.file = place.at().file();
    node.offset = place.at().offset();
    node.bytes = place.at().bytes();
    return node;
  }

  private static Tree tree(int[] ids, Map<Integer, Node> nodes) {
    var tree = new Tree(ids.length);
    tree.refs = 0;
    var seen = new HashSet<Integer>();
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] == 0) {
        continue;
      }
      var node = nodes.get(ids[i]);
      if (node == null || !seen.add(ids[i])) {
        throw new StoreException.Corrupt("the checkpoint has no single node " + ids[i]);
      }
      node.refs++;
      tree.nodes[i] = node;
    }
    return tree;
  }

  private void report(StoreException what) {
    findings.add(String.valueOf(what.getMessage()));
  }
}

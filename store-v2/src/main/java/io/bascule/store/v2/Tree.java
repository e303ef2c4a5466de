package io.bascule.store.v2;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The map of one volume or of several that share it: nodes of 1 GiB, each a list of leaves. Trees
 * and nodes count their references; what has more than one is copied before it changes.
 */
final class Tree {
  /** The part of a tree that covers 1 GiB of the volume. */
  static final class Node {
    static final int LEAVES = 512;

    final int id;
    final int[] leaves;
    int refs = 1;

    /** Changed since the last checkpoint, or never in one. */
    boolean dirty = true;

    /** Where it lies in a checkpoint; file 0 is nowhere. */
    int file;

    long offset;
    int bytes;

    Node(int id, int[] leaves) {
      this.id = id;
      this.leaves = leaves;
    }
  }

  @Nullable Node[] nodes;
  int refs = 1;

  Tree(int nodeCount) {
    nodes = new @Nullable Node[nodeCount];
  }

  static int nodeCount(long sizeBytes) {
    long leafBytes = (long) Leaves.BLOCKS * UnitCodec.BLOCK_BYTES;
    return (int) ((sizeBytes + Node.LEAVES * leafBytes - 1) / (Node.LEAVES * leafBytes));
  }

  /** Another tree of the same nodes. */
  Tree copy() {
    var copy = new Tree(0);
    copy.nodes = nodes.clone();
    for (var node : nodes) {
      if (node != null) {
        node.refs++;
      }
    }
    return copy;
  }

  void grow(int nodeCount) {
    if (nodeCount > nodes.length) {
      nodes = Arrays.copyOf(nodes, nodeCount);
    }
  }

  /** The leaf's number, or {@link Leaves#NONE}. */
  int leaf(int leafNo) {
    var all = nodes;
    int at = leafNo / Node.LEAVES;
    if (at >= all.length) {
      return Leaves.NONE;
    }
    var node = all[at];
    return node == null ? Leaves.NONE : node.leaves[leafNo % Node.LEAVES];
  }
}

package io.bascule.store.v2;

import java.util.UUID;

/**
 * A volume, snapshot or clone of the pool, or one that is deleted and still gives its space back.
 * Changed by the log's leader only.
 */
final class Entry {
  /** What it is; the codes are on disk. */
  enum Kind {
    VOLUME(0),
    SNAPSHOT(1),
    DELETED(2);

    final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  final int number;
  final int family;
  final UUID uuid;

  /** Number of the volume it was made from, 0 if none. */
  final int source;

  final long createdMillis;

  /** Of the volume's ranges, whoever has it open. */
  final RangeLocks locks = new RangeLocks();

  volatile Kind kind;
  volatile long sizeBytes;
  volatile Tree tree;

  /** Blocks that are not holes. */
  volatile long mappedBlocks;

  Entry(
      int number,
      int family,
      UUID uuid,
      int source,
      long createdMillis,
      Kind kind,
      long sizeBytes,
      Tree tree,
      long mappedBlocks) {
    this.number = number;
    this.family = family;
    this.uuid = uuid;
    this.source = source;
    this.createdMillis = createdMillis;
    this.kind = kind;
    this.sizeBytes = sizeBytes;
    this.tree = tree;
    this.mappedBlocks = mappedBlocks;
  }
}

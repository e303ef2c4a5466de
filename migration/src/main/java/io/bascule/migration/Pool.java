package io.bascule.migration;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;

/** One format 2 from its making or opening until it is dropped, with the work on its volumes. */
final class Pool {
  private final FormatTwo formatTwo;
  private final FormatTwoGuard guard;
  private final List<Part> parts = new CopyOnWriteArrayList<>();

  Pool(FormatTwo formatTwo, FormatTwoGuard guard) {
    this.formatTwo = formatTwo;
    this.guard = guard;
  }

  /** A volume in it. {@code comparing} is held by the thread that uses the comparer. */
  record Part(
      MirroredVolume volume,
      Mirror mirror,
      Copier copier,
      Comparer comparer,
      ReentrantLock comparing) {}

  FormatTwo formatTwo() {
    return formatTwo;
  }

  FormatTwoGuard guard() {
    return guard;
  }

  /** Complete before anybody works on the pool. */
  void add(Part part) {
    parts.add(part);
  }

  List<Part> parts() {
    return parts;
  }

  boolean isScanned() {
    return parts.stream().allMatch(part -> part.mirror().marks().isScanned());
  }

  long needsCopyBytes() {
    long regions = 0;
    for (var part : parts) {
      regions += part.mirror().marks().needsCopyRegions();
    }
    return regions * Regions.BYTES;
  }

  boolean isVerified() {
    return parts.stream().allMatch(part -> part.comparer().isClean());
  }

  /** What a thread works with; new ones after a loss, for a stuck call may still use the old. */
  record Buffers(ByteBuffer one, ByteBuffer two) {
    static Buffers make() {
      int bytes = Math.max(Copier.BATCH_BYTES, Comparer.BATCH_BYTES);
      return new Buffers(ByteBuffer.allocateDirect(bytes), ByteBuffer.allocateDirect(bytes));
    }
  }
}

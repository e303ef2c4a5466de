package io.bascule.migration;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Knows what each block of a volume may hold: every write has content of its own, and a block may
 * hold only what no acknowledged write has surely replaced. Used by many threads.
 */
final class Oracle {
  static final int BLOCK = Volume.BLOCK_BYTES;

  /** Zeros, as after a trim. */
  private static final long ZEROS = 0;

  private final AtomicLong clock = new AtomicLong(1);
  private final List<List<Op>> blocks = new ArrayList<>();
  private final AtomicLong acknowledged = new AtomicLong();

  /** A write; not acknowledged while {@code end} is the largest number. */
  private static final class Op {
    final long content;
    final long start;
    volatile long end = Long.MAX_VALUE;

    Op(long content, long start) {
      this.content = content;
      this.start = start;
    }
  }

  Oracle(int count) {
    for (int i = 0; i < count; i++) {
      var first = new ArrayList<Op>();
      var zeros = new Op(ZEROS, 0);
      zeros.end = 0;
      first.add(zeros);
      blocks.add(first);
    }
  }

  int blocks() {
    return blocks.size();
  }

  long acknowledged() {
    return acknowledged.get();
  }

  /** Writes or trims some blocks; an exception leaves open whether it happened, block by block. */
  void change(Volume volume, Random random, int maxBlocks) {
    int count = 1 + random.nextInt(maxBlocks);
    int first = random.nextInt(blocks.size() - count + 1);
    change(volume, random.nextInt(8), first, count, random.nextInt(4) == 0);
  }

  void change(Volume volume, int kind, int first, int count, boolean fua) {
    long id = clock.getAndIncrement();
    boolean zeros = kind <= 1;
    var op = new Op(zeros ? ZEROS : id, id);
    begin(op, first, count);
    long offset = (long) first * BLOCK;
    long length = (long) count * BLOCK;
    switch (kind) {
      case 0 -> volume.trim(offset, length);
      case 1 -> volume.zero(offset, length);
      case 2 ->
          volume.atomically(
              offset,
              length,
              inside -> {
                inside.read(offset, ByteBuffer.allocate((int) length));
                inside.write(offset, content(id, first, count), fua);
                return true;
              });
      default -> volume.write(offset, content(id, first, count), fua);
    }
    end(op, first, count);
    acknowledged.incrementAndGet();
  }

  private void begin(Op op, int first, int count) {
    for (int b = first; b < first + count; b++) {
      var ops = blocks.get(b);
      synchronized (ops) {
        ops.add(op);
      }
    }
  }

  private void end(Op op, int first, int count) {
    op.end = clock.getAndIncrement();
    for (int b = first; b < first + count; b++) {
      var ops = blocks.get(b);
      synchronized (ops) {
        ops.removeIf(other -> other.end < op.start);
      }
    }
  }

  private static ByteBuffer content(long id, int first, int count) {
    var bytes = ByteBuffer.allocate(count * BLOCK);
    for (int b = first; b < first + count; b++) {
      for (int i = 0; i < BLOCK / Long.BYTES; i += 2) {
        bytes.putLong(id).putLong(b);
      }
    }
    return bytes.flip();
  }

  /** Reads some blocks while others write; throws if one holds what it cannot. */
  void read(Volume volume, Random random, int maxBlocks) {
    int count = 1 + random.nextInt(maxBlocks);
    int first = random.nextInt(blocks.size() - count + 1);
    long began = clock.getAndIncrement();
    var before = new ArrayList<List<Long>>();
    for (int b = first; b < first + count; b++) {
      before.add(possible(b));
    }
    var bytes = ByteBuffer.allocate(count * BLOCK);
    long offset = (long) first * BLOCK;
    if (random.nextBoolean() || volume.tryRead(offset, bytes) == Volume.WOULD_BLOCK) {
      volume.read(offset, bytes.clear());
    }
    for (int b = first; b < first + count; b++) {
      long found = contentOf(bytes.array(), (b - first) * BLOCK, b);
      boolean fine =
          before.get(b - first).contains(found) || found >= began || possible(b).contains(found);
      if (!fine) {
        throw new AssertionError(
            "block %d holds %d, possible were %s".formatted(b, found, before.get(b - first)));
      }
    }
  }

  /** Reads everything while nobody writes. */
  void verify(Volume volume) {
    var bytes = ByteBuffer.allocate(blocks.size() * BLOCK);
    volume.read(0, bytes);
    for (int b = 0; b < blocks.size(); b++) {
      long found = contentOf(bytes.array(), b * BLOCK, b);
      if (!possible(b).contains(found)) {
        throw new AssertionError(
            "block %d holds %d, possible are %s".formatted(b, found, possible(b)));
      }
    }
  }

  private List<Long> possible(int block) {
    var ops = blocks.get(block);
    synchronized (ops) {
      return ops.stream().map(op -> op.content).toList();
    }
  }

  private static long contentOf(byte[] bytes, int at, int block) {
    var one = ByteBuffer.wrap(bytes, at, BLOCK);
    long id = one.getLong();
    long number = one.getLong();
    for (int i = 2; i < BLOCK / Long.BYTES; i += 2) {
      if (one.getLong() != id || one.getLong() != number) {
        throw new AssertionError("block " + block + " is torn");
      }
    }
    if (number != (id == ZEROS ? 0 : block)) {
      throw new AssertionError("block " + block + " holds the content of block " + number);
    }
    return id;
  }
}

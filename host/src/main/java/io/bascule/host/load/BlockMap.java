package io.bascule.host.load;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Per chunk of 4 KiB: the last acknowledged version, and the one whose answer is not known. In
 * memory, or mapped from a journal. Each chunk belongs to one worker's thread.
 *
 * <p>Invariant: a chunk with a pending version has no second write outstanding. One whose write
 * failed keeps it pending for good, and is not written again: either version may be there.
 */
final class BlockMap {
  static final int CHUNK_BYTES = 4096;
  static final int BLOCKS_PER_CHUNK = CHUNK_BYTES / BlockPattern.BYTES;
  static final int BYTES_PER_CHUNK = 16;

  private final MemorySegment words;
  private final long firstChunk;
  private final long chunks;

  BlockMap(MemorySegment words, long firstChunk, long chunks) {
    this.words = words;
    this.firstChunk = firstChunk;
    this.chunks = chunks;
  }

  long firstChunk() {
    return firstChunk;
  }

  long chunks() {
    return chunks;
  }

  long acknowledged(long chunk) {
    return words.getAtIndex(ValueLayout.JAVA_LONG, 2 * (chunk - firstChunk));
  }

  long pending(long chunk) {
    return words.getAtIndex(ValueLayout.JAVA_LONG, 2 * (chunk - firstChunk) + 1);
  }

  /** Before a write or TRIM is issued. */
  void begin(long chunk, int count, long version) {
    for (int i = 0; i < count; i++) {
      words.setAtIndex(ValueLayout.JAVA_LONG, 2 * (chunk + i - firstChunk) + 1, version);
    }
  }

  /** After it was answered GOOD. */
  void acknowledge(long chunk, int count, long version) {
    for (int i = 0; i < count; i++) {
      long index = 2 * (chunk + i - firstChunk);
      words.setAtIndex(ValueLayout.JAVA_LONG, index, version);
      words.setAtIndex(ValueLayout.JAVA_LONG, index + 1, Version.NONE);
    }
  }

  /** Whether there is anything to compare with. */
  boolean isKnown(long chunk) {
    return acknowledged(chunk) != Version.NONE || pending(chunk) != Version.NONE;
  }
}

package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;

/**
 * Writes zeros ahead of the batches of an open segment, so that a batch that does not fill a piece
 * of the file goes to pages that are there already. The kernel makes a few large pieces of its
 * cache for a large aligned write, and many small ones for batches, which begin anywhere: reading
 * from the large ones costs two thirds. And a sync of a batch that does not make the file longer
 * needs no commit of the file system's journal.
 *
 * <p>What lies behind the last batch means nothing: batches are found by their checksums. A disk
 * that is too full for zeros gets none. For the log's leader.
 */
final class ZerosAhead {
  /** For larger ones the kernel searches its memory longer than they save. */
  private static final int PIECE_MAX_BYTES = 256 << 10;

  /** So that zeros are few beside the batches of small segments as well. */
  static final int PIECES_OF_SEGMENT = 16;

  private static final int PAGE_BYTES = 4096;

  private final int segmentBytes;
  private final ByteBuffer zeros;

  ZerosAhead(int segmentBytes) {
    this.segmentBytes = segmentBytes;
    int part = segmentBytes / PIECES_OF_SEGMENT / PAGE_BYTES * PAGE_BYTES;
    this.zeros = ByteBuffer.allocateDirect(Math.clamp(part, PAGE_BYTES, PIECE_MAX_BYTES));
  }

  /**
   * Puts zeros where a batch up to {@code end} leaves a piece half written, if there is room. Whole
   * pieces before that are the batch's own.
   */
  void reach(Segment segment, int end) {
    if (segment.fileEnd() >= end) {
      return;
    }
    int piece = zeros.capacity();
    int from = Math.max(segment.fileEnd(), end / piece * piece);
    int to = Math.min((end / piece + 1) * piece, segmentBytes);
    if (from >= to) {
      return;
    }
    try {
      segment.write(from, zeros.clear().limit(to - from));
    } catch (StoreException.Full _) {
      segment.cut(segment.dataEnd); // some may be there
    }
  }
}

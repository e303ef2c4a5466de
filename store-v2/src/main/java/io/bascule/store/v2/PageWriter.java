package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Appends pages to a new checkpoint file. Its monitor is the capture's lock: a page is written, and
 * its place noted, in one piece.
 */
final class PageWriter implements Leaves.Capture {
  private static final int BUFFER_BYTES = 256 << 10;

  private final StoredFile file;
  private final int number;
  private final Leaves leaves;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final Checksum checksum = new Checksum();
  private final Parity parity = new Parity();
  private long fileEnd = Page.FILE_BYTES;
  private @Nullable StoreException failure;
  private int runAt;

  PageWriter(StoredFile file, int number, Leaves leaves) {
    this.file = file;
    this.number = number;
    this.leaves = leaves;
  }

  int number() {
    return number;
  }

  /** Writes the leaf as it is, unless that was done. Called also before a leaf changes. */
  @Override
  public synchronized void leaf(int leaf) {
    if (!leaves.isPending(leaf)) {
      return;
    }
    int at = begin(Page.MAX_BYTES);
    runAt = at + Page.HEAD_BYTES;
    leaves.forEachRun(
        leaf,
        (start, blocks, pointer) -> {
          buffer.putShort(runAt + Page.RUN_START, (short) start);
          buffer.putShort(runAt + Page.RUN_BLOCKS, (short) blocks);
          buffer.putLong(runAt + Page.RUN_POINTER, pointer);
          runAt += Page.RUN_BYTES;
        });
    var place = end(Page.LEAF, leaf, at, runAt);
    leaves.captured(leaf, number, place.offset(), place.bytes());
  }

  synchronized Page.At node(int id, int[] children) {
    int at = begin(Page.MAX_BYTES);
    int to = at + Page.HEAD_BYTES;
    for (int i = 0; i < children.length; i++) {
      if (children[i] != Leaves.NONE) {
        buffer.putInt(to + Page.CHILD_INDEX, i).putInt(to + Page.CHILD_LEAF, children[i]);
        to += Page.CHILD_BYTES;
      }
    }
    return end(Page.NODE, id, at, to);
  }

  synchronized Page.At places(int group) {
    int at = begin(Page.MAX_BYTES);
    int to = at + Page.HEAD_BYTES;
    for (int i = 0; i < Page.GROUP_LEAVES; i++) {
      int leaf = group * Page.GROUP_LEAVES + i;
      int of = leaves.file(leaf);
      if (of != 0) {
        putPlace(buffer, to, leaf, of, leaves.fileOffset(leaf), leaves.fileBytes(leaf));
        to += Page.PLACE_BYTES;
      }
    }
    return end(Page.PLACES, group, at, to);
  }

  static void putPlace(ByteBuffer to, int at, int id, int file, long offset, int bytes) {
    to.putInt(at + Page.PLACE_ID, id).putInt(at + Page.PLACE_FILE, file);
    to.putLong(at + Page.PLACE_OFFSET, offset).putInt(at + Page.PLACE_LENGTH, bytes);
  }

  /** Copies a leaf's page from another file. */
  synchronized Page.At copyLeaf(int leaf, ByteBuffer page) {
    int at = begin(page.limit());
    buffer.put(at, page, 0, page.limit());
    return end(Page.LEAF, leaf, at, at + page.limit());
  }

  /** Writes a page of any size. */
  synchronized Page.At meta(byte[] body) {
    flush();
    var page = ByteBuffer.allocate(Page.HEAD_BYTES + body.length);
    page.put(Page.HEAD_BYTES, body);
    Page.finish(page, 0, Page.META, 0, number, body.length, checksum);
    var at = new Page.At(number, fileEnd, page.capacity());
    parity.add(fileEnd, page, 0, page.capacity());
    if (failure == null) {
      file.write(fileEnd, page);
    }
    fileEnd += page.capacity();
    return at;
  }

  /** Everything can be read from the file, or this throws. */
  synchronized void flushPages() {
    flush();
    if (failure != null) {
      throw failure;
    }
  }

  /** Everything is in the file and on stable storage, or this throws. */
  synchronized void finish() {
    flushPages();
    file.write(fileEnd, parity.of(fileEnd));
    file.sync();
  }

  private int begin(int bytes) {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer.position();
  }

  private Page.At end(int kind, int id, int from, int to) {
    Page.finish(buffer, from, kind, id, number, to - from - Page.HEAD_BYTES, checksum);
    buffer.position(to);
    return new Page.At(number, fileEnd + from, to - from);
  }

  /** An error is kept for the end: whoever writes a host's data must not meet it. */
  private void flush() {
    int bytes = buffer.position();
    parity.add(fileEnd, buffer, 0, bytes);
    try {
      if (failure == null) {
        file.write(fileEnd, buffer.flip());
      }
    } catch (StoreException e) {
      failure = e;
    }
    buffer.clear();
    fileEnd += bytes;
  }
}

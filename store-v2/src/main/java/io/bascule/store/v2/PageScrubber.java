package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the files of checkpoints, one after the other, and verifies every page and the parity, so
 * that damage is found while the rest of its file, or memory, still tells what was there. What is
 * damaged the next checkpoint writes anew. Under the checkpointer's monitor: no file comes or goes
 * meanwhile.
 */
final class PageScrubber {
  private static final System.Logger LOG = System.getLogger(PageScrubber.class.getName());

  private final CheckpointFiles files;
  private final Checksum checksum = new Checksum();
  private int number;
  private long readBytes;
  private @Nullable Walk walk;

  PageScrubber(CheckpointFiles files) {
    this.files = files;
  }

  /** Goes on for about so many bytes; returns whether there is more in this pass. */
  boolean step(long budgetBytes) {
    long until = readBytes + budgetBytes;
    while (readBytes < until) {
      var now = walk;
      if (now == null || !files.exists(number)) {
        walk = null;
        number = next();
        if (number == 0) {
          return false;
        }
        now = new Walk(files.file(number));
        walk = now;
      }
      long from = now.at;
      String wrong = now.goOn(until - readBytes);
      readBytes += now.at - from;
      if (wrong != null) {
        files.foundDamaged(number);
        LOG.log(
            System.Logger.Level.WARNING,
            "{0} at {1}: {2}; the next checkpoint writes anew what is needed of it",
            Names.checkpoint(number),
            now.at,
            wrong);
      }
      if (wrong != null || now.isOver()) {
        walk = null;
      }
    }
    return true;
  }

  /** The next file of the pass, 0 at its end. */
  private int next() {
    return files.numbers().stream().filter(n -> n > number).min(Integer::compare).orElse(0);
  }

  /** The way through one file. */
  private final class Walk {
    private final StoredFile file;
    private final Parity parity = new Parity();
    private long pagesEnd;
    private long at;
    private boolean hasParity;

    Walk(StoredFile file) {
      this.file = file;
    }

    boolean isOver() {
      return at >= file.lengthBytes();
    }

    /** What is wrong where it came to, null if nothing is. */
    @Nullable String goOn(long budgetBytes) {
      long until = at + budgetBytes;
      try {
        if (at == 0) {
          readHeader();
        }
        while (at < pagesEnd && at < until) {
          if (!readPage()) {
            return "a page does not fit its checksum";
          }
        }
        if (at == pagesEnd) {
          boolean fits = !hasParity || fitsParity();
          at = file.lengthBytes();
          return fits ? null : "its parity does not fit its pages";
        }
        return null;
      } catch (StoreException.Corrupt | StoreException.Io e) {
        return String.valueOf(e.getMessage());
      }
    }

    private void readHeader() {
      var header = ByteBuffer.allocate(Page.FILE_BYTES);
      file.read(0, header);
      Preamble.check(header.flip(), Page.MAGIC, Page.FILE_CRC, Names.checkpoint(number));
      hasParity = header.getInt(Page.FILE_STRIPE) != 0;
      pagesEnd = hasParity ? Parity.pagesEnd(file.lengthBytes()) : file.lengthBytes();
      at = Page.FILE_BYTES;
    }

    private boolean readPage() {
      var head = ByteBuffer.allocate(Page.HEAD_BYTES);
      file.read(at, head);
      long bytes = Page.HEAD_BYTES + (long) head.getInt(Page.BODY);
      if (bytes < Page.HEAD_BYTES || bytes > pagesEnd - at) {
        return false;
      }
      var page = ByteBuffer.allocate((int) bytes);
      file.read(at, page);
      page.flip();
      boolean whole =
          page.getInt(Page.FILE_OF) == number
              && checksum.of(page, Page.KIND, (int) bytes - Page.KIND) == page.getInt(Page.CRC);
      if (whole) {
        parity.add(at, page, 0, (int) bytes);
        at += bytes;
      }
      return whole;
    }

    private boolean fitsParity() {
      var expected = parity.of(pagesEnd);
      var found = ByteBuffer.allocate(expected.remaining());
      file.read(pagesEnd, found);
      return found.flip().equals(expected);
    }
  }
}

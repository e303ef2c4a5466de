package io.bascule.store.v2;

import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The end of a checkpoint file: what lies between its header and there, cut into stripes, XORed.
 * One damaged place of a file, up to a stripe long, is what the other stripes and this say it was;
 * whether that is so the page's own checksum tells. The segments could not say it as well: a TRIM
 * may be gone with its segment, while what it trimmed is still in another.
 */
final class Parity {
  /** Longer than every page but meta, which has a copy. */
  static final int STRIPE_BYTES = 256 << 10;

  private final ByteBuffer sum = ByteBuffer.allocateDirect(STRIPE_BYTES);

  /** Takes in {@code length} bytes from {@code from} that are written to {@code offset}. */
  void add(long offset, ByteBuffer bytes, int from, int length) {
    for (int done = 0; done < length; ) {
      int column = column(offset + done);
      int count = Math.min(length - done, STRIPE_BYTES - column);
      xor(sum, column, bytes, from + done, count);
      done += count;
    }
  }

  /** The parity of a file whose pages end there; it is written behind them. */
  ByteBuffer of(long pagesEnd) {
    return sum.clear().limit((int) Math.min(STRIPE_BYTES, pagesEnd - Page.FILE_BYTES));
  }

  /** Where the pages of a file of that length end and its parity begins. */
  static long pagesEnd(long lengthBytes) {
    long behindHeader = Math.max(0, lengthBytes - Page.FILE_BYTES);
    long pages = behindHeader >= 2L * STRIPE_BYTES ? behindHeader - STRIPE_BYTES : behindHeader / 2;
    return Page.FILE_BYTES + pages;
  }

  /** What should lie at the place according to the rest of the file; null if that says nothing. */
  static @Nullable ByteBuffer rebuild(StoredFile file, long offset, int bytes) {
    long pagesEnd = pagesEnd(file.lengthBytes());
    if (bytes > STRIPE_BYTES || offset < Page.FILE_BYTES || offset + bytes > pagesEnd) {
      return null;
    }
    var rebuilt = ByteBuffer.allocate(bytes);
    var part = ByteBuffer.allocate(bytes);
    for (int done = 0; done < bytes; ) {
      int column = column(offset + done);
      int count = Math.min(bytes - done, STRIPE_BYTES - column);
      // The same columns of each stripe, and of the parity, which lies behind the last.
      for (long at = Page.FILE_BYTES + (long) column; at < pagesEnd; at += STRIPE_BYTES) {
        if (at != offset + done) {
          int there = (int) Math.min(count, pagesEnd - at);
          file.read(at, part.clear().limit(there));
          xor(rebuilt, done, part, 0, there);
        }
      }
      file.read(pagesEnd + column, part.clear().limit(count));
      xor(rebuilt, done, part, 0, count);
      done += count;
    }
    return rebuilt;
  }

  /** Whether pages and parity of a file fit each other. */
  static boolean fits(StoredFile file) {
    long pagesEnd = pagesEnd(file.lengthBytes());
    var parity = new Parity();
    var stripe = ByteBuffer.allocate(STRIPE_BYTES);
    for (long at = Page.FILE_BYTES; at < pagesEnd; at += STRIPE_BYTES) {
      int count = (int) Math.min(STRIPE_BYTES, pagesEnd - at);
      file.read(at, stripe.clear().limit(count));
      parity.add(at, stripe, 0, count);
    }
    var expected = parity.of(pagesEnd);
    file.read(pagesEnd, stripe.clear().limit(expected.remaining()));
    return stripe.flip().equals(expected);
  }

  private static int column(long offset) {
    return (int) ((offset - Page.FILE_BYTES) % STRIPE_BYTES);
  }

  private static void xor(ByteBuffer into, int at, ByteBuffer bytes, int from, int count) {
    int i = 0;
    for (; i + Long.BYTES <= count; i += Long.BYTES) {
      into.putLong(at + i, into.getLong(at + i) ^ bytes.getLong(from + i));
    }
    for (; i < count; i++) {
      into.put(at + i, (byte) (into.get(at + i) ^ bytes.get(from + i)));
    }
  }
}

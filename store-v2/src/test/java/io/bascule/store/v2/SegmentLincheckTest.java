package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * Reads of a segment while its file is closed for want of open files, and while cleaning removes
 * it, in every order that Lincheck tries: a read finds the file open, or that there is no such
 * segment.
 *
 * <p>It objects if a file is closed or deleted under a reader, if one stays open that nobody uses
 * any more, and if a reader waits for ever for one that closes it.
 */
public class SegmentLincheckTest {
  private static final int CONTENT = 7;

  private final Files files = new Files();
  private final Segments segments = new Segments(files, new UUID(1, 1), 1 << 20);
  private final Segment segment = segments.create(1, false);
  private boolean removed;

  public SegmentLincheckTest() {
    segment.state = Segment.State.SEALED;
  }

  /** What is in the segment, 0 if it is gone. */
  @Operation
  public int read() {
    var pinned = segments.pin(segment.slot);
    if (pinned == null) {
      return 0;
    }
    try {
      var buffer = ByteBuffer.allocate(1);
      pinned.file().read(0, buffer);
      return buffer.get(0);
    } finally {
      pinned.unpin();
    }
  }

  /** As when too many files are open. */
  @Operation
  public void close() {
    boolean _ = segment.closeIfUnused();
  }

  @Operation(runOnce = true)
  public void remove() {
    segments.remove(List.of(segment));
    removed = true;
  }

  @Validate
  public void filesAreClosed() {
    Check.that(files.open.get() <= (removed ? 0 : 1), "%d files stay open", files.open.get());
  }

  /** What readers are promised. */
  public static class Content {
    private int content = CONTENT;

    public int read() {
      return content;
    }

    public void close() {}

    public void remove() {
      content = 0;
    }
  }

  /** One file, which says so if it is used after it was closed. */
  private static final class Files extends NoFiles {
    private boolean deleted;
    private final AtomicInteger open = new AtomicInteger();

    @Override
    public StoredFile create(String name) {
      return open(name);
    }

    @Override
    public StoredFile open(String name) {
      Check.that(!deleted, "%s is opened after it was deleted", name);
      open.getAndIncrement();
      return new OpenFile();
    }

    @Override
    public boolean exists(String name) {
      return !deleted;
    }

    @Override
    public void delete(String name) {
      deleted = true;
    }

    private final class OpenFile extends NoFile {
      private volatile boolean closed;

      @Override
      public void read(long offsetBytes, ByteBuffer destination) {
        Check.that(!closed, "a closed file is read");
        destination.put((byte) CONTENT);
        Check.that(!closed, "a file is closed while it is read");
      }

      @Override
      public void write(long offsetBytes, ByteBuffer source) {}

      @Override
      public void close() {
        Check.that(!closed, "a file is closed twice");
        closed = true;
        open.getAndDecrement();
      }
    }
  }

  @Test
  void shouldNotLoseTheFileUnderAReader() {
    boolean all = Boolean.getBoolean("bascule.check.all");
    new ModelCheckingOptions()
        .iterations(all ? 30 : 10)
        .invocationsPerIteration(all ? 500 : 100)
        .threads(2)
        .actorsPerThread(2)
        .actorsBefore(0)
        .actorsAfter(1)
        .sequentialSpecification(Content.class)
        .check(SegmentLincheckTest.class);
  }
}

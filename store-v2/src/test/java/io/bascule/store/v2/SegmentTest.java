package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SegmentTest {
  private static final int TIMES = 20_000;

  /** As with more segments than files may be open: they are closed between any two readers. */
  @Test
  void shouldNeverCloseWhatIsPinned() throws Exception {
    var disk = new DiskDouble();
    var segments = new Segments(disk, new UUID(1, 1), 1 << 20);
    var segment = segments.create(1, false);
    segment.state = Segment.State.SEALED;
    var goes = new AtomicBoolean(true);
    var closed = new AtomicInteger();
    var closer =
        CompletableFuture.runAsync(
            () -> {
              while (goes.get()) {
                if (segment.closeIfUnused()) {
                  closed.incrementAndGet();
                }
              }
            },
            SegmentTest::start);
    var readers = new ArrayList<CompletableFuture<Void>>();
    for (int i = 0; i < 3; i++) {
      readers.add(
          CompletableFuture.runAsync(() -> read(segments, segment.slot), SegmentTest::start));
    }
    try {
      for (var reader : readers) {
        reader.get();
      }
    } finally {
      goes.set(false);
      closer.get();
    }
    assertThat(closed).hasPositiveValue();
  }

  /** A disk that does not delete is asked again and again. */
  @Test
  void shouldStayRetiredUntilItsFileIsDeleted() {
    var disk = new HookedDirectory(new DiskDouble());
    var segments = new Segments(disk, new UUID(1, 1), 1 << 20);
    var segment = segments.create(1, false);
    disk.hook =
        (call, name) -> {
          if (call == HookedDirectory.Call.DELETE) {
            throw new StoreException.Io(name, new IOException("for this test"));
          }
        };
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(() -> segments.remove(List.of(segment)))
          .isInstanceOf(StoreException.Io.class);
      assertThat(segments.pin(segment.slot)).isNull();
    }
    disk.hook = (_, _) -> {};
    segments.remove(List.of(segment));
    assertThat(segments.get(segment.slot)).isNull();
    assertThat(segments.usedBytes()).isZero();
  }

  private static void start(Runnable work) {
    Thread.ofPlatform().daemon().start(work);
  }

  private static void read(Segments segments, int slot) {
    var buffer = ByteBuffer.allocate(512);
    for (int i = 0; i < TIMES; i++) {
      var pinned = Check.found(segments.pin(slot), "segment that nobody removed");
      try {
        StoredFile file = pinned.file();
        file.read(0, buffer.clear());
        assertThat(pinned.fileIfOpen()).isSameAs(file);
      } finally {
        pinned.unpin();
      }
    }
  }
}

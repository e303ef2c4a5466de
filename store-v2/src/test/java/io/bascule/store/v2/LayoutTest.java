package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The document of the format says what the code does. */
class LayoutTest {
  private static final List<Struct> ALL =
      List.of(
          Superblock.STRUCT,
          SegmentHeader.STRUCT,
          BatchFormat.HEADER,
          LogRecord.HEAD,
          LogRecord.BODY,
          BatchFormat.END,
          FooterFormat.GROUP,
          FooterFormat.END,
          Page.FILE,
          Page.HEAD,
          Page.RUN,
          Page.CHILD,
          Page.PLACE,
          Meta.HEAD,
          Meta.VOLUME,
          Meta.SEGMENT);

  static String document() throws IOException {
    var folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.exists(folder.resolve("docs/formats/2.md"))) {
      folder = folder.getParent();
    }
    if (folder == null) {
      throw new IOException("docs/formats/2.md is missing");
    }
    return Files.readString(folder.resolve("docs/formats/2.md"));
  }

  @Test
  void shouldBeWrittenDown() throws IOException {
    String text = document();
    for (var struct : ALL) {
      assertThat(text).contains("### " + struct.name() + "\n\n" + struct.markdown());
    }
    assertThat(text.split("\n### ", -1)).as("and nothing else is").hasSize(ALL.size() + 1);
  }

  /** What is written down of a pointer. */
  @Test
  void shouldPackPointersAsWritten() {
    long pointer = Pointer.of(0xABCDEF, 0x123456 * 8, 5, 0x1001 * 8);
    assertThat(pointer).isEqualTo(0xABCDEFL << 39 | 0x123456L << 16 | 5L << 13 | 0x1001);
    assertThat(Pointer.slot(pointer)).isEqualTo(0xABCDEF);
    assertThat(Pointer.offsetBytes(pointer)).isEqualTo(0x123456 * 8);
    assertThat(Pointer.index(pointer)).isEqualTo(5);
    assertThat(Pointer.lengthBytes(pointer)).isEqualTo(0x1001 * 8);
  }

  @Test
  void shouldRunOnFromOneWholeUnitToTheNext() {
    int full = LogRecord.bytesOf(8, 32768);
    long pointer = Pointer.of(3, 512, 6, full);
    assertThat(Pointer.advance(pointer, 1)).isEqualTo(Pointer.of(3, 512, 7, full));
    assertThat(Pointer.advance(pointer, 2)).isEqualTo(Pointer.of(3, 512 + full, 0, full));
    assertThat(Pointer.advance(pointer, 11)).isEqualTo(Pointer.of(3, 512 + 2 * full, 1, full));
    assertThat(Pointer.continues(pointer, 2, Pointer.of(3, 512 + full, 0, full))).isTrue();
    assertThat(Pointer.continues(pointer, 2, Pointer.of(4, 512 + full, 0, full))).isFalse();
    assertThat(Pointer.continues(Pointer.of(3, 512, 6, 800), 2, Pointer.HOLE)).isFalse();
  }
}

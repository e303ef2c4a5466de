package io.bascule.store.v2;

import io.bascule.core.Check;
import java.util.ArrayList;
import java.util.List;

/**
 * A structure on disk, field by field. The constants that code reads and writes with, and the table
 * in {@code docs/formats/2.md}, both come from here.
 */
final class Struct {
  private record Field(int offset, int bytes, String text) {}

  private final String name;
  private final List<Field> fields = new ArrayList<>();
  private int bytes;

  Struct(String name) {
    this.name = name;
  }

  /** Appends a field. Returns its offset. */
  int field(int fieldBytes, String text) {
    int offset = bytes;
    fields.add(new Field(offset, fieldBytes, text));
    bytes += fieldBytes;
    return offset;
  }

  /** Says how long the structure is; the fields must fill it. */
  int end(int expectedBytes) {
    Check.that(bytes == expectedBytes, "%s has %d bytes", name, bytes);
    return bytes;
  }

  String name() {
    return name;
  }

  /** The table as the document has it. */
  String markdown() {
    var text = new StringBuilder("| offset | bytes | field |\n|---|---|---|\n");
    for (var field : fields) {
      text.append("| %d | %d | %s |\n".formatted(field.offset, field.bytes, field.text));
    }
    return text.toString();
  }
}

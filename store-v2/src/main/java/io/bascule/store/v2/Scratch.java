package io.bascule.store.v2;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What a thread needs to read and write, kept for its next operation. */
final class Scratch {
  private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

  final Checksum checksum = new Checksum();
  final UnitReader reader = new UnitReader(checksum);

  /** Room for the blocks of a record. */
  final ByteBuffer unit = ByteBuffer.allocateDirect(UnitCodec.UNIT_BYTES);

  final Index.Mapping mapping = new Index.Mapping();

  private @Nullable UnitEncoder encoder;
  private @Nullable ByteBuffer aligned;

  private Scratch() {}

  static Scratch ofThread() {
    return OF_THREAD.get();
  }

  UnitEncoder encoder() {
    var made = encoder;
    if (made == null) {
      made = new UnitEncoder(checksum);
      encoder = made;
    }
    return made;
  }

  /** Room for the blocks that an unaligned piece of data touches. */
  ByteBuffer aligned() {
    var made = aligned;
    if (made == null) {
      made = ByteBuffer.allocateDirect(UnitEncoder.CHUNK_BYTES);
      aligned = made;
    }
    return made.clear();
  }
}

package io.bascule.e2e;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/**
 * A wall clock of an appliance's own that can be stepped; the machine's is never touched. A small
 * library (src/test/c) is preloaded into the chassis and what that starts. The monotonic clock
 * stays, as it does when a real clock is set.
 *
 * <p>libfaketime is not used: with it a JVM starts seven times slower, and CPU time jumps too.
 */
final class SteppedClock {
  private static final Path SOURCE = Commands.HOME.resolve("e2e/src/test/c/stepped_clock.c");

  private final Path library;
  private final Path file;
  private final MappedByteBuffer offset;

  private SteppedClock(Path library, Path file) throws IOException {
    this.library = library;
    this.file = file;
    try (var channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      this.offset = channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
    }
    offset.order(ByteOrder.nativeOrder());
    set(0);
  }

  /** One that goes with the machine's clock so far; empty where there is no C compiler. */
  static Optional<SteppedClock> in(Path folder) throws IOException {
    if (Commands.run(10, "sh", "-c", "command -v cc").exit() != 0) {
      return Optional.empty();
    }
    Path library = folder.resolve("stepped_clock.so");
    if (!Files.exists(library)) {
      String source = SOURCE.toString();
      Commands.run(60, "cc", "-O2", "-shared", "-fPIC", "-o", library.toString(), source, "-ldl")
          .ok();
    }
    return Optional.of(new SteppedClock(library, folder.resolve("clock-offset")));
  }

  /** What a process must be started with to go by this clock. */
  Map<String, String> environment() {
    return Map.of("LD_PRELOAD", library.toString(), "STEPPED_CLOCK", file.toString());
  }

  /** Differs from the machine's clock by so much from now on. */
  void set(long seconds) {
    offset.putLong(0, seconds);
  }
}

package io.bascule.platform;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A process of its own that tries for a lock, says how that went, and lives until its stdin ends.
 */
final class LockHolder {
  private LockHolder() {}

  public static void main(String[] args) throws IOException {
    try (var lock = OfdLock.open(Path.of(args[0]))) {
      System.out.println(lock.tryLock() ? "locked" : "refused");
      System.out.flush();
      while (System.in.read() >= 0) {
        // Until the parent closes the pipe.
      }
    }
  }

  /** Starts one; its first line says whether it got the lock. */
  static Started start(Path file) throws IOException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                LockHolder.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
    return new Started(process, String.valueOf(reader.readLine()));
  }

  record Started(Process process, String answer) implements AutoCloseable {
    @Override
    public void close() {
      process.destroyForcibly();
      process.onExit().join();
    }
  }
}

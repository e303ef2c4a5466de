package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** Hosts that nobody here wrote: QEMU's block layer and libiscsi's tools, over {@code iscsi://}. */
final class Outside {
  /** A piece that QEMU writes with one command. */
  private static final int PIECE_BYTES = 64 << 10;

  private Outside() {}

  /** QEMU writes a pattern. */
  static void write(String url, int pattern, long offset) {
    Commands.run(60, qemuIo(url, "write -P " + pattern + " " + offset + " " + PIECE_BYTES, "flush"))
        .ok();
  }

  /** QEMU reads the pattern back. */
  static void assertReads(String url, int pattern, long offset) {
    var result =
        Commands.run(60, qemuIo(url, "read -P " + pattern + " " + offset + " " + PIECE_BYTES)).ok();
    assertThat(result.out()).doesNotContain("Pattern verification failed");
  }

  private static List<String> qemuIo(String url, String... commands) {
    var all = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
    for (String command : commands) {
      all.add("-c");
      all.add(command);
    }
    all.add(url);
    return all;
  }

  /** {@code qemu-img} copies a whole image of random bytes to the volume. */
  static void copyImage(Path image, String url) throws IOException {
    byte[] content = new byte[8 << 20];
    new java.util.Random(20261122).nextBytes(content);
    Files.write(image, content);
    Commands.run(60, "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image.toString(), url)
        .ok();
  }

  /** {@code qemu-img} finds the volume to hold the image. */
  static void assertHolds(Path image, String url) {
    Commands.run(60, "qemu-img", "compare", "-f", "raw", "-F", "raw", image.toString(), url).ok();
  }

  /** What libiscsi's tools see: the target, its LUN, its size. */
  static void assertListed(String portal, String url, String target, long sizeBytes) {
    assertThat(Commands.run(30, "iscsi-ls", "-s", "iscsi://" + portal).ok().out())
        .contains(target)
        .contains("Lun:0");
    assertThat(Commands.run(30, "iscsi-inq", url).ok().out()).contains("BASCULE");
    assertThat(Commands.run(30, "iscsi-readcapacity16", url).ok().out())
        .contains("Total size:" + sizeBytes);
  }

  /** libiscsi's own conformance tests of that family, which write; all must pass. */
  static void assertConforms(String family, String url) {
    var result = Commands.run(120, "iscsi-test-cu", "-d", "-n", "-t", family, url);
    assertThat(result.exit()).as("%s", result).isZero();
    assertThat(result.out()).containsPattern("tests +\\d+ +[1-9]\\d* +\\d+ +0");
  }

  /** One QEMU that stays connected and writes piece after piece, until it is stopped. */
  static Writer writer(String url, long fromOffset) throws IOException {
    return new Writer(url, fromOffset);
  }

  /**
   * See {@link #writer}. Its one thread feeds qemu-io's standard input and waits for each answer.
   */
  static final class Writer implements AutoCloseable {
    private static final int PIECES = 256;

    private final String url;
    private final long fromOffset;
    private final Process process;
    private final Thread thread;
    private final ConcurrentLinkedQueue<String> complaints = new ConcurrentLinkedQueue<>();
    private volatile boolean stopping;
    private volatile int written;

    private Writer(String url, long fromOffset) throws IOException {
      this.url = url;
      this.fromOffset = fromOffset;
      this.process =
          new ProcessBuilder("stdbuf", "-oL", "qemu-io", "-f", "raw", url)
              .redirectErrorStream(true)
              .start();
      this.thread = Thread.ofPlatform().name("qemu-io").daemon().start(this::feed);
    }

    private static int pattern(int piece) {
      return 1 + piece % 250;
    }

    private void feed() {
      try (var in =
              new BufferedWriter(
                  new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
          var out =
              new BufferedReader(
                  new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        while (!stopping && written < 1_000_000) {
          long offset = fromOffset + (long) (written % PIECES) * PIECE_BYTES;
          in.write("write -P " + pattern(written) + " " + offset + " " + PIECE_BYTES + "\n");
          in.flush();
          String line = out.readLine();
          while (line != null && !line.contains("ops;")) {
            if (line.contains("failed") || line.contains("rror")) {
              complaints.add(line);
              return;
            }
            line = out.readLine();
          }
          if (line == null) {
            complaints.add("qemu-io ended");
            return;
          }
          written++;
          TimeUnit.MILLISECONDS.sleep(5); // Bounds the load; nothing waits for it.
        }
        in.write("flush\nquit\n");
        in.flush();
      } catch (IOException | InterruptedException e) {
        complaints.add(String.valueOf(e));
      }
    }

    /** Ends it and compares every piece it was told is written. */
    void stopClean() throws IOException {
      stopping = true;
      try {
        thread.join(30_000);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("qemu-io ends").isTrue();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
      assertThat(complaints).as("what qemu-io complained of").isEmpty();
      assertThat(written).as("pieces that qemu-io wrote").isGreaterThan(10);
      var commands = new ArrayList<String>();
      for (int piece = Math.max(0, written - PIECES); piece < written; piece++) {
        long offset = fromOffset + (long) (piece % PIECES) * PIECE_BYTES;
        commands.add("read -P " + pattern(piece) + " " + offset + " " + PIECE_BYTES);
      }
      var result = Commands.run(60, qemuIo(url, commands.toArray(String[]::new))).ok();
      assertThat(result.out()).doesNotContain("Pattern verification failed");
    }

    /** Pieces that it was told are written. */
    int written() {
      return written;
    }

    @Override
    public void close() {
      stopping = true;
      process.destroyForcibly();
    }
  }
}

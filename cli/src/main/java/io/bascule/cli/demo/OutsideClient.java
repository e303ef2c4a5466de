package io.bascule.cli.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A client that is not ours: QEMU's block layer with libiscsi. It writes a pattern before the story
 * and compares it after.
 */
final class OutsideClient {
  private static final String PATTERN = "0xb5";
  private static final String SIZE = "16M";
  private static final long LIMIT_SECONDS = 60;

  private final String url;

  private OutsideClient(String url) {
    this.url = url;
  }

  /** Writes; empty if QEMU with iSCSI is not installed here. */
  static Optional<OutsideClient> write(String url) throws StoryBroke {
    var client = new OutsideClient(url);
    var said = client.run("write -P " + PATTERN + " 0 " + SIZE, "flush");
    if (said.isEmpty() || said.get().text.contains("Unknown protocol")) {
      return Optional.empty();
    }
    if (!said.get().isGood()) {
      throw new StoryBroke("qemu-io cannot write: " + said.get().text);
    }
    return Optional.of(client);
  }

  /** Compares. */
  void compare() throws StoryBroke {
    var said = run("read -P " + PATTERN + " 0 " + SIZE);
    if (said.isEmpty() || !said.get().isGood()) {
      throw new StoryBroke(
          "qemu-io reads something else: " + said.map(s -> s.text).orElse("it is gone"));
    }
  }

  private record Said(int exit, String text) {
    boolean isGood() {
      return exit == 0 && !text.contains("failed") && !text.contains("error");
    }
  }

  private Optional<Said> run(String... commands) throws StoryBroke {
    var line = new java.util.ArrayList<>(List.of("qemu-io", "-f", "raw"));
    for (String command : commands) {
      line.add("-c");
      line.add(command);
    }
    line.add(url);
    Process process;
    try {
      process = new ProcessBuilder(line).redirectErrorStream(true).start();
    } catch (IOException e) {
      return Optional.empty(); // not installed
    }
    try {
      process.getOutputStream().close();
      // Its few lines fit into the pipe: it never waits for us to read them.
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new StoryBroke("qemu-io does not come back within " + LIMIT_SECONDS + " s");
      }
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return Optional.of(new Said(process.exitValue(), text));
    } catch (IOException e) {
      throw new StoryBroke("qemu-io: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoryBroke("interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }
}

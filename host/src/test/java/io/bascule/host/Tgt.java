package io.bascule.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A real target that nobody here wrote: Debian's {@code tgtd} with one file-backed LUN, an instance
 * of its own (control port and portal), killed by its process. Ports 13100 to 13199 belong to these
 * tests; each test class takes its own.
 */
public final class Tgt implements AutoCloseable {
  public static final String TARGET = "iqn.2026-11.io.bascule:tgt";
  private static final String TGTD = "/usr/sbin/tgtd";
  private static final String TGTADM = "/usr/sbin/tgtadm";

  private final int port;
  private final Path folder;
  private final Path disk;
  private final List<String[]> accounts = new ArrayList<>();
  private @Nullable Process process;

  private Tgt(int port, Path folder, Path disk) {
    this.port = port;
    this.folder = folder;
    this.disk = disk;
  }

  /** {@code accounts}: {direction incoming|outgoing, user, secret}. */
  public static Tgt start(int port, Path folder, long diskBytes, String[]... accounts)
      throws IOException, InterruptedException {
    if (!Files.isExecutable(Path.of(TGTD)) || !Files.isExecutable(Path.of(TGTADM))) {
      throw new AssertionError(TGTD + " is missing: install the package 'tgt' to run this test");
    }
    Path disk = folder.resolve("disk-" + port + ".img");
    try (var file = new java.io.RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(diskBytes);
    }
    Tgt tgt = new Tgt(port, folder, disk);
    tgt.accounts.addAll(List.of(accounts));
    tgt.boot();
    return tgt;
  }

  /** Starts the daemon; the last step opens the target, so that no host sees it half made. */
  public void boot() throws IOException, InterruptedException {
    Process started =
        new ProcessBuilder(TGTD, "-f", "-C", control(), "--iscsi", "portal=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve("tgtd-" + port + ".log").toFile()))
            .start();
    process = started;
    try {
      Awaitility.await("tgtd answers on port " + port)
          .atMost(20, TimeUnit.SECONDS)
          .pollInterval(20, TimeUnit.MILLISECONDS)
          .until(() -> started.isAlive() && run("--op", "show", "--mode", "sys") == 0);
      admin("--op", "new", "--mode", "target", "--tid", "1", "-T", TARGET);
      admin(
          "--op",
          "new",
          "--mode",
          "logicalunit",
          "--tid",
          "1",
          "--lun",
          "1",
          "-b",
          disk.toString());
      admin(
          "--op",
          "update",
          "--mode",
          "logicalunit",
          "--tid",
          "1",
          "--lun",
          "1",
          "--params",
          "thin_provisioning=1");
      for (String[] account : accounts) {
        admin("--op", "new", "--mode", "account", "--user", account[1], "--password", account[2]);
        List<String> bind =
            new ArrayList<>(
                List.of("--op", "bind", "--mode", "account", "--tid", "1", "--user", account[1]));
        if (account[0].equals("outgoing")) {
          bind.add("--outgoing");
        }
        admin(bind.toArray(String[]::new));
      }
      admin("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL");
    } catch (RuntimeException | IOException | InterruptedException | AssertionError e) {
      kill();
      throw e;
    }
  }

  private String control() {
    return Integer.toString(port);
  }

  private void admin(String... arguments) throws IOException, InterruptedException {
    int exit = run(arguments);
    if (exit != 0) {
      throw new AssertionError("tgtadm " + String.join(" ", arguments) + " failed: " + exit);
    }
  }

  private int run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(TGTADM, "-C", control(), "--lld", "iscsi"));
    command.addAll(List.of(arguments));
    Process admin =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(
                    folder.resolve("tgtadm-" + port + ".log").toFile()))
            .start();
    if (!admin.waitFor(20, TimeUnit.SECONDS)) {
      admin.destroyForcibly();
      throw new AssertionError("tgtadm hangs");
    }
    return admin.exitValue();
  }

  /** kill -9. */
  public void kill() throws InterruptedException {
    Process running = process;
    if (running == null) {
      return;
    }
    running.destroyForcibly();
    if (!running.waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("tgtd " + running.pid() + " does not die");
    }
  }

  public Path disk() {
    return disk;
  }

  public int port() {
    return port;
  }

  public String url() {
    return "iscsi://127.0.0.1:" + port + "/" + TARGET + "/1";
  }

  @Override
  public void close() throws IOException {
    try {
      kill();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while killing tgtd", e);
    }
  }
}

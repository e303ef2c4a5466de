package io.bascule.controller.runtime;

import io.bascule.controller.rest.RestServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The management server, off the way of hosts: one thread, {@code management}, starts it and opens
 * its floating port, which may have to wait for the demoted controller's end.
 */
final class Management {
  private static final System.Logger LOG = System.getLogger(Management.class.getName());

  private final RestServer rest;
  private final InetSocketAddress floating;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("management").factory());

  Management(RestServer rest, InetSocketAddress floating) {
    this.rest = rest;
    this.floating = floating;
  }

  void start() {
    run("management server", rest::start);
  }

  void openFloating() {
    run("floating management port", () -> rest.openFloating(floating));
  }

  private interface Work {
    void run() throws IOException;
  }

  private void run(String what, Work work) {
    thread.execute(() -> {
      long began = System.nanoTime();
      try {
        work.run();
        LOG.log(
            System.Logger.Level.INFO,
            "{0} open after {1} ms",
            what,
            (System.nanoTime() - began) / 1_000_000);
      } catch (IOException | RuntimeException e) {
        // Hosts are served all the same; the other controller's address answers too.
        LOG.log(System.Logger.Level.ERROR, "the " + what + " is not open", e);
      }
    });
  }
}

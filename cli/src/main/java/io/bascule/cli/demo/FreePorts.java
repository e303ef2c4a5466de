package io.bascule.cli.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Six neighbouring ports nobody listens on: three for iSCSI, three for management. */
final class FreePorts {
  /** Below the range from which Linux gives ports to clients. */
  private static final int LOWEST = 20_000;

  private static final int HIGHEST = 32_000;
  private static final int COUNT = 6;
  private static final int ATTEMPTS = 200;

  private FreePorts() {}

  /**
   * The first of them.
   *
   * @param from where to look; 0 for anywhere
   */
  static int first(int from) throws StoryBroke {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int first =
          from > 0
              ? from + attempt * COUNT
              : ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST - COUNT);
      if (areFree(first)) {
        return first;
      }
    }
    throw new StoryBroke("there are no six free neighbouring ports on 127.0.0.1");
  }

  private static boolean areFree(int first) {
    for (int port = first; port < first + COUNT; port++) {
      try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        if (!socket.isBound()) {
          return false;
        }
      } catch (IOException e) {
        return false; // taken: the next ones
      }
    }
    return true;
  }
}

package io.bascule.e2e.faulty;

import java.util.concurrent.TimeUnit;

/** The main class of a bad release: a real controller that comes ONLINE and then stands still. */
public final class HangsLater {
  private HangsLater() {}

  public static void main(String[] args) throws Exception {
    boolean warmUp = java.util.List.of(args).contains("--warm-up");
    if (!warmUp) {
      Thread.ofPlatform()
          .daemon()
          .start(() -> {
            try {
              TimeUnit.SECONDS.sleep(4); // Long enough to be ONLINE, too short to be stable.
              new ProcessBuilder("kill", "-STOP", Long.toString(ProcessHandle.current().pid()))
                  .start();
            } catch (Exception e) {
              Runtime.getRuntime().halt(3);
            }
          });
    }
    Class.forName("io.bascule.controller.Main")
        .getMethod("main", String[].class)
        .invoke(null, (Object) args);
  }
}

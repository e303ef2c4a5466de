package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Looks all the while whether two controllers say at one moment that they are active: the first one
 * before and after the second, as the same process.
 */
final class OnlyOneActive implements AutoCloseable {
  private static final long LOOK_MILLIS = 50;

  private final Appliance appliance;
  private final Thread thread;
  private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
  private volatile boolean stopping;

  private OnlyOneActive(Appliance appliance) {
    this.appliance = appliance;
    this.thread = Thread.ofPlatform().name("only-one-active").daemon().start(this::look);
  }

  static OnlyOneActive of(Appliance appliance) {
    return new OnlyOneActive(appliance);
  }

  private void look() {
    Api first = appliance.api(1);
    Api second = appliance.api(2);
    while (!stopping) {
      var before = appliance.process(ControllerId.CONTROLLER_0);
      if (before.isPresent()
          && isActive(first)
          && isActive(second)
          && isActive(first)
          && before.equals(appliance.process(ControllerId.CONTROLLER_0))) {
        seen.add("both controllers said they are active, at " + java.time.Instant.now());
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
    }
  }

  private static boolean isActive(Api api) {
    try {
      return api.healthz().text().contains("\"ACTIVE\"");
    } catch (IOException e) {
      return false; // It reboots.
    }
  }

  void assertHeld() {
    assertThat(seen).isEmpty();
  }

  @Override
  public void close() {
    stopping = true;
  }
}

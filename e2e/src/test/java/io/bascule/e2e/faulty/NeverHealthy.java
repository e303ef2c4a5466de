package io.bascule.e2e.faulty;

import java.util.concurrent.CountDownLatch;

/** The main class of a bad release: runs, and never comes ONLINE. */
public final class NeverHealthy {
  private NeverHealthy() {}

  public static void main(String[] args) throws InterruptedException {
    new CountDownLatch(1).await();
  }
}

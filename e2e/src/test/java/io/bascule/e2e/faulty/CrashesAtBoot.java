package io.bascule.e2e.faulty;

/** The main class of a bad release: ends at once. */
public final class CrashesAtBoot {
  private CrashesAtBoot() {}

  public static void main(String[] args) {
    System.err.println("java.lang.IllegalStateException: this release cannot start");
    Runtime.getRuntime().halt(17);
  }
}

package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.host.load.Load;
import io.bascule.host.load.LoadOptions;
import io.bascule.host.load.LoadReport;
import java.io.IOException;

/**
 * A host that writes and verifies all the while, bounded in rate so that it fits a busy machine.
 */
final class HostSide implements AutoCloseable {
  private final Load load;

  private HostSide(Load load) {
    this.load = load;
  }

  static HostSide start(String url, long seed) {
    try {
      return new HostSide(
          Load.start(
              LoadOptions.of(url)
                  .with()
                  .depth(8)
                  .rangeBytes(64L << 20)
                  .maxIoBytes(64 << 10)
                  .maxIosPerSecond(400)
                  .seed(seed)
                  .build()));
    } catch (IOException e) {
      throw new AssertionError("the load does not start on " + url, e);
    }
  }

  void mark(String name) {
    load.mark(name);
  }

  LoadReport now() {
    return load.snapshot();
  }

  /** The longest pause in the window of that mark. */
  double longestPauseMillis(String mark) {
    var window = load.snapshot().window(mark);
    assertThat(window).as("window %s", mark).isNotNull();
    return java.util.Objects.requireNonNull(window).longestPauseMillis();
  }

  /** Reads everything back while it goes on. */
  void assertNothingLost() {
    assertClean(load.verifyAll());
  }

  /** Stops, reads everything back, and insists. */
  LoadReport stopClean() {
    var report = load.stop(true);
    assertClean(report);
    return report;
  }

  private static void assertClean(LoadReport report) {
    assertThat(report.errors()).as("I/O errors: %s", report.errorMessages()).isZero();
    assertThat(report.wrongBlocks()).as("wrong blocks: %s", report.faults()).isZero();
    assertThat(report.writesAcknowledged()).isPositive();
    assertThat(report.blocksVerified()).isPositive();
    assertThat(report.ok()).isTrue();
  }

  @Override
  public void close() {
    load.close();
  }
}

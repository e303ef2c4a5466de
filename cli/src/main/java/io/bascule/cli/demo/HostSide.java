package io.bascule.cli.demo;

import io.bascule.core.api.VolumeView;
import io.bascule.host.initiator.TargetUrl;
import io.bascule.host.load.Load;
import io.bascule.host.load.LoadOptions;
import io.bascule.host.load.LoadReport;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * Our host: logs in at the floating portal like any other, writes blocks that name themselves, and
 * compares what it reads. What it measures is what a host feels.
 */
final class HostSide implements AutoCloseable {
  /** Small enough to be read back whole in seconds, large enough to be everywhere. */
  private static final long RANGE_BYTES = 128L << 20;

  private static final int MAX_IO_BYTES = 64 << 10;

  /** A busy host that leaves both controllers and this machine some air. */
  private static final int IOS_PER_SECOND = 2_000;

  private static final int DEPTH = 8;

  private final Load load;

  private HostSide(Load load) {
    this.load = load;
  }

  static HostSide start(List<VolumeView> volumes) throws StoryBroke {
    var urls = volumes.stream().map(v -> TargetUrl.parse(url(v))).toList();
    var options =
        LoadOptions.of(urls)
            .with()
            .rangeBytes(RANGE_BYTES)
            .maxIoBytes(MAX_IO_BYTES)
            .maxIosPerSecond(IOS_PER_SECOND)
            .depth(DEPTH)
            .verifyAtEnd(true)
            .build();
    try {
      return new HostSide(Load.start(options));
    } catch (IOException e) {
      throw new StoryBroke("the host cannot log in: " + e.getMessage(), e);
    }
  }

  /** Of the floating portal. */
  static String url(VolumeView volume) {
    return "iscsi://%s/%s/%d".formatted(volume.portals().getFirst(), volume.target(), volume.lun());
  }

  /** A part of the story begins. */
  void mark(String event) {
    load.mark(event);
  }

  /** The part ends: a pause that comes later is not its own. */
  LoadReport endMark() {
    load.endMark();
    return load.snapshot();
  }

  LoadReport now() {
    return load.snapshot();
  }

  /** Reads back everything that was acknowledged, while the load goes on. */
  LoadReport verify() throws StoryBroke {
    return checked(load.verifyAll());
  }

  /** Ends the I/O, reads everything back once more, logs out. */
  LoadReport end() {
    return load.stop();
  }

  /** Breaks the story as soon as anything is wrong: later chapters would prove nothing. */
  LoadReport checked(LoadReport report) throws StoryBroke {
    if (report.ok()) {
      return report;
    }
    String first =
        report.faults().isEmpty()
            ? String.join("; ", report.errorMessages())
            : report.faults().getFirst().kind() + " " + report.faults().getFirst().detail();
    throw new StoryBroke(
        "%,d I/O errors, %,d wrong blocks: %s"
            .formatted(report.errors(), report.wrongBlocks(), first));
  }

  /** {@code host 2,010 I/Os a second, p99 1.2 ms, longest pause 180 ms}, of the present part. */
  static String line(LoadReport report) {
    if (report.windows().isEmpty()) {
      return "";
    }
    var window = report.windows().getLast();
    return String.format(
        Locale.ROOT,
        "host  %,d I/Os, p99 %.1f ms, longest pause %.0f ms, errors %d",
        window.ios(),
        window.latency().p99Micros() / 1000.0,
        window.longestPauseMillis(),
        report.errors());
  }

  @Override
  public void close() {
    load.close();
  }
}

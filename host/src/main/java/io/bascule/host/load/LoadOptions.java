package io.bascule.host.load;

import io.bascule.host.initiator.InitiatorOptions;
import io.bascule.host.initiator.TargetUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a load does. Start from {@link #of} and change what differs.
 *
 * @param volumes the logical units, each with a range of its own
 * @param initiator how the host behaves
 * @param workersPerVolume sessions per volume; each owns a slice of the range
 * @param depth commands outstanding per session
 * @param offsetBytes where the range begins
 * @param rangeBytes how long it is; cut to the volume's size
 * @param maxIoBytes the longest I/O; the shortest is 4 KiB
 * @param readPercent of I/Os that read back and compare
 * @param trimPercent of I/Os that TRIM; 0 if the volume does not read zeros afterwards
 * @param fuaPercent of writes with FUA
 * @param flushEvery a SYNCHRONIZE CACHE after so many writes; 0: never
 * @param overwrites whether blocks written once are written again
 * @param maxIosPerSecond over all workers; 0: as fast as it goes
 * @param duration how long {@link Load#run} runs; {@link Load#start} runs until stopped
 * @param seed of everything random; also stands in every block
 * @param verifyAtEnd whether {@link Load#stop()} reads everything back first
 * @param journal the sidecar file, or null
 * @param verifyOnly only compare with the journal, which exists
 */
public record LoadOptions(
    List<TargetUrl> volumes,
    InitiatorOptions initiator,
    int workersPerVolume,
    int depth,
    long offsetBytes,
    long rangeBytes,
    int maxIoBytes,
    int readPercent,
    int trimPercent,
    int fuaPercent,
    int flushEvery,
    boolean overwrites,
    long maxIosPerSecond,
    Duration duration,
    long seed,
    boolean verifyAtEnd,
    @Nullable Path journal,
    boolean verifyOnly) {

  public LoadOptions {
    volumes = List.copyOf(volumes);
    require(!volumes.isEmpty() || verifyOnly, "no volume given");
    require(volumes.size() <= Journal.MAX_VOLUMES, "at most " + Journal.MAX_VOLUMES + " volumes");
    require(workersPerVolume >= 1 && workersPerVolume <= 64, "1 to 64 workers per volume");
    require(depth >= 1 && depth <= 256, "a depth of 1 to 256");
    require(
        offsetBytes >= 0 && offsetBytes % BlockMap.CHUNK_BYTES == 0, "an offset in whole 4 KiB");
    require(rangeBytes >= 1 << 20 && rangeBytes <= 1L << 40, "a range of 1M to 1T");
    require(
        maxIoBytes >= BlockMap.CHUNK_BYTES
            && maxIoBytes <= 1 << 20
            && maxIoBytes % BlockMap.CHUNK_BYTES == 0,
        "I/Os of at most 4K to 1M, in whole 4 KiB");
    require(
        readPercent >= 0 && trimPercent >= 0 && readPercent + trimPercent <= 100,
        "--reads and --trims in percent: 0 to 100, together at most 100");
    require(fuaPercent >= 0 && fuaPercent <= 100, "--fua in percent: 0 to 100");
    require(flushEvery >= 0, "--flush-every of at least 0");
    require(maxIosPerSecond >= 0, "a rate of at least 0");
    require(!verifyOnly || journal != null, "--verify-only needs --journal");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what);
    }
  }

  /** One session of depth 16 per volume over its first GiB, mixed, checked at the end. */
  public static LoadOptions of(List<TargetUrl> volumes) {
    return new LoadOptions(
        volumes,
        InitiatorOptions.defaults(),
        1,
        16,
        0,
        1L << 30,
        256 << 10,
        30,
        3,
        5,
        200,
        true,
        0,
        Duration.ofSeconds(30),
        System.nanoTime(),
        true,
        null,
        false);
  }

  /** As {@link #of(List)}, of one URL. */
  public static LoadOptions of(String url) {
    return of(List.of(TargetUrl.parse(url)));
  }

  /** A copy to change, field by field. */
  public Builder with() {
    return new Builder(this);
  }

  /** Mutable twin; see the record's components. */
  public static final class Builder {
    private List<TargetUrl> volumes;
    private InitiatorOptions initiator;
    private int workersPerVolume;
    private int depth;
    private long offsetBytes;
    private long rangeBytes;
    private int maxIoBytes;
    private int readPercent;
    private int trimPercent;
    private int fuaPercent;
    private int flushEvery;
    private boolean overwrites;
    private long maxIosPerSecond;
    private Duration duration;
    private long seed;
    private boolean verifyAtEnd;
    private @Nullable Path journal;
    private boolean verifyOnly;

    private Builder(LoadOptions from) {
      volumes = from.volumes;
      initiator = from.initiator;
      workersPerVolume = from.workersPerVolume;
      depth = from.depth;
      offsetBytes = from.offsetBytes;
      rangeBytes = from.rangeBytes;
      maxIoBytes = from.maxIoBytes;
      readPercent = from.readPercent;
      trimPercent = from.trimPercent;
      fuaPercent = from.fuaPercent;
      flushEvery = from.flushEvery;
      overwrites = from.overwrites;
      maxIosPerSecond = from.maxIosPerSecond;
      duration = from.duration;
      seed = from.seed;
      verifyAtEnd = from.verifyAtEnd;
      journal = from.journal;
      verifyOnly = from.verifyOnly;
    }

    public Builder initiator(InitiatorOptions value) {
      initiator = value;
      return this;
    }

    public Builder workersPerVolume(int value) {
      workersPerVolume = value;
      return this;
    }

    public Builder depth(int value) {
      depth = value;
      return this;
    }

    public Builder offsetBytes(long value) {
      offsetBytes = value;
      return this;
    }

    public Builder rangeBytes(long value) {
      rangeBytes = value;
      return this;
    }

    public Builder maxIoBytes(int value) {
      maxIoBytes = value;
      return this;
    }

    public Builder readPercent(int value) {
      readPercent = value;
      return this;
    }

    public Builder trimPercent(int value) {
      trimPercent = value;
      return this;
    }

    public Builder fuaPercent(int value) {
      fuaPercent = value;
      return this;
    }

    public Builder flushEvery(int value) {
      flushEvery = value;
      return this;
    }

    public Builder overwrites(boolean value) {
      overwrites = value;
      return this;
    }

    public Builder maxIosPerSecond(long value) {
      maxIosPerSecond = value;
      return this;
    }

    public Builder duration(Duration value) {
      duration = value;
      return this;
    }

    public Builder seed(long value) {
      seed = value;
      return this;
    }

    public Builder verifyAtEnd(boolean value) {
      verifyAtEnd = value;
      return this;
    }

    public Builder journal(@Nullable Path value) {
      journal = value;
      return this;
    }

    public Builder verifyOnly(boolean value) {
      verifyOnly = value;
      return this;
    }

    public LoadOptions build() {
      return new LoadOptions(
          volumes,
          initiator,
          workersPerVolume,
          depth,
          offsetBytes,
          rangeBytes,
          maxIoBytes,
          readPercent,
          trimPercent,
          fuaPercent,
          flushEvery,
          overwrites,
          maxIosPerSecond,
          duration,
          seed,
          verifyAtEnd,
          journal,
          verifyOnly);
    }
  }
}

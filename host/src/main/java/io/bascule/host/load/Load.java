package io.bascule.host.load;

import io.bascule.host.initiator.BlockDevice;
import io.bascule.host.initiator.SessionStats;
import io.bascule.host.initiator.TargetUrl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A running verifying load. {@link #start} logs in to every volume and begins; {@link #stop()} ends
 * the I/O, reads everything back if the options say so, logs out and reports.
 *
 * <p>For any thread. {@link #snapshot()} and {@link #mark} are cheap and may be called at any time,
 * also after the end.
 */
public final class Load implements AutoCloseable {
  /** A pass that makes no progress for so long is stuck; each I/O is bounded far below it. */
  private static final long VERIFY_HOURS = 24;

  private final LoadOptions options;
  private final Journal journal;

  /** As many windows as a report has. */
  public static final int WINDOWS_MAX = Windows.MOST;

  private final Windows windows = new Windows();
  private final StallMeter stalls = new StallMeter();
  private final List<Worker> workers = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final PauseTracker.Epoch epoch = PauseTracker.Epoch.now();
  private final AtomicLong verifications = new AtomicLong();
  private @Nullable LoadReport ended;

  private Load(LoadOptions options, Journal journal) {
    this.options = options;
    this.journal = journal;
  }

  /** Throws if a target is not reachable, or the journal can't be used. */
  public static Load start(LoadOptions options) throws IOException {
    Path file = options.journal();
    return options.verifyOnly() && file != null
        ? reopen(options, Journal.open(file))
        : begin(options);
  }

  /** Runs for the options' duration, then stops. */
  public static LoadReport run(LoadOptions options) throws IOException, InterruptedException {
    try (Load load = start(options)) {
      load.await(options.duration().toMillis());
      return load.stop();
    }
  }

  private static Load begin(LoadOptions options) throws IOException {
    List<List<BlockDevice>> devices = new ArrayList<>();
    try {
      List<Journal.Part> parts = new ArrayList<>();
      for (TargetUrl url : options.volumes()) {
        List<BlockDevice> sessions = new ArrayList<>();
        devices.add(sessions);
        for (int i = 0; i < options.workersPerVolume(); i++) {
          sessions.add(BlockDevice.open(url, options.initiator()));
        }
        long size = sessions.getFirst().capacity().sizeBytes();
        long length = Math.min(options.rangeBytes(), size - options.offsetBytes());
        long chunks = length / BlockMap.CHUNK_BYTES;
        if (chunks < options.workersPerVolume() * 16L) {
          throw new IOException(url + " has only " + size + " bytes");
        }
        long first = options.offsetBytes() / BlockMap.CHUNK_BYTES;
        parts.add(new Journal.Part(url.toString(), volumeId(url), first, chunks));
      }
      Path file = options.journal();
      Journal journal =
          file == null
              ? Journal.volatileOne(options.seed(), parts)
              : Journal.create(file, options.seed(), parts);
      return new Load(options, journal).launch(devices);
    } catch (IOException | RuntimeException e) {
      devices.forEach(sessions -> sessions.forEach(BlockDevice::close));
      throw e;
    }
  }

  /** Volumes given on the command line win over those of the journal: they may carry secrets. */
  private static Load reopen(LoadOptions options, Journal journal) throws IOException {
    List<List<BlockDevice>> devices = new ArrayList<>();
    try {
      for (Journal.Part part : journal.parts()) {
        TargetUrl url =
            options.volumes().stream()
                .filter(given -> volumeId(given) == part.volumeId())
                .findFirst()
                .orElseGet(() -> TargetUrl.parse(part.url()));
        devices.add(List.of(BlockDevice.open(url, options.initiator())));
      }
      LoadOptions oneEach =
          options.with().workersPerVolume(1).seed(journal.seed()).verifyAtEnd(true).build();
      return new Load(oneEach, journal).launch(devices);
    } catch (IOException | RuntimeException e) {
      devices.forEach(sessions -> sessions.forEach(BlockDevice::close));
      journal.close();
      throw e;
    }
  }

  private Load launch(List<List<BlockDevice>> devices) {
    int total = devices.size() * options.workersPerVolume();
    long nanosPerIo =
        options.maxIosPerSecond() == 0 ? 0 : 1_000_000_000L * total / options.maxIosPerSecond();
    for (int volume = 0; volume < devices.size(); volume++) {
      Journal.Part part = journal.parts().get(volume);
      List<BlockDevice> sessions = devices.get(volume);
      for (int i = 0; i < sessions.size(); i++) {
        Worker worker =
            new Worker(
                options,
                workers.size() + 1,
                sessions.get(i),
                journal.map(volume),
                part.firstChunk() + part.chunks() * i / sessions.size(),
                part.firstChunk() + part.chunks() * (i + 1) / sessions.size(),
                new BlockPattern(journal.seed(), part.volumeId()),
                windows,
                nanosPerIo);
        workers.add(worker);
        threads.add(
            Thread.ofPlatform().daemon().name("host-load " + workers.size()).unstarted(worker));
      }
    }
    stalls.start();
    threads.forEach(Thread::start);
    return this;
  }

  /** Of target and LUN: the same through every portal. */
  private static long volumeId(TargetUrl url) {
    try {
      byte[] name = (url.target() + "/" + url.lun()).getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(name)).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Waits while the load runs; false, and sooner, if every worker ended by itself. */
  public boolean await(long millis) throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000L;
    for (Thread thread : threads) {
      long leftMillis = (end - System.nanoTime()) / 1_000_000;
      if (leftMillis > 0) {
        thread.join(leftMillis);
      }
    }
    return threads.stream().anyMatch(Thread::isAlive);
  }

  /** Begins a window of that name; it lasts until the next mark. */
  public void mark(String name) {
    windows.mark(name, System.nanoTime());
  }

  /** Ends the window there is, without a new one. */
  public void endMark() {
    windows.mark(null, System.nanoTime());
  }

  /**
   * Reads back everything that was acknowledged, beside the running load, and compares. What was
   * written meanwhile may or may not be covered.
   */
  public LoadReport verifyAll() {
    synchronized (verifications) { // one pass at a time
      verifyOnce();
    }
    return snapshot();
  }

  private void verifyOnce() {
    List<CompletableFuture<Void>> sweeps = workers.stream().map(Worker::sweep).toList();
    try {
      CompletableFuture.allOf(sweeps.toArray(CompletableFuture[]::new))
          .get(VERIFY_HOURS, TimeUnit.HOURS);
      verifications.incrementAndGet();
    } catch (ExecutionException | TimeoutException e) {
      workers.getFirst().fail("verification did not finish: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      workers.getFirst().fail("verification was interrupted");
    }
  }

  /** Ends the load; see the class. A second call gives the same report. */
  public synchronized LoadReport stop() {
    return stop(options.verifyAtEnd());
  }

  /** Ends the load, with or without reading everything back first. */
  public synchronized LoadReport stop(boolean verify) {
    LoadReport known = ended;
    if (known != null) {
      return known;
    }
    workers.forEach(Worker::pause);
    if (verify) {
      verifyAll();
    }
    workers.forEach(Worker::end);
    boolean interrupted = false;
    for (Thread thread : threads) {
      try {
        // Each outstanding I/O ends by the recovery time; the margin is for the last completion.
        thread.join(options.initiator().recoveryMillis() + 10_000);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    LoadReport report = snapshot();
    stalls.end();
    workers.forEach(worker -> worker.device().close());
    if (threads.stream().noneMatch(Thread::isAlive)) {
      journal.close();
    }
    ended = report;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return report;
  }

  /** As {@link #stop(boolean)} without verification, if it still runs. */
  @Override
  public void close() {
    stop(false);
  }

  /** What was seen until now. */
  public LoadReport snapshot() {
    LoadReport known = ended;
    if (known != null) {
      return known;
    }
    Totals totals = new Totals();
    workers.forEach(totals::add);
    return totals.report();
  }

  /** Adds the workers up. Used once, by one thread. */
  private final class Totals {
    private final long now = System.nanoTime();
    private final Histogram reads = Stats.histogram();
    private final Histogram writes = Stats.histogram();
    private final Histogram all = Stats.histogram();
    private final Map<FaultKind, Long> wrong = new EnumMap<>(FaultKind.class);
    private final List<Fault> faults = new ArrayList<>();
    private final List<String> messages = new ArrayList<>();
    private final List<LoadReport.Pause> pauses = new ArrayList<>();
    private SessionStats sessions = SessionStats.NONE;
    private LoadReport.@Nullable Pause longest;
    private long pausesTotal;
    private long trims;
    private long flushes;
    private long bytesRead;
    private long bytesWritten;
    private long acknowledged;
    private long verified;
    private long errors;

    void add(Worker worker) {
      sessions = sessions.plus(worker.device().session().stats());
      Stats stats = worker.stats();
      synchronized (stats) {
        reads.add(stats.readMicros);
        writes.add(stats.writeMicros);
        all.add(stats.otherMicros);
        stats.wrong.forEach((kind, count) -> wrong.merge(kind, count, Long::sum));
        faults.addAll(stats.faults);
        messages.addAll(stats.messages);
        trims += stats.trims;
        flushes += stats.flushes;
        bytesRead += stats.bytesRead;
        bytesWritten += stats.bytesWritten;
        acknowledged += stats.writesAcknowledged;
        verified += stats.blocksVerified;
        errors += stats.errors;
        pausesTotal += stats.pauses.listedTotal();
        stats.pauses.listed().forEach(gap -> pauses.add(pause(gap, worker)));
        consider(stats.pauses.longest(), worker);
        PauseTracker.Gap current = stats.pauses.current(now);
        consider(current, worker);
        if (current != null) {
          windows.reach(current);
        }
      }
    }

    private void consider(PauseTracker.@Nullable Gap gap, Worker worker) {
      if (gap != null) {
        LoadReport.Pause pause = pause(gap, worker);
        if (longest == null || pause.millis() > longest.millis()) {
          longest = pause;
        }
      }
    }

    private LoadReport.Pause pause(PauseTracker.Gap gap, Worker worker) {
      return new LoadReport.Pause(
          epoch.at(gap.startNanos()), Stats.millis(gap.nanos()), worker.volume());
    }

    private long wrong(FaultKind kind) {
      return wrong.getOrDefault(kind, 0L);
    }

    LoadReport report() {
      all.add(reads);
      all.add(writes);
      pauses.sort(Comparator.comparing(LoadReport.Pause::startedAt));
      double seconds = (now - epoch.nanos()) / 1e9;
      long ios = all.getTotalCount();
      return new LoadReport(
          errors == 0 && wrong.isEmpty(),
          journal.parts().stream().map(Journal.Part::url).toList(),
          journal.seed(),
          epoch.instant(),
          Math.round(seconds * 1000) / 1000.0,
          ios,
          Math.round(ios / seconds * 10) / 10.0,
          reads.getTotalCount(),
          writes.getTotalCount(),
          trims,
          flushes,
          bytesRead,
          bytesWritten,
          Stats.latency(all),
          Stats.latency(reads),
          Stats.latency(writes),
          longest,
          List.copyOf(pauses),
          pausesTotal,
          Stats.millis(stalls.longestNanos()),
          windows.report(epoch),
          sessions.reconnects(),
          sessions.reissued(),
          sessions.retried(),
          sessions.unitAttentions(),
          sessions.logoutRequests(),
          errors,
          messages.stream().limit(Stats.MAX_MESSAGES).toList(),
          acknowledged,
          verified,
          verifications.get(),
          wrong(FaultKind.LOST),
          wrong(FaultKind.STALE),
          wrong(FaultKind.TORN),
          wrong(FaultKind.MISDIRECTED),
          wrong(FaultKind.CORRUPT),
          wrong(FaultKind.RESURRECTED),
          wrong(FaultKind.SHORT_READ),
          faults.stream().limit(Stats.MAX_FAULTS).toList());
    }
  }
}
